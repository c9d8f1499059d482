"""The ways to choose one answer among a problem's sampled solutions, each a function over arrays (Liu et al. 2023).

A sample without an answer never wins and always counts in the denominator. Where a rule leaves several equal, they are
equally likely and `p_correct` is the exact expectation over that choice: equal samples for RR.All and RR.MajK, equal
clusters for the votes. Where clusters tie for the last of K places, the expectation also runs over who gets the places,
in closed form; it is exact but for one case, RR.MajK where clusters that tie for the places also tie for the best
score with different numbers of samples at it: those numbers are replaced by their mean.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from mathtune_ranking.candidates import NO_ANSWER, Candidates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Sums of the same scores in another order differ in the last bits; that is no reason to prefer a cluster.
SUM_DECIMALS = 9


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What a selector makes of P problems."""

    p_correct: Floats  # (P,), the probability that the chosen answer is right
    winner: Ints  # (P,), the likeliest cluster, the first by answer text of equals; NO_ANSWER where none is chosen


@dataclass(frozen=True, slots=True, eq=False)
class Tallies:
    """What each cluster of each row amounts to; all arrays are (rows, C), zero (or −inf) for an absent cluster."""

    count: Floats  # samples
    score_sum: Floats
    score_max: Floats  # −inf where absent
    num_best: Floats  # samples that have the cluster's highest score


def tally(cluster_id: Ints, score: Floats, num_clusters: int) -> Tallies:
    """Counts, score sums and maxima a cluster, from (rows, n) samples."""
    rows = cluster_id.shape[0]
    shape = (rows, num_clusters + 1)  # the last column collects the samples without an answer, then is dropped
    columns = np.where(cluster_id == NO_ANSWER, num_clusters, cluster_id)
    flat = (columns + np.arange(rows)[:, None] * shape[1]).ravel()
    size = rows * shape[1]
    count: Floats = np.bincount(flat, minlength=size).astype(np.float64)
    score_sum: Floats = np.bincount(flat, weights=score.ravel(), minlength=size).astype(np.float64).round(SUM_DECIMALS)
    score_max: Floats = np.full(size, -np.inf)
    np.maximum.at(score_max, flat, score.ravel())
    is_best = (score.ravel() == score_max[flat]).astype(np.float64)
    num_best: Floats = np.bincount(flat, weights=is_best, minlength=size).astype(np.float64)
    arrays = (count, score_sum, score_max, num_best)
    return Tallies(*(array.reshape(shape)[:, :num_clusters] for array in arrays))


def best_share(value: Floats, weight: Floats, allowed: Bools) -> Floats:
    """Each cluster's chance to win, (rows, C): the allowed ones of highest value share it in proportion to weight."""
    masked = np.where(allowed, value, -np.inf)
    top = masked.max(axis=1, keepdims=True)
    shared = np.where(allowed & (masked == top), weight, 0.0)
    total = shared.sum(axis=1, keepdims=True)
    share: Floats = np.divide(shared, total, out=np.zeros_like(shared), where=total > 0)
    return share


def vote_share(tallies: Tallies) -> Floats:
    """Maj1: the cluster with the most samples."""
    return best_share(tallies.count, np.ones_like(tallies.count), tallies.count > 0)


def score_sum_share(tallies: Tallies) -> Floats:
    """W.RR: the cluster with the largest sum of scores."""
    return best_share(tallies.score_sum, np.ones_like(tallies.count), tallies.count > 0)


def best_score_share(tallies: Tallies) -> Floats:
    """RR.All: the cluster of the single sample with the highest score."""
    return best_share(tallies.score_max, tallies.num_best, tallies.count > 0)


def _places(tallies: Tallies, k: int) -> tuple[Bools, Bools, Ints]:
    """Clusters sure of one of the K places, those tied for the rest (both (rows, C)), and how many places are left."""
    ordered = -np.sort(-tallies.count, axis=1)
    last = ordered[:, min(k, ordered.shape[1]) - 1][:, None]
    present = tallies.count > 0
    sure = present & (tallies.count > last)
    tied = present & (tallies.count == last)
    left = np.minimum(k - sure.sum(axis=1), tied.sum(axis=1))
    return sure, tied, left


def restricted_share(tallies: Tallies, k: int, value: Floats, weight: Floats) -> Floats:
    """As `best_share` among the K most frequent clusters, ties for the last place broken at random."""
    sure, tied, left = _places(tallies, k)
    share = best_share(value, weight, sure | tied)
    for row in np.nonzero(left < tied.sum(axis=1))[0]:
        share[row] = _share_in_expectation(value[row], weight[row], sure[row], tied[row], int(left[row]))
    return share


def _share_in_expectation(value: Floats, weight: Floats, sure: Bools, tied: Bools, left: int) -> Floats:
    """One row of `restricted_share` when `left` places are drawn among the `tied` clusters, each draw equally likely.

    Goes down the values: a cluster wins if it is in and no better one is. The number `drawn` of the tied clusters at
    a value that are in, none of the better ones being in, is hypergeometric.
    """
    share = np.zeros_like(value)
    num_tied, better = int(tied.sum()), 0
    pending = sure | tied
    while pending.any():
        level = pending & (value == value[pending].max())
        sure_here, tied_here = level & sure, level & tied
        size = int(tied_here.sum())
        mean_weight = weight[tied_here].mean() if size else 0.0
        for drawn in range(min(size, left) + 1):
            ways = comb(size, drawn) * comb(num_tied - better - size, left - drawn)
            total = weight[sure_here].sum() + drawn * mean_weight
            if ways and total > 0:
                chance = ways / comb(num_tied, left)
                share[sure_here] += chance * weight[sure_here] / total
                share[tied_here] += chance * drawn / max(size, 1) * mean_weight / total
        if sure_here.any():
            break  # worse clusters cannot win
        better += size
        pending &= ~level
    return share


