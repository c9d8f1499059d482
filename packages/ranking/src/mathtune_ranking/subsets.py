"""Accuracy with only n of the N samples, averaged over which n: the curves of accuracy against n.

Pass@n (Chen et al. 2021) and RR.All have closed forms over all subsets; Maj1 and W.RR average seeded random subsets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb

import numpy as np

from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.selectors import (
    Bools,
    Floats,
    Ints,
    Tallies,
    expected_accuracy,
    score_sum_share,
    share_correct,
    tally,
    vote_share,
)

ROWS_AT_ONCE = 100_000  # keeps the tallies of a batch of subsets within some tens of MB


@dataclass(frozen=True, slots=True, eq=False)
class CurvePoint:
    """A selector's accuracy with n samples."""

    selector: str
    n: int
    p_correct: Floats  # (P,)
    monte_carlo_error: float  # standard error of mean(p_correct) from drawing subsets; 0 where exact


def sizes(num_samples: int) -> list[int]:
    """1, 2, 4, … up to N, and N itself."""
    return sorted({2**power for power in range(num_samples.bit_length()) if 2**power <= num_samples} | {num_samples})


def curve(candidates: Candidates, resamples: int, seed: int) -> Iterator[CurvePoint]:
    """Every selector of the curves at every size; styles evaluated with one seed see the same subsets."""
    num_samples = candidates.num_samples
    for n in sizes(num_samples):
        exact_pass = pass_at_n(candidates.is_correct.sum(axis=1), num_samples, n)
        yield CurvePoint("Pass@n", n, exact_pass, 0.0)
        yield CurvePoint("RR.All", n, best_score_at_n(candidates, n), 0.0)
        yield CurvePoint("Maj1", n, *_averaged(candidates, vote_share, n, resamples, seed))
        yield CurvePoint("W.RR", n, *_averaged(candidates, score_sum_share, n, resamples, seed))


def pass_at_n(num_correct: Ints, num_samples: int, n: int) -> Floats:
    """The share of n-subsets with at least one right sample, 1 − C(N − c, n) / C(N, n), for each count c."""
    table: Floats = np.array([1.0 - comb(num_samples - c, n) / comb(num_samples, n) for c in range(num_samples + 1)])
    return table[num_correct]


def best_score_at_n(candidates: Candidates, n: int) -> Floats:
    """RR.All over all n-subsets, exactly, (P,).

    The j-th best answered sample (from 0) is the best of a subset in C(N − 1 − j, n − 1) of C(N, n) cases, for the
    samples without an answer take places and cannot win. Equal scores share their places' chances.
    """
    num_samples = candidates.num_samples
    chances = [comb(num_samples - 1 - j, n - 1) / comb(num_samples, n) for j in range(num_samples)]
    cumulative = np.concatenate([[0.0], np.cumsum(chances)])
    answered: Bools = candidates.cluster_id != NO_ANSWER
    score = np.where(answered, candidates.score, -np.inf)
    better = (score[:, None, :] > score[:, :, None]).sum(axis=2)
    equal = (score[:, None, :] == score[:, :, None]).sum(axis=2)
    chance = (cumulative[better + equal] - cumulative[better]) / equal
    accuracy: Floats = np.clip(np.where(answered & candidates.is_correct, chance, 0.0).sum(axis=1), 0.0, 1.0)
    return accuracy


def _averaged(
    candidates: Candidates, share: Callable[[Tallies], Floats], n: int, resamples: int, seed: int
) -> tuple[Floats, float]:
    """The expected accuracy a problem over random n-subsets, and the Monte-Carlo standard error of its mean."""
    shape = candidates.cluster_id.shape
    if n == 1:  # every selector takes the one sample there is
        return share_correct(candidates), 0.0
    if n == shape[1]:
        tallies = tally(candidates.cluster_id, candidates.score, candidates.num_clusters)
        return expected_accuracy(share(tallies), candidates.cluster_correct), 0.0
    generator = np.random.default_rng([seed, shape[1]])  # not n: the subset of 4 is part of the subset of 8
    total, means = np.zeros(shape[0]), []
    batch = max(1, ROWS_AT_ONCE // shape[0])
    for start in range(0, resamples, batch):
        size = min(batch, resamples - start)
        order = np.argsort(generator.random((size, *shape)), axis=2)[:, :, :n].reshape(-1, n)
        rows = np.tile(np.arange(shape[0]), size)[:, None]
        tallies = tally(candidates.cluster_id[rows, order], candidates.score[rows, order], candidates.num_clusters)
        correct = np.tile(candidates.cluster_correct, (size, 1))
        accuracy = expected_accuracy(share(tallies), correct).reshape(size, shape[0])
        total += accuracy.sum(axis=0)
        means.append(accuracy.mean(axis=1))
    drawn = np.concatenate(means)
    error = float(drawn.std(ddof=1) / np.sqrt(resamples)) if resamples > 1 else float("nan")
    return total / resamples, error
