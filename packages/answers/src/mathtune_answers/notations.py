"""Answers with a notation of their own: times of day, ratios, numbers in another base, residues, option letters."""

import re
from fractions import Fraction

from mathtune_answers.forms import Form
from mathtune_answers.normalise import TEXT_END, TEXT_START
from mathtune_answers.values import value_key
from mathtune_answers.words import number_in_words

_TIME = re.compile(
    r"(?:at\s+)?(\d{1,2})\s*(?::\s*(\d{2})\s*)?(?::\s*(\d{2})\s*)?(?:([ap])[\s.]*(?:m\b)?[\s.]*)?", re.IGNORECASE
)
_NAMED_TIMES = {"noon": "time 12:00", "midnight": "time 00:00"}
_BASE = re.compile(
    r"[({]?\s*(?P<digits>-?\s*[0-9][0-9A-Za-z\s]*?(?:\.[0-9A-Za-z]+)?|[A-Fa-f][0-9A-Fa-f]*)\s*[)}]?\s*"
    r"(?:_\s*\{?\s*|\s+\(?(?:in\s+)?base[\s-]+)\(?(?P<base>\d{1,2}|[a-z]+)\)?\s*\}?\)?",
    re.IGNORECASE,
)
_OPTION = re.compile(r"\(?([A-Ha-h])(?:\)|\.|:)\s*(?P<rest>\S.*)", re.DOTALL)
_PLAIN_RATIO = re.compile(r"(-?\d+(?:\.\d+)?)\s+to\s+(-?\d+(?:\.\d+)?)(?:\s+to\s+(-?\d+(?:\.\d+)?))?")
LONGEST_DIGITS = 400


def _shown(text: str) -> str:
    return text.replace(TEXT_START, " ").replace(TEXT_END, " ").strip()


def _clock(hour: int, minute: int, second: int) -> str:
    return f"time {hour:02}:{minute:02}" + (f":{second:02}" if second else "")


def time_of_day(text: str) -> Form | None:
    """Return a time with its half of the day, or written with a colon and no half (then also a ratio), or None."""
    if text.lower() in _NAMED_TIMES:
        return Form(_NAMED_TIMES[text.lower()], kind="time")
    match = _TIME.fullmatch(_shown(text)) if len(text) < 24 else None
    if not match or not (match[2] or match[4]):
        return None
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if hour > 24 or minute > 59 or second > 59:
        return None
    if match[4]:
        late = match[4].lower() == "p"
        hour = hour if hour > 12 else hour % 12 + 12 * late
        return Form(_clock(hour, minute, second), kind="time")
    readings = {_clock(hour, minute, second)} | ({_clock((hour % 12) + 12, minute, second)} if hour <= 12 else set())
    parts = [hour, minute] + ([second] if match[3] else [])
    clock = ":".join(f"{part:02}" for part in parts)
    return Form(
        _ratio_key([Fraction(part) for part in parts]), kind="ratio", name=clock, alternates=frozenset(readings)
    )


def _ratio_key(parts: list[Fraction]) -> str:
    scale = next((part for part in reversed(parts) if part), Fraction(1))
    return "ratio " + ":".join(value_key(part / scale) for part in parts)


def ratio_in_words(text: str) -> Form | None:
    """Return `3 to 2` as a ratio, or None."""
    match = _PLAIN_RATIO.fullmatch(_shown(text)) if len(text) < LONGEST_DIGITS else None
    return Form(_ratio_key([Fraction(part) for part in match.groups() if part]), kind="ratio") if match else None


def number_in_base(text: str) -> Form | None:
    """Return a number with its base written: two written bases compare by value, but never with a bare number."""
    match = _BASE.fullmatch(_shown(text)) if len(text) < LONGEST_DIGITS else None
    if not match:
        return None
    base = int(match["base"]) if match["base"].isdigit() else number_in_words(match["base"].lower())
    digits = re.sub(r"\s", "", match["digits"])
    if not isinstance(base, int) or not 2 <= base <= 36:
        return None
    allowed = "0123456789abcdefghijklmnopqrstuvwxyz"[:base]
    plain = digits.lower().removeprefix("-")
    if not all(digit in allowed for digit in plain.replace(".", "")):
        # digits that the base does not have: still an answer, equal to the same spelling only
        return Form(f"{plain} in base {base}", kind="base") if plain.isdigit() else None
    whole, _, places = digits.partition(".")
    value = Fraction(int(whole + places, base), base ** len(places))
    return Form(f"based {value}", kind="base")


def option(text: str) -> tuple[str, str] | None:
    """Return an option's letter and the value written after it, as in `(B) 12`, or None."""
    match = _OPTION.fullmatch(_shown(text))
    if not match or not re.match(r"(?:\(|[A-H][.:)]\s)", _shown(text)):
        return None
    rest = match["rest"]
    if not re.match(r"[\d\\$.-]|[A-Za-z(]", rest) or re.match(r"[-\\]?\(?[A-Za-z]?\)|(?:and|or)\b", rest):
        return None
    return match[1], rest
