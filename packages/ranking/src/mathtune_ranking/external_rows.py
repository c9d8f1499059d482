"""What one row of another tool's file says, checked: every refusal is one line with the row's place and the column."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import DECODINGS
from mathtune_ranking.external_columns import MISSING, Layout, Row, may_be_null, short
from mathtune_ranking.score_transforms import Transform, exp

Check = Callable[[Any, str, str], Any]  # of a value, its column and its place


@dataclass(frozen=True, slots=True)
class ExternalRow:
    """Completions of one problem, and what the row says of them and of the problem; tuples have one entry each."""

    where: str
    problem_id: str | None
    problem: str | None
    answer: str | None  # the reference as the file has it: an answer, or a solution that states one
    subject: str | None
    level: str | None
    completions: tuple[str, ...]
    scores: tuple[float, ...] | None  # in 0 … 1, transformed
    grades: tuple[bool | None, ...] | None  # the tool's own
    finish_reasons: tuple[str | None, ...] | None
    num_tokens: tuple[int | None, ...] | None
    greedy: str | None
    is_greedy: bool  # the completions are greedy ones
    sample_index: int | None


def read_row(row: Row, layout: Layout, transform: Transform) -> ExternalRow:
    """The row's fields, of the types they must have. Raises MathtuneError naming place and column."""
    where, fields = row
    column = layout.columns["completions"]
    completions = _completions(layout.value(fields, "completions"), layout.lists, column, where)

    def each(field: str, check: Check) -> tuple[Any, ...] | None:
        if field not in layout.columns:
            return None
        entries = _entries(layout.value(fields, field), len(completions), layout.columns[field], where)
        return tuple(check(entry, layout.columns[field], where) for entry in entries)

    raw = each("scores", number)
    return ExternalRow(
        where=where,
        problem_id=optional(row, layout, "problem_id", label),
        problem=optional(row, layout, "problem", text),
        answer=optional(row, layout, "answer", label),
        subject=optional(row, layout, "subject", label),
        level=optional(row, layout, "level", label),
        completions=completions,
        scores=None if raw is None else tuple(_score(x, transform, layout.columns["scores"], where) for x in raw),
        grades=each("grades", _grade),
        finish_reasons=each("finish_reason", _reason),
        num_tokens=each("num_tokens", _count),
        greedy=optional(row, layout, "greedy", text),
        is_greedy=optional(row, layout, "decoding", _decoding) == "greedy",
        sample_index=optional(row, layout, "sample_index", _count),
    )


def optional(row: Row, layout: Layout, field: str, check: Check) -> Any:
    """The field of a row, checked; None where the row has none: CSV has empty text instead."""
    value = layout.value(row[1], field)
    return None if value is MISSING or value is None or value == "" else check(value, layout.columns[field], row[0])


def _completions(value: Any, lists: bool, column: str, where: str) -> tuple[str, ...]:
    if lists and not isinstance(value, list):
        raise MathtuneError(f"{where}: {column}: expected a list as in the first row, got {short(value)}")
    if not lists and isinstance(value, list) and len(value) != 1:
        raise MathtuneError(f"{where}: {column}: expected one text as in the first row, got {short(value)}")
    entries = value if isinstance(value, list) else [value]
    if not entries:
        raise MathtuneError(f"{where}: {column}: no completions; leave the row out, or sample the problem")
    return tuple("" if may_be_null(column, entry) else text(entry, column, where) for entry in entries)


def _entries(value: Any, count: int, column: str, where: str) -> list[Any]:
    entries = value if isinstance(value, list) else [value]
    if value is MISSING:
        raise MathtuneError(f"{where}: {column}: missing, and the first row has it")
    if len(entries) != count:
        raise MathtuneError(f"{where}: {column}: {len(entries)} for {count} completion{'s' if count > 1 else ''}")
    return entries


def text(value: Any, column: str, where: str) -> str:
    """Text; half a surrogate pair, which JSON lets through and UTF-8 does not, becomes a question mark."""
    if not isinstance(value, str):
        raise MathtuneError(f"{where}: {column}: expected text, got {short(value)}")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def label(value: Any, column: str, where: str) -> str:
    """Text that is not blank, or a number in plain digits, 12.0 as 12; of a list of one its entry."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, float) and math.isfinite(value):
        value = int(value) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = text(value, column, where).strip()
    if not found:
        raise MathtuneError(f"{where}: {column}: empty")
    return found


def number(value: Any, column: str, where: str) -> float:
    """A finite number; also as text, which is all that CSV has."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        hint = "; booleans are grades, which --grades names" if isinstance(value, bool) else ""
        raise MathtuneError(f"{where}: {column}: expected a number, got {short(value)}{hint}")
    return found


def _score(value: float, transform: Transform, column: str, where: str) -> float:
    found = transform(value)
    if not 0.0 <= found <= 1.0:
        wants = "a log-probability (at most 0)" if transform is exp else "a number in 0 … 1"
        hint = "" if transform is exp else "; --score-transform takes logits (sigmoid) and log-probabilities (exp)"
        raise MathtuneError(f"{where}: {column}: expected {wants}, got {value:g}{hint}")
    return found


def _grade(value: Any, column: str, where: str) -> bool | None:
    known = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False, "": None, "none": None}
    shown = str(value).lower() if value is None or isinstance(value, bool | int | float | str) else "?"
    if shown not in known:
        raise MathtuneError(f"{where}: {column}: expected true or false, got {short(value)}")
    return known[shown]


def _reason(value: Any, column: str, where: str) -> str | None:
    return None if value is None else text(value, column, where)


def _count(value: Any, column: str, where: str) -> int | None:
    if value is None:
        return None
    found = number(value, column, where)
    if found < 0 or not found.is_integer() or found >= 2**31:
        raise MathtuneError(f"{where}: {column}: expected a whole number, got {short(value)}")
    return int(found)


def _decoding(value: Any, column: str, where: str) -> str:
    if value not in DECODINGS:
        raise MathtuneError(f"{where}: {column}: must be one of {', '.join(DECODINGS)}, got {short(value)}")
    return str(value)
