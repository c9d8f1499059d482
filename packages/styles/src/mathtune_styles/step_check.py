"""A second opinion on every arithmetic step: SymPy's exact numbers, built from the parsed tree (never from text).

Only trees of which our own evaluation found every part within its budgets come here, so SymPy needs no process that can
be killed.
"""

from functools import lru_cache
from typing import Any

import sympy

from mathtune_styles.equations import find_equations, numeric_groups
from mathtune_styles.expressions import Binary, Call, Expression, Letter, Number, Unary


def check_with_sympy(text: str) -> bool:
    """Whether SymPy finds every numeric equation of `text` true. Sides without a value are passed over."""
    # Our own evaluation chooses what is numeric because it is the one with budgets.
    return all(_all_equal(group) for equation in find_equations(text) for group in numeric_groups(equation.sides))


@lru_cache(maxsize=1 << 16)
def _all_equal(expressions: tuple[Expression, ...]) -> bool:
    first, *others = [to_sympy(expression) for expression in expressions]
    return all(first == other for other in others)


def to_sympy(expression: Expression) -> Any:
    """The SymPy object for a tree; numbers are exact rationals."""
    match expression:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Letter(name):
            return sympy.Symbol(name)
        case Unary(operator, operand):
            inner = to_sympy(operand)
            if operator == "-":
                return -inner
            functions = {"abs": sympy.Abs, "sqrt": sympy.sqrt, "!": sympy.factorial}
            return functions[operator](inner)
        case Binary(operator, left, right):
            return _binary(operator, to_sympy(left), to_sympy(right))
        case Call(function, arguments):
            values = [to_sympy(argument) for argument in arguments]
            if function == "binom":
                return sympy.binomial(*values)
            combine = sympy.igcd if function == "gcd" else sympy.ilcm
            return sympy.Integer(combine(*map(int, values)))


def _binary(operator: str, first: Any, second: Any) -> Any:
    if operator == "+":
        return first + second
    if operator == "-":
        return first - second
    if operator == "*":
        return first * second
    return first / second if operator == "/" else first**second
