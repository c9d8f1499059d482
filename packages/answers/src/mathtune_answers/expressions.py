"""Evaluate a row of nested tokens as one expression: sums, products, powers, fractions, roots and functions."""

import decimal
from collections.abc import Mapping
from fractions import Fraction

from mathtune_answers import functions, matrices, values
from mathtune_answers.errors import Unreadable
from mathtune_answers.functions import INVERSES, TRIGONOMETRIC
from mathtune_answers.groups import Group, Node
from mathtune_answers.matrices import Matrix, Operand
from mathtune_answers.tokens import Token
from mathtune_answers.values import Value

_GREEK_CONSTANTS = {"pi": values.PI, "infty": values.constant(decimal.Decimal("Infinity"))}
_LETTER_COMMANDS = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega hbar ell imath jmath Re Im partial nabla".split()
)
_ACCENTS = frozenset(
    "overline bar vec hat tilde overrightarrow overleftrightarrow widehat widetilde dot ddot mathbb mathcal angle "
    "triangle measuredangle overarc wideparen odot stackrel".split()
)
_MATRIX_KINDS = frozenset(("pmatrix", "bmatrix", "matrix", "array", "smallmatrix", "Bmatrix"))
_DETERMINANT_KINDS = frozenset(("vmatrix", "Vmatrix"))
_VALUE_STARTS = frozenset(("number", "symbol", "group", "function"))
LONGEST_CONTENT = 200
MOST_FACTORS = 20_000


def evaluate(
    nodes: tuple[Node, ...], radians: bool = False, environment: Mapping[str, Value] | None = None
) -> tuple[Operand, bool]:
    """Return an expression's value and whether it held degrees; raises Unreadable when it is no single expression.

    `environment` gives unknowns other values than their sample points.
    """
    reader = _Reader(nodes, radians, environment or {})
    try:
        value = reader.sum()
    except (decimal.DecimalException, ZeroDivisionError, OverflowError) as error:
        raise Unreadable("arithmetic out of range") from error
    if reader.position != len(reader.nodes):
        raise Unreadable("something left over")
    return value, reader.degrees


def scalar(nodes: tuple[Node, ...]) -> Value:
    """Return an expression's value; raises Unreadable for a matrix."""
    value, _ = evaluate(nodes)
    return _scalar(value)


def _scalar(value: Operand | None) -> Value:
    if value is None or isinstance(value, Matrix):
        raise Unreadable("not a number or an expression")
    return value


def split(nodes: tuple[Node, ...], separators: frozenset[str]) -> list[tuple[Node, ...]]:
    """Return the parts between top-level separators."""
    parts: list[tuple[Node, ...]] = []
    start = 0
    for position, node in enumerate(nodes):
        if node.kind in separators:
            parts.append(nodes[start:position])
            start = position + 1
    parts.append(nodes[start:])
    return parts


def content(node: Node) -> str:
    """Return a name's or subscript's text, without braces."""
    pieces: list[str] = []
    stack: list[Node | str] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            pieces.append(part)
        elif isinstance(part, Group):
            bare = part.opener == "{"
            stack.extend(("" if bare else part.closer, *reversed(part.nodes), "" if bare else part.opener))
        else:
            pieces.append(part.text)
    return "".join(pieces)


