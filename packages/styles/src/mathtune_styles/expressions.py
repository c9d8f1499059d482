"""Arithmetic expressions in the LaTeX subset solutions use: a small tree, its parser and its exact value.

The parser is our own because the texts are not trusted: every bound below counts tokens, levels or bits, never time,
so a hostile text costs nothing and gets None.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

MAX_CHARACTERS = 1_000
MAX_TOKENS = 160
MAX_NESTING = 24
MAX_DIGITS = 30
MAX_BITS = 2_048
MAX_EXPONENT = 64
MAX_COUNTED = 100  # the largest n of n! and of binomials


@dataclass(frozen=True, slots=True)
class Number:
    """A literal. `decimal` says that it was written with a decimal point."""

    value: Fraction
    decimal: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """An unknown: one letter, or a Greek one by its command."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """One operand: a sign, absolute value, square root or factorial."""

    operator: Literal["-", "abs", "sqrt", "!"]
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands. `bar` marks a quotient written as a fraction rather than with a division sign."""

    operator: Literal["+", "-", "*", "/", "^"]
    left: "Expression"
    right: "Expression"
    bar: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function of whole numbers."""

    function: Literal["binom", "gcd", "lcm"]
    arguments: tuple["Expression", ...]


Expression = Number | Letter | Unary | Binary | Call


class _ParseError(Exception):
    """The text is outside the subset, or over a budget."""


_TOKEN = re.compile(
    r"""(?P<space>\s+|\\[,;:!\ ]|~|\\(?:left|right|displaystyle)(?![A-Za-z])|\^(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\}))
    |(?P<number>\d{1,3}(?:(?:,|\{,\}|,\\!)\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)
    |(?P<function>\\(?:text|operatorname|mathrm)\{\s*(?:gcd|lcm|GCD|LCM|GCF)\s*\}|\\(?:gcd|lcm)(?![A-Za-z]))
    |(?P<command>\\[A-Za-z]+)
    |(?P<sign>[-+*/^(){}|!,×÷·−–])
    |(?P<letter>[A-Za-z])""",
    re.VERBOSE | re.ASCII,
)
_SIGNS = {
    "\\cdot": "*",
    "\\times": "*",
    "×": "*",
    "·": "*",
    "\\div": "/",
    "÷": "/",
    "−": "-",
    "–": "-",
    "\\dfrac": "\\frac",
    "\\tfrac": "\\frac",
    "\\dbinom": "\\binom",
    "\\tbinom": "\\binom",
}
_GREEK = frozenset({"\\pi", "\\theta", "\\alpha", "\\beta"})


def _tokens(latex: str) -> list[str]:
    """The tokens; number tokens start with a digit or a point, others are signs, commands or letters."""
    if len(latex) > MAX_CHARACTERS:
        raise _ParseError
    found: list[str] = []
    position = 0
    while position < len(latex):
        match = _TOKEN.match(latex, position)
        if match is None or len(found) == MAX_TOKENS:
            raise _ParseError
        position = match.end()
        text = match.group()
        if match.lastgroup == "space":
            continue
        if match.lastgroup == "function":
            text = "lcm" if "lcm" in text.lower() else "gcd"
        elif match.lastgroup == "number":
            text = re.sub(r"[^0-9.]", "", text)
            if len(text) > MAX_DIGITS:
                raise _ParseError
        found.append(_SIGNS.get(text, text))
    return found


class _Parser:
    """Recursive descent: sum, product, signed factor, postfix, atom."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0
        self.nesting = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        symbol = self.peek()
        if not symbol or (expected and symbol != expected):
            raise _ParseError
        self.position += 1
        return symbol

    def whole(self) -> Expression:
        expression = self.sum()
        if self.peek():
            raise _ParseError
        return expression

    def sum(self) -> Expression:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise _ParseError
        left = self.product()
        while self.peek() in ("+", "-"):
            operator: Literal["+", "-"] = "+" if self.take() == "+" else "-"
            left = Binary(operator, left, self.product())
        self.nesting -= 1
        return left

    def product(self) -> Expression:
        left = self.signed()
        after_slash = False
        while True:
            symbol = self.peek()
            if symbol in ("*", "/"):
                self.take()
                left = Binary("*" if symbol == "*" else "/", left, self.signed())
                after_slash = symbol == "/"
            elif symbol in ("(", "\\sqrt", "\\frac") or symbol.isalpha() or symbol in _GREEK:
                # 1/2x reads two ways, and 5\frac{1}{2} is a mixed number as often as a product: neither is guessed.
                if after_slash or (symbol == "\\frac" and isinstance(left, Number)):
                    raise _ParseError
                left = Binary("*", left, self.postfix())
            else:
                return left

    def signed(self) -> Expression:
        if self.peek() == "-":
            self.take()
            operand = self.signed()
            return Number(-operand.value, operand.decimal) if isinstance(operand, Number) else Unary("-", operand)
        return self.postfix()

    def postfix(self) -> Expression:
        expression = self.atom()
        while self.peek() in ("^", "!"):
            if self.take() == "!":
                expression = Unary("!", expression)
                continue
            if isinstance(expression, Binary) and expression.operator == "^":
                previous = self.tokens[self.position - 2]
                if previous != ")":
                    raise _ParseError
            expression = Binary("^", expression, self.argument())
        return expression

    def argument(self) -> Expression:
        """What a command or ^ applies to: a group, or one digit or letter, as in TeX."""
        if self.peek() == "{":
            return self.enclosed("{", "}")
        symbol = self.take()
        if symbol.isdigit() and len(symbol) == 1:
            return Number(Fraction(symbol))
        if len(symbol) == 1 and symbol.isalpha():
            return Letter(symbol)
        if symbol.isdigit() and len(symbol) == 2 and self.tokens[self.position - 2] == "\\frac":
            # \frac12: the two digits are two arguments.
            self.position -= 1
            self.tokens[self.position] = symbol[1]
            return Number(Fraction(symbol[0]))
        raise _ParseError

    def enclosed(self, opening: str, closing: str) -> Expression:
        self.take(opening)
        expression = self.sum()
        self.take(closing)
        return expression

    def atom(self) -> Expression:
        symbol = self.peek()
        if symbol == "(":
            return self.enclosed("(", ")")
        if symbol == "{":
            return self.enclosed("{", "}")
        if symbol == "|":
            return Unary("abs", self.enclosed("|", "|"))
        self.take()
        if symbol[0].isdigit() or symbol[0] == ".":
            return Number(Fraction(symbol), "." in symbol)
        if symbol == "\\frac":
            return Binary("/", self.argument(), self.argument(), bar=True)
        if symbol == "\\binom":
            return Call("binom", (self.argument(), self.argument()))
        if symbol == "\\sqrt":
            return Unary("sqrt", self.argument())
        if symbol in ("gcd", "lcm"):
            self.take("(")
            arguments = [self.sum()]
            while self.peek() == ",":
                self.take()
                arguments.append(self.sum())
            self.take(")")
            return Call("gcd" if symbol == "gcd" else "lcm", tuple(arguments))
        if (len(symbol) == 1 and symbol.isalpha()) or symbol in _GREEK:
            return Letter(symbol)
        raise _ParseError


def parse_expression(latex: str) -> Expression | None:
    """The expression written in `latex`, or None when it is not in the subset or is over a budget. Never raises."""
    try:
        return _Parser(_tokens(latex)).whole()
    except _ParseError:
        return None


def evaluate(expression: Expression, letters: Mapping[str, Fraction] | None = None) -> Fraction | None:
    """The exact value, with `letters` put in; None for a free letter, no rational value, or one over the budgets."""
    match expression:
        case Number(value):
            return value
        case Letter(name):
            return (letters or {}).get(name)
        case Unary(operator, operand):
            inner = evaluate(operand, letters)
            return None if inner is None else _unary(operator, inner)
        case Binary(operator, left, right):
            first, second = evaluate(left, letters), evaluate(right, letters)
            if first is None or second is None:
                return None
            result = _binary(operator, first, second)
            return result if result is not None and _bits(result) <= MAX_BITS else None
        case Call(function, arguments):
            values = [evaluate(argument, letters) for argument in arguments]
            whole = [int(value) for value in values if value is not None and value.denominator == 1 and value >= 0]
            return _call(function, whole) if len(whole) == len(values) else None


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _unary(operator: str, value: Fraction) -> Fraction | None:
    if operator == "-":
        return -value
    if operator == "abs":
        return abs(value)
    if value < 0:
        return None
    if operator == "!":
        return Fraction(math.factorial(int(value))) if value.denominator == 1 and value <= MAX_COUNTED else None
    root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
    return root if root * root == value else None


def _binary(operator: str, first: Fraction, second: Fraction) -> Fraction | None:
    if operator == "+":
        return first + second
    if operator == "-":
        return first - second
    if operator == "*":
        return first * second
    if operator == "/":
        return first / second if second else None
    if second.denominator != 1 or abs(second) > MAX_EXPONENT or _bits(first) * abs(second) > MAX_BITS:
        return None
    return None if not first and second <= 0 else first ** int(second)


def _call(function: str, arguments: list[int]) -> Fraction | None:
    if function != "binom":
        return Fraction(math.gcd(*arguments) if function == "gcd" else math.lcm(*arguments))
    total, chosen = arguments
    return Fraction(math.comb(total, chosen)) if total <= MAX_COUNTED else None
