"""Training the default run's generator: ours against TRL's SFTTrainer as it comes, and without gradient checkpointing.

    pytest tests/benchmarks/test_training_speed.py -m benchmark

Needs artifacts/build_problems, artifacts/build_solutions/rewritten and artifacts/pretrain_base (`make repro`). Rounds
are interleaved, each with a seed of its own and another order, so that a busy machine slows all three alike.
MATHTUNE_ROUNDS sets their number, 3 unless told.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from training_run import ROOT

STYLE = "rewritten"
RESULTS = ROOT / "docs" / "results" / "training.json"
CONTENDERS = ("mathtune", "trl-no-checkpointing", "trl")
NEEDED = ("build_problems/problems.parquet", f"build_solutions/{STYLE}/solutions.parquet", "pretrain_base/model")

pytestmark = pytest.mark.benchmark


def child(contender: str, seed: int) -> dict[str, Any]:
    """The result of training_run.py."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(path) for path in ROOT.glob("packages/*/src"))}
    command = [sys.executable, str(Path(__file__).with_name("training_run.py")), contender, STYLE, str(seed)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def interleaved(rounds: int) -> list[dict[str, Any]]:
    """Every contender once a round, each round starting with the next of them."""
    orders = [[CONTENDERS[(start + place) % 3] for place in range(3)] for start in range(rounds)]
    return [child(contender, seed) for seed, order in enumerate(orders) for contender in order]


def median(results: list[dict[str, Any]], contender: str, field: str) -> float:
    """Over the contender's rounds."""
    return statistics.median(result[field] for result in results if result["contender"] == contender)


def mean_val_loss(results: list[dict[str, Any]], contender: str) -> float:
    """Over seeds: one seed's differs from another's by about as much as is allowed between contenders."""
    return statistics.fmean(result["val_loss"] for result in results if result["contender"] == contender)


def markdown(results: list[dict[str, Any]]) -> str:
    """The table for docs/results/training.md."""
    lines = [
        "| training | tokens/s | of the matrix-product limit | peak memory | validation loss | speed, ours by it |",
        "|---|---|---|---|---|---|",
    ]
    ours = median(results, "mathtune", "tokens_per_second")
    for contender in CONTENDERS:
        rate = median(results, contender, "tokens_per_second")
        share = rate / median(results, contender, "matmul_limit")
        peak, loss = median(results, contender, "peak_gib"), mean_val_loss(results, contender)
        lines.append(f"| {contender} | {rate:,.0f} | {share:.0%} | {peak:.2f} GiB | {loss:.4f} | {ours / rate:.2f} |")
    return "\n".join(lines)


def test_training_against_trls_defaults(benchmark: Any, capsys: Any) -> None:
    """The rates are for people to read; what must hold is as many steps, and a mean loss at most 1% higher."""
    for name in NEEDED:
        if not (ROOT / "artifacts" / name).exists():
            pytest.skip(f"artifacts/{name} is not there: `make repro` makes it")
    rounds = int(os.environ.get("MATHTUNE_ROUNDS", "3"))
    results: list[dict[str, Any]] = benchmark.pedantic(interleaved, args=(rounds,), rounds=1)
    assert {result["steps"] for result in results} == {results[0]["steps"]}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    with capsys.disabled():
        sys.stdout.write("\n" + markdown(results) + "\n")
    ours = median(results, "mathtune", "tokens_per_second")
    benchmark.extra_info["ratio_to_trl"] = ours / median(results, "trl", "tokens_per_second")
    assert mean_val_loss(results, "mathtune") < 1.01 * mean_val_loss(results, "trl")