class _Reader:
    """A position in a row of nodes; each method reads one grammatical part."""

    __slots__ = ("degrees", "environment", "nodes", "position", "radians")

    def __init__(self, nodes: tuple[Node, ...], radians: bool, environment: Mapping[str, Value]) -> None:
        self.nodes, self.position, self.radians, self.degrees = nodes, 0, radians, False
        self.environment = environment

    def _peek(self) -> Node | None:
        return self.nodes[self.position] if self.position < len(self.nodes) else None

    def _take(self) -> Node:
        node = self._peek()
        if node is None:
            raise Unreadable("a part is missing")
        self.position += 1
        return node

    def _skip(self, kind: str) -> bool:
        node = self._peek()
        if node is not None and node.kind == kind:
            self.position += 1
            return True
        return False

    def _command(self, name: str) -> bool:
        node = self._peek()
        if node is not None and node.kind == "command" and node.text == name:
            self.position += 1
            return True
        return False

    def sum(self) -> Operand:
        total: Operand | None = None
        while True:
            sign = self._sign()
            if total is not None and sign == 0:
                return total
            term = self.product()
            if sign == -1:
                term = matrices.scaled(term, -1) if isinstance(term, Matrix) else values.negate(term)
            total = term if total is None else _added(total, term)

    def _sign(self) -> int:
        """Read any run of plus and minus signs; 0 when there is none."""
        sign = 0
        while (node := self._peek()) is not None and node.kind in ("+", "-"):
            sign = (sign or 1) * (-1 if node.kind == "-" else 1)
            self.position += 1
        return sign

    def product(self) -> Operand:
        result = self.factor()
        before = self.nodes[self.position - 1]
        while (node := self._peek()) is not None:
            if node.kind == "*":
                self.position += 1
                result = _multiplied(result, self._signed_factor())
            elif node.kind == "/":
                self.position += 1
                divisor = self._signed_factor()
                if isinstance(divisor, Matrix):
                    raise Unreadable("division by a matrix")
                result = _multiplied(result, values.reciprocal(divisor))
            elif node.kind == "command" and node.text == "mod":
                self.position += 1
                result = functions.remainder(_scalar(result), _scalar(self._signed_factor()))
            elif self._starts_value(node):
                if node.kind == "number" and not self._number_may_follow(before):
                    raise Unreadable("a number straight after a value")
                result = _multiplied(result, self.factor())
            else:
                break
            before = self.nodes[self.position - 1]
        return result

    def _number_may_follow(self, before: Node) -> bool:
        """Return whether `before number` is a product: after a written power, as in 2^6 3^5, but not in 5 4."""
        powered = self.position >= 2 and self.nodes[self.position - 2].kind == "^"
        after = self.nodes[self.position + 1] if self.position + 1 < len(self.nodes) else None
        node = self._peek()
        return powered and before.kind in ("number", "group") and (node is not None and node.spaced or (after is not None and after.kind == "^"))

    def _signed_factor(self) -> Operand:
        sign = self._sign()
        value = self.factor()
        if sign != -1:
            return value
        return matrices.scaled(value, -1) if isinstance(value, Matrix) else values.negate(value)

    def _starts_value(self, node: Node) -> bool:
        if node.kind in _VALUE_STARTS:
            return True
        return node.kind == "command" and (
            node.text in _GREEK_CONSTANTS or node.text in _LETTER_COMMANDS or node.text in _ACCENTS
            or node.text in ("frac", "binom", "dbinom", "tbinom", "cbrt", "prime")
        )  # fmt: skip

    def factor(self) -> Operand:
        value = self._primary()
        while (node := self._peek()) is not None:
            if node.kind == "!":
                self.position += 1
                if (after := self._peek()) is not None and after.kind == "!":
                    raise Unreadable("a multiple factorial")
                value = values.factorial(_scalar(value))
            elif node.kind == "^":
                value = self._raised(value)
            else:
                break
        return value

    def _raised(self, base: Operand) -> Operand:
        """Read `^exponent`, a tower from the top down, a degree sign or a transpose."""
        self.position += 1
        node = self._take()
        if _is_degree(node):
            if self.radians:
                return values.multiply(_scalar(base), values.multiply(values.PI, Fraction(1, 180)))
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
        return values.power(_scalar(base), exponent)

    def _matrix_power(self, base: Matrix) -> Matrix:
        node = self._take()
        name = content(node)
        if name in ("T", "top", "t", "'"):
            return matrices.transposed(base)
        exponent = node.value if isinstance(node, Group | Token) else None
        if not isinstance(exponent, int):
            raise Unreadable("a matrix to a power that is not whole")
        return matrices.power(base, exponent)

    def _exponent(self) -> Value:
        sign = self._sign()
        value = _scalar(self._primary(single=True))
        return values.negate(value) if sign == -1 else value

    def _primary(self, single: bool = False) -> Operand:
        node = self._take()
        if isinstance(node, Group):
            return self._group(node)
        if node.kind == "number":
            return self._number(node, single)
        if node.kind == "symbol":
            return self._symbol(node.text, single)
        if node.kind == "function":
            return self._function(node.text)
        if node.kind != "command":
            raise Unreadable("a part is missing")
        name = node.text
        if name in _GREEK_CONSTANTS:
            return _GREEK_CONSTANTS[name]
        if name == "frac":
            top, bottom = self._argument(), self._argument()
            if isinstance(bottom, Matrix):
                raise Unreadable("division by a matrix")
            return _multiplied(top, values.reciprocal(bottom))
        if name in ("binom", "dbinom", "tbinom"):
            return functions.binomial(_scalar(self._argument()), _scalar(self._argument()))
        if name == "cbrt":
            return values.power(_scalar(self._argument()), Fraction(1, 3))
        if name in _LETTER_COMMANDS:
            return self._symbol("\\" + name, single)
        if name in _ACCENTS:
            return self._symbol(f"\\{name} {content(self._take())[:LONGEST_CONTENT]}", single)
        raise Unreadable("an unknown command")

    def _group(self, node: Group) -> Operand:
        if node.degrees:
            self.degrees = True
        if node.opener in _MATRIX_KINDS:
            return matrix(node)
        if node.opener in _DETERMINANT_KINDS:
            return matrices.determinant(matrix(node))
        if node.value is None:
            choose = split(node.nodes, frozenset(("choose",)))
            if len(choose) == 1:
                choose = _split_command(node.nodes, "choose")
            if len(choose) == 2:
                return functions.binomial(scalar(choose[0]), scalar(choose[1]))
            raise Unreadable("a bracket without a value")
        if node.opener == "|":
            if isinstance(node.value, Matrix):
                return matrices.determinant(node.value)
            return functions.absolute(node.value)
        if node.opener == "lfloor":
            return functions.floor(_scalar(node.value))
        if node.opener == "lceil":
            return functions.ceiling(_scalar(node.value))
        if node.opener in ("\\{", "langle") or (node.opener, node.closer) in (("(", "]"), ("[", ")")):
            raise Unreadable("a set or an interval in an expression")
        return node.value

    def _number(self, node: Token, single: bool) -> Value:
        if node.value is None:
            raise Unreadable("a number without a value")
        if single or node.value.__class__ is not int:
            return self._repeating(node) if node.text.endswith(".") or "." in node.text else node.value
        after = self._peek()
        if isinstance(node.value, int) and after is not None:
            mixed = self._mixed_part(after)
            if mixed is not None:
                return values.add(node.value, mixed)
        return self._repeating(node) if node.text.endswith(".") else node.value

    def _repeating(self, node: Token) -> Value:
        r"""Read the repeating digits after a point: 0.1\overline{6}, 0.\dot3 or 0.(3)."""
        after, value = self._peek(), node.value
        if value is None or isinstance(value, values.Samples):
            raise Unreadable("a number without a value")
        period: str | None = None
        if after is not None and after.kind == "command" and after.text in ("overline", "bar", "dot"):
            period = content(self.nodes[self.position + 1]) if self.position + 1 < len(self.nodes) else None
            taken = 2
        elif isinstance(after, Group) and after.opener == "(" and len(after.nodes) == 1 and not after.spaced:
            period, taken = content(after.nodes[0]), 1
        if period is None:
            return value
        if not period.isdigit() or len(period) > LONGEST_CONTENT:
            raise Unreadable("digits that do not repeat")
        self.position += taken
        decimals = len(node.text.partition(".")[2])
        return values.reduced(value + Fraction(int(period), (10 ** len(period) - 1) * 10**decimals))

    def _mixed_part(self, after: Node) -> Value | None:
        """Read the fraction of a mixed number, 1 1/2 or 1\frac12; None when what follows is no plain fraction."""
        position = self.position
        if after.kind == "command" and after.text == "frac":
            self.position += 1
            parts = self.nodes[self.position : self.position + 2]
            joined = bool(parts) and parts[0].kind == "number" and len(parts[0].text) > 1
            if parts and _plain_whole(parts[0]) and (joined or (len(parts) == 2 and _plain_whole(parts[1]))):
                top, bottom = _scalar(self._argument()), _scalar(self._argument())
                if isinstance(bottom, int) and bottom:
                    return values.multiply(top, values.reciprocal(bottom))
        elif after.kind == "number" and isinstance(after.value, int):
            following = self.nodes[position + 1 : position + 3]
            if len(following) == 2 and following[0].kind == "/" and following[1].kind == "number":
                bottom = following[1].value
                if isinstance(bottom, int) and bottom:
                    self.position += 3
                    return values.multiply(after.value, values.reciprocal(bottom))
        self.position = position
        return None

    def _symbol(self, name: str, single: bool = False) -> Value:
        if not single:
            while (node := self._peek()) is not None:
                if node.kind == "_":
                    self.position += 1
                    name += "_" + content(self._take())[:LONGEST_CONTENT]
                elif node.kind == "'":
                    self.position += 1
                    name += "'"
                elif node.kind == "^" and self.position + 1 < len(self.nodes) and "prime" in content(self.nodes[self.position + 1]):
                    self.position += 2
                    name += "'"
                else:
                    break
        if name in ("i", "\\imath"):
            return values.IMAGINARY
        if name == "e":
            return values.EULER
        if name in ("C", "P") and (chosen := self._choose(name)) is not None:
            return chosen
        return self.environment[name] if name in self.environment else values.symbol(name)

    def _choose(self, name: str) -> Value | None:
        """Read C(5,2) as a binomial coefficient, P(5,2) as the number of arrangements."""
        node = self._peek()
        if not isinstance(node, Group) or node.opener != "(" or node.value is not None:
            return None
        parts = split(node.nodes, frozenset((",",)))
        if len(parts) != 2:
            return None
        self.position += 1
        n, k = scalar(parts[0]), scalar(parts[1])
        chosen = functions.binomial(n, k)
        return chosen if name == "C" else values.multiply(chosen, values.factorial(k))

    def _argument(self) -> Operand:
        r"""Read one LaTeX argument: a group, a command, or a single digit of a number as in \frac12."""
        node = self._take()
        if isinstance(node, Group):
            if node.opener != "{" and node.value is None:
                raise Unreadable("an argument without a value")
            return self._group(node)
        if node.kind == "number" and len(node.text) > 1 and node.text.isdigit():
            first, rest = node.text[0], node.text[1:]
            self.position -= 1
            self.nodes = (
                *self.nodes[: self.position],
                Token("number", first, int(first)),
                Token("number", rest, values.reduced(Fraction(rest))),
                *self.nodes[self.position + 1 :],
            )
            self.position += 1
            return int(first)
        self.position -= 1
        return self._primary(single=True)

    def _function(self, name: str) -> Value:
        exponent: Value | None = None
        base: Value | None = None
        root: Value = 2
        while (node := self._peek()) is not None and node.kind in ("^", "_"):
            self.position += 1
            if node.kind == "^":
                exponent = self._exponent()
            elif name in ("log", "max", "min"):
                base = _scalar(self._primary(single=True))
            else:
                raise Unreadable("a subscript")
        if exponent == -1 and name in INVERSES:
            name, exponent = INVERSES[name], None
        if name == "sqrt" and (node := self._peek()) is not None and isinstance(node, Group) and node.opener == "[":
            self.position += 1
            root = _scalar(node.value)
        argument = self._take_arguments(name)
        if name == "sqrt":
            value = values.power(argument[0], values.reciprocal(root)) if len(argument) == 1 else functions.call(name, argument)
        elif name == "log" and base is not None and len(argument) == 1:
            value = functions.logarithm(argument[0], base)
        elif name == "det":
            raise Unreadable("a determinant by name")
        else:
            value = functions.call(name, argument)
        return value if exponent is None else values.power(value, exponent)

    def _take_arguments(self, name: str) -> list[Value]:
        outer, self.radians = self.radians, self.radians or name in TRIGONOMETRIC
        try:
            node = self._peek()
            if name in ("gcd", "lcm", "max", "min") and isinstance(node, Group):
                self.position += 1
                return [scalar(part) for part in split(node.nodes, frozenset((",",)))]
            if name == "sqrt":
                return [_scalar(self._primary(single=True))]
            if isinstance(node, Group) and node.opener in "({[":
                self.position += 1
                after = self._peek()
                value = _scalar(self._group(node))
                if node.opener == "{" and after is not None and after.kind == "^":
                    value = _scalar(self._raised(value))
                return [value]
            return [self._open_argument()]
        finally:
            self.radians = outer

    def _open_argument(self) -> Value:
        """Read what an unbracketed function applies to: the factors up to a sign, an operator or another function."""
        sign = self._sign()
        result = _scalar(self.factor())
        while (node := self._peek()) is not None and node.kind != "function" and self._starts_value(node):
            if node.kind == "number" or (isinstance(node, Group) and node.opener in "(["):
                break
            result = values.multiply(result, _scalar(self.factor()))
        return values.negate(result) if sign == -1 else result


