"""Every selector at every n: ours against counting subsets one by one in Python.

    pytest tests/benchmarks/test_ranking_speed.py -m benchmark

5,000 synthetic problems of 64 samples, with as many random subsets as bring the Monte-Carlo error below 0.15 points.
Times are printed and never asserted; what must hold is that error, and that the two agree.
MATHTUNE_ROUNDS sets the number of rounds, 3 unless told.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROBLEMS, SAMPLES, RESAMPLES = 5_000, 64, 16
PART = 10  # problems that the plain way gets

pytestmark = pytest.mark.benchmark


def child(contender: str, num_problems: int, resamples: int, seed: int) -> dict[str, Any]:
    """The result of ranking_run.py."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(path) for path in ROOT.glob("packages/*/src"))}
    arguments = [contender, *map(str, (num_problems, SAMPLES, resamples, seed))]
    command = [sys.executable, str(Path(__file__).with_name("ranking_run.py")), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def interleaved(rounds: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Both contenders once a round, each round with another seed."""
    return [
        (child("mathtune", PROBLEMS, RESAMPLES, seed), child("plain", PART, RESAMPLES, seed)) for seed in range(rounds)
    ]


def test_all_curves(benchmark: Any, capsys: Any) -> None:
    rounds = int(os.environ.get("MATHTUNE_ROUNDS", "3"))
    results = benchmark.pedantic(interleaved, args=(rounds,), rounds=1)
    ours, plain = ([pair[contender] for pair in results] for contender in (0, 1))
    assert max(result["monte_carlo_error"] for result in ours) < 0.0015
    seconds, processor = (
        statistics.median(result[name] for result in ours) for name in ("seconds", "processor_seconds")
    )
    scaled = statistics.median(result["processor_seconds"] for result in plain) * PROBLEMS / PART
    error, peak = (max(result[name] for result in ours) for name in ("monte_carlo_error", "peak_mib"))
    benchmark.extra_info["ratio_to_plain"] = scaled / processor
    with capsys.disabled():
        print(
            f"\n{PROBLEMS} problems x {SAMPLES} samples, all n, all selectors, {RESAMPLES} random subsets a size:"
            f"\nmathtune {seconds:.1f} s, {processor:.1f} s of a processor; error at most {100 * error:.3f} points;"
            f" peak {peak:.0f} MiB (the samples alone: {ours[0]['before_mib']:.0f})"
            f"\nplain Python {scaled:,.0f} s of it, scaled from {PART} problems: {scaled / processor:.0f} times"
        )


def test_both_count_the_same() -> None:
    """Ten problems, many subsets, also where ties abound."""
    ours, plain = child("mathtune", PART, 400, 0), child("plain", PART, 400, 0)
    assert set(ours["accuracy"]) == set(plain["accuracy"])
    for name, accuracy in plain["accuracy"].items():
        # The standard error of a mean of 10 × 400 draws is at most 0.008; ours is smaller.
        assert ours["accuracy"][name] == pytest.approx(accuracy, abs=0.04), name
