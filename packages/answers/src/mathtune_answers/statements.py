"""Statements rather than values: equations, inequalities, congruences, memberships and approximations."""

from abc import ABC, abstractmethod
from dataclasses import replace

from mathtune_answers import relations
from mathtune_answers.brackets import interval_form
from mathtune_answers.conditions import chain
from mathtune_answers.errors import UnreadableError
from mathtune_answers.expressions import scalar
from mathtune_answers.forms import Form
from mathtune_answers.nodes import SEPARATORS, Group, Node, Row, content, is_command, split, stripped
from mathtune_answers.values import Samples


class Statements(ABC):
    """Reads a statement about a quantity as what it says the quantity is."""

    __slots__ = ()

    @abstractmethod
    def _inner(self, nodes: Row) -> Form: ...

    @abstractmethod
    def _value(self, nodes: Row) -> Form: ...

    def _relation(self, nodes: Row) -> Form | None:
        for position, node in enumerate(nodes):
            if is_command(node, "in") and position:
                inner = self._inner(nodes[position + 1 :])
                name = "".join(map(content, nodes[:position]))
                return replace(inner, name=name, alternates=frozenset()) if inner.kind == "interval" else inner
            if is_command(node, "equiv"):
                return self._residue(nodes[:position], nodes[position + 1 :])
            if position and (is_command(node, "pmod") or _is_modulus(node)):
                return self._residue((), nodes)
            if is_command(node, "approx"):
                return self._approximate(nodes[:position], nodes[position + 1 :])
        sides, signs = chain(nodes)
        if signs:
            if any(sign == "=" for sign in signs):
                raise UnreadableError("equations and inequalities in one chain")
            try:
                solution, name = relations.inequality(sides, signs)
            except UnreadableError:
                return relations.unsolved(sides, signs)
            return interval_form(solution, name)
        parts = split(nodes, frozenset(("=",)))
        return self._equation(parts) if len(parts) > 1 else None

    def _residue(self, left: Row, right: Row) -> Form:
        for position, node in enumerate(right):
            if is_command(node, "pmod", "mod") or _is_modulus(node):
                modulus = "".join(map(content, right[position:])).replace("pmod", "").replace("mod", "").strip("() ")
                inner = self._inner(right[:position])
                return replace(inner, unit=f"mod {modulus}") if not left or relations.is_name(left) else inner
        raise UnreadableError("a congruence without its modulus")

    def _approximate(self, left: Row, right: Row) -> Form:
        """Read `exact ≈ decimal` as the exact value and `name ≈ decimal` as the decimal."""
        if not left or relations.is_name(left):
            return self._inner(right)
        parts = split(left, frozenset(("=",)))
        form = self._inner(parts[-1] if relations.is_name(parts[0]) else left)
        if form.value is None or (isinstance(form.value, Samples) and form.value.symbols):
            return self._inner(right)
        return form

    def _equation(self, parts: list[Row]) -> Form:
        parts = [stripped(part) for part in parts]
        if any(not part for part in parts):
            raise UnreadableError("a side is missing")
        first, last = parts[0], parts[-1]
        if relations.is_name(last) and not relations.is_name(first) and len(parts) == 2:
            first, last = last, first
        if not relations.is_name(first) and not _is_names_tuple(first) and not _is_inverse_matrix(first, last):
            return self._equation_of_sides(parts)
        right = self._inner(last)
        constant = right.kind not in ("equation", "inequality", "text") and not _has_unknowns(right)
        if (
            constant
            or right.kind in ("list", "tuple", "interval", "matrix", "ratio")
            or relations.is_application(first)
            or relations.is_derivative(first)
        ):
            return right
        if len(parts) > 2:
            return self._equation([first, last])
        try:
            whole = relations.equation(scalar(first), scalar(last))
        except UnreadableError:
            return Form(
                f"{''.join(map(content, first))}={right.key}", kind="named", alternates=frozenset((right.bare,))
            )
        return whole

    def _equation_of_sides(self, parts: list[Row]) -> Form:
        sides = [self._value(part) for part in parts]
        if all(side.value is not None and not _has_unknowns(side) for side in sides):
            if len({side.bare for side in sides}) == 1:
                return sides[0]
            raise UnreadableError("constants that are not equal")
        if len(parts) != 2:
            raise UnreadableError("a chain of equations")
        left, right = sides[0].value, sides[1].value
        if left is None or right is None:
            raise UnreadableError("an equation between structures")
        constant = relations.constant_named(parts, relations.difference(left, right))
        return replace(relations.equation(left, right), alternates=frozenset((constant,) if constant else ()))


def _is_inverse_matrix(name: Row, matrix: Row) -> bool:
    """Return whether an equation says what A^{-1} or A^T is: a matrix in its environment."""
    environment = matrix[-1] if matrix else None
    return (
        len(name) == 3
        and name[0].kind == "symbol"
        and name[1].kind == "^"
        and any(isinstance(node, Group) and node.closer == "end" for node in (environment, *_inside(environment)))
    )


def _inside(node: Node | None) -> Row:
    return node.nodes if isinstance(node, Group) else ()


def _is_names_tuple(nodes: Row) -> bool:
    return (
        len(nodes) == 1
        and isinstance(nodes[0], Group)
        and nodes[0].opener in ("(", "\\{")
        and all(relations.is_name(part) for part in split(nodes[0].nodes, SEPARATORS))
    ) or (
        any(node.kind == ":" for node in nodes)
        and all(relations.is_name(part) for part in split(nodes, frozenset((":",))))
    )


def _is_modulus(node: Node) -> bool:
    return isinstance(node, Group) and bool(node.nodes) and is_command(node.nodes[0], "mod")


def _has_unknowns(form: Form) -> bool:
    return isinstance(form.value, Samples) and len(form.value.points) > 1
