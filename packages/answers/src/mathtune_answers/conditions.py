"""Sets of real numbers that conditions describe: inequalities, memberships, unions and differences of intervals."""

from mathtune_answers import intervals, relations, words
from mathtune_answers.brackets import interval_form, interval_of
from mathtune_answers.errors import UnreadableError
from mathtune_answers.forms import Form
from mathtune_answers.intervals import Intervals
from mathtune_answers.nodes import Row, content, is_command, split_at, stripped


def conditions(parts: list[Row], one_holds: bool) -> Form | None:
    """Return the numbers that meet all conditions, or one of them; None when they are no conditions on one unknown."""
    solutions: list[Intervals] = []
    name = ""
    try:
        for part in parts:
            solution, unknown = _condition(part)
            if name and unknown and unknown != name:
                return None
            name = name or unknown
            solutions.append(solution)
    except UnreadableError:
        return None
    if one_holds:
        return interval_form(intervals.union(solutions), name)
    common = intervals.REALS
    for solution in solutions:
        common = intervals.intersection(common, solution)
    return interval_form(common if common else intervals.union(solutions), name)


def _condition(nodes: Row) -> tuple[Intervals, str]:
    nodes = stripped(nodes)
    for position, node in enumerate(nodes):
        if is_command(node, "in") and position:
            pieces = set_of(nodes[position + 1 :])
            if pieces is None:
                raise UnreadableError("no set")
            return pieces, "".join(map(content, nodes[:position]))
    parts, signs = chain(nodes)
    if not signs:
        raise UnreadableError("no relation")
    return relations.inequality(parts, signs)


def set_of(nodes: Row) -> Intervals | None:
    """Return a set of real numbers: intervals, points, unions, intersections and differences."""
    nodes = stripped(nodes)
    parts = split_at(nodes, "cup")
    if len(parts) > 1:
        sets = [set_of(part) for part in parts]
        found = [part for part in sets if part is not None]
        return intervals.union(found) if len(found) == len(parts) else None
    for name in ("setminus", "cap"):
        for position in range(len(nodes) - 1, 0, -1):
            if is_command(nodes[position], name) or (name == "setminus" and nodes[position].kind == "-"):
                left, right = set_of(nodes[:position]), set_of(nodes[position + 1 :])
                if left is None or right is None:
                    return None
                return intervals.intersection(left, right) if name == "cap" else intervals.without(left, right)
    if len(nodes) == 1 and is_command(nodes[0], "emptyset"):
        return ()
    if is_reals(nodes):
        return intervals.REALS
    return interval_of(nodes)


def chain(nodes: Row) -> tuple[list[Row], list[str]]:
    """Split a chain of inequalities; no signs when there is none."""
    parts: list[Row] = []
    signs: list[str] = []
    start = 0
    for position, node in enumerate(nodes):
        sign = relations.sign_of(node)
        if sign:
            parts.append(nodes[start:position])
            signs.append(sign)
            start = position + 1
    parts.append(nodes[start:])
    if signs and (any(not part for part in parts) or any(node.kind == "=" for node in nodes)):
        raise UnreadableError("a side is missing")
    return parts, signs


def is_reals(nodes: Row) -> bool:
    """Return whether the row names the real numbers."""
    if len(nodes) == 2 and is_command(nodes[0], "mathbb"):
        return content(nodes[1]) == "R"
    return len(nodes) == 1 and nodes[0].kind == "text" and words.phrase(nodes[0].text) in words.ALL_REALS
