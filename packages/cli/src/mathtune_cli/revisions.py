"""Files as they stand at a Git revision or DVC experiment, read through DVC's cache: nothing is checked out."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from dvc.exceptions import DvcException
from dvc.fs.dvc import DVCFileSystem
from dvc.repo import Repo
from dvc.repo.brancher import switch
from dvc.scm import RevError
from dvc_data.index import DataIndexDirError
from scmrepo.exceptions import SCMError

from mathtune_core.errors import MathtuneError

WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class Revision:
    """What a name stands for, and the files that were asked for."""

    name: str
    origin: str  # short commit and its date, for people
    files: tuple[bytes, ...]


def read_revisions(names: Sequence[str], paths: Sequence[str]) -> list[Revision]:
    """`paths` (from the project's root) at each of `names`: branches, tags, commits, experiments, or `workspace`.

    A file is Git's or an output that dvc.lock records, whether in the cache or on a remote. Raises MathtuneError
    outside a project, for an unknown name, and for a file that a revision does not record or that is not to be had.
    """
    try:
        with Repo() as repo:
            return [_read(repo, name, paths) for name in names]
    except (DvcException, SCMError) as error:
        raise MathtuneError(f"DVC cannot read this project: {_one_line(error)}") from error


def _read(repo: Repo, name: str, paths: Sequence[str]) -> Revision:
    try:
        with switch(repo, name) as commit:
            files = DVCFileSystem(repo=repo)
            return Revision(name, _origin(repo, commit), tuple(_content(files, path, name) for path in paths))
    except RevError as error:
        raise MathtuneError(
            f"{name}: no such revision; name a branch, a tag, a commit, `{WORKSPACE}`, or an experiment of "
            "`dvc exp list --all-commits`"
        ) from error


def _origin(repo: Repo, commit: str) -> str:
    if commit == WORKSPACE:
        return "the files as they are"
    made = datetime.fromtimestamp(repo.scm.resolve_commit(commit).commit_time, UTC)
    return f"{commit[:7]} of {made:%Y-%m-%d}"


def _content(files: DVCFileSystem, path: str, name: str) -> bytes:
    try:
        with files.open(f"/{path}", mode="rb") as file:
            content: bytes = file.read()
            return content
    except (OSError, DataIndexDirError) as error:
        if _is_recorded(files, path):
            raise MathtuneError(
                f"{name}: {path}: recorded there, but neither in the cache nor on a remote that answers; "
                f"`dvc fetch --all-commits {path}` brings it from a remote, `dvc repro` in a clone at {name} makes it"
            ) from error
        raise MathtuneError(
            f"{name}: {path}: not recorded there; run `dvc repro` and commit dvc.lock, or name the experiment that "
            "made it"
        ) from error


def _is_recorded(files: DVCFileSystem, path: str) -> bool:
    """Whether dvc.lock or a .dvc file has a hash for `path` or for a folder above it."""
    for place in (path, *map(str, PurePosixPath(path).parents[:-1])):
        with suppress(OSError, DataIndexDirError):
            if "md5" in files.info(f"/{place}"):
                return True
    return False


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
