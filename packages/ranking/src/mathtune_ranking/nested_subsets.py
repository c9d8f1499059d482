"""Averages over random subsets, for what has no closed form: one random order of the samples is a subset of every size.

The first n samples of an order are a random n-subset, so the subsets of an order are nested, and the tallies of the
next one differ by one sample. Given which samples are in it their order is still random, which also breaks ties
without preference: of equal scores the earlier counts as the better.
"""

from dataclasses import dataclass

import numpy as np

from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.places import chance_of_any, chance_of_best, places
from mathtune_ranking.selectors import SUM_DECIMALS, Bools, Floats, Ints, Labels

RESAMPLED = ("RR.MajK", "W.RR", "W.RR.MajK", "Maj1.TopN", "MajK")
ROWS_AT_ONCE = 16_384  # orders held at once: some tens of MB
ROWS_A_GROUP = 2_048


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """A selector's accuracy with the first n samples, over random orders; both (N, P), for n = 1 … N."""

    mean: Floats
    variance: Floats  # of `mean`, from drawing orders


@dataclass(frozen=True, slots=True)
class Draws:
    """Random numbers by seed, draw and place of a problem among `num_problems`, whatever block it comes in.

    So candidates of as many problems and samples see the same orders under one seed.
    """

    seed: int
    num_problems: int
    num_samples: int

    def orders(self, draws: range, first: int, count: int) -> Floats:
        """A number in 0 … 1 for each sample of `count` problems from the `first` on, (draws, count, N)."""
        return self._numbers(0, draws, first, count, self.num_samples)

    def ties(self, draws: range, first: int, count: int) -> Floats:
        """A number in 0 … 1 for each cluster, of which a problem has N + 1 at most, (draws, count, N + 1)."""
        return self._numbers(1, draws, first, count, self.num_samples + 1)

    def _numbers(self, purpose: int, draws: range, first: int, count: int, width: int) -> Floats:
        found = np.empty((len(draws), count, width))
        start = np.random.PCG64([self.seed, self.num_samples, purpose])
        start.advance((draws.start * self.num_problems + first) * width)
        for of_draw in found:
            np.random.Generator(start).random(out=of_draw)
            start.advance((self.num_problems - count) * width)
        return found


