"""How long the solutions of each generator are, in generated tokens."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from mathtune_core.schemas import CLUSTERS, SAMPLE_KEY, SAMPLES
from mathtune_core.tables import read_table
from mathtune_ranking.candidates import require_same_keys
from mathtune_ranking.outcomes import Outcomes, percent
from mathtune_ranking.selectors import Bools, Floats

SCHEMA = {
    "generator": pl.String,
    "mean_tokens": pl.Float64,
    "cut_at_length": pl.Float64,  # percent of the samples
    "without_answer": pl.Float64,  # percent of the samples
}


@dataclass(frozen=True, slots=True, eq=False)
class Lengths:
    """One generator's means a problem, over samples and seeds; each (P,), in the order of the candidates."""

    greedy_tokens: Floats
    sampled_tokens: Floats
    cut_at_length: Floats  # shares of the samples
    without_answer: Floats


def read_lengths(found: Outcomes, samples: Path, clusters: Path) -> dict[str, Lengths]:
    """The lengths of every generator's test solutions.

    `samples` holds test/<generator>/<seed>/samples.parquet, `clusters` the same of clusters.parquet. Raises
    MathtuneError for a sample that only one of the two has.
    """
    lengths = {}
    for row in found.headline:
        of_seeds = []
        for seed in found.study.seeds:
            place = Path("test", row.generator, str(seed))
            path, other = samples / place / "samples.parquet", clusters / place / "clusters.parquet"
            sampled, clustered = read_table(path, SAMPLES), read_table(other, CLUSTERS)
            require_same_keys(sampled, path, clustered, other)
            of_seeds.append(_by_problem(sampled.join(clustered, on=list(SAMPLE_KEY))))
        lengths[row.generator] = Lengths(*np.mean(of_seeds, axis=0).T)
    return lengths


def _by_problem(joined: pl.DataFrame) -> Floats:
    """The means of one seed, (P, 4), sorted by problem_id as the candidates are."""
    sampled = pl.col("decoding") == "sampled"
    means = joined.group_by("problem_id").agg(
        greedy_tokens=pl.col("num_tokens").filter(~sampled).mean(),
        sampled_tokens=pl.col("num_tokens").filter(sampled).mean(),
        cut_at_length=(pl.col("finish_reason") == "length").filter(sampled).mean(),
        without_answer=pl.col("cluster_id").is_null().filter(sampled).mean(),
    )
    return means.sort("problem_id").drop("problem_id").to_numpy()


def lengths_table(lengths: dict[str, Lengths], headline: Bools) -> pl.DataFrame:
    """Tokens a sampled solution of the headline problems (mask (P,)), and how many are cut short or give no answer."""
    rows = [
        (
            generator,
            round(float(of.sampled_tokens[headline].mean()), 2),
            percent(of.cut_at_length[headline].mean()),
            percent(of.without_answer[headline].mean()),
        )
        for generator, of in lengths.items()
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
