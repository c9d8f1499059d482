"""What stands between the operators of an expression: numbers, symbols, brackets, fractions, roots and functions."""

import decimal
from abc import ABC, abstractmethod
from fractions import Fraction

from mathtune_answers import functions, matrices, numerals, values
from mathtune_answers.cursor import Cursor
from mathtune_answers.errors import UnreadableError
from mathtune_answers.functions import INVERSES, TRIGONOMETRIC
from mathtune_answers.matrices import Matrix, Operand
from mathtune_answers.nodes import Group, Node, Row, content, split
from mathtune_answers.operands import divided, scalar_of
from mathtune_answers.precision import Pair
from mathtune_answers.tokens import Token
from mathtune_answers.values import Samples, Value

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


class Primaries(Cursor, ABC):
    """Reads one primary; powers, products and sums, which primaries hold in their brackets, are left to its heirs."""

    __slots__ = ()

    @abstractmethod
    def factor(self) -> Operand:
        """Return a primary with its powers and factorials."""

    @abstractmethod
    def _raised(self, base: Operand) -> Operand: ...

    @abstractmethod
    def _exponent(self) -> Value: ...

    @abstractmethod
    def _scalar(self, nodes: Row) -> Value: ...

    def _starts_value(self, node: Node) -> bool:
        if node.kind in _VALUE_STARTS:
            return True
        return node.kind == "command" and (
            node.text in _GREEK_CONSTANTS or node.text in _LETTER_COMMANDS or node.text in _ACCENTS
            or node.text in ("frac", "binom", "dbinom", "tbinom", "cbrt", "prime")
        )  # fmt: skip

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
        if name in ("overline", "bar") and (conjugate := self._conjugate()) is not None:
            return conjugate
        if name in _ACCENTS:
            return self._symbol(f"\\{name} {content(self._take())[:LONGEST_CONTENT]}", single)
        raise UnreadableError("an unknown command")

    def _group(self, node: Group) -> Operand:
        if node.degrees:
            self.degrees = True
        if node.opener in _MATRIX_KINDS:
            return self._matrix(node)
        if node.opener in _DETERMINANT_KINDS:
            return matrices.determinant(self._matrix(node))
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

    def _conjugate(self) -> Value | None:
        """Read the group under a bar as a complex number's conjugate; None when it is a name or real."""
        node = self._peek()
        value = node.value if isinstance(node, Group) else None
        if not isinstance(value, Samples) or value.symbols or not isinstance(value.points[0], Pair):
            return None
        self.position += 1
        return functions.conjugate(value)

    def _selected(self, name: str) -> Value | None:
        """Read C_5^2 and A_5^2, how many combinations and arrangements there are of 2 out of 5."""
        row = self.nodes[self.position : self.position + 4]
        if len(row) < 4 or row[0].kind != "_" or row[2].kind != "^":
            return None
        n, k = (node.value if isinstance(node, Group | Token) else None for node in (row[1], row[3]))
        if not isinstance(n, int) or not isinstance(k, int) or not 0 <= k <= n:
            return None
        self.position += 4
        chosen = functions.binomial(n, k)
        return chosen if name == "C" else values.multiply(chosen, values.factorial(k))

    def _symbol(self, name: str, single: bool = False) -> Value:
        if name in ("C", "A") and not single and (selected := self._selected(name)) is not None:
            return selected
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
        n, k = self._scalar(parts[0]), self._scalar(parts[1])
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
        if name == "det" and isinstance(node := self._peek(), Group) and exponent is None:
            self.position += 1
            operand = self._group(node)
            if not isinstance(operand, Matrix):
                raise UnreadableError("a determinant by name")
            return matrices.determinant(operand)
        argument = self._take_arguments(name)
        if name == "sqrt":
            value = (
                values.power(argument[0], values.reciprocal(root))
                if len(argument) == 1
                else functions.call(name, argument)
            )
        elif name == "log" and base is not None and len(argument) == 1:
            value = functions.logarithm(argument[0], base)
        else:
            value = functions.call(name, argument)
        return value if exponent is None else values.power(value, exponent)

    def _take_arguments(self, name: str) -> list[Value]:
        outer, self.radians = self.radians, self.radians or name in TRIGONOMETRIC
        try:
            node = self._peek()
            if name in ("gcd", "lcm", "max", "min") and isinstance(node, Group):
                self.position += 1
                return [self._scalar(part) for part in split(node.nodes, frozenset((",",)))]
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

    def _matrix(self, node: Group) -> Matrix:
        rows = [row for row in split(node.nodes, frozenset(("\\\\",))) if row]
        return Matrix(tuple(tuple(self._scalar(_tidy(cell)) for cell in split(row, frozenset(("&",)))) for row in rows))


def _tidy(cell: Row) -> Row:
    return tuple(node for node in cell if not (node.kind == "command" and node.text == "hline"))
