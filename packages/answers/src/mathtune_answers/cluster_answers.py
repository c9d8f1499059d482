"""Stage cluster_answers@STYLE-SPLIT: every sample's answer, its cluster and grade, and the clusters worth a look."""

import json
from dataclasses import dataclass
from pathlib import Path

from mathtune_answers.audit import audit_clusters, audit_counts
from mathtune_answers.cluster import cluster_samples
from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLES
from mathtune_core.tables import read_table, write_table


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAnswersParams:
    """Nothing to set: equivalence has conventions (docs/answers.md), not knobs."""


def run(params: ClusterAnswersParams, *, problems: Path, samples: Path, out: Path) -> None:
    """Writes clusters.parquet for `samples`/samples.parquet, graded against `problems`/problems.parquet.

    And audit.jsonl, the findings of `audit_clusters`, one a line, with audit.json, how many there are of each kind
    among how many answers and clusters.
    """
    table = read_table(samples / "samples.parquet", SAMPLES)
    clusters = cluster_samples(table, read_table(problems / "problems.parquet", PROBLEMS))
    write_table(clusters.sort(CLUSTERS.key), out / "clusters.parquet", CLUSTERS)
    findings = audit_clusters(clusters)
    findings.write_ndjson(out / "audit.jsonl")
    answered = clusters.drop_nulls("cluster_id")
    counts = {
        "answers": answered.height,
        "without_answer": clusters.height - answered.height,
        "clusters": answered.select("problem_id", "cluster_id").n_unique(),
        **audit_counts(findings),
    }
    (out / "audit.json").write_text(json.dumps(counts, indent=2) + "\n")
