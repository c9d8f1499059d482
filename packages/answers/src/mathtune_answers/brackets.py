"""Forms of bracketed answers: tuples, intervals, lists and sets."""

from mathtune_answers import intervals
from mathtune_answers.errors import UnreadableError
from mathtune_answers.expressions import scalar
from mathtune_answers.forms import Form
from mathtune_answers.intervals import Intervals
from mathtune_answers.nodes import SEPARATORS, Group, Row, split
from mathtune_answers.quantities import without_unit


def interval_of(nodes: Row) -> Intervals | None:
    """Return a bracketed pair of real constants as an interval, a braced list of them as points, else None."""
    if len(nodes) != 1 or not isinstance(nodes[0], Group):
        return None
    node = nodes[0]
    parts = split(node.nodes, SEPARATORS)
    if any(not part for part in parts):
        return None
    try:
        if node.opener in ("\\{", "{"):
            return intervals.union([intervals.point(scalar(part)) for part in parts])
        if len(parts) != 2 or node.opener not in "([" or node.closer not in ")]":
            return None
        low, high = (intervals.end(scalar(without_unit(part)[0])) for part in parts)
    except UnreadableError:
        return None
    found = intervals.interval(low, node.opener == "[", high, node.closer == "]")
    return found or None


def interval_form(pieces: Intervals, name: str = "") -> Form:
    """Return the form of a union of intervals, or of the points it holds."""
    bare = intervals.intervals_key(pieces)
    return Form(bare, kind="interval" if pieces and not bare.startswith("{") else "list", name=name if pieces else "")


def bracket_form(node: Group, items: tuple[Form, ...], pieces: Intervals | None) -> Form:
    """Return a tuple, an interval or a list in square brackets: brackets and order count."""
    inside = ",".join(item.key for item in items)
    bare = f"{node.opener}{inside}{node.closer}"
    alternates: frozenset[str] = frozenset()
    if node.opener + node.closer == "[]":
        alternates = frozenset((list_form(items).bare,))
    kind = "interval" if pieces is not None else "tuple"
    return Form(
        bare, kind=kind, items=items if node.opener == "(" and node.closer == ")" else (), alternates=alternates
    )


def tuple_form(items: tuple[Form, ...]) -> Form:
    """Return an ordered tuple."""
    return Form("(" + ",".join(item.key for item in items) + ")", kind="tuple", items=items)


def list_form(items: tuple[Form, ...]) -> Form:
    """Return a list without order or repetition; a list of one is its item."""
    distinct = {item.key: item for item in items}
    if len(distinct) == 1:
        return items[0]
    ordered = tuple(distinct[key] for key in sorted(distinct))
    return Form("{" + ",".join(item.key for item in ordered) + "}", kind="list", items=ordered)
