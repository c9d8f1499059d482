import json
from pathlib import Path

import polars as pl

from mathtune_answers.cluster_answers import ClusterAnswersParams, run
from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLES
from mathtune_core.tables import read_table, write_table


def test_the_stage_clusters_and_grades_every_sample(tmp_path: Path) -> None:
    problem = {
        "problem_id": "p", "split": "test", "fold": None, "subset": "main", "source": "s", "subject": None, "level": 1,
        "problem": "What is $1/2$?", "expected_answer": r"\frac{1}{2}",
    }  # fmt: skip
    completions = [
        r"The answer is $\boxed{0.5}$.", r"The answer is $\boxed{2}$.", "I do not know.", r"$\boxed{1/2}$",
        r"$\boxed{0.501}$", r"$\boxed{\text{Tuesday}}$", r"$\boxed{0.5004}$",
    ]  # fmt: skip
    samples = [
        {
            "problem_id": "p", "decoding": "sampled", "sample_index": i, "completion": completion,
            "finish_reason": "stop", "num_tokens": 9, "sum_logprob": -1.0, "seed": 0,
        }
        for i, completion in enumerate(completions)
    ]  # fmt: skip
    write_table(pl.DataFrame([problem], schema=PROBLEMS.schema), tmp_path / "problems.parquet", PROBLEMS)
    write_table(pl.DataFrame(samples, schema=SAMPLES.schema), tmp_path / "samples.parquet", SAMPLES)
    run(ClusterAnswersParams(), problems=tmp_path, samples=tmp_path, out=tmp_path)
    clusters = read_table(tmp_path / "clusters.parquet", CLUSTERS).sort("sample_index")
    assert clusters["cluster_id"].to_list() == [0, 1, None, 0, 2, 3, 4]
    assert clusters["is_correct"].to_list() == [True, False, False, True, False, False, False]
    assert json.loads((tmp_path / "audit.json").read_text()) == {
        "answers": 6, "without_answer": 1, "clusters": 5, "near_miss": 1, "kept_as_text": 1, "capped": 0,
    }  # fmt: skip
    findings = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert {finding["kind"]: finding["answers"] for finding in findings} == {
        "near miss": ["0.5", "0.5004"],
        "kept as text": [r"\text{Tuesday}"],
    }
