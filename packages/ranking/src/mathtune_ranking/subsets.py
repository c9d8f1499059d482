"""Accuracy with only n of the N samples, averaged over which n: the curves of accuracy against n, for every n.

Mean Pass@1, Random, Pass@n (Chen et al. 2021), RR.All and Maj1 are exact over all subsets. So is MajK where a problem
has no more than K clusters, and everything where it has no right cluster or no wrong one, at n = 1 and at n = N. The
rest is averaged over random subsets.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.nested_subsets import Draws, averages
from mathtune_ranking.selectors import SELECTORS, Floats, share_correct
from mathtune_ranking.votes import vote_chance


@dataclass(frozen=True, slots=True, eq=False)
class CurvePoint:
    """A selector's accuracy with n samples."""

    selector: str
    n: int
    p_correct: Floats  # (P,)
    variance: Floats  # (P,), of p_correct from drawing subsets; 0 where exact

    @property
    def monte_carlo_error(self) -> float:
        """The standard error of mean(p_correct) from drawing subsets, which problems do independently."""
        return float(np.sqrt(self.variance.sum()) / len(self.variance))


def curve(candidates: Candidates, k: int, resamples: int, draws: Draws, first: int = 0) -> Iterator[CurvePoint]:
    """Every selector but Pass@1, which is greedy, at every n = 1 … N, the selectors in the order of SELECTORS.

    Pass@N is called Pass@n. `resamples`, at least 2, are the random subsets of a size for what is not exact; candidates
    of the same `draws` see the same ones. The problems are those from the `first` on of `draws`, a block of them at
    best: this holds some twenty arrays of (N, P).
    """
    num_problems, num_samples = candidates.cluster_id.shape
    exact = {
        "Mean Pass@1": np.tile(share_correct(candidates), (num_samples, 1)),
        "Random": random_by_n(candidates),
        "Maj1": vote_by_n(candidates),
        "RR.All": best_score_by_n(candidates),
        "Pass@N": any_right_by_n(candidates),
    }
    right, num_clusters = candidates.is_correct.any(axis=1), candidates.cluster_id.max(axis=1) + 1
    wrong = (~candidates.is_correct & (candidates.cluster_id != NO_ANSWER)).any(axis=1)
    mixed = right & wrong
    drawn = averages(candidates, np.nonzero(mixed)[0], k, resamples, draws, first)
    for selector in SELECTORS:
        if selector in exact:
            mean, variance = exact[selector], np.zeros((num_samples, num_problems))
        elif selector in drawn:
            known = ~mixed | ((selector == "MajK") & (num_clusters <= k))
            mean = np.where(known, exact["Pass@N"], drawn[selector].mean)
            variance = np.where(known, 0.0, drawn[selector].variance)
            mean[0], mean[-1] = exact["Pass@N"][0], SELECTORS[selector](candidates, k).p_correct
            variance[0] = variance[-1] = 0.0
        else:
            continue
        for n in range(1, num_samples + 1):
            yield CurvePoint("Pass@n" if selector == "Pass@N" else selector, n, mean[n - 1], variance[n - 1])


def any_right_by_n(candidates: Candidates) -> Floats:
    """Pass@n, (N, P): the share of n-subsets with a right sample."""
    missed: Floats = _none_of(candidates.num_samples)[:, candidates.is_correct.sum(axis=1)]
    return 1.0 - missed


def random_by_n(candidates: Candidates) -> Floats:
    """Random, (N, P): any answered sample is drawn as often as another, so it is right as often as they are."""
    answered = (candidates.cluster_id != NO_ANSWER).sum(axis=1)
    share = candidates.is_correct.sum(axis=1) / np.maximum(answered, 1)
    accuracy: Floats = (1.0 - _none_of(candidates.num_samples)[:, answered]) * share
    return accuracy


def vote_by_n(candidates: Candidates) -> Floats:
    """Maj1, (N, P)."""
    num_problems, num_samples = candidates.cluster_id.shape
    accuracy = np.zeros((num_problems, num_samples))
    labels = np.arange(candidates.num_clusters)
    pool = np.stack([(candidates.cluster_id == label).sum(axis=1) for label in labels], axis=1)
    spare = (candidates.cluster_id == NO_ANSWER).sum(axis=1)
    for column in labels:
        rows = np.nonzero(candidates.cluster_correct[:, column] & (pool[:, column] > 0))[0]
        cluster = np.full(len(rows), column)
        chance = vote_chance(np.zeros_like(pool[rows]), pool[rows], spare[rows], cluster, num_samples)
        accuracy[rows] += chance[:, 1:]
    return np.minimum(accuracy, 1.0).T


def best_score_by_n(candidates: Candidates) -> Floats:
    """RR.All, (N, P).

    Samples of one score, e of them with b better, hold the best of a subset that none of the b is in, but one of the
    b + e, and share that chance. Samples without an answer are in no such group, and take their places in subsets.
    """
    num_samples = candidates.num_samples
    ranked = np.where(candidates.cluster_id != NO_ANSWER, candidates.score, -np.inf)
    order = np.argsort(-ranked, axis=1, kind="stable")
    ranked, right = np.take_along_axis(ranked, order, axis=1), np.take_along_axis(candidates.is_correct, order, axis=1)
    place = np.arange(num_samples)
    differs = ranked[:, 1:] != ranked[:, :-1]
    edge = np.ones((len(ranked), 1), dtype=np.bool_)
    better = np.maximum.accumulate(np.where(np.hstack([edge, differs]), place, 0), axis=1)
    until = np.where(np.hstack([differs, edge]), place + 1, num_samples)
    until = np.minimum.accumulate(until[:, ::-1], axis=1)[:, ::-1]
    weight = right / (until - better)
    return np.stack([((none[better] - none[until]) * weight).sum(axis=1) for none in _none_of(num_samples)])


def _none_of(num_samples: int) -> Floats:
    """C(N − c, n) / C(N, n), the share of n-subsets with none of c samples, (N, N + 1) for n = 1 … N, c = 0 … N.

    As a product of c factors between 0 and 1, which no N makes overflow (Chen et al. 2021).
    """
    n, position = np.arange(1, num_samples + 1)[:, None], np.arange(num_samples)
    factors = np.maximum(num_samples - n - position, 0) / (num_samples - position)
    return np.hstack([np.ones((num_samples, 1)), np.cumprod(factors, axis=1)])
