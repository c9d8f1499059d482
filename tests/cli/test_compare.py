"""`mathtune compare` in a small Git and DVC repository: revisions, an experiment and the workspace."""

import hashlib
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from dvc.fs import AuthError, MemoryFileSystem
from dvc.repo import Repo

from mathtune_cli.main import main
from mathtune_core.schemas import PREDICTIONS, PROBLEMS
from mathtune_core.tables import write_table

PARAMS = "train_generator:\n  epochs: {epochs}\nevaluate:\n  headline_subsets: [main]\n"
IDS = [f"problem{place}" for place in range(6)]
OLD = [1, 1, 0, 0, 0, 0]
NEW = [0, 1, 1, 1, 1, 1]


def write_run(root: Path, right: Sequence[float], *, ids: Sequence[str] = IDS, epochs: int = 2, n: int = 4) -> None:
    """The files that the command reads, as a run of generators *original* and *terse* would leave them."""
    (root / "params.yaml").write_text(PARAMS.format(epochs=epochs))
    problems = [(name, "test", None, "main", "toy", None, None, f"Problem {name}", "1") for name in ids]
    write_table(
        pl.DataFrame(problems, schema=PROBLEMS.schema, orient="row"),
        root / "artifacts/build_problems/problems.parquet",
        PROBLEMS,
    )
    rows = [
        (name, generator, "xent" if selector == "W.RR" else None, 0, selector, n, None, "1", float(value))
        for generator, values in (("original", right), ("terse", [1.0] * len(ids)))
        for selector in ("Maj1", "W.RR")
        for name, value in zip(ids, values, strict=True)
    ]
    write_table(
        pl.DataFrame(rows, schema=PREDICTIONS.schema, orient="row"),
        root / "artifacts/evaluate/predictions.parquet",
        PREDICTIONS,
    )


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def add_outputs(repo: Repo) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pygtrie's, which DVC's graph has not heeded
        repo.add(["artifacts/build_problems", "artifacts/evaluate/predictions.parquet"])


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tags `bare` (before any run), `old`, `other-set` and `lost`; the commit of HEAD is that of `new`."""
    root = tmp_path_factory.mktemp("repository")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "test")
    git(root, "config", "user.email", "test@example.org")
    before = Path.cwd()
    os.chdir(root)
    try:
        with Repo.init(".") as repo:

            def record(tag: str) -> None:
                add_outputs(repo)
                git(root, "add", "--all")
                git(root, "commit", "--quiet", "-m", tag)
                git(root, "tag", tag)

            (root / "params.yaml").write_text(PARAMS.format(epochs=1))
            git(root, "add", "--all")
            git(root, "commit", "--quiet", "-m", "bare")
            git(root, "tag", "bare")
            write_run(root, [*OLD[:5], 1], n=16)
            record("lost")
            name = hashlib.md5((root / "artifacts/evaluate/predictions.parquet").read_bytes()).hexdigest()
            write_run(root, [*OLD, 0], ids=[*IDS, "problem6"])
            record("other-set")
            write_run(root, OLD)
            record("old")
            write_run(root, NEW, epochs=3, n=8)
            record("new")
    finally:
        os.chdir(before)
    (root / ".dvc/cache/files/md5" / name[:2] / name[2:]).unlink()
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    shutil.copytree(template, root)
    monkeypatch.chdir(root)
    return root


Printed = Callable[..., str]


@pytest.fixture
def printed(project: Path, capsys: pytest.CaptureFixture[str]) -> Printed:
    """Runs the command and returns what it prints."""

    def run(*arguments: str) -> str:
        capsys.readouterr()
        assert main(["compare", *arguments]) == 0
        return capsys.readouterr().out

    return run


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(["compare", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_two_tags(printed: Printed, project: Path) -> None:
    status = subprocess.run(["git", "status", "--porcelain"], cwd=project, capture_output=True, check=True).stdout
    text = printed("old", "new")
    lines = text.splitlines()
    assert lines[0].startswith("A  old  ")
    assert lines[0].endswith("; N 4, seeds 1, verifier xent")
    assert lines[1].endswith("; N 8, seeds 1, verifier xent")
    assert "Params that differ\n  train_generator.epochs: 2 → 3\n" in text
    assert "on 6 test problems, the same in both" in text
    [first] = [line.split() for line in lines if line.startswith("original  ")][:1]
    assert first[:5] == ["original", "Maj1", "33.3", "83.3", "+50.0"]
    assert first[-2:] == ["4", "1"]
    [terse] = [line for line in lines if line.startswith("terse  ")]
    assert "no change" in terse
    assert [line.split() for line in lines if line.startswith("original Maj1")] == [
        ["original", "Maj1", "problem2", "problem3", "problem0"]
    ]
    assert max(map(len, lines)) <= 100
    assert status == subprocess.run(["git", "status", "--porcelain"], cwd=project, capture_output=True).stdout


def test_the_workspace_counts_as_it_stands(printed: Printed, project: Path) -> None:
    assert "No problem is answered better or worse." in printed("new", "workspace")
    write_run(project, OLD, epochs=3, n=8)
    text = printed("new", "workspace", "--generator", "original", "--selector", "Maj1")
    assert "params.yaml is the same in both." in text
    assert "the files as they are" in text
    assert "terse" not in text
    assert "W.RR" not in text
    [line] = [line.split() for line in text.splitlines() if line.startswith("original  ")]
    assert line[:5] == ["original", "Maj1", "83.3", "33.3", "−50.0"]


def test_an_experiment_is_a_revision(printed: Printed, project: Path) -> None:
    write_run(project, OLD, epochs=9, n=8)
    with Repo() as repo:
        add_outputs(repo)
        repo.experiments.save(name="bold")
    git(project, "reset", "--hard", "--quiet")
    text = printed("new", "bold")
    assert "train_generator.epochs: 3 → 9" in text
    assert "−50.0" in text


def test_csv_names_every_problem(printed: Printed) -> None:
    rows = pl.read_csv(printed("old", "new", "--csv").encode())
    assert rows.select("generator", "selector").rows() == [
        ("original", "Maj1"),
        ("original", "W.RR"),
        ("terse", "Maj1"),
        ("terse", "W.RR"),
    ]
    assert rows["gained"][0] == "problem2 problem3 problem4 problem5"
    assert rows["lost"][0] == "problem0"
    assert rows["difference"].to_list() == [50.0, 50.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("old", "nowhere"), "error: nowhere: no such revision; name a branch, a tag, a commit, `workspace`, or "),
        (
            ("old", "other-set"),
            "error: different test sets: 6 problems in old, 7 in other-set, 6 in both; problem6 is in other-set alone;",
        ),
        (("bare", "new"), "error: bare: artifacts/evaluate/predictions.parquet: not recorded there; run `dvc repro` "),
        (
            ("new", "lost"),
            "error: lost: artifacts/evaluate/predictions.parquet: recorded there, but not in the cache, and no remote "
            "is set there; `dvc fetch --all-commits artifacts/evaluate/predictions.parquet` brings it",
        ),
        (("old", "new", "--generator", "rewritten"), "error: --generator rewritten: not in both; there are original, "),
        (("old", "new", "--verifier", "margin"), "error: --verifier margin: not in old; it has xent"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], complaint: str
) -> None:
    assert refusal(capsys, *arguments).startswith(complaint)


def with_remote(project: Path, url: str) -> None:
    """Adds the default remote `team`, for every revision: config.local is no part of any."""
    (project / ".dvc/config.local").write_text(f"[core]\n    remote = team\n['remote \"team\"']\n    url = {url}\n")


@pytest.mark.parametrize("url", ["/nowhere/at/all", "http://127.0.0.1:9/store"])
def test_a_remote_that_is_not_there_is_named(project: Path, capsys: pytest.CaptureFixture[str], url: str) -> None:
    with_remote(project, url)
    assert refusal(capsys, "new", "lost").startswith(
        "error: lost: artifacts/evaluate/predictions.parquet: recorded there, but not in the cache, and remote team "
        f"({url}) does not have it or does not answer; `dvc fetch --all-commits artifacts/evaluate/predictions.parquet`"
    )


@pytest.mark.skipif(find_spec("dvc_gs") is not None, reason="dvc-gs is installed")
def test_a_remote_without_its_package_is_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_remote(project, "gs://bucket/store")
    assert refusal(capsys, "new", "lost") == (
        "error: new: artifacts/evaluate/predictions.parquet: cannot be read from the cache or remote team "
        "(gs://bucket/store): gs is supported, but requires 'dvc-gs' to be installed; mend its package, address or "
        "credentials, or run `dvc repro` in a clone at new\n"
    )


class BotoCoreError(Exception):
    """As botocore's: an Exception that is no OSError."""


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (BotoCoreError("Unable to locate\ncredentials"), "Unable to locate credentials"),
        (PermissionError("Access Denied"), "Access Denied"),
        (AuthError(), "AuthError"),
    ],
)
@pytest.mark.parametrize(
    "path", ["artifacts/evaluate/predictions.parquet", "artifacts/build_problems/problems.parquet"]
)
def test_what_the_remotes_library_raises_is_one_line(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    raised: Exception,
    told: str,
    path: str,
) -> None:
    class Refusing(MemoryFileSystem):
        def exists(self, *_: object, **__: object) -> bool:
            raise raised

        open = exists

    monkeypatch.setitem(sys.modules, "botocore.exceptions", SimpleNamespace(BotoCoreError=BotoCoreError))
    monkeypatch.setitem(sys.modules, "dvc_s3", SimpleNamespace(S3FileSystem=Refusing))
    with_remote(project, "s3://bucket/store")
    shutil.rmtree(".dvc/cache")
    (project / path).unlink()
    assert refusal(capsys, "workspace", "new").startswith(
        f"error: workspace: {path}: cannot be read from the cache or remote team (s3://bucket/store): {told}; "
    )


def test_outside_a_project_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(capsys, "old", "new").startswith("error: DVC cannot read this project: you are not inside of a DVC")


@pytest.mark.parametrize(
    ("path", "content", "complaint"),
    [
        ("params.yaml", b"evaluate: {", "error: workspace: params.yaml: not valid YAML in UTF-8"),
        ("params.yaml", b"evaluate: {}", "error: workspace: params.yaml: evaluate.headline_subsets: expected a list"),
        (
            "artifacts/evaluate/predictions.parquet",
            b"PAR1",
            "error: workspace: artifacts/evaluate/predictions.parquet: not a readable parquet file",
        ),
    ],
)
def test_a_broken_file_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], path: str, content: bytes, complaint: str
) -> None:
    (project / path).write_bytes(content)
    assert refusal(capsys, "new", "workspace") == f"{complaint}\n"
