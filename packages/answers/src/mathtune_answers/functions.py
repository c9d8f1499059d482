"""The functions that answers use, from sine to greatest common divisor, on exact or sampled values."""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

from mathtune_answers import precision, values
from mathtune_answers.errors import UnreadableError
from mathtune_answers.precision import CONTEXT, HALF, ONE, TWO, ZERO, I, Pair, Scalar
from mathtune_answers.values import Samples, Value, lifted

LARGEST_ROUNDED = 40  # digits before the point in a floor, ceiling or remainder
TRIGONOMETRIC = frozenset(
    ["sin", "cos", "tan", "cot", "sec", "csc", "cis", "sinh", "cosh", "tanh", "coth", "sech", "csch"]
)
INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan", "cot": "arccot", "sec": "arcsec", "csc": "arccsc"}


def _quotient(a: Scalar, b: Scalar) -> Scalar:
    if not b:
        raise UnreadableError("division by zero")
    return precision.multiply(a, precision.reciprocal(b))


def _inverse(a: Scalar) -> Scalar:
    return _quotient(ONE, a)


def _tangent(a: Scalar) -> Scalar:
    return _quotient(precision.sine(a), precision.cosine(a))


def _arccosine(a: Scalar) -> Scalar:
    return precision.add(CONTEXT.divide(precision.PI, TWO), precision.negate(precision.arcsine(a)))


def _arccotangent(a: Scalar) -> Scalar:
    return precision.add(CONTEXT.divide(precision.PI, TWO), precision.negate(precision.arctangent(a)))


def _hyperbolic_sine(a: Scalar) -> Scalar:
    up = precision.exp(a)
    return precision.multiply(HALF, precision.add(up, precision.negate(_inverse(up))))


def _hyperbolic_cosine(a: Scalar) -> Scalar:
    up = precision.exp(a)
    return precision.multiply(HALF, precision.add(up, _inverse(up)))


def _cis(a: Scalar) -> Scalar:
    return precision.add(precision.cosine(a), precision.multiply(I, precision.sine(a)))


def _rounding(mode: str) -> Callable[[Scalar], Scalar]:
    def rounded(a: Scalar) -> Scalar:
        if not isinstance(a, Decimal) or a.adjusted() > LARGEST_ROUNDED:
            raise UnreadableError("nothing to round")
        return CONTEXT.plus(a.to_integral_value(rounding=mode))

    return rounded


def _sign(a: Scalar) -> Scalar:
    return _quotient(a, precision.absolute(a)) if a else ZERO


_SCALAR: dict[str, Callable[[Scalar], Scalar]] = {
    "exp": precision.exp,
    "sin": precision.sine,
    "cos": precision.cosine,
    "tan": _tangent,
    "cot": lambda a: _quotient(precision.cosine(a), precision.sine(a)),
    "sec": lambda a: _inverse(precision.cosine(a)),
    "csc": lambda a: _inverse(precision.sine(a)),
    "arcsin": precision.arcsine,
    "arccos": _arccosine,
    "arctan": precision.arctangent,
    "arccot": _arccotangent,
    "arcsec": lambda a: _arccosine(_inverse(a)),
    "arccsc": lambda a: precision.arcsine(_inverse(a)),
    "sinh": _hyperbolic_sine,
    "cosh": _hyperbolic_cosine,
    "tanh": lambda a: _quotient(_hyperbolic_sine(a), _hyperbolic_cosine(a)),
    "coth": lambda a: _quotient(_hyperbolic_cosine(a), _hyperbolic_sine(a)),
    "sech": lambda a: _inverse(_hyperbolic_cosine(a)),
    "csch": lambda a: _inverse(_hyperbolic_sine(a)),
    "cis": _cis,
    "sgn": _sign,
    "Re": lambda a: a.real if isinstance(a, Pair) else a,
    "Im": lambda a: a.imaginary if isinstance(a, Pair) else ZERO,
}


def logarithm(value: Value, base: Value | None = None) -> Value:
    """Return a logarithm, natural without a base. An unknown's logarithm is that of its size, so ln x² is 2 ln x."""

    def one(a: Scalar) -> Scalar:
        if not a:
            raise UnreadableError("the logarithm of zero")
        if isinstance(a, Decimal) and not constant:
            return precision.log(a.copy_abs())
        return precision.log(a)

    constant = not (isinstance(value, Samples) and value.symbols)
    natural = lifted(one, value)
    return natural if base is None else values.multiply(natural, values.reciprocal(logarithm(base)))


def absolute(value: Value) -> Value:
    """Return |value|."""
    if isinstance(value, Samples):
        return lifted(precision.absolute, value)
    return -value if value < 0 else value


def conjugate(value: Value) -> Value:
    """Return the complex conjugate."""

    def one(a: Scalar) -> Scalar:
        return Pair(a.real, a.imaginary.copy_negate()) if isinstance(a, Pair) else a

    return lifted(one, value) if isinstance(value, Samples) else value


def floor(value: Value) -> Value:
    """Return the largest whole number that is not above the value."""
    return lifted(_rounding("ROUND_FLOOR"), value) if isinstance(value, Samples) else math.floor(value)


def ceiling(value: Value) -> Value:
    """Return the smallest whole number that is not below the value."""
    return lifted(_rounding("ROUND_CEILING"), value) if isinstance(value, Samples) else math.ceil(value)


def binomial(n: Value, k: Value) -> Value:
    """Return the binomial coefficient, through the gamma function between whole numbers."""
    if isinstance(n, int) and isinstance(k, int) and 0 <= n <= values.LARGEST_FACTORIAL:
        return math.comb(n, k) if k >= 0 else 0
    below = values.multiply(values.factorial(k), values.factorial(values.add(n, values.negate(k))))
    return values.multiply(values.factorial(n), values.reciprocal(below))


def remainder(a: Value, b: Value) -> Value:
    """Return a modulo b for rational numbers."""
    if isinstance(a, Samples) or isinstance(b, Samples) or not b:
        raise UnreadableError("a remainder of inexact numbers")
    result = a % b
    return result if isinstance(result, int) else values.reduced(result)


def _whole(arguments: Sequence[Value]) -> list[int]:
    whole = [argument for argument in arguments if isinstance(argument, int)]
    if len(whole) != len(arguments) or not whole:
        raise UnreadableError("not whole numbers")
    return whole


def _extreme(arguments: Sequence[Value], largest: bool) -> Value:
    ranked = sorted((values.real_constant(argument), index) for index, argument in enumerate(arguments))
    if not ranked:
        raise UnreadableError("no arguments")
    return arguments[ranked[-1 if largest else 0][1]]


def call(name: str, arguments: Sequence[Value]) -> Value:
    """Return a named function of its arguments; raises UnreadableError when there is no such function of so many."""
    if name == "gcd":
        return math.gcd(*_whole(arguments))
    if name == "lcm":
        return math.lcm(*_whole(arguments))
    if name in ("max", "min"):
        return _extreme(arguments, name == "max")
    if len(arguments) != 1:
        raise UnreadableError("a function of several arguments")
    argument = arguments[0]
    if name == "sqrt":
        return values.power(argument, Fraction(1, 2))
    if name == "ln":
        return logarithm(argument)
    if name in ("log", "lg"):
        return logarithm(argument, 10)
    if name == "abs":
        return absolute(argument)
    if name == "floor":
        return floor(argument)
    if name == "ceil":
        return ceiling(argument)
    if name not in _SCALAR:
        raise UnreadableError("an unknown function")
    return lifted(_SCALAR[name], argument)
