"""How well the verifier's scores tell right from wrong solutions, and whether they mean what they say."""

from dataclasses import dataclass

import numpy as np

from mathtune_ranking.candidates import Candidates
from mathtune_ranking.selectors import Bools, Floats

NUM_BINS = 10


@dataclass(frozen=True, slots=True)
class VerifierQuality:
    """Over all sampled solutions of a split; None where a class is missing."""

    auc: float | None
    auc_within_problems: float | None  # mean over the problems that have a right and a wrong sample
    num_mixed_problems: int  # those problems
    expected_calibration_error: float  # 10 bins of equal width
    base_rate: float  # share of right samples
    num_samples: int


def verifier_quality(candidates: Candidates) -> VerifierQuality:
    """Scores against grades; a sample without an answer counts as a wrong one, for the verifier scores it as well."""
    within = [auc(s, c) for s, c in zip(candidates.score, candidates.is_correct, strict=True)]
    mixed = [value for value in within if value is not None]
    score, correct = candidates.score.ravel(), candidates.is_correct.ravel()
    return VerifierQuality(
        auc=auc(score, correct),
        auc_within_problems=float(np.mean(mixed)) if mixed else None,
        num_mixed_problems=len(mixed),
        expected_calibration_error=expected_calibration_error(score, correct),
        base_rate=float(correct.mean()),
        num_samples=int(score.size),
    )


def auc(score: Floats, correct: Bools) -> float | None:
    """The chance that a right sample scores above a wrong one, equal scores counting half; None with one class only."""
    num_right = int(correct.sum())
    num_wrong = correct.size - num_right
    if num_right == 0 or num_wrong == 0:
        return None
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2.0
    rank_sum = mean_rank[inverse.ravel()][correct].sum()
    return float((rank_sum - num_right * (num_right + 1) / 2.0) / (num_right * num_wrong))


def expected_calibration_error(score: Floats, correct: Bools) -> float:
    """The mean distance between a bin's mean score and its share of right samples, weighted by its size."""
    bins = np.minimum((score * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    gap = np.bincount(bins, weights=score - correct, minlength=NUM_BINS)
    return float(np.abs(gap).sum() / score.size)
