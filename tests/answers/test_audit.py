"""The report of clusters worth a look."""

import polars as pl

from mathtune_answers import audit_clusters, audit_counts, cluster_samples


def test_near_misses_and_texts_are_named() -> None:
    answers = ["1/3", "0.333", "(1,2)", "[1,2]", "Tuesday", "5"]
    samples = pl.DataFrame(
        {
            "problem_id": "p",
            "decoding": "sampled",
            "sample_index": pl.Series(range(6), dtype=pl.Int32),
            "completion": [f"#### {answer}" for answer in answers],
        }
    )
    clusters = cluster_samples(samples, pl.DataFrame({"problem_id": ["p"], "expected_answer": ["5"]}))
    report = audit_clusters(clusters)
    assert report.filter(kind="near miss")["answers"].to_list() == [["1/3", "0.333"], ["(1,2)", "[1,2]"]]
    assert report.filter(kind="kept as text")["answers"].to_list() == [["Tuesday"]]
    assert audit_counts(report) == {"near_miss": 2, "kept_as_text": 1, "capped": 0}
    assert audit_counts(audit_clusters(clusters.clear())) == {"near_miss": 0, "kept_as_text": 0, "capped": 0}
