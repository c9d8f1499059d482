"""Tell apart the shapes of answers: values, lists, tuples, sets, equations, inequalities, ratios, residues."""

from fractions import Fraction
from itertools import pairwise

from mathtune_answers import intervals, matrices, relations, units, values
from mathtune_answers.brackets import bracket_form, interval_form, interval_of, list_form, tuple_form
from mathtune_answers.conditions import conditions, is_reals, set_of
from mathtune_answers.errors import UnreadableError
from mathtune_answers.expressions import evaluate, is_selection, scalar
from mathtune_answers.forms import Form
from mathtune_answers.matrices import Matrix
from mathtune_answers.nodes import (
    SEPARATORS,
    Group,
    Row,
    content,
    is_command,
    list_parts,
    split,
    split_at,
    stripped,
    without_parameter,
)
from mathtune_answers.quantities import compound_quantity, without_unit
from mathtune_answers.signs import has_sign, readings
from mathtune_answers.statements import Statements
from mathtune_answers.tokens import Token
from mathtune_answers.values import value_key
from mathtune_answers.words import LARGE

DEEPEST_STRUCTURE = 12
MOST_ITEMS = 2_000
_ROWS = frozenset(("cases", "array", "aligned", "align", "align*", "gathered", "matrix", "split", "alignedat"))
_EMPTY = Form("{}", kind="list")


