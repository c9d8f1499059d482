"""A sampling stage killed inside `dvc repro`, more than once, ends with the bytes of one that was left alone."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from clone import Clone

STAGE = "sample_solutions@original-test-0"
OUT = Path("artifacts/sample_solutions/test/original/0/samples.parquet")
UNFINISHED = Path("artifacts/unfinished/sample_solutions/test/original/0")
PROBLEMS = 16


def finished_problems(clone: Clone) -> list[str]:
    """The problems in the shards, as often as they stand there; a line cut short counts for none."""
    lines = [
        line
        for path in sorted((clone.root / UNFINISHED).glob("*.jsonl"))
        for line in path.read_bytes().split(b"\n")[:-1]
    ]
    return [json.loads(line)[0]["problem_id"] for line in lines]


@pytest.mark.slow
def test_a_killed_run_goes_on_and_nothing_is_lost_or_sampled_twice(
    finished: tuple[Clone, set[str]], tmp_path: Path
) -> None:
    clone = Clone(shutil.copytree(finished[0].root, tmp_path / "clone", symlinks=True))
    clone.set_params(sample_solutions__test__n=64, sample_solutions__test__max_num_seqs=32)
    done: list[str] = []
    for least in (1, 6, 11):
        process = clone.start("dvc", "repro", "--single-item", STAGE)
        while len(finished_problems(clone)) < least and process.poll() is None:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        now = finished_problems(clone)
        assert len(set(now)) == len(now)
        assert set(done) <= set(now)
        assert least <= len(now) < PROBLEMS
        assert not (clone.root / OUT).exists()
        done = now
    output = clone.run("dvc", "repro", "--single-item", STAGE)
    assert f"resumes a killed run: {len(done)} of {PROBLEMS} problems were finished" in output
    resumed = (clone.root / OUT).read_bytes()
    assert not (clone.root / UNFINISHED).exists()
    output = clone.run("dvc", "repro", "--single-item", "--force", STAGE)
    assert "resumes" not in output
    assert (clone.root / OUT).read_bytes() == resumed


@pytest.mark.slow
def test_what_a_run_with_other_params_left_is_thrown_away(finished: tuple[Clone, set[str]], tmp_path: Path) -> None:
    clone = Clone(shutil.copytree(finished[0].root, tmp_path / "clone", symlinks=True))
    clone.set_params(sample_solutions__test__n=64, sample_solutions__test__max_num_seqs=32)
    process = clone.start("dvc", "repro", "--single-item", STAGE)
    while not finished_problems(clone) and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    clone.set_params(sample_solutions__test__temperature=0.8)
    output = clone.run("dvc", "repro", "--single-item", STAGE)
    assert "of a run with other params; its finished problems are thrown away" in output
