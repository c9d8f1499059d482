"""Equations and inequalities: names, keys that scaling and turning leave alone, and solutions in one unknown."""

from decimal import Decimal, DecimalException
from functools import partial
from itertools import pairwise

from mathtune_answers import intervals, precision, values
from mathtune_answers.errors import UnreadableError
from mathtune_answers.expressions import evaluate, scalar
from mathtune_answers.forms import Form
from mathtune_answers.functions import call
from mathtune_answers.groups import group
from mathtune_answers.intervals import HIGHEST, LOWEST, Intervals
from mathtune_answers.matrices import Matrix
from mathtune_answers.nodes import Group, Node, Row, content, leaves, split
from mathtune_answers.precision import CONTEXT, TWO
from mathtune_answers.tokens import Token
from mathtune_answers.values import POINTS, Samples, Value, value_key

ORDER = {"<": "<", ">": ">", "le": "<=", "ge": ">=", "ne": "!="}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}
_FIT_DIGITS = 40
MOST_SOLVED = 8
_NAMING_FUNCTIONS = ("sin", "cos", "tan", "cot", "sec", "csc", "abs")
_NAMING_COMMANDS = frozenset(
    [
        "angle", "overline", "triangle", "vec", "bar", "hat", "overrightarrow", "frac", "circ", "measuredangle",
        "overarc", "Delta",
    ]
)  # fmt: skip


def sign_of(node: Node) -> str | None:
    """Return an order relation's sign, or None."""
    return ORDER.get(node.text if node.kind == "command" else node.kind)


def is_application(nodes: Row) -> bool:
    """Return whether the nodes are a named function of something, such as f(x), P(X = 4) or f^{-1}(x)."""
    if not nodes or nodes[0].kind != "symbol" or not isinstance(nodes[-1], Group) or len(nodes) < 2:
        return False
    middle = nodes[1:-1]
    return (
        nodes[-1].opener == "("
        and all(node.kind in ("_", "^", "'", "number", "group", "symbol") for node in middle)
        and (not middle or middle[0].kind in ("_", "^", "'"))
    )


def is_name(nodes: Row) -> bool:
    """Return whether the nodes only name a quantity: x, a_{37}, AB, f(2), an area in words, a ratio of segments."""
    if not nodes:
        return False
    if is_application(nodes) or all(node.kind in ("text", "word") for node in nodes):
        return True
    if nodes[0].kind == "symbol" or (nodes[0].kind == "command" and nodes[0].text.isalpha()):
        rest, position = nodes[1:], 0
        if nodes[0].kind == "command" and nodes[0].text in (
            "frac",
            "angle",
            "overline",
            "triangle",
            "vec",
            "bar",
            "hat",
            "overrightarrow",
        ):
            accented = nodes[0].text != "frac" and len(nodes) == 2
            return accented or _all_capitals(nodes) or is_derivative(nodes)
        while position < len(rest):
            if rest[position].kind == "'":
                position += 1
            elif rest[position].kind == "_" or (
                rest[position].kind == "^" and "prime" in content(rest[min(position + 1, len(rest) - 1)])
            ):
                position += 2
            else:
                return _all_capitals(nodes)
        return True
    return _all_capitals(nodes)


def is_derivative(nodes: Row) -> bool:
    """Return whether the nodes are a derivative such as dy/dx."""
    return len(nodes) == 3 and all(
        isinstance(part, Group) and part.nodes and part.nodes[0].text == "d" for part in nodes[1:]
    )


def _all_capitals(nodes: Row) -> bool:
    """Return whether the nodes hold only capital letters, as names of points, segments, angles and areas do."""
    for node in leaves(nodes):
        if node.kind == "symbol":
            if not (node.text.isupper() or node.text == "m"):
                return False
        elif node.kind == "word":
            if not node.text.isupper():
                return False
        elif node.kind not in ("text", ":", "/", "^", "_") and node.text not in _NAMING_COMMANDS:
            return False
    return bool(nodes)


def difference(left: Value, right: Value) -> Value:
    """Return left - right."""
    return values.add(left, values.negate(right))


def equation(left: Value, right: Value) -> Form:
    """Return an equation's form: its sides' difference up to a constant factor."""
    gap = difference(left, right)
    if not isinstance(gap, Samples) or len(gap.points) == 1:
        raise UnreadableError("an equation without unknowns")
    points = values.spread(gap, POINTS)
    pivot = next((point for point in points if point), None)
    if pivot is None:
        raise UnreadableError("an equation that always holds")
    scale = precision.reciprocal(pivot)
    ratios = tuple(precision.multiply(point, scale) for point in points)
    return Form("equation " + values.samples_key(ratios), kind="equation")


