r"""What may follow a number's digits: a repeating period, as in 0.1\overline{6}, or the fraction of a mixed number."""

import re
from fractions import Fraction

from mathtune_answers import values
from mathtune_answers.errors import UnreadableError
from mathtune_answers.nodes import Group, Node, Row, content, is_command
from mathtune_answers.tokens import Token
from mathtune_answers.values import Samples, Value

LONGEST_PERIOD = 200
_SHOWN_THRICE = re.compile(r"(\d*\.\d*?)(\d{1,6}?)\2{2,}")


def repeating(number: Token, following: Row) -> tuple[Value, int]:
    r"""Return a decimal's value and how many nodes after it were its period: 0.1\overline{6}, 0.\dot3, 0.(3), 0.333…"""
    value = number.value
    if value is None or isinstance(value, Samples):
        raise UnreadableError("a number without a value")
    if not following:
        return value, 0
    first = following[0]
    if is_command(first, "ldots"):
        shown = _SHOWN_THRICE.fullmatch(number.text)
        if shown is None:
            raise UnreadableError("digits that do not repeat")
        return _periodic(shown[1], shown[2]), 1
    if is_command(first, "overline", "bar", "dot") and len(following) > 1:
        return _periodic(number.text, content(following[1])), 2
    if isinstance(first, Group) and first.opener == "(" and len(first.nodes) == 1 and not first.spaced:
        return _periodic(number.text, content(first.nodes[0])), 1
    return value, 0


def _periodic(start: str, period: str) -> Value:
    if not period.isdigit() or len(period) > LONGEST_PERIOD:
        raise UnreadableError("digits that do not repeat")
    decimals = len(start.partition(".")[2])
    tail = Fraction(int(period), (10 ** len(period) - 1) * 10**decimals)
    return values.reduced(Fraction(start.rstrip(".") or "0") + tail)


def mixed_part(following: Row) -> tuple[Value, int] | None:
    r"""Return the fraction of a mixed number, 1 1/2 or 1\frac12, and its length in nodes; None for anything else."""
    if len(following) >= 2 and is_command(following[0], "frac"):
        top, bottom = _whole(following[1]), _whole(following[2]) if len(following) > 2 else None
        digits = following[1].text if following[1].kind == "number" else ""
        if len(digits) > 1 and digits.isdigit():
            return (Fraction(int(digits[0]), int(digits[1:])), 2) if int(digits[1:]) else None
        return (Fraction(top, bottom), 3) if top is not None and bottom else None
    if len(following) == 3 and following[0].kind == "number" and following[1].kind == "/":
        top, bottom = _whole(following[0]), _whole(following[2])
        return (Fraction(top, bottom), 3) if top is not None and bottom else None
    return None


def _whole(node: Node) -> int | None:
    """Return the whole number that a token or a pair of braces holds and nothing else."""
    inner = node.nodes[0] if isinstance(node, Group) and node.opener == "{" and len(node.nodes) == 1 else node
    return inner.value if inner.kind == "number" and isinstance(inner.value, int) else None
