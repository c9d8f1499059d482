"""Evaluate a row of nested tokens as one expression: sums, products, powers, fractions, roots and functions."""

import decimal
from collections.abc import Mapping
from fractions import Fraction

from mathtune_answers import functions, matrices, numerals, values
from mathtune_answers.errors import UnreadableError
from mathtune_answers.functions import INVERSES, TRIGONOMETRIC
from mathtune_answers.matrices import Matrix, Operand
from mathtune_answers.nodes import Group, Node, Row, content, is_degree, split, split_at
from mathtune_answers.operands import added, divided, multiplied, negated, scalar_of
from mathtune_answers.tokens import Token
from mathtune_answers.values import Value

_GREEK_CONSTANTS = {"pi": values.PI, "infty": values.constant(decimal.Decimal("Infinity"))}
_LETTER_COMMANDS = frozenset(
    [
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
        "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta",
        "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "hbar", "ell", "imath", "jmath", "Re",
        "Im", "partial", "nabla",
    ]
)  # fmt: skip
_ACCENTS = frozenset(
    [
        "overline", "bar", "vec", "hat", "tilde", "overrightarrow", "overleftrightarrow", "widehat",
        "widetilde", "dot", "ddot", "mathbb", "mathcal", "angle", "triangle", "measuredangle", "overarc",
        "wideparen", "odot", "stackrel",
    ]
)  # fmt: skip
_MATRIX_KINDS = frozenset(("pmatrix", "bmatrix", "matrix", "array", "smallmatrix", "Bmatrix"))
_DETERMINANT_KINDS = frozenset(("vmatrix", "Vmatrix"))
_VALUE_STARTS = frozenset(("number", "symbol", "group", "function"))
LONGEST_CONTENT = 200
MOST_FACTORS = 20_000


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


def scalar(nodes: Row) -> Value:
    """Return an expression's value; raises UnreadableError for a matrix."""
    value, _ = evaluate(nodes)
    return scalar_of(value)


class _Reader:
    """A position in a row of nodes; each method reads one grammatical part."""

    __slots__ = ("degrees", "environment", "nodes", "position", "radians")

    def __init__(self, nodes: Row, radians: bool, environment: Mapping[str, Value]) -> None:
        self.nodes, self.position, self.radians, self.degrees = nodes, 0, radians, False
        self.environment = environment

    def _peek(self) -> Node | None:
        return self.nodes[self.position] if self.position < len(self.nodes) else None

    def _take(self) -> Node:
        node = self._peek()
        if node is None:
            raise UnreadableError("a part is missing")
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
                term = negated(term)
            total = term if total is None else added(total, term)

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
            raise UnreadableError("a part is missing")
        name = node.text
        if name in _GREEK_CONSTANTS:
            return _GREEK_CONSTANTS[name]
        if name == "frac":
            return divided(self._argument(), self._argument())
        if name in ("binom", "dbinom", "tbinom"):
            return functions.binomial(scalar_of(self._argument()), scalar_of(self._argument()))
        if name == "cbrt":
            return values.power(scalar_of(self._argument()), Fraction(1, 3))
        if name in _LETTER_COMMANDS:
            return self._symbol("\\" + name, single)
        if name in _ACCENTS:
            return self._symbol(f"\\{name} {content(self._take())[:LONGEST_CONTENT]}", single)
        raise UnreadableError("an unknown command")

    def _group(self, node: Group) -> Operand:
        if node.degrees:
            self.degrees = True
        if node.opener in _MATRIX_KINDS:
            return matrix(node)
        if node.opener in _DETERMINANT_KINDS:
            return matrices.determinant(matrix(node))
        if node.value is None:
            raise UnreadableError("a bracket without a value")
        if node.opener == "|":
            if isinstance(node.value, Matrix):
                return matrices.determinant(node.value)
            return functions.absolute(node.value)
        if node.opener == "lfloor":
            return functions.floor(scalar_of(node.value))
        if node.opener == "lceil":
            return functions.ceiling(scalar_of(node.value))
        if node.opener in ("\\{", "langle") or (node.opener, node.closer) in (("(", "]"), ("[", ")")):
            raise UnreadableError("a set or an interval in an expression")
        return node.value

    def _number(self, node: Token, single: bool) -> Value:
        """Read a number with the repeating digits or the fraction of a mixed number that may follow it."""
        following = self.nodes[self.position : self.position + 3]
        if "." in node.text:
            value, taken = numerals.repeating(node, following[:2])
            self.position += taken
            return value
        if node.value is None:
            raise UnreadableError("a number without a value")
        mixed = None if single or not isinstance(node.value, int) else numerals.mixed_part(following)
        if mixed is None:
            return node.value
        self.position += mixed[1]
        return values.add(node.value, mixed[0])

    def _symbol(self, name: str, single: bool = False) -> Value:
        if not single:
            while (node := self._peek()) is not None:
                if node.kind == "_":
                    self.position += 1
                    name += "_" + content(self._take())[:LONGEST_CONTENT]
                elif node.kind == "'":
                    self.position += 1
                    name += "'"
                elif (
                    node.kind == "^"
                    and self.position + 1 < len(self.nodes)
                    and "prime" in content(self.nodes[self.position + 1])
                ):
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
                raise UnreadableError("an argument without a value")
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
                base = scalar_of(self._primary(single=True))
            else:
                raise UnreadableError("a subscript")
        if exponent == -1 and name in INVERSES:
            name, exponent = INVERSES[name], None
        if name == "sqrt" and (node := self._peek()) is not None and isinstance(node, Group) and node.opener == "[":
            self.position += 1
            root = scalar_of(node.value)
        argument = self._take_arguments(name)
        if name == "sqrt":
            value = (
                values.power(argument[0], values.reciprocal(root))
                if len(argument) == 1
                else functions.call(name, argument)
            )
        elif name == "log" and base is not None and len(argument) == 1:
            value = functions.logarithm(argument[0], base)
        elif name == "det":
            raise UnreadableError("a determinant by name")
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
                return [scalar_of(self._primary(single=True))]
            if isinstance(node, Group) and node.opener in "({[":
                self.position += 1
                after = self._peek()
                value = scalar_of(self._group(node))
                if node.opener == "{" and after is not None and after.kind == "^":
                    value = scalar_of(self._raised(value))
                return [value]
            return [self._open_argument()]
        finally:
            self.radians = outer

    def _open_argument(self) -> Value:
        """Read what an unbracketed function applies to: the factors up to a sign, an operator or another function."""
        sign = self._sign()
        result = scalar_of(self.factor())
        while (node := self._peek()) is not None and node.kind != "function" and self._starts_value(node):
            if node.kind == "number" or (isinstance(node, Group) and node.opener in "(["):
                break
            result = values.multiply(result, scalar_of(self.factor()))
        return values.negate(result) if sign == -1 else result


def matrix(node: Group) -> Matrix:
    """Return the matrix that an environment, or nested code brackets, holds; raises UnreadableError without one."""
    rows = [row for row in split(node.nodes, frozenset(("\\\\",))) if row]
    return Matrix(tuple(tuple(scalar(_tidy(cell)) for cell in split(row, frozenset(("&",)))) for row in rows))


def _tidy(cell: Row) -> Row:
    return tuple(node for node in cell if not (node.kind == "command" and node.text == "hline"))
