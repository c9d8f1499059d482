"""What runs in each Ray actor: an engine of its own and the chunks it is given. Imports neither Ray nor torch."""

import contextlib
import io
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathtune_core.errors import MathtuneError
from mathtune_sampling.provenance import code_digest, machine

# Opens an engine (a sampler, a verifier) and says what its results depend on beside weights, prompts and params.
Opening = Callable[[], tuple[Any, str]]
# An engine and a chunk → each of the chunk's results as it is done, after the key it was handed out under.
Task = Callable[[Any, Sequence[Any]], Iterator[tuple[Any, Any]]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an actor runs, and the digest of the code that it runs."""

    node: str
    code: str


@dataclass(frozen=True, slots=True)
class Description:
    """An opened engine: what must be the same in all workers, and what opening it wrote on stderr."""

    name: str
    machine: str
    said: tuple[str, ...]


class Worker:
    """The actor's class. `threads` must be set before torch is imported, so nothing here imports it."""

    def __init__(self, threads: int) -> None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        self._engine: Any = None

    def place(self) -> Place:
        """Asked first, and quick: what takes long is `open`."""
        return Place(platform.node(), code_digest())

    def open(self, opening: Opening) -> Description:
        """Opens the engine that this worker keeps."""
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self._engine, name = opening()
        lines = [line for line in said.getvalue().splitlines() if "%|" not in line]  # no progress bars
        return Description(name, machine(), tuple(lines))

    def work(self, task: Task, chunk: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """The chunk's results, one by one."""
        yield from task(self._engine, chunk)


def check_reachable(folder: Path) -> None:
    """Raises MathtuneError where this worker's node does not see the driver's `folder`."""
    if not folder.is_dir():
        raise MathtuneError(
            f"{folder}: no such folder on node {platform.node()}; a checkpoint must lie where all nodes of the cluster "
            "see it, under the same path"
        )
