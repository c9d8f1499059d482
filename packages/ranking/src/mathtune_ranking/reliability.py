"""Whether a verifier's scores mean what they say: the share of right samples among those of like score."""

import numpy as np
import polars as pl

from mathtune_ranking.rows import Runs
from mathtune_ranking.statistics import wilson
from mathtune_ranking.verifier_quality import NUM_BINS, bin_of

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
    calibration error: 0 … 0.1, …, 0.9 … 1, the upper bound in the next but for 1. Wilson's intervals take samples for
    independent, which those of one problem are not: they are narrow.
    """
    lines = []
    for row, of_seeds in runs.items():
        score = np.concatenate([candidates.score.ravel() for candidates in of_seeds])
        right = np.concatenate([candidates.is_correct.ravel() for candidates in of_seeds])
        bins = bin_of(score)
        count = np.bincount(bins, minlength=NUM_BINS)
        sums = (np.bincount(bins, weights=weights, minlength=NUM_BINS) for weights in (score, right))
        for index, size, of_score, of_right in zip(range(NUM_BINS), count, *sums, strict=True):
            if size:
                shares = (of_score / size, of_right / size, *wilson(of_right / size, int(size), confidence))
                bounds = (index / NUM_BINS, (index + 1) / NUM_BINS)
                rounded = (round(float(share), 4) for share in shares)
                lines.append((row.generator, row.verifier, *bounds, *rounded, int(size)))
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")
