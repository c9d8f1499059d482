"""The whole DAG through DVC, and what its tables promise one another."""

import json
import sys
from pathlib import Path

import polars as pl
import pytest
from clone import Clone

from mathtune_core.schemas import (
    CLUSTERS,
    PREDICTIONS,
    PROBLEMS,
    SAMPLE_KEY,
    SAMPLES,
    SCORES,
    SOLUTIONS,
    VERIFIER_EXAMPLES,
)
from mathtune_core.tables import read_table

Finished = tuple[Clone, set[str]]
STYLES = ("original", "generated", "original+generated")
RECIPES = ("few-shot", "sequential-xent")
SPLITS = {"train": 16, "val": 8, "test": 16}
N = 4


@pytest.fixture(scope="session")
def artifacts(finished: Finished) -> Path:
    return finished[0].root / "artifacts"


def test_every_stage_but_the_frozen_base_runs(finished: Finished) -> None:
    clone, ran = finished
    listed = {line.split()[0] for line in clone.run("dvc", "stage", "list").splitlines()}
    assert ran == listed - {"pretrain_base"}
    assert len(ran) == 54


def test_again_does_nothing(finished: Finished) -> None:
    clone, _ = finished
    assert clone.repro() == set()


@pytest.mark.slow
def test_running_everything_again_gives_the_same_numbers(finished: Finished, artifacts: Path) -> None:
    clone, ran = finished
    folder = artifacts / "evaluate"
    names = {path.name for path in folder.iterdir()} - {"costs.csv"}  # the one file that tells the time
    before = {name: (folder / name).read_bytes() for name in names}
    costs = pl.read_csv(folder / "costs.csv").drop("seconds")
    assert clone.repro("--force") == ran
    assert {name: (folder / name).read_bytes() for name in names} == before
    assert pl.read_csv(folder / "costs.csv").drop("seconds").equals(costs)


def test_the_table_is_printed(finished: Finished) -> None:
    table = finished[0].run("python", "-m", "mathtune_cli.main", "table")
    names = (*STYLES, "few-shot", "held-out templates", "The paper's findings")
    for word in (*names, "Pass@1", "Maj1", "RR.All", "RR.MajK", "W.RR", "W.RR.MajK", "Pass@4"):
        assert word in table
    assert max(map(len, table.splitlines())) <= 100


def test_problems_keep_to_their_parts(artifacts: Path) -> None:
    problems = read_table(artifacts / "build_problems/problems.parquet", PROBLEMS)
    assert problems.group_by("split", "fold").len().sort("split", "fold").rows() == [
        ("test", None, 16), ("train", "generator", 48), ("train", "verifier", 16), ("val", None, 8),
    ]  # fmt: skip
    solved = pl.concat(
        read_table(artifacts / f"build_solutions/{style}/solutions.parquet", SOLUTIONS) for style in STYLES[:2]
    )
    assert set(solved.join(problems, on="problem_id")["split"]) == {"train", "val"}
    assert set(solved.join(problems.filter(pl.col("split") == "train"), on="problem_id")["fold"]) == {"generator"}


@pytest.mark.parametrize(
    ("generator", "split"),
    [(g, split) for g in (*STYLES, *RECIPES) for split in SPLITS if split != "train" or g in STYLES],
)
def test_samples_and_clusters(artifacts: Path, split: str, generator: str) -> None:
    samples = read_table(artifacts / f"sample_solutions/{split}/{generator}/0/samples.parquet", SAMPLES)
    counts = samples.group_by("problem_id", "decoding").len()
    assert set(counts.filter(pl.col("decoding") == "sampled")["len"]) == {N}
    assert set(counts.filter(pl.col("decoding") == "greedy")["len"]) == {1}
    assert samples["problem_id"].n_unique() == SPLITS[split]
    clusters = read_table(artifacts / f"cluster_answers/{split}/{generator}/0/clusters.parquet", CLUSTERS)
    assert clusters.select(SAMPLE_KEY).sort(SAMPLE_KEY).equals(samples.select(SAMPLE_KEY).sort(SAMPLE_KEY))
    assert (clusters["cluster_id"].is_null() == clusters["predicted_answer"].is_null()).all()
    grades = clusters.drop_nulls("cluster_id").group_by("problem_id", "cluster_id").agg(pl.col("is_correct").n_unique())
    assert set(grades["is_correct"]) <= {1}
    assert not clusters.filter(pl.col("cluster_id").is_null())["is_correct"].any()
    assert clusters["cluster_id"].is_not_null().any()
    if split != "train":
        scores = read_table(artifacts / f"score_solutions/{split}/xent/{generator}/0/scores.parquet", SCORES)
        assert scores.select(SAMPLE_KEY).sort(SAMPLE_KEY).equals(samples.select(SAMPLE_KEY).sort(SAMPLE_KEY))
        assert scores["verifier_score"].is_between(0, 1).all()


def test_the_verifier_learns_from_problems_held_out_from_the_generators(artifacts: Path) -> None:
    examples = read_table(artifacts / "build_verifier_examples/xent/0/verifier_examples.parquet", VERIFIER_EXAMPLES)
    problems = read_table(artifacts / "build_problems/problems.parquet", PROBLEMS)
    assert set(examples.join(problems, on="problem_id")["fold"]) == {"verifier"}
    assert set(examples["decoding"]) == {"sampled"}


def test_the_evaluation_is_whole(artifacts: Path) -> None:
    metrics = json.loads((artifacts / "evaluate/metrics.json").read_text())
    assert {*STYLES, *RECIPES} < set(metrics)
    results = pl.read_csv(artifacts / "evaluate/results.csv")
    assert set(results["generator"]) == {*STYLES, *RECIPES}
    assert (results["low"] <= results["accuracy"]).all()
    assert (results["accuracy"] <= results["high"]).all()
    # The greedy solution's accuracy, counted from the clusters by hand.
    problems = read_table(artifacts / "build_problems/problems.parquet", PROBLEMS).filter(pl.col("subset") == "main")
    for style in STYLES:
        clusters = read_table(artifacts / f"cluster_answers/test/{style}/0/clusters.parquet", CLUSTERS)
        greedy = clusters.filter(pl.col("decoding") == "greedy").join(problems, on="problem_id", how="semi")
        assert metrics[style]["pass@1"] == pytest.approx(100 * greedy["is_correct"].mean(), abs=0.01)
    costs = pl.read_csv(artifacts / "evaluate/costs.csv")
    assert costs["seconds"].null_count() == 0
    assert (costs["seconds"] > 0.0).all()
    predictions = read_table(artifacts / "evaluate/predictions.parquet", PREDICTIONS)
    assert predictions["p_correct"].is_between(0, 1).all()
    page = (artifacts / "report/report.html").read_text()
    assert "<table" in page
    assert 'src="http' not in page


def test_models_are_safetensors_and_nothing_is_pickled(artifacts: Path) -> None:
    files = [path for path in artifacts.rglob("*") if path.is_file()]
    assert [path for path in files if path.name == "model.safetensors"]
    assert not [path for path in files if path.suffix in {".bin", ".pt", ".pth", ".pkl", ".ckpt"}]


def test_the_training_benchmark_reads_the_run(finished: Finished) -> None:
    output = finished[0].run(sys.executable, "tests/benchmarks/training_run.py", "mathtune", "original", "0")
    result = json.loads(output.splitlines()[-1])
    training = json.loads((finished[0].root / "artifacts/train_generator/original/0/training.json").read_text())
    assert result["steps"] == training["steps"]
    assert result["val_loss"] == pytest.approx(training["val_loss"], rel=0.01)  # in float32, and there in bfloat16
