"""Stage cluster_answers@STYLE-SPLIT: every sample's answer, its cluster and grade, and the clusters worth a look."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mathtune_answers.audit import audit_clusters, audit_counts
from mathtune_answers.cluster import cluster_samples
from mathtune_core.batches import read_batches, write_batches
from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLES


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAnswersParams:
    """Nothing to set: equivalence has conventions (docs/answers.md), not knobs."""


def run(params: ClusterAnswersParams, *, problems: Path, samples: Path, out: Path) -> None:
    """Writes clusters.parquet for `samples`/samples.parquet, graded against `problems`/problems.parquet.

    And audit.jsonl, the findings of `audit_clusters`, one a line, with audit.json, how many there are of each kind
    among how many answers and clusters. Problems come in the order of `samples`. A cluster is one problem's, so some
    thousand problems at a time give what all of them at once would.
    """
    graded = pl.concat(read_batches(problems / "problems.parquet", PROBLEMS, columns=["expected_answer"]))
    counts: Counter[str] = Counter()
    with (
        write_batches(out / "clusters.parquet", CLUSTERS) as add,
        (out / "audit.jsonl").open("wb") as audit,
    ):
        for batch in read_batches(samples / "samples.parquet", SAMPLES, columns=["completion"]):
            own = graded.join(batch.select("problem_id").unique(), on="problem_id", how="semi")
            clusters = cluster_samples(batch, own)
            add(clusters.sort(pl.col("problem_id").rle_id(), "decoding", "sample_index"))
            findings = audit_clusters(clusters)
            findings.write_ndjson(audit)
            counts.update(_counts(clusters), **audit_counts(findings))
    (out / "audit.json").write_text(json.dumps(counts, indent=2) + "\n")


def _counts(clusters: pl.DataFrame) -> dict[str, int]:
    answered = clusters.drop_nulls("cluster_id")
    return {
        "answers": answered.height,
        "without_answer": clusters.height - answered.height,
        "clusters": answered.select("problem_id", "cluster_id").n_unique(),
    }