class Shape(Statements):
    """Reads nested nodes; `depth` bounds tuples inside tuples."""

    __slots__ = ("depth", "signs")

    def __init__(self, depth: int, signs: bool) -> None:
        if depth > DEEPEST_STRUCTURE:
            raise UnreadableError("nested too deep")
        self.depth, self.signs = depth, signs

    def _inner(self, nodes: Row) -> Form:
        return Shape(self.depth + 1, self.signs).form(nodes)

    def form(self, nodes: Row) -> Form:
        """Return the form of a whole answer or of an item."""
        nodes = without_parameter(stripped(nodes))
        if not nodes:
            raise UnreadableError("nothing there")
        compound = self._compound(nodes)
        if compound is not None:
            return compound
        if self.signs and any(
            is_command(node, "pm", "mp") or (isinstance(node, Group) and has_sign(node)) for node in nodes
        ):
            return self._both_signs(nodes)
        parts = list_parts(nodes)
        if not parts:
            raise UnreadableError("separators with nothing between them")
        if len(parts) > 1:
            return self._several(
                parts, any(is_command(node, "and") for node in nodes), any(is_command(node, "or") for node in nodes)
            )
        return self._single(parts[0])

    def _compound(self, nodes: Row) -> Form | None:
        """Read `6 ft 3 in` or `2 hours and 30 minutes` as one quantity in the first unit."""
        pieces = compound_quantity(nodes)
        if pieces is None:
            return None
        total, sizes = Fraction(0), []
        for number, unit in pieces:
            scale = units.scale(unit)
            value = scalar(number)
            if scale is None or not isinstance(value, int | Fraction):
                return None
            total += value * scale[1]
            sizes.append(scale)
        falling = all(first[0] == then[0] and first[1] > then[1] for first, then in pairwise(sizes))
        if not falling:
            return None
        amount = values.reduced(total / sizes[0][1])
        return Form(value_key(amount), unit=pieces[0][1], value=amount)

    def _both_signs(self, nodes: Row) -> Form:
        """Read a plus-minus as the two values."""
        if (
            isinstance(nodes[-1], Group)
            and nodes[-1].opener == "\\{"
            and (len(nodes) == 1 or nodes[-2].kind == "=" or is_command(nodes[-2], "in"))
        ):
            nodes = nodes[-1].nodes
        parts = list_parts(nodes)
        items: list[Row] = []
        for part in parts:
            items.extend(readings(part))
        if len(items) > MOST_ITEMS:
            raise UnreadableError("too many signs")
        return self._several(items, False, False) if len(items) > 1 else self._single(items[0])

    def _several(self, parts: list[Row], all_hold: bool, one_holds: bool) -> Form:
        """Read a list: of values, of named values, of inequalities that hold together or one by one."""
        if len(parts) > MOST_ITEMS:
            raise UnreadableError("a list too long")
        if any(relations.sign_of(node) or is_command(node, "in") for part in parts for node in part):
            solution = conditions(parts, one_holds)
            if solution is not None:
                return solution
        excluded = split_at(parts[0], "ne")
        if len(excluded) == 2 and not any(relations.sign_of(node) for part in parts[1:] for node in part):
            return self._several(
                [parts[0], *((*excluded[0], Token("command", "ne"), *part) for part in parts[1:])], True, False
            )
        named = [_named(part) for part in parts]
        if all(name is not None for name, _ in named):
            names = [name or "" for name, _ in named]
            if len(set(names)) == len(names):
                return self._named_values(names, [part for _, part in named])
        elif named[0][0] is not None and all(name is None for name, _ in named[1:]):
            parts = [named[0][1], *parts[1:]]
            named = [(None, part) for part in parts]
        if len({name for name, _ in named}) == 1 and named[0][0] is not None:
            parts = [part for _, part in named]
        items = tuple(self._inner(part) for part in parts)
        if all(item.kind == "interval" for item in items) and any(
            "oo" in item.bare or "[" in item.bare or "]" in item.bare for item in items
        ):
            pieces = [interval_of(part) for part in parts]
            return interval_form(intervals.union([piece for piece in pieces if piece is not None]))
        return list_form(items)

    def _named_values(self, names: list[str], parts: list[Row]) -> Form:
        """Read `x = 3, y = -2` as the point (3, -2) and longer names as a set of named values."""
        items = {name: self._inner(part) for name, part in zip(names, parts, strict=True)}
        ordered = [items[name] for name in sorted(items)]
        if all(len(name) == 1 for name in names):
            return tuple_form(tuple(ordered))
        bare = "{" + ",".join(f"{name}={items[name].key}" for name in sorted(items)) + "}"
        return Form(bare, kind="named", items=tuple(ordered), alternates=frozenset((list_form(tuple(ordered)).bare,)))

    def _single(self, nodes: Row) -> Form:
        nodes = stripped(nodes)
        if not nodes:
            raise UnreadableError("an item is missing")
        for reader in (self._relation, self._set_form, self._bracketed, self._ratio):
            form = reader(nodes)
            if form is not None:
                return form
        return self._value(nodes)

    def _set_form(self, nodes: Row) -> Form | None:
        if (
            any(is_command(node, "cup", "cap", "setminus") for node in nodes)
            or is_reals(nodes)
            or (len(nodes) == 4 and is_reals(nodes[:2]) and nodes[2].kind == "-")
            or (len(nodes) == 1 and is_command(nodes[0], "emptyset"))
        ):
            pieces = set_of(nodes)
            if pieces is None:
                raise UnreadableError("a union of something else than intervals")
            return interval_form(pieces)
        return None

    def _bracketed(self, nodes: Row) -> Form | None:
        if len(nodes) == 2 and _is_point(nodes):
            nodes = nodes[1:]
        if len(nodes) != 1 or not isinstance(nodes[0], Group):
            return None
        node = nodes[0]
        if node.opener in _ROWS and (
            node.opener == "cases" or any(inner.kind == "=" or relations.sign_of(inner) for inner in node.nodes)
        ):
            rows = [
                tuple(cell for cell in row if cell.kind != "&")
                for row in split(node.nodes, frozenset(("\\\\",)))
                if row
            ]
            return self._several(rows, True, False)
        if node.opener == "\\{":
            builder = self._set_builder(node)
            if builder is not None:
                return builder
        parts = list_parts(node.nodes, connectors=node.opener in ("\\{", "{"))
        while len(parts) > 1 and not parts[-1]:
            parts = parts[:-1]
        if node.opener == "[" and all(
            len(part) == 1 and isinstance(part[0], Group) and part[0].opener == "[" for part in parts
        ):
            entries = tuple(
                tuple(scalar(cell) for cell in split(part[0].nodes, SEPARATORS))
                for part in parts
                if isinstance(part[0], Group)
            )
            return Form(matrices.matrix_key(Matrix(entries)), kind="matrix")
        if len(parts) == 1:
            inner = stripped(parts[0])
            if not inner:
                if node.opener in ("\\{", "["):
                    return _EMPTY
                raise UnreadableError("empty brackets")
            if node.opener in ("\\{", "["):
                return self._inner(inner)
            if node.value is None and node.opener in "({":
                return self._inner(inner)
            return None
        if node.opener in ("\\{", "{"):
            return self._several(parts, False, False)
        if node.opener not in "([" and node.opener != "langle":
            return None
        if node.opener == "[" and all(_named(part)[0] is not None for part in parts):
            return self._several(parts, False, False)
        items = tuple(self._inner(part) for part in parts)
        if node.opener == "langle":
            return tuple_form(items)
        return bracket_form(node, items, interval_of(nodes) if len(items) == 2 else None)

    def _set_builder(self, node: Group) -> Form | None:
        """Read the condition of `{x | condition}`."""
        for position, inner in enumerate(node.nodes):
            if position and inner.kind in ("|", ":"):
                head, condition = node.nodes[:position], node.nodes[position + 1 :]
                if len(head) > 1 and is_command(head[1], "in"):
                    head = head[:1]
                return self._inner(condition) if relations.is_name(head) else None
        return None

    def _ratio(self, nodes: Row) -> Form | None:
        parts = split(nodes, frozenset((":",)))
        if len(parts) < 2:
            return None
        amounts = [scalar(stripped(part)) for part in parts]
        last = next((amount for amount in reversed(amounts) if amount != 0), 1)
        shares = [value_key(values.multiply(amount, values.reciprocal(last))) for amount in amounts]
        return Form("ratio " + ":".join(shares), kind="ratio")

    def _value(self, nodes: Row) -> Form:
        """Read an expression with its unit, percent sign or currency."""
        nodes, unit, multiple = without_unit(stripped(nodes))
        if len(nodes) == 1 and isinstance(nodes[0], Group) and nodes[0].value is None and nodes[0].opener != "begin":
            inner = self._bracketed(nodes)
            if inner is not None:
                return inner
        if (
            all(node.kind in ("number", "-", "+") for node in nodes)
            and sum(node.kind == "number" for node in nodes) > 1
        ):
            try:
                value, degrees = evaluate(nodes)
            except UnreadableError:
                return self._several(_numbers_apart(nodes), False, False)
        else:
            value, degrees = evaluate(nodes)
        if degrees and not unit:
            unit = "degree"
        if isinstance(value, Matrix):
            return Form(matrices.matrix_key(value), kind="matrix")
        value = values.recognised(value)
        alternates = frozenset[str]()
        if unit == "percent":
            alternates = frozenset((value_key(values.multiply(value, Fraction(1, 100))),))
        elif multiple:
            alternates = frozenset((value_key(value),))
            value = values.multiply(value, LARGE[multiple])
        return Form(value_key(value), unit=unit, name=multiple, value=value, alternates=alternates)


def _named(part: Row) -> tuple[str | None, Row]:
    """Return the name and the value of `name = value`; no name for anything else."""
    sides = split(part, frozenset(("=",)))
    if len(sides) == 2 and relations.is_name(sides[0]) and sides[1]:
        return "".join(map(content, sides[0])), sides[1]
    return None, part


def _is_point(nodes: Row) -> bool:
    """Return whether the nodes are a named point such as A(3, 4), and not C(5, 2)."""
    name, place = nodes
    return (
        name.kind == "symbol"
        and name.text.isupper()
        and isinstance(place, Group)
        and place.opener == "("
        and place.value is None
        and any(node.kind in SEPARATORS for node in place.nodes)
        and (name.text not in "CP" or not is_selection(place))
    )


def _numbers_apart(nodes: Row) -> list[Row]:
    parts: list[Row] = []
    start = 0
    for position, node in enumerate(nodes):
        if node.kind == "number":
            parts.append(nodes[start : position + 1])
            start = position + 1
    return parts