def _select(share: Floats, correct: Bools) -> Selection:
    chosen = share.argmax(axis=1).astype(np.int64)
    winner = np.where(share.max(axis=1) > 0, chosen, NO_ANSWER)
    return Selection(expected_accuracy(share, correct), winner)


def expected_accuracy(share: Floats, correct: Bools) -> Floats:
    """The chance that a right cluster wins, (rows,)."""
    accuracy: Floats = np.clip((share * correct).sum(axis=1), 0.0, 1.0)
    return accuracy


def _tallied(candidates: Candidates) -> Tallies:
    return tally(candidates.cluster_id, candidates.score, candidates.num_clusters)


def _nobody(candidates: Candidates) -> Ints:
    return np.full(len(candidates.problem_ids), NO_ANSWER, dtype=np.int64)


def share_correct(candidates: Candidates) -> Floats:
    """The share of right samples a problem, (P,)."""
    share: Floats = candidates.is_correct.astype(np.float64).mean(axis=1)
    return share


def pass_at_1(candidates: Candidates, k: int) -> Selection:
    """The greedy solution's answer."""
    return Selection(candidates.greedy_correct.astype(np.float64), candidates.greedy_cluster)


def mean_pass_at_1(candidates: Candidates, k: int) -> Selection:
    """One sample drawn at random, with or without an answer."""
    return Selection(share_correct(candidates), _nobody(candidates))


def random_answer(candidates: Candidates, k: int) -> Selection:
    """One sample drawn at random among those with an answer: what a verifier that knows nothing gets from RR.All."""
    tallies = _tallied(candidates)
    flat = best_share(np.zeros_like(tallies.count), tallies.count, tallies.count > 0)
    return Selection(expected_accuracy(flat, candidates.cluster_correct), _nobody(candidates))


def maj1(candidates: Candidates, k: int) -> Selection:
    """The most frequent answer."""
    return _select(vote_share(_tallied(candidates)), candidates.cluster_correct)


def majk(candidates: Candidates, k: int) -> Selection:
    """Oracle: whether a right answer is among the K most frequent."""
    sure, tied, left = _places(_tallied(candidates), k)
    right = candidates.cluster_correct
    sure_right, num_tied, right_tied = (sure & right).any(axis=1), tied.sum(axis=1), (tied & right).sum(axis=1)
    missed = np.array(
        [comb(int(t - r), int(s)) / comb(int(t), int(s)) for t, r, s in zip(num_tied, right_tied, left, strict=True)]
    )
    p_correct: Floats = np.where(sure_right, 1.0, 1.0 - missed).astype(np.float64)
    return Selection(p_correct, _nobody(candidates))


def rr_all(candidates: Candidates, k: int) -> Selection:
    """The answer of the sample with the highest score."""
    return _select(best_score_share(_tallied(candidates)), candidates.cluster_correct)


def rr_majk(candidates: Candidates, k: int) -> Selection:
    """The answer of the sample with the highest score within the K most frequent clusters."""
    tallies = _tallied(candidates)
    share = restricted_share(tallies, k, tallies.score_max, tallies.num_best)
    return _select(share, candidates.cluster_correct)


def w_rr(candidates: Candidates, k: int) -> Selection:
    """The cluster with the largest sum of scores."""
    return _select(score_sum_share(_tallied(candidates)), candidates.cluster_correct)


def w_rr_majk(candidates: Candidates, k: int) -> Selection:
    """The cluster with the largest sum of scores within the K most frequent."""
    tallies = _tallied(candidates)
    share = restricted_share(tallies, k, tallies.score_sum, np.ones_like(tallies.count))
    return _select(share, candidates.cluster_correct)


def pass_at_n(candidates: Candidates, k: int) -> Selection:
    """Oracle: whether any sample is right."""
    any_right: Floats = candidates.is_correct.max(axis=1).astype(np.float64)
    return Selection(any_right, _nobody(candidates))


Selector = Callable[[Candidates, int], Selection]

SELECTORS: dict[str, Selector] = {
    "Pass@1": pass_at_1,
    "Mean Pass@1": mean_pass_at_1,
    "Random": random_answer,
    "Maj1": maj1,
    "RR.All": rr_all,
    "RR.MajK": rr_majk,
    "W.RR": w_rr,
    "W.RR.MajK": w_rr_majk,
    "MajK": majk,
    "Pass@N": pass_at_n,
}
SINGLE = frozenset({"Pass@1", "Mean Pass@1"})  # look at one solution: n = 1
RESTRICTED = frozenset({"MajK", "RR.MajK", "W.RR.MajK"})  # depend on K
SCORED = ("RR.All", "RR.MajK", "W.RR", "W.RR.MajK")  # read the verifier's scores
DEPLOYABLE = ("Maj1", *SCORED)  # choose among N without knowing the right answer
