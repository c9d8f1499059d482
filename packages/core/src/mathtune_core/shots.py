"""Worked examples for few-shot prompts, one JSON object a line: {"problem": …, "solution": …}."""

import json
from dataclasses import dataclass
from pathlib import Path

from mathtune_core.errors import MathtuneError


@dataclass(frozen=True, slots=True)
class Shot:
    """One worked example, its texts without white space around them."""

    problem: str
    solution: str


def read_shots(path: Path) -> tuple[Shot, ...]:
    """The examples of a file, in their order.

    Raises MathtuneError, naming file, line and field, for a file that is missing, not UTF-8 or empty, and for a line
    that is not an object of two texts.
    """
    if not path.is_file():
        raise MathtuneError(f'{path}: no such file; write one line {{"problem": …, "solution": …}} an example')
    shots = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        where = f"{path}:{number}"
        try:
            row = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise MathtuneError(f"{where}: not UTF-8 at byte {error.start + 1}; re-encode the file") from error
        except json.JSONDecodeError as error:
            raise MathtuneError(f"{where}: not a JSON object: {error.msg} at column {error.colno}") from error
        shots.append(Shot(*(_text(row, name, where) for name in ("problem", "solution"))))
    if not shots:
        raise MathtuneError(f"{path}: holds no example")
    return tuple(shots)


def _text(row: object, name: str, where: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise MathtuneError(f"{where}: {name}: expected a text that is not empty, got {value!r}")
    return value.strip()