def averages(
    candidates: Candidates, problems: Ints, k: int, resamples: int, draws: Draws, first: int = 0
) -> dict[str, Averages]:
    """Every selector of `RESAMPLED` for some of the problems, from `resamples` (at least 2) orders each; 0 elsewhere.

    The candidates are those from the `first` on of the problems of `draws`. Each of `problems` must have a right
    cluster.
    """
    num_problems, num_samples = candidates.cluster_id.shape
    # Problems with like numbers of clusters go together: arrays are as wide as the most that one of them has.
    num_clusters = candidates.cluster_id.max(axis=1) + 1
    sorted_problems = problems[np.argsort(num_clusters[problems], kind="stable")]
    batch = max(1, min(resamples, ROWS_AT_ONCE // num_problems))
    groups = np.array_split(sorted_problems, max(1, batch * len(problems) // ROWS_A_GROUP)) if problems.size else []
    total, squares = np.zeros((2, len(RESAMPLED), num_samples, num_problems))
    for start in range(0, resamples, batch):
        numbers = range(start, min(start + batch, resamples))
        drawn, ties = (of(numbers, first, num_problems) for of in (draws.orders, draws.ties))
        for members in groups:
            rows, width = np.tile(members, len(drawn)), int(num_clusters[members].max())
            order = drawn[:, members].argsort(axis=2).reshape(-1, num_samples)
            accuracy = _along(
                np.take_along_axis(candidates.cluster_id[rows], order, axis=1),
                np.take_along_axis(candidates.score[rows], order, axis=1),
                candidates.cluster_correct[rows, :width],
                ties[:, members, :width].reshape(-1, width).T,
                k,
            )
            for position, name in enumerate(RESAMPLED):
                by_draw = accuracy[name].reshape(num_samples, len(drawn), len(members))
                total[position][:, members] += by_draw.sum(axis=1)
                squares[position][:, members] += (by_draw**2).sum(axis=1)
    mean = total / resamples
    variance = np.maximum(squares / resamples - mean**2, 0.0) / (resamples - 1)
    return {name: Averages(mean[position], variance[position]) for position, name in enumerate(RESAMPLED)}


def _along(cluster_id: Labels, score: Floats, right: Bools, jitter: Floats, k: int) -> dict[str, Floats]:
    """Each selector's accuracy with the first n of each row's samples, (N, rows).

    Samples are (rows, N), `right` (rows, C); `jitter` (C, rows), in 0 … 1, decides between equal sums of scores.
    """
    num_rows, num_samples = cluster_id.shape
    num_clusters, rows = right.shape[1], np.arange(num_rows)
    by_score = np.argsort(-score, axis=1, kind="stable")
    rank = np.empty_like(score)  # the best highest, and all different
    np.put_along_axis(rank, by_score, np.arange(num_samples, 0.0, -1.0)[None, :], axis=1)
    right_first = np.argsort(~right, axis=1, kind="stable")[:, : np.count_nonzero(right, axis=1).max()].T
    # In memory (C + 1, rows), so that what runs over clusters runs along rows; the last collects those of no answer.
    count, total = np.zeros((2, num_clusters + 1, num_rows))
    best, weighted = np.full((2, num_clusters + 1, num_rows), -np.inf)
    tie_break = np.vstack([jitter, np.zeros(num_rows)]) * (0.4 * 10.0**-SUM_DECIMALS)
    accuracy = {name: np.zeros((num_samples, num_rows)) for name in RESAMPLED}
    accuracy["Maj1.TopN"] = _top_votes(np.take_along_axis(cluster_id, by_score, axis=1), by_score, right)
    for n, column in enumerate(np.where(cluster_id == NO_ANSWER, num_clusters, cluster_id).T):
        count[column, rows] += 1.0
        total[column, rows] += score[:, n]
        best[column, rows] = np.maximum(best[column, rows], rank[:, n])
        weighted[column, rows] = total[column, rows].round(SUM_DECIMALS) + tie_break[column, rows]
        among = places(count[:-1].T, k)
        accuracy["MajK"][n] = chance_of_any(among, right)
        largest = weighted[:-1].max(axis=0)
        for cluster in right_first:
            is_right = right[rows, cluster] & (count[cluster, rows] > 0)
            accuracy["RR.MajK"][n] += is_right * chance_of_best(among, best[:-1].T, cluster)
            accuracy["W.RR"][n] += is_right & (weighted[cluster, rows] == largest)
            accuracy["W.RR.MajK"][n] += is_right * chance_of_best(among, weighted[:-1].T, cluster)
    return accuracy


def _top_votes(by_score: Labels, drawn_at: Ints, right: Bools) -> Floats:
    """Maj1.TopN with the first n samples, (N, rows).

    `by_score` are the clusters of the samples from the best to the worst, and `drawn_at` their places in the order
    from 0, both (rows, N).
    """
    num_rows, num_samples = by_score.shape
    shape = (right.shape[1], num_rows)
    answered = by_score != NO_ANSWER
    comes_at = np.where(answered, drawn_at, num_samples).T.copy()  # without an answer a sample never comes to vote
    flat = (np.where(answered, by_score, 0) * num_rows + np.arange(num_rows)[:, None]).T.copy()
    accuracy = np.zeros((num_samples, num_rows))
    for n in range(num_samples):
        present = comes_at <= n
        running = np.cumsum(present, axis=0, dtype=np.int16)
        voters = present & (running <= (running[-1] + 1) // 2)
        count = np.bincount(flat[voters], minlength=shape[0] * shape[1]).reshape(shape)
        most = count.max(axis=0)
        first = (count == most) & (most > 0)
        accuracy[n] = np.count_nonzero(first & right.T, axis=0) / np.maximum(np.count_nonzero(first, axis=0), 1)
    return accuracy
