"""Evaluate a row of nested tokens as one expression: sums, products, powers, fractions, roots and functions."""

import decimal
from collections.abc import Mapping
from fractions import Fraction

from mathtune_answers import functions, matrices, values
from mathtune_answers.errors import UnreadableError
from mathtune_answers.matrices import Matrix, Operand
from mathtune_answers.nodes import Group, Node, Row, content, is_degree, split, split_at
from mathtune_answers.operands import added, divided, multiplied, negated, scalar_of
from mathtune_answers.primaries import Primaries
from mathtune_answers.tokens import Token
from mathtune_answers.values import Samples, Value


def evaluate(nodes: Row, radians: bool = False, environment: Mapping[str, Value] | None = None) -> tuple[Operand, bool]:
    """Return an expression's value and whether it held degrees; raises UnreadableError when it is no single expression.

    `environment` gives unknowns other values than their sample points.
    """
    chosen = split_at(nodes, "choose")
    if len(chosen) == 2:
        n, k = (evaluate(part, radians, environment)[0] for part in chosen)
        return functions.binomial(scalar_of(n), scalar_of(k)), False
    reader = _Reader(nodes, radians, environment or {})
    try:
        value = reader.sum()
    except (decimal.DecimalException, ZeroDivisionError, OverflowError) as error:
        raise UnreadableError("arithmetic out of range") from error
    if reader.position != len(reader.nodes):
        raise UnreadableError("something left over")
    return value, reader.degrees


def is_selection(place: Group) -> bool:
    """Return whether (n, k) after a C or P can be numbers of things and of those taken."""
    try:
        counts = [scalar(part) for part in split(place.nodes, frozenset((",",)))]
    except UnreadableError:
        return False
    if len(counts) != 2:
        return False
    n, k = counts
    if isinstance(n, int) and isinstance(k, int):
        return 0 <= k <= n
    return isinstance(n, Samples) and bool(n.symbols)


def scalar(nodes: Row) -> Value:
    """Return an expression's value; raises UnreadableError for a matrix."""
    value, _ = evaluate(nodes)
    return scalar_of(value)


class _Reader(Primaries):
    """A position in a row of nodes; each method reads one grammatical part."""

    __slots__ = ()

    def _scalar(self, nodes: Row) -> Value:
        return scalar(nodes)

    def sum(self) -> Operand:
        total: Operand | None = None
        while True:
            sign = self._sign()
            if total is not None and sign == 0:
                return total
            term = self.product()
            if sign == -1:
                term = negated(term)
            total = term if total is None else added(total, term)

    def product(self) -> Operand:
        result = self.factor()
        before = self.nodes[self.position - 1]
        while (node := self._peek()) is not None:
            if node.kind == "*":
                self.position += 1
                result = multiplied(result, self._signed_factor())
            elif node.kind == "/":
                self.position += 1
                result = divided(result, self._signed_factor())
            elif node.kind == "command" and node.text == "mod":
                self.position += 1
                result = functions.remainder(scalar_of(result), scalar_of(self._signed_factor()))
            elif self._starts_value(node):
                if node.kind == "number" and not self._number_may_follow(before):
                    raise UnreadableError("a number straight after a value")
                result = multiplied(result, self.factor())
            else:
                break
            before = self.nodes[self.position - 1]
        return result

    def _number_may_follow(self, before: Node) -> bool:
        """Return whether `before number` is a product: after a written power, as in 2^6 3^5, but not in 5 4."""
        powered = self.position >= 2 and self.nodes[self.position - 2].kind == "^"
        after = self.nodes[self.position + 1] if self.position + 1 < len(self.nodes) else None
        node = self._peek()
        return (
            powered
            and before.kind in ("number", "group")
            and ((node is not None and node.spaced) or (after is not None and after.kind == "^"))
        )

    def _signed_factor(self) -> Operand:
        sign = self._sign()
        value = self.factor()
        return negated(value) if sign == -1 else value

    def factor(self) -> Operand:
        value = self._primary()
        while (node := self._peek()) is not None:
            if node.kind == "!":
                self.position += 1
                if (after := self._peek()) is not None and after.kind == "!":
                    raise UnreadableError("a multiple factorial")
                value = values.factorial(scalar_of(value))
            elif node.kind == "^":
                value = self._raised(value)
            else:
                break
        return value

    def _raised(self, base: Operand) -> Operand:
        """Read `^exponent`, a tower from the top down, a degree sign or a transpose."""
        self.position += 1
        node = self._take()
        if is_degree(node):
            if self.radians:
                return values.multiply(scalar_of(base), values.multiply(values.PI, Fraction(1, 180)))
            self.degrees = True
            return base
        self.position -= 1
        if isinstance(base, Matrix):
            return self._matrix_power(base)
        exponents = [self._exponent()]
        while self._skip("^"):
            exponents.append(self._exponent())
        exponent = exponents.pop()
        while exponents:
            exponent = values.power(exponents.pop(), exponent)
        return values.power(scalar_of(base), exponent)

    def _matrix_power(self, base: Matrix) -> Matrix:
        node = self._take()
        name = content(node)
        if name in ("T", "top", "t", "'"):
            return matrices.transposed(base)
        exponent = node.value if isinstance(node, Group | Token) else None
        if not isinstance(exponent, int):
            raise UnreadableError("a matrix to a power that is not whole")
        return matrices.power(base, exponent)

    def _exponent(self) -> Value:
        sign = self._sign()
        value = scalar_of(self._primary(single=True))
        return values.negate(value) if sign == -1 else value
