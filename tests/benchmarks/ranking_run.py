"""All curves of one generator in a process of its own, so that its memory is its own.

    python ranking_run.py {mathtune|plain} PROBLEMS SAMPLES RESAMPLES SEED

Prints one JSON object. `plain` is what scripts around public harnesses do: for every n and resample `random.sample` the
samples and count them in Python, ties to whichever comes first in an order that is random.
"""

import json
import random
import resource
import sys
import time
from collections import Counter, defaultdict

import numpy as np
import polars as pl

from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.nested_subsets import Draws
from mathtune_ranking.subsets import curve

K = 4


def synthetic(num_problems: int, num_samples: int, seed: int) -> Candidates:
    """Samples as a generator between a third and a half right has them: 10 clusters a problem, one in twenty no answer.

    The share of right samples is drawn anew for each problem, the rest falls on up to 40 wrong answers, the first ones
    by far the most often, and right samples score higher, with much overlap.
    """
    generator = np.random.default_rng(seed)
    shape = (num_problems, num_samples)
    num_wrong = generator.integers(4, 41, num_problems)
    weights = np.where(np.arange(40) < num_wrong[:, None], np.arange(1, 41) ** -1.3, 0.0)
    bounds = (weights / weights.sum(axis=1, keepdims=True)).cumsum(axis=1)
    uniform = generator.random(shape)
    wrong = np.stack([np.searchsorted(*row) for row in zip(bounds, uniform, strict=True)]).clip(max=39) + 1
    share = generator.beta(0.7, 0.9, (num_problems, 1))
    answer = np.where(generator.random(shape) < share, 0, wrong)
    answer[generator.random(shape) < 0.05] = NO_ANSWER
    is_correct = answer == 0
    cluster_id = np.full(shape, NO_ANSWER)
    cluster_correct = np.zeros((num_problems, 41), dtype=np.bool_)
    for row, of_row in enumerate(answer):
        names = np.unique(of_row[of_row != NO_ANSWER])
        position = generator.permutation(len(names))
        found = of_row != NO_ANSWER
        cluster_id[row, found] = position[np.searchsorted(names, of_row[found])]
        cluster_correct[row, position[: 1 if 0 in names else 0]] = True
    leaning = generator.normal(size=(num_problems, 1))
    logit = generator.normal(size=shape) + 1.2 * is_correct + 0.7 * leaning
    return Candidates(
        problem_ids=tuple(str(row) for row in range(num_problems)),
        cluster_id=cluster_id,
        score=(1.0 / (1.0 + np.exp(-logit))).astype(np.float32).astype(np.float64),
        is_correct=is_correct,
        greedy_cluster=cluster_id[:, 0],
        greedy_correct=is_correct[:, 0],
        cluster_correct=cluster_correct[:, : int(cluster_id.max()) + 1],
        answers=pl.Series([[]] * num_problems, dtype=pl.List(pl.String)),
    )


def plain(candidates: Candidates, resamples: int, seed: int) -> dict[str, list[float]]:
    """Accuracy of every selector for n = 1 … N, a subset at a time."""
    chance = random.Random(seed)
    num_problems, num_samples = candidates.cluster_id.shape
    right: dict[str, list[float]] = defaultdict(lambda: [0.0] * num_samples)
    for row in range(num_problems):
        samples = list(
            zip(
                candidates.cluster_id[row].tolist(),
                candidates.score[row].tolist(),
                candidates.is_correct[row].tolist(),
                strict=True,
            )
        )
        graded = {cluster: correct for cluster, _, correct in samples}
        for n in range(1, num_samples + 1):
            for _ in range(resamples):
                drawn = chance.sample(samples, n)
                right["Mean Pass@1"][n - 1] += sum(correct for *_, correct in drawn) / n
                right["Pass@n"][n - 1] += any(correct for *_, correct in drawn)
                answered = [sample for sample in drawn if sample[0] != NO_ANSWER]
                if not answered:
                    continue
                right["Random"][n - 1] += chance.choice(answered)[2]
                right["RR.All"][n - 1] += max(answered, key=lambda sample: sample[1])[2]
                ordered = Counter(cluster for cluster, *_ in answered).most_common()
                right["Maj1"][n - 1] += graded[ordered[0][0]]
                top = {cluster for cluster, _ in ordered[:K]}
                right["MajK"][n - 1] += any(graded[cluster] for cluster in top)
                within = [sample for sample in answered if sample[0] in top]
                right["RR.MajK"][n - 1] += max(within, key=lambda sample: sample[1])[2]
                total: dict[int, float] = defaultdict(float)
                for cluster, score, _ in answered:
                    total[cluster] += score
                right["W.RR"][n - 1] += graded[max(total, key=total.__getitem__)]
                right["W.RR.MajK"][n - 1] += graded[max(top, key=total.__getitem__)]
                best = sorted(answered, key=lambda sample: -sample[1])[: (len(answered) + 1) // 2]
                chance.shuffle(best)
                right["Maj1.TopN"][n - 1] += graded[Counter(cluster for cluster, *_ in best).most_common(1)[0][0]]
    return {name: [value / resamples / num_problems for value in values] for name, values in right.items()}


def main() -> None:
    """See the module's docstring."""
    contender = sys.argv[1]
    num_problems, num_samples, resamples, seed = map(int, sys.argv[2:])
    candidates = synthetic(num_problems, num_samples, 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = None
    started, spent = time.perf_counter(), time.process_time()
    if contender == "mathtune":
        points = list(curve(candidates, K, resamples, Draws(seed, num_problems, num_samples)))
    else:
        accuracy = plain(candidates, resamples, seed)
    seconds, processor = time.perf_counter() - started, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if contender == "mathtune":
        error = max(point.monte_carlo_error for point in points)
        accuracy = defaultdict(list)
        for point in points:
            accuracy[point.selector].append(float(point.p_correct.mean()))
    times = {"seconds": seconds, "processor_seconds": processor}  # the latter tells more on a busy machine
    memory = {"peak_mib": peak / 1024, "before_mib": before / 1024}
    sys.stdout.write(json.dumps(times | memory | {"monte_carlo_error": error, "accuracy": accuracy}) + "\n")


if __name__ == "__main__":
    main()
