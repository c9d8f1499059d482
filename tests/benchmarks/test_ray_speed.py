"""Two Ray workers of one thread each against one process of one thread and the plain engine on two.

    pytest tests/benchmarks/test_ray_speed.py -m benchmark

The tiny base on built-in problems. All must draw the same bytes. Times are printed and go to docs/results/ray.json;
none is asserted. MATHTUNE_ROUNDS is the number of rounds, 3 unless told, in each of which the three run in turn, and
MATHTUNE_QUESTIONS that of problems, 400 unless told.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from transformers import AutoTokenizer

from mathtune_core.prompts import prompt_ids

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results" / "ray.json"
TINY = ROOT / "artifacts" / "pretrain_base" / "model"
PARAMS = {"n": 16, "temperature": 0.8, "top_p": 0.95, "max_tokens": 128}
QUESTIONS = int(os.environ.get("MATHTUNE_QUESTIONS", "400"))
CONTENDERS = {"one thread": (1, 1), "two threads": (1, 2), "two Ray workers": (2, 1)}  # workers, threads of each

pytestmark = pytest.mark.benchmark


def child(workload: Path, workers: int, threads: int) -> dict[str, Any]:
    """The result of ray_run.py."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(path) for path in ROOT.glob("packages/*/src")),
        "OMP_NUM_THREADS": str(workers * threads),
    }
    command = [sys.executable, str(Path(__file__).with_name("ray_run.py")), str(workload), str(workers), str(threads)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_two_workers(tmp_path: Path, benchmark: Any, capsys: Any) -> None:
    pytest.importorskip("ray", reason="Ray is an extra and is not installed here")
    tokenizer = AutoTokenizer.from_pretrained(TINY, local_files_only=True)
    problems = pl.read_ndjson(ROOT / "data" / "problems.jsonl").filter(pl.col("split") == "train")["problem"]
    requests = {f"p{number}": prompt_ids(tokenizer, text) for number, text in enumerate(problems.head(QUESTIONS))}
    workload = tmp_path / "workload.json"
    workload.write_text(json.dumps({"model": str(TINY), "requests": requests, "params": PARAMS}))
    rounds = int(os.environ.get("MATHTUNE_ROUNDS", "3"))

    def interleaved() -> list[dict[str, dict[str, Any]]]:
        return [{name: child(workload, *how) for name, how in CONTENDERS.items()} for _ in range(rounds)]

    results = benchmark.pedantic(interleaved, rounds=1)
    assert len({one["digest"] for round_ in results for one in round_.values()}) == 1
    row: dict[str, Any] = {"problems": len(requests), **PARAMS, "rounds": rounds}
    for name in CONTENDERS:
        for field in ("seconds", "start_seconds", "tokens_per_second"):
            row[f"{name}: {field}"] = statistics.median(round_[name][field] for round_ in results)
    for other in ("one thread", "two threads"):
        pairs = [(round_[other], round_["two Ray workers"]) for round_ in results]
        row[f"ratio to {other}"] = statistics.median(a["seconds"] / b["seconds"] for a, b in pairs)
        row[f"ratio to {other}, start included"] = statistics.median(
            (a["seconds"] + a["start_seconds"]) / (b["seconds"] + b["start_seconds"]) for a, b in pairs
        )
    benchmark.extra_info.update(row)
    RESULTS.write_text(json.dumps(row, indent=1) + "\n")
    with capsys.disabled():
        print(f"\n{json.dumps(row, indent=1)}")
