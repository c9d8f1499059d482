"""Values of expressions: exact rationals as long as possible, else sixty-digit samples at fixed pseudo-random points.

Two expressions are the same when their samples agree; no rewriting is needed to see that sin 2x is 2 sin x cos x.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from math import isqrt

from mathtune_answers import precision
from mathtune_answers.errors import UnreadableError
from mathtune_answers.precision import CONTEXT, ONE, Pair, Scalar

POINTS = 4  # two with every unknown positive, two where the signs are mixed
EXACT_BITS = 200_000  # exact powers and factorials stay below this size
LARGEST_FACTORIAL = 5_000
KEY_CONTEXT = Context(prec=25, Emax=CONTEXT.Emax, Emin=CONTEXT.Emin)
LARGEST_ROOT_BITS = 60
RECOGNISED_DENOMINATOR = 10**9  # a sampled constant this close to a small fraction is that fraction
RECOGNISED_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Samples:
    """The values of an inexact constant (one point) or of an expression in unknowns (one for each point)."""

    points: tuple[Scalar, ...]
    symbols: frozenset[str] = frozenset()


Value = int | Fraction | Samples


def reduced(value: Fraction) -> int | Fraction:
    """Return a fraction as an int where it is whole."""
    return value.numerator if value.denominator == 1 else value


def constant(scalar: Scalar) -> Samples:
    """Return an inexact constant."""
    return Samples((scalar,))


PI = constant(precision.PI)
EULER = constant(precision.E)
IMAGINARY = constant(precision.I)


@lru_cache(maxsize=1024)
def symbol(name: str) -> Samples:
    """Return an unknown's values at the sample points; they depend on its name only.

    It is negative at one of the last two points, neighbours in the alphabet at different ones, so that |x| is not x but
    √x·√y is √(xy).
    """
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    points: list[Scalar] = []
    for index in range(POINTS):
        digest, draw = divmod(digest, 10**16)
        low, width = (("0.2", "0.7"), ("1.1", "1.4"))[index % 2]
        size = Decimal(low) + Decimal(width) * draw / 10**16
        negative = index == 2 + ord(name[-1]) % 2
        points.append(size.copy_negate() if negative else size)
    return Samples(tuple(points), frozenset((name,)))


def sampled(value: Value) -> Samples:
    """Return any value as samples."""
    return value if isinstance(value, Samples) else Samples((precision.from_fraction(value),))


def spread(value: Value, count: int) -> tuple[Scalar, ...]:
    """Return the value at `count` points."""
    points = sampled(value).points
    return points if len(points) == count else points * count


def lifted(function: Callable[..., Scalar], *values: Value) -> Samples:
    """Return a function of values, computed point by point."""
    samples = [sampled(value) for value in values]
    count = max(len(sample.points) for sample in samples)
    columns = zip(*(spread(sample, count) for sample in samples), strict=True)
    symbols = samples[0].symbols.union(*(sample.symbols for sample in samples[1:]))
    return Samples(tuple([function(*column) for column in columns]), symbols)


def add(a: Value, b: Value) -> Value:
    """Return a + b."""
    if isinstance(a, Samples) or isinstance(b, Samples):
        return lifted(precision.add, a, b)
    total = a + b
    return total if isinstance(total, int) else reduced(total)


def negate(a: Value) -> Value:
    """Return -a."""
    return lifted(precision.negate, a) if isinstance(a, Samples) else -a


def multiply(a: Value, b: Value) -> Value:
    """Return a · b."""
    if isinstance(a, Samples) or isinstance(b, Samples):
        if (isinstance(a, int) and a == 0) or (isinstance(b, int) and b == 0):
            return 0
        return lifted(precision.multiply, a, b)
    if a.numerator.bit_length() + b.numerator.bit_length() > EXACT_BITS:
        return lifted(precision.multiply, a, b)
    product = a * b
    return product if isinstance(product, int) else reduced(product)


def reciprocal(a: Value) -> Value:
    """Return 1 / a; raises UnreadableError for zero."""
    if isinstance(a, Samples):
        if not all(a.points):
            raise UnreadableError("division by zero")
        return lifted(precision.reciprocal, a)
    if not a:
        raise UnreadableError("division by zero")
    return reduced(1 / Fraction(a))


def power(base: Value, exponent: Value) -> Value:
    """Return base to the power exponent, exactly where that is small enough."""
    if not isinstance(exponent, Samples):
        if exponent.denominator != 1:
            return _root_power(base, Fraction(exponent))
        whole = int(exponent)
        if not isinstance(base, Samples):
            if whole < 0:
                return power(reciprocal(base), -whole)
            size = max(base.numerator.bit_length(), base.denominator.bit_length())
            if size * whole <= EXACT_BITS or base in (0, 1, -1):
                return base**whole
        if whole.bit_length() > 40:
            raise UnreadableError("an exponent too large")
        return lifted(lambda x: precision.power(x, Decimal(whole)), base)
    if not isinstance(base, Samples) and base == 0:
        raise UnreadableError("zero to an unknown power")
    return lifted(precision.power, base, exponent)


def _root_power(base: Value, exponent: Fraction) -> Value:
    if isinstance(base, int) and base >= 0 and exponent.denominator == 2:
        root = isqrt(base)
        if root * root == base:
            return power(root, exponent.numerator)
    if exponent.denominator.bit_length() > LARGEST_ROOT_BITS or _almost_one(base):
        raise UnreadableError("a root that sixty digits cannot tell from one")
    return lifted(lambda x: precision.rational_power(x, exponent), base)


def _almost_one(base: Value) -> bool:
    if not isinstance(base, Samples) or len(base.points) != 1 or not isinstance(base.points[0], Decimal):
        return False
    gap = CONTEXT.subtract(base.points[0], ONE)
    return bool(gap) and gap.adjusted() < -RECOGNISED_DIGITS // 2


def factorial(a: Value) -> Value:
    """Return a!, the gamma function between whole numbers."""
    if isinstance(a, int):
        if a < 0 or a > 10**12:
            raise UnreadableError("a factorial out of range")
        if a <= LARGEST_FACTORIAL:
            product = 1
            for factor in range(2, a + 1):
                product *= factor
            return product
    return lifted(lambda x: precision.gamma(precision.add(x, ONE)), a)


def real_constant(value: Value) -> Decimal:
    """Return a constant's real value; raises UnreadableError when it has unknowns or an imaginary part."""
    points = sampled(value).points
    if len(points) != 1 or not isinstance(points[0], Decimal):
        raise UnreadableError("not a real constant")
    return points[0]


