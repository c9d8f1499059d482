"""How well the verifier's scores tell right from wrong solutions, and whether they mean what they say."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mathtune_ranking.candidates import Candidates, parts
from mathtune_ranking.rows import Runs
from mathtune_ranking.selectors import Bools, Floats, Ints

NUM_BINS = 10
PAIRED_AT_ONCE = 500  # problems, times N²: the pairs of samples compared at once


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
    mixed = auc_by_problem(candidates.score, candidates.is_correct)
    score, correct = candidates.score, candidates.is_correct
    return VerifierQuality(
        auc=auc(score, correct),
        auc_within_problems=float(mixed.mean()) if mixed.size else None,
        num_mixed_problems=mixed.size,
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
    right, wrong = np.sort(score[correct]), np.sort(score[~correct])
    below, not_above = (int(np.searchsorted(wrong, right, side=side).sum()) for side in ("left", "right"))
    return (below + not_above) / 2 / (num_right * num_wrong)


def auc_by_problem(score: Floats, correct: Bools) -> Floats:
    """The AUC of each row of (P, N) arrays that has both classes, in their order."""
    num_right = correct.sum(axis=1)
    num_wrong = correct.shape[1] - num_right
    mixed = (num_right > 0) & (num_wrong > 0)
    aucs = []
    for start in range(0, len(score), PAIRED_AT_ONCE):
        rows = np.arange(len(score))[start : start + PAIRED_AT_ONCE][mixed[start : start + PAIRED_AT_ONCE]]
        first, second = score[rows, :, None], score[rows, None, :]
        pairs = correct[rows, :, None] & ~correct[rows, None, :]
        wins = (pairs & (first > second)).sum(axis=(1, 2)) + 0.5 * (pairs & (first == second)).sum(axis=(1, 2))
        aucs.append(wins / (num_right * num_wrong)[rows])
    return np.concatenate(aucs)


def bin_of(score: Floats) -> Ints:
    """Which of NUM_BINS bins of equal width each score falls in, counted from 0; 1 is in the last."""
    return np.minimum((score * NUM_BINS).astype(np.int64), NUM_BINS - 1)


def expected_calibration_error(score: Floats, correct: Bools) -> float:
    """The mean distance between a bin's mean score and its share of right samples (P, N), weighted by its size."""
    gap = sums_by_bin(score, score).sum(axis=0) - sums_by_bin(score, correct).sum(axis=0)
    return float(np.abs(gap).sum() / score.size)


def sums_by_bin(score: Floats, values: NDArray[np.float64 | np.bool_]) -> Floats:
    """A problem's sum of `values` (P, N) over its samples whose `score` (P, N) is in a bin, (P, bins)."""
    sums = np.empty((len(score), NUM_BINS))
    for part in parts(len(score)):
        place = bin_of(score[part]) + NUM_BINS * np.arange(len(score[part]))[:, None]
        found = np.bincount(place.ravel(), weights=values[part].ravel(), minlength=sums[part].size)
        sums[part] = found.reshape(-1, NUM_BINS)
    return sums


def verifiers(runs: Runs) -> pl.DataFrame:
    """How well each verifier tells each generator's samples apart: the mean over seeds, counts their sum."""
    frames = []
    for row, of_seeds in runs.items():
        by_seed = pl.DataFrame(
            [asdict(verifier_quality(candidates)) for candidates in of_seeds], infer_schema_length=None
        )
        counts = ("num_mixed_problems", "num_samples")
        means = by_seed.select(
            pl.lit(row.generator).alias("generator"),
            pl.lit(row.verifier).alias("verifier"),
            *(pl.col(n).sum() if n in counts else pl.col(n).cast(pl.Float64).mean().round(4) for n in by_seed.columns),
        )
        frames.append(means)
    return pl.concat(frames)