def solved(tokens: list[Token]) -> frozenset[str]:
    """Return the keys of what an equation's unknowns are when it is solved for each that is linear in it."""
    keys: set[str] = set()
    try:
        gap = _gap(tokens, {})
    except UnreadableError:
        return frozenset()
    if not isinstance(gap, Samples) or len(gap.symbols) > MOST_SOLVED:
        return frozenset()
    for name in gap.symbols:
        try:
            without, once = _gap(tokens, {name: 0}), _gap(tokens, {name: 1})
            slope = difference(once, without)
            line = values.add(values.multiply(slope, values.symbol(name)), without)
            if value_key(line) == value_key(gap):
                key = value_key(values.negate(values.multiply(without, values.reciprocal(slope))))
                keys.update((key, f"{name}={key}"))
        except (UnreadableError, DecimalException):
            continue
    return frozenset(keys)


def constant_named(parts: list[Row], gap: Value) -> str | None:
    """Return the key of the constant that a quantity is said to be, as in a/b = 3/4, sin A = 3/5 and |v| = 5."""
    if len(parts) == 2 and parts[0] and parts[0][0].text == "frac" and len(parts[0]) == 3:
        try:
            value = scalar(parts[1])
        except UnreadableError:
            return None
        return None if isinstance(value, Samples) and value.symbols else value_key(value)
    named = any(node.kind == "function" or (isinstance(node, Group) and node.opener == "|") for node in parts[0])
    return _constant_of_function(gap) if named and isinstance(gap, Samples) and len(gap.symbols) == 1 else None


def _constant_of_function(gap: Samples) -> str | None:
    """Return the key of c where an equation says f(x) = c, from its samples alone, so that scaled ones agree."""
    (name,) = gap.symbols
    for function in _NAMING_FUNCTIONS:
        try:
            image = call(function, [values.symbol(name)])
            high, low = values.spread(image, POINTS)[:2]
            slope = precision.multiply(
                precision.add(gap.points[0], precision.negate(gap.points[1])),
                precision.reciprocal(precision.add(high, precision.negate(low))),
            )
            offset = precision.multiply(gap.points[0], precision.reciprocal(slope))
            constant = values.recognised(Samples((precision.add(high, precision.negate(offset)),), frozenset()))
            line = values.multiply(Samples((slope,), frozenset()), difference(image, constant))
        except (UnreadableError, DecimalException, ZeroDivisionError):
            continue
        if value_key(line) == value_key(gap):
            return value_key(constant)
    return None


def _gap(tokens: list[Token], environment: dict[str, Value]) -> Value:
    reader = partial(evaluate, environment=environment)
    sides = split(group(tokens, reader), frozenset(("=",)))
    if len(sides) != 2:
        raise UnreadableError("not one equation")
    left, right = (reader(side)[0] for side in sides)
    if isinstance(left, Matrix) or isinstance(right, Matrix):
        raise UnreadableError("an equation of matrices")
    return difference(left, right)


def _real_points(value: Value) -> list[Decimal]:
    points = values.spread(value, POINTS)
    if not all(isinstance(point, Decimal) for point in points):
        raise UnreadableError("a complex inequality")
    return [point for point in points if isinstance(point, Decimal)]


def _negligible(gap: Decimal, size: Decimal) -> bool:
    return not gap or gap.adjusted() < max(size.adjusted(), 0) - _FIT_DIGITS


