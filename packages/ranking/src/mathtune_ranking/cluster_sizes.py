"""How often an answer is right by how many of a problem's samples agree on it."""

import numpy as np
import polars as pl

from mathtune_ranking.outcomes import Outcomes
from mathtune_ranking.selectors import tally
from mathtune_ranking.statistics import wilson

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

    Every cluster of a problem counts, whether it would win or not. Wilson's intervals take clusters for independent.
    """
    num_samples = found.some.num_samples
    lines = []
    for row in found.headline:
        sizes, rights = [], []
        for candidates in found.runs[row]:
            count = tally(candidates.cluster_id, candidates.score, candidates.num_clusters).count
            sizes.append(count[count > 0])
            rights.append(candidates.cluster_correct[count > 0])
        size, right = np.concatenate(sizes).astype(np.int64), np.concatenate(rights)
        for power in range(num_samples.bit_length()):
            least, most = 2**power, min(2 ** (power + 1) - 1, num_samples)
            member = right[(size >= least) & (size <= most)]
            if member.size:
                name = str(least) if least == most else f"{least}–{most}"
                shares = (member.mean(), *wilson(float(member.mean()), member.size, confidence))
                lines.append((row.generator, name, member.size, *(round(float(share), 4) for share in shares)))
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")
