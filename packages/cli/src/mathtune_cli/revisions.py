"""Files as they stand at a Git revision or DVC experiment, read through DVC's cache: nothing is checked out."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from dvc.exceptions import DvcException
from dvc.fs import AuthError, ConfigError, RemoteMissingDepsError
from dvc.fs.dvc import DVCFileSystem
from dvc.repo import Repo
from dvc.repo.brancher import switch
from dvc.scm import RevError
from dvc_data.index import DataIndexDirError
from scmrepo.exceptions import SCMError

from mathtune_core.errors import MathtuneError

WORKSPACE = "workspace"

# What a remote's own library raises where it is no OSError, for neither DVC nor fsspec gives these a class in common.
CLOUD_ERRORS = (
    ("botocore.exceptions", "BotoCoreError"),  # S3: no credentials, no such profile, no answer
    ("botocore.exceptions", "ClientError"),
    ("google.auth.exceptions", "GoogleAuthError"),  # GCS
    ("gcsfs.retry", "HttpError"),
    ("asyncssh", "Error"),  # SSH
    ("aiohttp", "ClientError"),  # HTTP
    ("azure.core.exceptions", "AzureError"),
)


@dataclass(frozen=True, slots=True)
class Revision:
    """What a name stands for, and the files that were asked for."""

    name: str
    origin: str  # short commit and its date, for people
    files: tuple[bytes, ...]


def read_revisions(names: Sequence[str], paths: Sequence[str]) -> list[Revision]:
    """`paths` (from the project's root) at each of `names`: branches, tags, commits, experiments, or `workspace`.

    A file is Git's or an output that dvc.lock records, whether in the cache or on a remote. Raises MathtuneError
    outside a project, for an unknown name, and for a file that a revision does not record or that is not to be had,
    with the remote's own words where it has any.
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
            return Revision(name, _origin(repo, commit), tuple(_content(repo, files, path, name) for path in paths))
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


def _content(repo: Repo, files: DVCFileSystem, path: str, name: str) -> bytes:
    try:
        with files.open(f"/{path}", mode="rb") as file:
            content: bytes = file.read()
            return content
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _missing(repo, files, path, name) from error
    except DataIndexDirError as error:  # the list of a folder's files; DVC has the reason, whatever its class, as cause
        if error.__cause__ is None or isinstance(error.__cause__, FileNotFoundError):
            raise _missing(repo, files, path, name) from error
        raise _unreadable(repo, path, name, error.__cause__) from error
    except _remote_errors() as error:
        raise _unreadable(repo, path, name, error) from error


def _remote_errors() -> tuple[type[Exception], ...]:
    """DVC's own, and those of `CLOUD_ERRORS` whose library is loaded: one that is not has raised nothing.

    ImportError is what DVC says of a package to install.
    """
    found = [getattr(sys.modules.get(module), name, None) for module, name in CLOUD_ERRORS]
    clouds = [error for error in found if error is not None]
    return (OSError, ImportError, AuthError, ConfigError, RemoteMissingDepsError, *clouds)


def _missing(repo: Repo, files: DVCFileSystem, path: str, name: str) -> MathtuneError:
    if not _is_recorded(files, path):
        return MathtuneError(
            f"{name}: {path}: not recorded there; run `dvc repro` and commit dvc.lock, or name the experiment that "
            "made it"
        )
    remote = _remote(repo, path)
    elsewhere = f"{remote} does not have it or does not answer" if remote else "no remote is set there"
    return MathtuneError(
        f"{name}: {path}: recorded there, but not in the cache, and {elsewhere}; `dvc fetch --all-commits {path}` "
        f"brings it from a remote, `dvc repro` in a clone at {name} makes it"
    )


def _unreadable(repo: Repo, path: str, name: str, cause: BaseException) -> MathtuneError:
    remote = _remote(repo, path)
    place = f"the cache or {remote}" if remote else "the cache"
    mend = "mend its package, address or credentials, or " if remote else ""
    return MathtuneError(
        f"{name}: {path}: cannot be read from {place}: {_one_line(cause)}; {mend}run `dvc repro` in a clone at {name}"
    )


def _remote(repo: Repo, path: str) -> str | None:
    """Name and address of the remote that an output of the revision goes to, `repo` being switched to it."""
    place = repo.fs.join(repo.root_dir, *PurePosixPath(path).parts)
    own = [out.remote for out in repo.index.outs if out.remote and out.fs.isin_or_eq(place, out.fs_path)]
    remote = own[0] if own else repo.config["core"].get("remote")
    return f"remote {remote} ({repo.config['remote'][remote]['url']})" if remote else None


def _is_recorded(files: DVCFileSystem, path: str) -> bool:
    """Whether dvc.lock or a .dvc file has a hash for `path` or for a folder above it."""
    for place in (path, *map(str, PurePosixPath(path).parents[:-1])):
        with suppress(OSError, DataIndexDirError):
            if "md5" in files.info(f"/{place}"):
                return True
    return False


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
