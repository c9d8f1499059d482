"""The Slurm scripts, with an `sbatch` that only writes down what it is asked, and jobs started by hand."""

import json
import re

import pytest
from clone import Clone, copy_tree, use_micro_scale

SBATCH = """#!/usr/bin/env python3
import json, pathlib, sys
log = pathlib.Path("submitted.jsonl")
number = 100 + (len(log.read_text().splitlines()) if log.exists() else 0)
with log.open("a") as file:
    file.write(json.dumps({"id": str(number), "arguments": sys.argv[1:]}) + "\\n")
print(f"{number};cluster")
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    tree = copy_tree(tmp_path_factory.mktemp("slurm") / "clone")
    use_micro_scale(tree)
    tree.commit("micro scale")
    tree.run("dvc", "config", "--local", "cache.type", "symlink")  # as on a cluster, so that clones hold no copies
    sbatch = tree.root / ".venv" / "bin" / "sbatch"
    sbatch.parent.mkdir(parents=True)
    sbatch.write_text(SBATCH)
    sbatch.chmod(0o755)
    return tree


def test_every_stage_is_submitted_once_and_after_what_it_depends_on(clone: Clone) -> None:
    clone.run("bash", "slurm/submit.sh")
    log = clone.root / "submitted.jsonl"
    jobs = [json.loads(line) for line in log.read_text().splitlines()]
    log.unlink()
    job_of: dict[str, str] = {}
    after: dict[str, set[str]] = {}
    for job in jobs:
        script = job["arguments"].index("slurm/repro.sbatch")
        options, targets = job["arguments"][:script], job["arguments"][script + 1 :]
        assert not set(targets) & set(job_of), "twice"
        job_of |= dict.fromkeys(targets, job["id"])
        waits = [option.split(":")[1:] for option in options if option.startswith("--dependency=afterok:")]
        after[job["id"]] = set(waits[0]) if waits else set()
        arrays = [option for option in options if option.startswith("--array=")]
        assert arrays == ([f"--array=0-{len(targets) - 1}"] if len(targets) > 1 else [])
    listed = set(clone.run("dvc", "stage", "list", "--name-only").split())
    assert set(job_of) == listed - {"pretrain_base"}
    edges = re.findall(r'^"([^"]+)" -> "([^"]+)";$', clone.run("dvc", "dag", "--dot"), flags=re.MULTILINE)
    between = [(job_of[first], job_of[then]) for first, then in edges if first in job_of and then in job_of]
    assert len(between) > len(jobs)
    assert all(first in after[then] for first, then in between)


def test_what_is_not_committed_is_not_submitted(clone: Clone) -> None:
    clone.set_params(build_problems__val_problems=7)
    output = clone.run("bash", "slurm/submit.sh", expected=1)
    clone.run("git", "checkout", "--quiet", "params.yaml")
    assert output == "error: uncommitted changes; jobs run what is committed, so commit them first\n"
    assert not (clone.root / "submitted.jsonl").exists()


def test_jobs_in_clones_of_their_own_meet_in_the_cache(clone: Clone) -> None:
    job = ("env", f"SLURM_SUBMIT_DIR={clone.root}", "SLURM_JOB_ID=7")
    clone.run(*job, "bash", "slurm/repro.sbatch", "build_problems")
    targets = ("build_solutions@original", "few_shot@0")
    tasks = [
        clone.start(*job, f"SLURM_ARRAY_TASK_ID={index}", "bash", "slurm/repro.sbatch", *targets)
        for index in range(len(targets))
    ]
    for task, target in zip(tasks, targets, strict=True):
        output, _ = task.communicate()
        assert task.returncode == 0, output
        assert re.findall(r"Running stage '([^']+)'", output) == [target]
    assert list((clone.root / ".dvc" / "tmp" / "slurm").iterdir()) == []
    clone.run("dvc", "pull", "data.dvc", "pretrain_base")
    assert clone.repro("build_problems", *targets) == set()
    solutions = clone.root / "artifacts/build_solutions/original/solutions.parquet"
    assert solutions.is_symlink()
    assert solutions.is_file()
