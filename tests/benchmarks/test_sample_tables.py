"""Tables of samples as they grow: seconds and memory of what sampling and scoring do beside the model.

    pytest tests/benchmarks/test_sample_tables.py -m benchmark

64 samples and a greedy one of 5,000 and of 50,000 problems: 0.3 and 3 million rows. Times are printed and never
asserted; what must hold is that ten times the rows take little more memory.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = 64

pytestmark = pytest.mark.benchmark


def child(stage: str, problems: int) -> dict[str, Any]:
    """The result of sample_tables_run.py."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(path) for path in ROOT.glob("packages/*/src"))}
    script = Path(__file__).with_name("sample_tables_run.py")
    command = [sys.executable, str(script), stage, str(problems), str(SAMPLES)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.parametrize("stage", ["sample_solutions", "score_solutions"])
def test_growth(stage: str, benchmark: Any, capsys: Any) -> None:
    small, large = benchmark.pedantic(lambda: [child(stage, number) for number in (5_000, 50_000)], rounds=1)
    for result in (small, large):
        rows, spent = result["rows"], result["processor_seconds"]
        text = f"{stage}, {rows:,} rows: {result['seconds']:.0f} s, {spent:.0f} s of a processor, "
        text += (
            f"{spent / rows * 1e6:.0f} µs a row; peak {result['peak_mib']:,.0f} MiB, {result['before_mib']:,.0f} of "
        )
        text += f"them before it began; table {result['table_mib']:.0f} MiB, shards {result['shards_mib']:,.0f} MiB"
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")
    # Ids, prompts and places of the 45,000 problems more: some 5 KiB each.
    assert large["peak_mib"] - small["peak_mib"] < 250
