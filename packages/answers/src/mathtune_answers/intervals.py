"""Sets of real numbers as unions of intervals with exact or sampled ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mathtune_answers.errors import UnreadableError
from mathtune_answers.values import Value, real_constant, value_key

INFINITY = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class End:
    """An end of an interval: its value for the key and as a number to compare."""

    key: str
    at: Decimal

    def __lt__(self, other: "End") -> bool:
        return self.key != other.key and self.at < other.at


@dataclass(frozen=True, slots=True)
class Interval:
    """A non-empty interval."""

    low: End
    low_closed: bool
    high: End
    high_closed: bool


Intervals = tuple[Interval, ...]
LOWEST, HIGHEST = End("-oo", -INFINITY), End("oo", INFINITY)
REALS: Intervals = (Interval(LOWEST, False, HIGHEST, False),)


def end(value: Value) -> End:
    """Return an end; raises UnreadableError for one that is no real constant."""
    return End(value_key(value), real_constant(value))


def interval(low: End, low_closed: bool, high: End, high_closed: bool) -> Intervals:
    """Return one interval, or none when its ends are in the wrong order."""
    if high < low or (low.key == high.key and not (low_closed and high_closed)):
        return ()
    return (Interval(low, low_closed, high, high_closed),)


def union(parts: Sequence[Intervals]) -> Intervals:
    """Return the union, overlapping and touching intervals joined."""
    pieces = sorted((piece for part in parts for piece in part), key=lambda piece: (piece.low.at, not piece.low_closed))
    joined: list[Interval] = []
    for piece in pieces:
        if joined:
            last = joined[-1]
            touching = last.high.key == piece.low.key and (last.high_closed or piece.low_closed)
            if piece.low < last.high or touching:
                high, closed = last.high, last.high_closed
                if last.high < piece.high:
                    high, closed = piece.high, piece.high_closed
                elif last.high.key == piece.high.key:
                    closed = last.high_closed or piece.high_closed
                joined[-1] = Interval(last.low, last.low_closed, high, closed)
                continue
        joined.append(piece)
    return tuple(joined)


def intersection(a: Intervals, b: Intervals) -> Intervals:
    """Return what two sets share."""
    parts: list[Intervals] = []
    for p in a:
        for q in b:
            low, low_closed = _tighter(p.low, p.low_closed, q.low, q.low_closed, highest=True)
            high, high_closed = _tighter(p.high, p.high_closed, q.high, q.high_closed, highest=False)
            parts.append(interval(low, low_closed, high, high_closed))
    return union(parts)


def _tighter(a: End, a_closed: bool, b: End, b_closed: bool, highest: bool) -> tuple[End, bool]:
    if a.key == b.key:
        return a, a_closed and b_closed
    if (a < b) == highest:
        return b, b_closed
    return a, a_closed


def complement(a: Intervals) -> Intervals:
    """Return the real numbers that are not in the set."""
    rest: Intervals = REALS
    for piece in a:
        below = interval(LOWEST, False, piece.low, not piece.low_closed and piece.low.key != "-oo")
        above = interval(piece.high, not piece.high_closed and piece.high.key != "oo", HIGHEST, False)
        rest = intersection(rest, union((below, above)))
    return rest


def without(a: Intervals, b: Intervals) -> Intervals:
    """Return a minus b."""
    return intersection(a, complement(b))


def point(value: Value) -> Intervals:
    """Return the set that holds one number."""
    at = end(value)
    if not at.at.is_finite():
        raise UnreadableError("infinity as a point")
    return interval(at, True, at, True)


def intervals_key(a: Intervals) -> str:
    """Return the key; an open interval has the key of the pair that is written the same."""
    if not a:
        return "{}"
    if all(piece.low.key == piece.high.key for piece in a):
        keys = sorted(piece.low.key for piece in a)
        return keys[0] if len(keys) == 1 else "{" + ",".join(keys) + "}"
    return "∪".join(
        f"{'[' if piece.low_closed else '('}{piece.low.key},{piece.high.key}{']' if piece.high_closed else ')'}"
        for piece in a
    )
