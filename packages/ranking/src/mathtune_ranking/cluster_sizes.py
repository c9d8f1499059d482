"""How often an answer is right by how many of a problem's samples agree on it."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from mathtune_ranking.candidates import Candidates
from mathtune_ranking.intervals import share_interval
from mathtune_ranking.outcomes import Outcomes
from mathtune_ranking.selectors import Ints, tally

SCHEMA = {
    "generator": pl.String,
    "size": pl.String,  # samples in the cluster: 1, 2–3, 4–7, …, up to N
    "num_clusters": pl.Int64,
    "share_right": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


def cluster_sizes(found: Outcomes, confidence: float) -> pl.DataFrame:
    """A line for each generator and range of sizes that has clusters, over all seeds, with the columns of `SCHEMA`.

    Every cluster of a problem counts, whether it would win or not. The problem, with all its clusters, is the unit of
    the intervals.
    """
    num_samples = found.some.num_samples
    bounds = [(2**power, min(2 ** (power + 1) - 1, num_samples)) for power in range(num_samples.bit_length())]
    lines = []
    for row in found.headline:
        blocks = zip(*(arrays.blocks() for arrays in found.runs[row]), strict=True)
        counts, right = np.concatenate([_counts(of_seeds, bounds) for of_seeds in blocks], axis=2)
        for (least, most), count, of_right in zip(bounds, counts, right, strict=True):
            clusters = int(count.sum())
            if clusters:
                name = str(least) if least == most else f"{least}–{most}"
                interval = share_interval(of_right.astype(np.float64), count.astype(np.float64), confidence)
                shares = (of_right.sum() / clusters, *interval)
                lines.append((row.generator, name, clusters, *(round(float(share), 4) for share in shares)))
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def _counts(of_seeds: Sequence[Candidates], bounds: Sequence[tuple[int, int]]) -> Ints:
    """The clusters of each size that some problems have, and how many of them are right, (2, sizes, P)."""
    tallies = [tally(arrays.cluster_id, arrays.score, arrays.num_clusters) for arrays in of_seeds]
    size = np.concatenate([tallied.count for tallied in tallies], axis=1)
    right = np.concatenate([arrays.cluster_correct for arrays in of_seeds], axis=1)
    members = [(size >= least) & (size <= most) for least, most in bounds]
    return np.array([[(member & which).sum(axis=1) for member in members] for which in (True, right)])
