"""A killable process for SymPy: started when first needed, replaced when a cap ends it, gone when the program ends.

It is an ordinary subprocess spoken to over pipes, so it needs no signal handler, works from any thread, and a forked or
spawned child of this program starts its own.
"""

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

WALL_SECONDS = 60.0  # a last resort on a loaded machine; the worker's own processor-time cap is the real one
START_SECONDS = 120.0
_START = (
    "import sys; sys.path[:0] = {path!r}; from mathtune_answers.symbolic import serve; serve(sys.stdin, sys.stdout)"
)


class CapReachedError(RuntimeError):
    """The worker ran into its time or memory cap and was replaced."""


class SymbolicWorker:
    """One worker process; `ask` is safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the worker's reply; raises CapReachedError when it gave none."""
        with self._lock:
            process = self._started()
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
                line = self._line(process, WALL_SECONDS)
            except (BrokenPipeError, TimeoutError, EOFError) as error:
                self._end()
                raise CapReachedError from error
            reply: dict[str, Any] = json.loads(line)
            return reply

    def close(self) -> None:
        """End the process, if this program started one."""
        with self._lock:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._owner == os.getpid() and self._process.poll() is None:
            return self._process
        self._end()
        source = str(Path(__file__).resolve().parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(path=[source])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
        self._owner = os.getpid()
        try:
            self._line(self._process, START_SECONDS)
        except (TimeoutError, EOFError) as error:
            self._end()
            raise CapReachedError from error
        return self._process

    @staticmethod
    def _line(process: subprocess.Popen[bytes], seconds: float) -> bytes:
        assert process.stdout is not None
        deadline, received = time.monotonic() + seconds, b""
        descriptor = process.stdout.fileno()
        while not received.endswith(b"\n"):
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            piece = os.read(descriptor, 65536)
            if not piece:
                raise EOFError
            received += piece
        return received

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        if self._owner == os.getpid():
            process.kill()
            process.wait()
        else:
            process.returncode = 0  # a fork's copy of the parent's worker: not ours to wait for


WORKER = SymbolicWorker()
atexit.register(WORKER.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: setattr(WORKER, "_lock", threading.Lock()))