def _is_degree(node: Node) -> bool:
    inner = node.nodes[0] if isinstance(node, Group) and len(node.nodes) == 1 else node
    return inner.kind == "command" and inner.text == "circ"


def _plain_whole(node: Node) -> bool:
    if isinstance(node, Group):
        return node.opener == "{" and len(node.nodes) == 1 and node.nodes[0].kind == "number" and isinstance(node.value, int)
    return node.kind == "number" and isinstance(node.value, int)


def _split_command(nodes: tuple[Node, ...], name: str) -> list[tuple[Node, ...]]:
    for position, node in enumerate(nodes):
        if node.kind == "command" and node.text == name:
            return [nodes[:position], nodes[position + 1 :]]
    return [nodes]


def matrix(node: Group) -> Matrix:
    """Return the matrix that an environment, or nested code brackets, holds; raises Unreadable without one."""
    rows = [row for row in split(node.nodes, frozenset(("\\\\",))) if row]
    return Matrix(tuple(tuple(scalar(_tidy(cell)) for cell in split(row, frozenset(("&",)))) for row in rows))


def _tidy(cell: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(node for node in cell if not (node.kind == "command" and node.text == "hline"))


def _added(a: Operand, b: Operand) -> Operand:
    if isinstance(a, Matrix) and isinstance(b, Matrix):
        return matrices.sum_of(a, b)
    return values.add(_scalar(a), _scalar(b))


def _multiplied(a: Operand, b: Operand) -> Operand:
    if isinstance(a, Matrix):
        return matrices.product(a, b) if isinstance(b, Matrix) else matrices.scaled(a, b)
    return matrices.scaled(b, a) if isinstance(b, Matrix) else values.multiply(a, b)
