"""Clustering and evaluation of 0.32, 3.2 and 32 million samples: seconds and memory of each stage, alone in a process.

    MATHTUNE_GROWTH=320000,3200000,32000000 pytest tests/benchmarks/test_table_growth.py -m benchmark --basetemp FOLDER

The samples are synthetic (growth_tables.py), 64 a problem; FOLDER needs 4 GB of disk for the largest. The stages are
started as DVC starts them, with the params of params.yaml but for `subset_resamples`: so many problems need few random
orders each. MATHTUNE_GROWTH names the sizes, the first two unless told. Times are printed and never asserted; what must
hold is that no stage takes more than 8 GiB, and that nothing is lost.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from growth_tables import SAMPLES_A_PROBLEM, VAL_PROBLEMS

from mathtune_core.params import read_params_file

ROOT = Path(__file__).resolve().parents[2]
MOST_MEMORY = 8 * 2**30
SIZES = os.environ.get("MATHTUNE_GROWTH", "320000,3200000")
STUDY = {
    "mixes": {}, "styles": ["style"], "sequential": [], "sequential_style": "style", "recipes": [],
    "verifiers": ["xent"], "shared_verifiers": ["xent"], "own_verifiers": [], "seeds": [0],
}  # fmt: skip

pytestmark = pytest.mark.benchmark


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took."""

    seconds: float
    processor_seconds: float
    peak: int  # bytes, as Linux has it


def measured(*command: str, cwd: Path) -> Cost:
    """Runs Python with these arguments."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(path) for path in ROOT.glob("packages/*/src"))}
    started, peak, pid = time.perf_counter(), 0, 0
    process = subprocess.Popen([sys.executable, *command], cwd=cwd, env=environment)
    while not pid:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        # Not ru_maxrss, in which a child begins with what its parent had.
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines() if not pid else []
        peak = max([peak, *(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))])
        time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, peak)


def made(folder: Path, num_problems: int) -> Cost:
    """The tables of a run, and the params."""
    folder.mkdir()
    params: dict[str, Any] = read_params_file(ROOT / "params.yaml")
    params["study"] |= STUDY
    params["evaluate"]["subset_resamples"] = 2
    (folder / "params.yaml").write_text(json.dumps(params))
    return measured(str(Path(__file__).with_name("growth_tables.py")), str(folder), str(num_problems), cwd=folder)


def stages(folder: Path) -> dict[str, Cost]:
    """What each stage took; `cluster_answers` of the test split, that of the hundred val problems being small."""
    stage = ("-P", str(ROOT / "packages/core/src/mathtune_core/stage.py"))
    for split in ("val", "test"):
        place = f"{split}/style/0"
        paths = (f"samples=sample_solutions/{place}", f"out=cluster_answers/{place}")
        clustered = measured(*stage, "cluster_answers", "problems=build_problems", *paths, cwd=folder)
    evaluated = measured(
        *(*stage, "evaluate", "problems=build_problems", "samples=sample_solutions", "clusters=cluster_answers"),
        *("scores=score_solutions", "out=evaluate"),
        cwd=folder,
    )
    return {"cluster_answers": clustered, "evaluate": evaluated}


def disk(folder: Path) -> int:
    """Bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("rows", [int(size) for size in SIZES.split(",")])
def test_a_table_of(rows: int, tmp_path: Path, benchmark: Any, capsys: Any) -> None:
    num_problems = rows // SAMPLES_A_PROBLEM
    folder = tmp_path / "run"
    making = made(folder, num_problems)
    try:
        costs = benchmark.pedantic(stages, args=(folder,), rounds=1)
        counts = json.loads((folder / "cluster_answers/test/style/0/audit.json").read_text())
        assert counts["answers"] + counts["without_answer"] == num_problems * (SAMPLES_A_PROBLEM + 1)
        metrics = json.loads((folder / "evaluate/metrics.json").read_text())
        assert (metrics["counts"]["test_problems"], metrics["counts"]["val_problems"]) == (num_problems, VAL_PROBLEMS)
        predictions = pl.scan_parquet(folder / "evaluate/predictions.parquet").select(pl.len()).collect().item()
        assert predictions == num_problems * 11
        size = disk(folder)
    finally:
        shutil.rmtree(folder)
    with capsys.disabled():
        print(f"\n{rows:,} samples of {num_problems:,} problems, {size / 1e6:,.0f} MB on disk with all tables made")
        for name, cost in {"(making them)": making, **costs}.items():
            print(
                f"{name:<16}{cost.seconds:>8,.1f} s{cost.processor_seconds:>9,.1f} s of a processor"
                f"{cost.peak / 2**20:>8,.0f} MiB{rows / cost.seconds:>11,.0f} rows/s"
            )
    assert max(cost.peak for cost in costs.values()) < MOST_MEMORY
