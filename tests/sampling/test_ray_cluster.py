"""The stage as DVC starts it, over a Ray of its own and over a cluster: killed drivers, dead nodes, empty clusters."""

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import psutil
import pytest
from ruamel.yaml import YAML

from mathtune_core.schemas import PROBLEMS
from mathtune_core.tables import write_table
from mathtune_sampling.sample_solutions import SampleSolutionsParams

pytest.importorskip("ray", reason="Ray is an extra and is not installed here")

ROOT = Path(__file__).resolve().parents[2]
STAGE = ROOT / "packages" / "core" / "src" / "mathtune_core" / "stage.py"
OUT = Path("artifacts/sample_solutions/samples.parquet")
UNFINISHED = Path("artifacts/unfinished/sample_solutions")
PARAMS = SampleSolutionsParams(
    n=200, temperature=0.9, top_p=0.95, top_k=0, min_p=0.0, max_tokens=40, stop=(), max_problems=None, fold=None,
    purpose="evaluation", backend="torch", dtype="float32", max_num_seqs=8, kv_cache_gib=0.1,
)  # fmt: skip
PROBLEM_COUNT = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Project:
    """A folder in which the stage runs, and one for temporary files."""

    root: Path
    temporary: str

    def start(self, **changes: object) -> "subprocess.Popen[str]":
        params = dataclasses.asdict(dataclasses.replace(PARAMS, **changes))
        document = {"sample_solutions": {"train": params | {"stop": []}}}
        with (self.root / "params.yaml").open("w") as file:
            YAML().dump(document, file)
        command = [sys.executable, "-P", str(STAGE), "sample_solutions@train", "seed=3", "problems=problems"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        environment |= {"OMP_NUM_THREADS": "1", "TMPDIR": self.temporary}
        return subprocess.Popen(
            [*command, "model=model", f"out={OUT.parent}"], cwd=self.root, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, expected: int = 0, **changes: object) -> str:
        process = self.start(**changes)
        output, _ = process.communicate(timeout=500)
        assert process.returncode == expected, output
        assert "Traceback" not in output
        return output

    def finished(self) -> list[str]:
        """The problems in the shards; a line cut short counts for none."""
        lines = [line for path in (self.root / UNFINISHED).glob("*.jsonl") for line in path.read_bytes().split(b"\n")]
        whole = [line for line in lines if line.endswith(b"]")]
        return [json.loads(line)[0]["problem_id"] for line in whole]

    def wait_for(self, count: int, process: "subprocess.Popen[str]") -> list[str]:
        while len(self.finished()) < count:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        return self.finished()

    def samples(self) -> bytes:
        return (self.root / OUT).read_bytes()


@pytest.fixture
def project(problems: pl.DataFrame, checkpoint: Path, tmp_path: Path) -> Iterator[Project]:
    write_table(problems, tmp_path / "problems" / "problems.parquet", PROBLEMS)
    shutil.copytree(checkpoint, tmp_path / "model")
    with tempfile.TemporaryDirectory(prefix="mt-", dir="/tmp", ignore_cleanup_errors=True) as temporary:  # short
        yield Project(tmp_path, temporary)


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The address of a cluster with nodes of as many CPUs as the parameter says, the head first, and its process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("ray_cluster.py")), *map(str, request.param)],
        env=environment | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    yield process.stdout.readline().strip(), process
    process.communicate(timeout=100)


def actors_of(process: psutil.Process) -> list[psutil.Process]:
    return [one for one in process.children(recursive=True) if "ray::Worker" in " ".join(one.cmdline())]


@pytest.mark.slow
def test_a_killed_driver_leaves_no_actors_and_another_number_of_workers_goes_on(project: Project) -> None:
    process = project.start(data_parallel_size=2)
    done = project.wait_for(2, process)
    left = actors_of(psutil.Process(process.pid))
    assert len(left) == 2
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _, alive = psutil.wait_procs(left, timeout=60)
    assert alive == []
    assert not (project.root / OUT).exists()
    assert len(done) < PROBLEM_COUNT
    process = project.start(data_parallel_size=3)
    later = project.wait_for(len(done) + 2, process)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert set(done) < set(later)
    assert len(set(later)) == len(later) < PROBLEM_COUNT
    output = project.run()
    assert f" of {PROBLEM_COUNT} problems were finished" in output
    assert "resumes a killed run" in output
    assert "Ray" not in output
    resumed = project.samples()
    assert "resumes" not in project.run(data_parallel_size=2)
    assert project.samples() == resumed


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [(0, 1, 1)], indirect=True)
def test_a_dead_node_of_a_cluster_is_a_warning(project: Project, cluster: tuple[str, "subprocess.Popen[str]"]) -> None:
    address, nodes = cluster
    process = project.start(data_parallel_size=2, ray_address=address)
    project.wait_for(2, process)
    assert nodes.stdin is not None
    nodes.stdin.write("\n")
    nodes.stdin.flush()
    output, _ = process.communicate(timeout=500)
    assert process.returncode == 0, output
    assert "warning: Ray worker " in output
    assert "unfinished problems are handed out again" in output
    assert "Traceback" not in output
    together = project.samples()
    project.run()
    assert project.samples() == together


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [(0,)], indirect=True)
def test_an_empty_cluster_is_one_line(project: Project, cluster: tuple[str, "subprocess.Popen[str]"]) -> None:
    address, _ = cluster
    output = project.run(expected=1, data_parallel_size=2, ray_address=address)
    assert output.splitlines()[-1] == (
        f"error: data_parallel_size: the Ray cluster at {address} (1 nodes, 0 CPUs, 0 GPUs) has room for 0 of 2 "
        "workers, which take 1 CPU each; lower it or add nodes"
    )


def test_a_cluster_that_does_not_answer_is_one_line_in_a_bounded_time(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.monotonic()
    output = project.run(expected=1, data_parallel_size=2, ray_address=f"127.0.0.1:{port}")
    assert output.splitlines()[-1].startswith(f"error: ray_address: no Ray cluster answers at 127.0.0.1:{port} (")
    assert time.monotonic() - started < 60
