"""Whether a verifier's scores mean what they say: the share of right samples among those of like score."""

import numpy as np
import polars as pl

from mathtune_ranking.intervals import share_interval
from mathtune_ranking.rows import Runs
from mathtune_ranking.verifier_quality import NUM_BINS, sums_by_bin

SCHEMA = {
    "generator": pl.String,
    "verifier": pl.String,
    "bin_low": pl.Float64,
    "bin_high": pl.Float64,
    "mean_score": pl.Float64,
    "share_right": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "num_samples": pl.Int64,
}


def reliability(runs: Runs, confidence: float) -> pl.DataFrame:
    """A line for each generator, verifier and bin of scores that has samples, with the columns of `SCHEMA`.

    Over the sampled solutions of all seeds; one without an answer is a wrong one. Bins are those of the expected
    calibration error: 0 … 0.1, …, 0.9 … 1, the upper bound in the next but for 1. The problem, with all its samples, is
    the unit of the intervals.
    """
    lines = []
    for row, of_seeds in runs.items():
        total, counts, right = (np.zeros((len(of_seeds[0].problem_ids), NUM_BINS)) for _ in range(3))
        for candidates in of_seeds:
            total += sums_by_bin(candidates.score, candidates.score)
            counts += sums_by_bin(candidates.score, np.ones_like(candidates.is_correct))
            right += sums_by_bin(candidates.score, candidates.is_correct)
        for index, (of_scores, count, of_right) in enumerate(zip(total.T, counts.T, right.T, strict=True)):
            size = int(count.sum())
            if size:
                interval = share_interval(of_right, count, confidence)
                shares = (of_scores.sum() / size, of_right.sum() / size, *interval)
                bounds = (index / NUM_BINS, (index + 1) / NUM_BINS)
                rounded = (round(float(share), 4) for share in shares)
                lines.append((row.generator, row.verifier, *bounds, *rounded, size))
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")
