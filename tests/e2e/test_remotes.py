"""A team's remote: a real S3 server on loopback takes what one clone made, and another goes on without recomputing."""

import importlib.util
import os
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from clone import Clone, copy_tree, use_micro_scale

MISSING = [name for name in ("dvc_s3", "moto", "flask") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

SECRET = "a-secret-that-stays-here"
BASE = ("data.dvc", "pretrain_base")  # what the repository's own store brings
STAGES = ("build_problems", "build_solutions@original")  # seconds each, and no torch
MADE = ("artifacts/build_problems/problems.parquet", "artifacts/build_solutions/original/solutions.parquet")


@pytest.fixture(scope="module", autouse=True)
def _without_the_users_own_credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of an empty bucket on a server of this module's own."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}/bucket"
    with urllib.request.urlopen(urllib.request.Request(address, method="PUT")):
        pass
    yield address
    server.stop()


def keys(bucket: str) -> set[str]:
    """The names of all objects in the bucket."""
    with urllib.request.urlopen(f"{bucket}?list-type=2") as answer:
        return {element.text or "" for element in ElementTree.parse(answer).iter() if element.tag.endswith("}Key")}


@pytest.fixture(scope="module")
def first(bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with a run, a remote of the team's and all that was made pushed to it, as docs/remotes.md says."""
    clone = copy_tree(tmp_path_factory.mktemp("first"))
    use_micro_scale(clone)
    server, _, name = bucket.rpartition("/")
    clone.run("dvc", "remote", "add", "--default", "team", f"s3://{name}/mathtune")
    clone.run("dvc", "remote", "modify", "team", "endpointurl", server)
    # Credentials stand in the file that Git does not see.
    clone.run("dvc", "remote", "modify", "--local", "team", "access_key_id", "mathtune")
    clone.run("dvc", "remote", "modify", "--local", "team", "secret_access_key", SECRET)
    clone.commit("a remote")
    clone.run("dvc", "pull", *BASE)
    assert clone.repro(*STAGES) == set(STAGES)
    clone.run("dvc", "push")
    assert keys(bucket) == set(), "stages' outputs stay here until the team says otherwise"
    clone.edit("dvc.yaml", "push: &push false", "push: &push true")
    assert clone.repro(*STAGES) == set(), "sharing an output does not make it anew"
    clone.commit("a run, shared")
    clone.run("dvc", "push", "--run-cache")
    return clone


@pytest.fixture
def second(first: Clone, tmp_path: Path) -> Clone:
    """A colleague's clone: what Git has, and the same credentials."""
    first.run("git", "clone", "--quiet", str(first.root), str(tmp_path / "second"))
    shutil.copyfile(first.root / ".dvc/config.local", tmp_path / "second/.dvc/config.local")
    return Clone(tmp_path / "second")


def made(clone: Clone) -> list[bytes]:
    return [(clone.root / name).read_bytes() for name in MADE]


def test_what_one_clone_pushed_another_pulls_and_makes_nothing_anew(first: Clone, second: Clone) -> None:
    second.run("dvc", "pull", *BASE, *STAGES)
    assert second.repro(*STAGES) == set()
    assert made(second) == made(first)
    assert second.run("git", "status", "--porcelain") == ""


def test_the_run_cache_spares_a_clone_without_the_others_lock_file(first: Clone, second: Clone) -> None:
    lock = second.root / "dvc.lock"
    shared = lock.read_text()
    second.run("git", "checkout", "--quiet", "HEAD~1", "--", "dvc.lock")
    assert lock.read_text() != shared
    second.run("dvc", "pull", "--run-cache", *BASE)
    assert second.repro("--pull", *STAGES) == set()
    assert made(second) == made(first)
    assert lock.read_text() == shared


def test_problems_and_base_come_from_the_repository_not_from_the_remote(first: Clone, bucket: str) -> None:
    store = {path.relative_to(first.root / "dvc-store").as_posix() for path in (first.root / "dvc-store").rglob("*/*")}
    pushed = {key.removeprefix("mathtune/") for key in keys(bucket)}
    assert any(key.startswith("runs/") for key in pushed)
    assert any(key.startswith("files/") for key in pushed)
    assert not pushed & store
    assert first.run("git", "status", "--porcelain") == "", "the store took nothing"


def test_the_secret_is_not_in_git(first: Clone) -> None:
    assert SECRET in (first.root / ".dvc/config.local").read_text()
    assert first.run("git", "grep", SECRET, "HEAD", "--", ".dvc", expected=1) == ""
