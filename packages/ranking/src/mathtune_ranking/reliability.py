"""Whether a verifier's scores mean what they say: the share of right samples among those of like score."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from mathtune_ranking.candidates import Candidates
from mathtune_ranking.intervals import share_interval
from mathtune_ranking.rows import Runs
from mathtune_ranking.selectors import Floats, Ints
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
    calibration error: 0 … 0.1, …, 0.9 … 1, the upper bound in the next but for 1. The problem, with all its samples, is
    the unit of the intervals.
    """
    lines = []
    for row, of_seeds in runs.items():
        blocks = [_binned(block) for block in zip(*(candidates.blocks() for candidates in of_seeds), strict=True)]
        totals = np.sum([total for total, _ in blocks], axis=0)
        counts, right = np.concatenate([counted for _, counted in blocks], axis=2)
        for index, (count, of_right) in enumerate(zip(counts, right, strict=True)):
            size = int(count.sum())
            if size:
                interval = share_interval(of_right.astype(np.float64), count.astype(np.float64), confidence)
                shares = (totals[index] / size, of_right.sum() / size, *interval)
                bounds = (index / NUM_BINS, (index + 1) / NUM_BINS)
                rounded = (round(float(share), 4) for share in shares)
                lines.append((row.generator, row.verifier, *bounds, *rounded, size))
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def _binned(of_seeds: Sequence[Candidates]) -> tuple[Floats, Ints]:
    """Of some problems each bin's sum of scores, and the samples and the right ones a problem, (2, bins, P)."""
    score = np.concatenate([candidates.score for candidates in of_seeds], axis=1)
    right = np.concatenate([candidates.is_correct for candidates in of_seeds], axis=1)
    bins = bin_of(score)
    members = [bins == index for index in range(NUM_BINS)]
    counts = np.array([[(member & which).sum(axis=1) for member in members] for which in (True, right)])
    return np.array([score[member].sum() for member in members]), counts
