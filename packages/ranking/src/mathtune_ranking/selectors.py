"""The ways to choose one answer among a problem's sampled solutions, each a function over arrays (Liu et al. 2023).

A sample without an answer never wins and always counts in the denominator. Where a rule leaves several equal, they are
equally likely and `p_correct` is the exact expectation over that choice, in closed form: equal samples for RR.All and
RR.MajK, equal clusters for the votes. Where clusters tie for the last of K places, or samples for the last place among
the best-scored, the expectation also runs over who gets the places.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.places import chance_of_any, chance_to_win, places
from mathtune_ranking.votes import vote_chance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.signedinteger]  # clusters
Bools = NDArray[np.bool_]

# Sums of the same scores in another order differ in the last bits; that is no reason to prefer a cluster.
SUM_DECIMALS = 9
SHARE_DECIMALS = 12  # so that equal chances, each the sum of other terms, are equal


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


def tally(cluster_id: Labels, score: Floats, num_clusters: int) -> Tallies:
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


def restricted_share(tallies: Tallies, k: int, value: Floats, weight: Floats) -> Floats:
    """As `best_share` among the K most frequent clusters, ties for the last place broken at random."""
    among = places(tallies.count, k)
    share = np.zeros_like(tallies.count)
    for column in range(share.shape[1]):
        rows = np.nonzero(among.sure[:, column] | among.tied[:, column])[0]  # elsewhere it is never in
        if rows.size:
            cluster = np.full(len(rows), column)
            share[rows, column] = chance_to_win(among.of(rows), value[rows], weight[rows], cluster)
    return share


def top_vote_share(cluster_id: Labels, score: Floats, num_clusters: int) -> Floats:
    """Maj1.TopN: the vote of the better-scored half of the samples with an answer, rounded up.

    Samples that tie for the last place are equally likely to get it.
    """
    answered: Bools = cluster_id != NO_ANSWER
    ranked = np.where(answered, score, -np.inf)
    size = (np.count_nonzero(answered, axis=1) + 1) // 2
    last = -np.sort(-ranked, axis=1)[np.arange(len(size)), np.maximum(size - 1, 0)][:, None]
    better, equal = ranked > last, answered & (ranked == last)
    left = size - np.count_nonzero(better, axis=1)
    of_better, of_equal = (
        tally(np.where(chosen, cluster_id, NO_ANSWER), score, num_clusters).count for chosen in (better, equal)
    )
    count = of_better + of_equal
    share = best_share(count, np.ones_like(count), count > 0)
    drawn = np.nonzero(left < of_equal.sum(axis=1))[0]  # elsewhere all of the equal samples get in
    certain, pool = of_better[drawn].astype(np.int64), of_equal[drawn].astype(np.int64)
    spare, most = np.zeros(len(drawn), dtype=np.int64), int(left[drawn].max(initial=0))
    for column in range(num_clusters if drawn.size else 0):
        of_column = np.full(len(drawn), column)
        chance = vote_chance(certain, pool, spare, of_column, most)
        share[drawn, column] = chance[np.arange(len(drawn)), left[drawn]]
    return share


def _select(share: Floats, correct: Bools) -> Selection:
    chosen = share.round(SHARE_DECIMALS).argmax(axis=1).astype(np.int64)
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
    return Selection(candidates.greedy_correct.astype(np.float64), candidates.greedy_cluster.astype(np.int64))


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
    among = places(_tallied(candidates).count, k)
    return Selection(chance_of_any(among, candidates.cluster_correct), _nobody(candidates))


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


def maj1_topn(candidates: Candidates, k: int) -> Selection:
    """The most frequent answer among the better-scored half of the samples."""
    share = top_vote_share(candidates.cluster_id, candidates.score, candidates.num_clusters)
    return _select(share, candidates.cluster_correct)


def pass_at_n(candidates: Candidates, k: int) -> Selection:
    """Oracle: whether any sample is right."""
    any_right: Floats = candidates.is_correct.max(axis=1).astype(np.float64)
    return Selection(any_right, _nobody(candidates))


Selector = Callable[[Candidates, int], Selection]


def _in_blocks(selector: Selector) -> Selector:
    """The selector over any number of problems in the memory of a block of them."""

    def selected(candidates: Candidates, k: int) -> Selection:
        found = [selector(block, k) for block in candidates.blocks()]
        return Selection(
            np.concatenate([one.p_correct for one in found]), np.concatenate([one.winner for one in found])
        )

    return selected


SELECTORS: dict[str, Selector] = {
    "Pass@1": _in_blocks(pass_at_1),
    "Mean Pass@1": _in_blocks(mean_pass_at_1),
    "Random": _in_blocks(random_answer),
    "Maj1": _in_blocks(maj1),
    "RR.All": _in_blocks(rr_all),
    "RR.MajK": _in_blocks(rr_majk),
    "W.RR": _in_blocks(w_rr),
    "W.RR.MajK": _in_blocks(w_rr_majk),
    "Maj1.TopN": _in_blocks(maj1_topn),
    "MajK": _in_blocks(majk),
    "Pass@N": _in_blocks(pass_at_n),
}
SINGLE = frozenset({"Pass@1", "Mean Pass@1"})  # look at one solution: n = 1
RESTRICTED = frozenset({"MajK", "RR.MajK", "W.RR.MajK"})  # depend on K
SCORED = ("RR.All", "RR.MajK", "W.RR", "W.RR.MajK", "Maj1.TopN")  # read the verifier's scores
DEPLOYABLE = ("Maj1", *SCORED)  # choose among N without knowing the right answer