def recognised(value: Value) -> Value:
    """Return a sampled value that is a small fraction to forty digits as that fraction."""
    if not isinstance(value, Samples):
        return value
    first = value.points[0]
    if not isinstance(first, Decimal) or not first.is_finite() or (first and not -12 < first.adjusted() < 20):
        return value
    if any(not isinstance(point, Decimal) or not _close(point, first) for point in value.points[1:]):
        return value
    near = Fraction(first).limit_denominator(RECOGNISED_DENOMINATOR) if first else Fraction(0)
    return reduced(near) if _close(precision.from_fraction(near), first) else value


def _close(a: Decimal, b: Decimal) -> bool:
    gap = CONTEXT.subtract(a, b)
    return not gap or gap.adjusted() < b.adjusted() - RECOGNISED_DIGITS


def rational_key(value: int | Fraction) -> str:
    """Return a rational number's key; very long ones in hexadecimal, which takes linear time."""
    if value.numerator.bit_length() + value.denominator.bit_length() < 8_000:
        return str(value)
    return f"{value.numerator:x}/{value.denominator:x}h"


def _real_key(x: Decimal) -> str:
    if not x.is_finite():
        return "oo" if x > 0 else "-oo"
    value = recognised(constant(x))
    return rational_key(value) if not isinstance(value, Samples) else str(KEY_CONTEXT.plus(x).normalize(KEY_CONTEXT))


def scalar_key(value: Scalar) -> str:
    """Return the key of a number: a fraction where it is one, else twenty-five digits."""
    value = precision.simplest(value)
    if isinstance(value, Pair):
        return f"{_real_key(value.real)}+({_real_key(value.imaginary)})i"
    return _real_key(value)


def _rounded(value: Scalar) -> str:
    value = precision.simplest(value)
    if isinstance(value, Pair):
        return f"{_rounded(value.real)},{_rounded(value.imaginary)}"
    return str(KEY_CONTEXT.plus(value).normalize(KEY_CONTEXT)) if value else "0"


def samples_key(points: tuple[Scalar, ...]) -> str:
    """Return a digest of the values at the sample points, rounded to twenty-five digits."""
    return hashlib.sha256("|".join(map(_rounded, points)).encode()).hexdigest()[:24]


def value_key(value: Value) -> str:
    """Return the key of any value."""
    value = recognised(value)
    if not isinstance(value, Samples):
        return rational_key(value)
    return scalar_key(value.points[0]) if len(value.points) == 1 else "f:" + samples_key(value.points)