def _coefficients(x: list[Decimal], y: list[Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """Return a, b, c of the quadratic through three points; raises UnreadableError when the fourth is off it."""
    divide, subtract, times = CONTEXT.divide, CONTEXT.subtract, CONTEXT.multiply
    first = divide(subtract(y[1], y[0]), subtract(x[1], x[0]))
    second = divide(subtract(y[2], y[1]), subtract(x[2], x[1]))
    a = divide(subtract(second, first), subtract(x[2], x[0]))
    if _negligible(a, first):
        a = Decimal(0)
    b = subtract(first, times(a, CONTEXT.add(x[0], x[1])))
    c = subtract(y[0], times(x[0], CONTEXT.add(times(a, x[0]), b)))
    fitted = CONTEXT.add(times(x[3], CONTEXT.add(times(a, x[3]), b)), c)
    if not _negligible(subtract(fitted, y[3]), y[3]):
        raise UnreadableError("an inequality of higher degree")
    return a, b, c


def _end(x: Decimal) -> intervals.End:
    return intervals.end(values.recognised(values.constant(x)))


def solve(left: Value, sign: str, right: Value) -> tuple[Intervals, str]:
    """Return the numbers for which a linear or quadratic inequality in one unknown holds, and the unknown's name."""
    gap = difference(left, right)
    if not isinstance(gap, Samples) or len(gap.symbols) != 1:
        raise UnreadableError("not one unknown")
    (name,) = gap.symbols
    a, b, c = _coefficients(_real_points(values.symbol(name)), _real_points(gap))
    if not a and not b:
        raise UnreadableError("an inequality without an unknown")
    roots, upward = _roots(a, b, c)
    closed = "=" in sign and sign != "!="
    cuts = [LOWEST, *roots, HIGHEST]
    parts: list[Intervals] = []
    for index, (low, high) in enumerate(pairwise(cuts)):
        from_right = len(cuts) - 2 - index
        positive = upward if from_right % 2 == 0 or len({root.key for root in roots}) < len(roots) else not upward
        if sign == "!=" or positive == (sign[0] == ">"):
            parts.append(intervals.interval(low, closed and low.at.is_finite(), high, closed and high.at.is_finite()))
    if closed:
        parts.extend(intervals.interval(root, True, root, True) for root in roots)
    return intervals.union(parts), name


def _roots(a: Decimal, b: Decimal, c: Decimal) -> tuple[list[intervals.End], bool]:
    """Return the real roots in order, a double root twice, and whether the function is positive far to the right."""
    if not a:
        return [_end(CONTEXT.divide(c.copy_negate(), b))], b > 0
    half = CONTEXT.divide(b.copy_negate(), CONTEXT.multiply(TWO, a))
    rest = CONTEXT.subtract(CONTEXT.multiply(half, half), CONTEXT.divide(c, a))
    if _negligible(rest, CONTEXT.multiply(half, half)):
        return [_end(half), _end(half)], a > 0
    if rest < 0:
        return [], a > 0
    step = CONTEXT.sqrt(rest)
    return [_end(CONTEXT.subtract(half, step)), _end(CONTEXT.add(half, step))], a > 0


def _bar_content(nodes: Row) -> Value | None:
    if (
        len(nodes) == 1
        and isinstance(nodes[0], Group)
        and nodes[0].opener == "|"
        and isinstance(nodes[0].value, Samples)
    ):
        return nodes[0].value
    return None


def inequality(parts: list[Row], signs: list[str]) -> tuple[Intervals, str]:
    """Return the solution set of a chain of inequalities in one unknown, and the unknown's name."""
    solution, name = intervals.REALS, ""
    for left, sign, right in zip(parts[:-1], signs, parts[1:], strict=True):
        part, unknown = _solve_parts(left, sign, right)
        if name and unknown != name:
            raise UnreadableError("several unknowns")
        solution, name = intervals.intersection(solution, part), unknown
    return solution, name


def _solve_parts(left: Row, sign: str, right: Row) -> tuple[Intervals, str]:
    for inside, outside, turned in ((left, right, sign), (right, left, _FLIPPED[sign])):
        bar = _bar_content(inside)
        if bar is not None:
            bound = scalar(outside)
            above, name = solve(bar, turned, bound)
            below, _ = solve(bar, _FLIPPED[turned], values.negate(bound))
            return (intervals.union((above, below)) if turned[0] == ">" else intervals.intersection(above, below)), name
    low, high = _side(left), _side(right)
    for end, other, turned in ((low, high, sign), (high, low, _FLIPPED[sign])):
        if isinstance(other, Samples) and len(other.symbols) == 1 and value_key(end) in ("oo", "-oo"):
            holds = (value_key(end) == "-oo") == (turned[0] == "<")
            return intervals.REALS if holds else (), next(iter(other.symbols))
    return solve(low, sign, high)


def _side(nodes: Row) -> Value:
    if is_application(nodes):
        return values.symbol("".join(map(content, nodes)))
    return scalar(nodes)


def unsolved(parts: list[Row], signs: list[str]) -> Form:
    """Return the form of an inequality that is not solved: its sides' differences up to positive factors."""
    keys = []
    for left, sign, right in zip(parts[:-1], signs, parts[1:], strict=True):
        gap = difference(_side(left), _side(right))
        if not isinstance(gap, Samples) or len(gap.points) == 1:
            raise UnreadableError("an inequality without unknowns")
        if sign[0] == ">":
            gap, sign = values.lifted(precision.negate, gap), _FLIPPED[sign]
        size = next((precision.absolute(point) for point in gap.points if point), None)
        if size is None:
            raise UnreadableError("an inequality between equals")
        scale = precision.reciprocal(size)
        keys.append(sign + values.samples_key(tuple(precision.multiply(point, scale) for point in gap.points)))
    return Form("inequality " + " ".join(keys), kind="inequality")
