"""Where another tool's file keeps what: the column of each field, found by its usual names or named by flags.

A column is a key of the row or a dotted path; a list on the way is gone through, so that `outputs.text` is the text of
every output. docs/external.md says which tool writes which, and where that stands.
"""

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mathtune_core.errors import MathtuneError

Row = tuple[str, dict[str, Any]]  # its place, as file:line, and its fields

MISSING = object()
MOST_NAMES = 24  # in a message

# Fields with one entry a completion, and those that the row has one of.
OF_COMPLETIONS = ("scores", "grades", "finish_reason", "num_tokens")
OF_ROWS = ("problem_id", "problem", "answer", "greedy", "subject", "level", "sample_index")
FLAGS = ("completions", "completion", *OF_ROWS, *OF_COMPLETIONS)
MARKS = ("decoding", "filter")  # recognised, but not for flags to name

_KNOWN: dict[str, tuple[str, ...]] = {
    "completions": (
        "completions",
        "completion",
        "outputs.text",  # vLLM's RequestOutput
        "response.body.choices.message.content",  # OpenAI's batch API
        "response.body.choices.text",
        "response.choices.message.content",  # older `vllm run-batch`
        "choices.message.content",
        "choices.text",
        "resps",  # lm-evaluation-harness
        "generation",  # NeMo-Skills
        "generations",
        "responses",
        "response",
        "outputs",
        "output",
        "generated_text",
        "code",  # Qwen2.5-Math, math-evaluation-harness
    ),
    "scores": ("scores", "score", "verifier_score", "reward_model_score", "pred_score", "rewards", "reward"),
    "grades": ("symbolic_correct", "is_correct", "correct", "score", "exact_match"),
    "finish_reason": (
        "finish_reason",
        "outputs.finish_reason",
        "response.body.choices.finish_reason",
        "response.choices.finish_reason",
        "choices.finish_reason",
    ),
    "num_tokens": ("num_tokens", "num_generated_tokens"),
    "problem_id": ("problem_id", "custom_id", "doc_hash", "doc_id", "unique_id", "idx", "id"),
    "problem": ("problem", "question", "doc.problem", "doc.question", "prompt", "query"),
    "answer": (
        "expected_answer",
        "gt",
        "reference_answer",
        "ground_truth",
        "answer",
        "target",
        "reference_solution",
        "solution",
        "doc.answer",
    ),
    "greedy": ("greedy",),
    "subject": ("subject", "type", "doc.subject", "doc.type"),
    "level": ("level", "doc.level"),
    "sample_index": ("sample_index",),
    "decoding": ("decoding",),
    "filter": ("filter",),  # lm-evaluation-harness logs a row for each of a task's filters
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_grade(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_text_or_number(value: Any) -> bool:
    return _is_text(value) or _is_number(value)


# What a value must look like for a column to be taken for the field: a column of booleans is no score.
_LOOKS: dict[str, Callable[[Any], bool]] = {
    "scores": _is_number,
    "grades": _is_grade,
    "num_tokens": _is_number,
    "sample_index": _is_number,
    "problem_id": _is_text_or_number,
    "answer": _is_text_or_number,
    "level": _is_text_or_number,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The column of each field that the rows of one file have."""

    columns: Mapping[str, str]
    lists: bool  # a row holds a list of completions, not one

    def value(self, row: dict[str, Any], field: str) -> Any:
        """The field's value in a row; MISSING where the file or the row has none."""
        column = self.columns.get(field)
        return MISSING if column is None else reach(row, column)


def reach(row: dict[str, Any], column: str) -> Any:
    """The value in the column; of a list of lists the entries of all; MISSING where there is none."""
    value: Any = row.get(column, MISSING)
    if value is MISSING and "." in column:
        value = row
        for name in column.split("."):
            value = _step(value, name)
    if isinstance(value, list) and value and all(isinstance(inner, list) for inner in value):
        return [entry for inner in value for entry in inner]
    return value


def _step(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name, MISSING)
    if isinstance(value, list):
        inner = [entry.get(name, MISSING) if isinstance(entry, dict) else MISSING for entry in value]
        return MISSING if all(entry is MISSING for entry in inner) else inner
    return MISSING


def find_layout(row: Row, given: Mapping[str, str]) -> Layout:
    """The layout of the file that begins with `row`; columns that `given` does not name are looked for.

    `completions` names a list a row, `completion` one a row; with neither the first row says which. Raises
    MathtuneError, with the columns there are, for one that is not there.
    """
    where, fields = row
    columns = find_columns(row, (*OF_ROWS, *MARKS), given)
    one = given.get("completion")
    column = one or given.get("completions") or _completions_column(fields)
    if column is None:
        advice = "name it with --completions (a list a row) or --completion (one a row)"
        raise MathtuneError(f"{where}: no column known to hold completions; {advice}; {columns_of(fields)}")
    value = _named(row, "completion" if one else "completions", column)
    lists = isinstance(value, list) and one is None
    if "completions" in given and not lists:
        raise MathtuneError(f"{where}: {column}: expected a list, got {short(value)}; one a row is --completion")
    count = len(value) if isinstance(value, list) else 1
    for field in OF_COMPLETIONS:
        if field in given:
            _named(row, field, given[field])
        found = given.get(field) or next((n for n in _KNOWN[field] if _fits(reach(fields, n), field, n, count)), None)
        if found is not None:
            columns[field] = found
    return Layout({**columns, "completions": column}, lists)


def find_columns(row: Row, wanted: tuple[str, ...], given: Mapping[str, str]) -> dict[str, str]:
    """The columns of those of the `wanted` fields that the file beginning with `row` has."""
    columns = {}
    for field in wanted:
        if field in given:
            _named(row, field, given[field])
        looks = _LOOKS.get(field, _is_text)
        found = given.get(field) or next((name for name in _KNOWN[field] if looks(reach(row[1], name))), None)
        if found is not None:
            columns[field] = found
    return columns


def columns_of(*rows: dict[str, Any]) -> str:
    """The columns that rows have, for a message."""
    names = list(dict.fromkeys(printable(name) for row in rows for name in row))
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"the columns are {', '.join(names[:MOST_NAMES]) or 'none'}{more}"


def _named(row: Row, field: str, column: str) -> Any:
    value = reach(row[1], column)
    if value is MISSING:
        flag = field.replace("_", "-")
        raise MathtuneError(f"{row[0]}: --{flag} {printable(column)}: no such column; {columns_of(row[1])}")
    return value


def _completions_column(fields: dict[str, Any]) -> str | None:
    for name in _KNOWN["completions"]:
        value = reach(fields, name)
        entries = value if isinstance(value, list) else [value]
        if value is not MISSING and (not entries or any(isinstance(e, str) or may_be_null(name, e) for e in entries)):
            return name
    return None


def may_be_null(column: str, value: Any) -> bool:
    """Whether this is a message without content, which chat APIs write for a completion that is all reasoning."""
    return value is None and column.endswith("message.content")


def _fits(value: Any, field: str, name: str, count: int) -> bool:
    if not isinstance(value, list) and count != 1:
        return False  # one value for several completions: the row's, not each one's
    entries = value if isinstance(value, list) else [value]
    if name == "exact_match":  # lm-evaluation-harness writes 0.0 and 1.0
        return all(_is_number(entry) and entry in (0, 1) for entry in entries)
    looks = _LOOKS.get(field, _is_text)
    return bool(entries) and all(looks(entry) for entry in entries)


def short(value: Any) -> str:
    """A value for a message of one line: cut, whatever it holds."""
    return "nothing" if value is MISSING else printable(reprlib.repr(value))


def printable(text: object) -> str:
    """Text for a message of one line, at most 60 characters."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in str(text))
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
