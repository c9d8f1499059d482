"""Problem sources read into one row form: the built-in set, and GSM8K from a folder or the hub."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathtune_core.errors import MathtuneError

HUB = "hub:"
CALCULATOR_NOTE = re.compile(r"<<[^>]*>>")
EASY_STEPS = 2


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """One problem as its source gives it. `group` names a part that is reported apart ("easy"), None the rest."""

    split: str
    problem: str
    solution: str
    answer: str
    subject: str | None
    level: int | None
    group: str | None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read, for the record."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Source:
    """All rows of a source. `group_is_apart`: the group's problems are never counted among the main ones."""

    problems: tuple[SourceProblem, ...]
    files: tuple[SourceFile, ...]
    group_is_apart: bool


def read_builtin(location: str, revision: str | None) -> Source:
    """`location`/problems.jsonl as `make data` writes it; test problems of held-out templates are a group apart."""
    path = Path(location) / "problems.jsonl"
    problems = []
    for where, row in _json_lines(path):
        problems.append(
            SourceProblem(
                split=_one_of(_text(row, "split", where), ("train", "test"), "split", where),
                problem=_text(row, "problem", where),
                solution=_text(row, "solution", where),
                answer=_text(row, "answer", where),
                subject=_text(row, "subject", where),
                level=_one_of(_field(row, "level", int, where), (1, 2, 3, 4, 5), "level", where),
                group="held-out templates" if _field(row, "held_out_template", bool, where) else None,
            )
        )
    return Source(tuple(problems), (_record(path, len(problems)),), group_is_apart=True)


def read_gsm8k(location: str, revision: str | None) -> Source:
    """GSM8K's train and test: a folder with train.jsonl and test.jsonl, or `hub:openai/gsm8k` at a pinned revision.

    A problem solved in at most two noted computations is in the group "easy".
    """
    problems: list[SourceProblem] = []
    files = []
    for split in ("train", "test"):
        if location.startswith(HUB):
            rows = _hub_rows(location.removeprefix(HUB), revision, split)
            digest = hashlib.sha256(json.dumps([row for _, row in rows], sort_keys=True).encode())
            files.append(SourceFile(f"{location}@{revision}/{split}", digest.hexdigest(), len(rows)))
        else:
            path = Path(location) / f"{split}.jsonl"
            rows = list(_json_lines(path))
            files.append(_record(path, len(rows)))
        for where, row in rows:
            solution = _text(row, "answer", where)
            marked = solution.rpartition("####")
            if not marked[1] or not marked[2].strip():
                raise MathtuneError(f"{where}: answer: no `#### result` at the end; is this GSM8K's format?")
            steps = len(CALCULATOR_NOTE.findall(solution))
            problems.append(
                SourceProblem(
                    split=split,
                    problem=_text(row, "question", where),
                    solution=solution,
                    answer=marked[2].strip().replace(",", ""),
                    subject=None,
                    level=min(max(steps, 1), 5),
                    group="easy" if steps <= EASY_STEPS else None,
                )
            )
    return Source(tuple(problems), tuple(files), group_is_apart=False)


READERS: dict[str, Callable[[str, str | None], Source]] = {"builtin": read_builtin, "gsm8k": read_gsm8k}


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file:line, object) for every line; the place goes into the error messages."""
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; set build_problems.location in params.yaml to the folder with it")
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{path}:{number}"
            try:
                text = line.decode("utf-8")
                row = json.loads(text)
            except UnicodeDecodeError as error:
                raise MathtuneError(f"{where}: not UTF-8 at byte {error.start + 1}; re-encode the file") from error
            except json.JSONDecodeError as error:
                raise MathtuneError(f"{where}: not a JSON object: {error.msg} at column {error.colno}") from error
            if not isinstance(row, dict):
                raise MathtuneError(f"{where}: expected a JSON object, got {text.strip()[:60]!r}")
            yield where, row


def _hub_rows(name: str, revision: str | None, split: str) -> list[tuple[str, dict[str, Any]]]:
    if revision is None:
        raise MathtuneError("params.yaml: build_problems.revision: missing; a hub dataset needs a pinned commit")
    import datasets  # heavy, and only this source needs it
    from huggingface_hub.errors import HfHubHTTPError

    try:
        table = datasets.load_dataset(name, "main", split=split, revision=revision)
    except (OSError, ValueError, HfHubHTTPError) as error:
        reason = str(error).splitlines()[0]
        raise MathtuneError(
            f"{HUB}{name}@{revision}: could not be read ({reason}); set build_problems.location to a local folder"
        ) from error
    return [(f"{HUB}{name}/{split}: row {index}", dict(row)) for index, row in enumerate(table)]


def _record(path: Path, rows: int) -> SourceFile:
    return SourceFile(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), rows)


def _field(row: dict[str, Any], name: str, kind: type, where: str) -> Any:
    if name not in row:
        raise MathtuneError(f"{where}: {name}: missing")
    if not isinstance(row[name], kind) or (kind is not bool and isinstance(row[name], bool)):
        raise MathtuneError(f"{where}: {name}: expected {kind.__name__}, got {row[name]!r}")
    return row[name]


def _one_of(value: Any, known: tuple[Any, ...], name: str, where: str) -> Any:
    if value not in known:
        raise MathtuneError(f"{where}: {name}: must be one of {', '.join(map(str, known))}, got {value!r}")
    return value


def _text(row: dict[str, Any], name: str, where: str) -> str:
    value = str(_field(row, name, str, where)).strip()
    if not value:
        raise MathtuneError(f"{where}: {name}: empty")
    return value
