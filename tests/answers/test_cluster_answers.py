import json
import random
import sys
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_answers import cluster_samples
from mathtune_answers.audit import audit_clusters
from mathtune_answers.cluster_answers import ClusterAnswersParams, run
from mathtune_core.batches import read_batches
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


ANSWERS = (
    "12",
    "12.0",
    r"\frac{24}{2}",
    r"12\%",
    "0.12",
    r"12 \text{ cm}",
    "12.5",
    "(1, 2)",
    "Tuesday",
    r"4\pi",
    "no box",
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty problems with one to nine samples each, of answers that meet in some problems and not in others."""
    folder, chance = tmp_path_factory.mktemp("drawn"), random.Random(0)
    problems, samples = [], []
    for number in range(40):
        own = {"problem_id": f"p{number:02d}", "expected_answer": chance.choice(ANSWERS)}
        problems.append({**own, "split": "test", "subset": "main", "source": "s", "problem": "?"})
        for index in range(chance.randint(0, 8) + 1):
            answer = chance.choice(ANSWERS)
            text = (
                f"I do not know {index}." if answer == "no box" else rf"By ${index}$ steps it is $\boxed{{{answer}}}$."
            )
            told = {"completion": text, "finish_reason": "stop", "num_tokens": 9, "sum_logprob": -1.0, "seed": 0}
            key = ("sampled", index - 1) if index else ("greedy", 0)
            samples.append({"problem_id": own["problem_id"], "decoding": key[0], "sample_index": key[1], **told})
    write_table(pl.DataFrame(problems, schema=PROBLEMS.schema), folder / "problems.parquet", PROBLEMS)
    write_table(pl.DataFrame(samples, schema=SAMPLES.schema), folder / "samples.parquet", SAMPLES)
    return folder


def test_the_table_in_batches_is_the_table_at_once(drawn: Path, tmp_path: Path) -> None:
    run(ClusterAnswersParams(), problems=drawn, samples=drawn, out=tmp_path)
    problems = read_table(drawn / "problems.parquet", PROBLEMS)
    at_once = cluster_samples(read_table(drawn / "samples.parquet", SAMPLES), problems)
    assert read_table(tmp_path / "clusters.parquet", CLUSTERS).equals(at_once.sort(CLUSTERS.key))
    findings = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert findings == audit_clusters(at_once).to_dicts()
    assert len({finding["kind"] for finding in findings}) == 2


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 200))
def test_any_batch_size_gives_the_same_bytes(drawn: Path, tmp_path_factory: pytest.TempPathFactory, rows: int) -> None:
    whole, parts = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("parts")
    run(ClusterAnswersParams(), problems=drawn, samples=drawn, out=whole)
    with pytest.MonkeyPatch.context() as patch:
        stage = sys.modules["mathtune_answers.cluster_answers"]  # the package has a function of that name
        patch.setattr(stage, "read_batches", partial(read_batches, rows=rows))
        run(ClusterAnswersParams(), problems=drawn, samples=drawn, out=parts)
    for name in ("clusters.parquet", "audit.jsonl", "audit.json"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes(), name
