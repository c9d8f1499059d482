"""Stage cluster_answers@STYLE-SPLIT: every sample's answer, the cluster it falls into and its grade."""

from dataclasses import dataclass
from pathlib import Path

from mathtune_answers.cluster import cluster_samples
from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLES
from mathtune_core.tables import read_table, write_table


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAnswersParams:
    """Nothing to set: equivalence has conventions (docs/answers.md), not knobs."""


def run(params: ClusterAnswersParams, *, problems: Path, samples: Path, out: Path) -> None:
    """Writes clusters.parquet for `samples`/samples.parquet, graded against `problems`/problems.parquet."""
    table = read_table(samples / "samples.parquet", SAMPLES)
    clusters = cluster_samples(table, read_table(problems / "problems.parquet", PROBLEMS))
    write_table(clusters.sort(CLUSTERS.key), out / "clusters.parquet", CLUSTERS)
