"""The Ray that the workers run on: one of our own on this machine, or a running cluster."""

import contextlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ray

import mathtune_core
import mathtune_sampling
from mathtune_core.errors import MathtuneError
from mathtune_sampling.data_parallel.params import DataParallelParams

_OBJECT_STORE_BYTES = 200_000_000  # results are small and read at once
_CONNECT_SECONDS = 10.0
# A Unix socket's path has 107 bytes at most, of which Ray's part below the folder takes 64.
_LONGEST_FOLDER = 107 - 64


@dataclass(frozen=True, slots=True)
class Share:
    """What each worker gets."""

    cpus: int
    gpus: int
    threads: int


@dataclass(frozen=True, slots=True)
class Session:
    """A Ray that this process has joined."""

    share: Share
    folder: Path | None  # of a Ray of our own: its files
    joined: bool  # by us, so that it is for us to leave

    def leave(self) -> None:
        """Ends a Ray of our own with all its processes; in a cluster our workers end."""
        if self.joined:
            ray.shutdown()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def join(params: DataParallelParams, gpus_each: int, threads: int) -> Session:
    """Starts or joins the Ray that `params` name; `threads` are this process's own, to be shared out where Ray is.

    A Ray that this process has joined before is taken as it is. Raises MathtuneError where there is none, or none that
    has room for all workers.
    """
    workers, folder, joined = params.data_parallel_size, None, not ray.is_initialized()
    if joined and params.ray_address is None:
        folder = _start(workers)
    elif joined:
        assert params.ray_address is not None
        _connect(params.ray_address)
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    share = share_out(nodes, workers, gpus_each, threads if params.ray_address is None else None)
    session = Session(share or Share(0, 0, 0), folder, joined)
    if share is None:
        session.leave()
        raise MathtuneError(_no_room(nodes, params, gpus_each))
    return session


def share_out(nodes: Sequence[Mapping[str, float]], workers: int, gpus_each: int, threads: int | None) -> Share | None:
    """An equal share of the nodes' CPUs and GPUs for each worker, none spread over two nodes; None: no room for all.

    Where there are GPUs each worker gets `gpus_each`. `threads`, where given, are shared out instead
    of the CPUs, of which each worker then takes one.
    """
    gpus = gpus_each if any(node.get("GPU") for node in nodes) else 0
    most = int(max((node.get("CPU", 0.0) for node in nodes), default=0.0)) if threads is None else 1
    cpus = next((cpus for cpus in range(most, 0, -1) if _places(nodes, cpus, gpus) >= workers), None)
    if cpus is None:
        return None
    return Share(cpus, gpus, cpus if threads is None else max(1, threads // workers))


def _places(nodes: Sequence[Mapping[str, float]], cpus: int, gpus: int) -> int:
    return sum(
        int(min(node.get("CPU", 0.0) // cpus, node.get("GPU", 0.0) // gpus if gpus else float("inf"))) for node in nodes
    )


def _no_room(nodes: Sequence[Mapping[str, float]], params: DataParallelParams, gpus_each: int) -> str:
    gpus = sum(node.get("GPU", 0.0) for node in nodes)
    cpus = sum(node.get("CPU", 0.0) for node in nodes)
    each = f"1 CPU and {gpus_each} GPU{'s' * (gpus_each > 1)}" if gpus else "1 CPU"
    where = "this machine's Ray" if params.ray_address is None else f"the Ray cluster at {params.ray_address}"
    room = _places(nodes, 1, gpus_each if gpus else 0)
    return (
        f"data_parallel_size: {where} ({len(nodes)} nodes, {cpus:g} CPUs, {gpus:g} GPUs) has room for {room} of "
        f"{params.data_parallel_size} workers, which take {each} each; lower it or add nodes"
    )


def _start(workers: int) -> Path:
    """A Ray of our own, as many CPUs as workers whatever the machine has; returns the folder of its files."""
    root = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="mathtune-", dir=root if len(root) + 18 <= _LONGEST_FOLDER else "/tmp"))  # noqa: S108
    path = os.environ.get("PYTHONPATH")
    # The workers inherit it, and with it the packages of the tree that runs.
    os.environ["PYTHONPATH"] = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
    try:
        ray.init(
            address="local",
            num_cpus=workers,
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            _temp_dir=str(folder),
            **_quiet(),
        )
    except (OSError, RuntimeError, ValueError, TimeoutError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise MathtuneError(f"data_parallel_size: Ray does not start here: {_one_line(error)}") from error
    finally:
        del os.environ["PYTHONPATH"]
        if path is not None:
            os.environ["PYTHONPATH"] = path
    return folder


def _connect(address: str) -> None:
    """Joins a running cluster, which gets our packages and nothing else of this tree."""
    if address != "auto":
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise MathtuneError(f"ray_address: no Ray cluster answers at {address} ({error})") from error
    packages = [str(Path(str(package.__file__)).parent) for package in (mathtune_core, mathtune_sampling)]
    try:
        ray.init(address=address, runtime_env={"py_modules": packages, "excludes": ["__pycache__"]}, **_quiet())
    except (OSError, RuntimeError, ValueError, TimeoutError, AssertionError) as error:
        with contextlib.suppress(RuntimeError):
            ray.shutdown()
        raise MathtuneError(f"ray_address: cannot join a Ray cluster at {address}: {_one_line(error)}") from error


def _quiet() -> dict[str, object]:
    return {"log_to_driver": False, "logging_level": "ERROR"}


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
