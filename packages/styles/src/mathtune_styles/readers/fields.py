"""One field of a row, checked: every refusal is one line that names the row's place and the field."""

import math
import re
from decimal import Decimal
from typing import Any

from mathtune_core.errors import MathtuneError

LEVELS = (1, 2, 3, 4, 5)
_WHOLE = re.compile(r"(?P<whole>[+-]?\d+)\.0+")
_LEVEL = re.compile(r"(?:Level )?(?P<level>[1-5])(?:\.0)?")


def field(row: dict[str, Any], name: str, kind: type, where: str) -> Any:
    """The value of a field that must be there and be a `kind`; True and False are no numbers."""
    if name not in row:
        raise MathtuneError(f"{where}: {name}: missing")
    if not isinstance(row[name], kind) or (kind is not bool and isinstance(row[name], bool)):
        raise MathtuneError(f"{where}: {name}: expected {kind.__name__}, got {_short(row[name])}")
    return row[name]


def text(row: dict[str, Any], name: str, where: str) -> str:
    """A field that must hold text, without the blanks around it."""
    value = str(field(row, name, str, where)).strip()
    if not value:
        raise MathtuneError(f"{where}: {name}: empty")
    return value


def one_of(value: Any, known: tuple[Any, ...], name: str, where: str) -> Any:
    """The value, which must be among the known ones."""
    if value not in known:
        raise MathtuneError(f"{where}: {name}: must be one of {', '.join(map(str, known))}, got {_short(value)}")
    return value


def answer_text(value: Any, name: str, where: str) -> str:
    """An answer as text: a number in plain digits, 12.0 (as number or as text) as 12."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise MathtuneError(f"{where}: {name}: expected text or a number, got {_short(value)}")
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise MathtuneError(f"{where}: {name}: expected an answer, got {value}")
        digits = format(Decimal(str(value)), "f")
    else:
        digits = str(value).strip()
    if not digits:
        raise MathtuneError(f"{where}: {name}: empty")
    whole = _WHOLE.fullmatch(digits)
    return whole["whole"] if whole else digits


def level_of(value: Any, name: str, where: str) -> int | None:
    """A difficulty from 1 to 5, written 3, "3" or "Level 3"; None for MATH's own "Level ?"."""
    if value == "Level ?":
        return None
    match = _LEVEL.fullmatch(str(value).strip())
    if isinstance(value, bool) or not match:
        raise MathtuneError(f"{where}: {name}: must be 1 to 5 or `Level 1` to `Level 5`, got {_short(value)}")
    return int(match["level"])


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
