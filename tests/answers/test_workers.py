"""The SymPy worker: lazy, killable, counted when it hits a cap."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mathtune_answers
from mathtune_answers import canonical_key, capped_answers, keys
from mathtune_answers.workers import CapReachedError, SymbolicWorker

SOURCE = Path(mathtune_answers.__file__).parents[1]


@pytest.fixture
def worker() -> Iterator[SymbolicWorker]:
    own = SymbolicWorker()
    yield own
    own.close()


def test_importing_and_plain_answers_start_nothing() -> None:
    script = (
        "import sys, mathtune_answers as m\n"
        "from mathtune_answers.workers import WORKER\n"
        "assert m.grade('1/2', '0.5') and m.grade('(x+1)^2', 'x^2+2x+1')\n"
        "assert WORKER._process is None\n"
        "assert 'sympy' not in sys.modules and 'latex2sympy2_extended' not in sys.modules\n"
    )
    subprocess.run(
        [sys.executable, "-W", "error", "-c", script], check=True, env={**os.environ, "PYTHONPATH": str(SOURCE)}
    )


def test_it_answers_and_survives_being_killed(worker: SymbolicWorker) -> None:
    request = {"latex": r"\sum_{k=1}^{5} k", "points": {}}
    assert worker.ask(request) == {"rational": "15"}
    assert worker._process is not None
    worker._process.kill()
    worker._process.wait()
    assert worker.ask(request) == {"rational": "15"}
    assert "error" in worker.ask({"latex": r"\sum_{", "points": {}})


def test_a_cap_is_counted_and_the_answer_stands_for_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    class Exhausted:
        def ask(self, request: dict[str, object]) -> dict[str, object]:
            raise CapReachedError

    monkeypatch.setattr(keys, "WORKER", Exhausted())
    monkeypatch.setattr(keys, "_capped", {})
    answer = r"\int_0^1 x^{17} dx"
    assert canonical_key(answer).startswith("text")
    assert capped_answers() == [answer]
    monkeypatch.undo()
    assert canonical_key(answer) == "1/18"


def test_it_ends_with_the_program_without_a_warning() -> None:
    script = "import mathtune_answers as m; assert m.grade('30', r'\\sum_{k=1}^{4} k^2')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", script],
        check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    assert "ResourceWarning" not in done.stderr


def test_a_fork_starts_its_own() -> None:
    script = (
        "import os, mathtune_answers as m\n"
        "assert m.grade('10', r'\\sum_{k=1}^{4} k')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if m.grade('24', r'\\prod_{k=1}^{4} k') else 3)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0\n"
        "assert m.grade('55', r'\\sum_{k=1}^{10} k')\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": str(SOURCE)}, timeout=120
    )
