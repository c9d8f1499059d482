"""Real and complex arithmetic with sixty digits on the C decimal type: fast to import, no overflow, bounded cost.

A real number is a Decimal, a complex one a Pair. Sums that cancel to noise are zero, so identities hold exactly.
"""

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from fractions import Fraction
from math import comb
from typing import NamedTuple

from mathtune_answers.errors import UnreadableError

DIGITS = 60
NOISE_DIGITS = 45  # a sum this many digits smaller than its terms is rounding noise
CONTEXT = Context(prec=DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, DivisionByZero, Overflow])
ZERO, ONE, TWO, HALF = Decimal(0), Decimal(1), Decimal(2), Decimal("0.5")
PI = CONTEXT.create_decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899863")
MINUS_PI = CONTEXT.minus(PI)
E = CONTEXT.exp(ONE)
LARGEST_ANGLE = Decimal(10) ** 12
LOWEST_GAMMA = -1_000  # the recurrence takes a step for each whole number up to forty
LARGEST_REPEATED_POWER = 10**6


class Pair(NamedTuple):
    """A complex number."""

    real: Decimal
    imaginary: Decimal


Scalar = Decimal | Pair
I = Pair(ZERO, ONE)  # noqa: E741 - its name in mathematics
_adjusted = Decimal.adjusted


def from_fraction(value: int | Fraction) -> Decimal:
    """Return a rational number to sixty digits."""
    return CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _sum(a: Decimal, b: Decimal) -> Decimal:
    total = CONTEXT.add(a, b)
    if a and b and _adjusted(total) < max(_adjusted(a), _adjusted(b)) - NOISE_DIGITS:
        return ZERO
    return total


def _pair(value: Scalar) -> Pair:
    return value if isinstance(value, Pair) else Pair(value, ZERO)


def simplest(value: Scalar) -> Scalar:
    """Return a complex number without parts that are rounding noise, as a real one where that leaves one."""
    if isinstance(value, Decimal):
        return value
    real, imaginary = value
    if not imaginary or (real and _adjusted(imaginary) < _adjusted(real) - NOISE_DIGITS):
        return real
    if real and _adjusted(real) < _adjusted(imaginary) - NOISE_DIGITS:
        return Pair(ZERO, imaginary)
    return value


def add(a: Scalar, b: Scalar) -> Scalar:
    """Return a + b."""
    if isinstance(a, Decimal) and isinstance(b, Decimal):
        return _sum(a, b)
    (p, q), (r, s) = _pair(a), _pair(b)
    return simplest(Pair(_sum(p, r), _sum(q, s)))


def negate(a: Scalar) -> Scalar:
    """Return -a."""
    return a.copy_negate() if isinstance(a, Decimal) else Pair(a.real.copy_negate(), a.imaginary.copy_negate())


def multiply(a: Scalar, b: Scalar) -> Scalar:
    """Return a · b."""
    if isinstance(a, Decimal) and isinstance(b, Decimal):
        return CONTEXT.multiply(a, b)
    (p, q), (r, s) = _pair(a), _pair(b)
    times = CONTEXT.multiply
    return simplest(Pair(_sum(times(p, r), times(q, s).copy_negate()), _sum(times(p, s), times(q, r))))


def reciprocal(a: Scalar) -> Scalar:
    """Return 1 / a; raises decimal.DivisionByZero."""
    if isinstance(a, Decimal):
        return CONTEXT.divide(ONE, a)
    size = CONTEXT.add(CONTEXT.multiply(a.real, a.real), CONTEXT.multiply(a.imaginary, a.imaginary))
    return Pair(CONTEXT.divide(a.real, size), CONTEXT.divide(a.imaginary.copy_negate(), size))


def absolute(a: Scalar) -> Decimal:
    """Return |a|."""
    if isinstance(a, Decimal):
        return a.copy_abs()
    return CONTEXT.sqrt(CONTEXT.add(CONTEXT.multiply(a.real, a.real), CONTEXT.multiply(a.imaginary, a.imaginary)))


def exp(a: Scalar) -> Scalar:
    """Return e to the power a."""
    if isinstance(a, Decimal):
        return CONTEXT.exp(a)
    size = CONTEXT.exp(a.real)
    cosine, sine = _cos_sin(a.imaginary)
    return simplest(Pair(CONTEXT.multiply(size, cosine), CONTEXT.multiply(size, sine)))


def log(a: Scalar) -> Scalar:
    """Return the principal natural logarithm."""
    if isinstance(a, Decimal):
        if not a:
            raise UnreadableError("the logarithm of zero")
        return CONTEXT.ln(a) if a > 0 else Pair(CONTEXT.ln(a.copy_negate()), PI)
    return simplest(Pair(CONTEXT.ln(absolute(a)), _angle(a)))


def square_root(a: Scalar) -> Scalar:
    """Return the principal square root."""
    if isinstance(a, Decimal):
        return CONTEXT.sqrt(a) if a >= 0 else Pair(ZERO, CONTEXT.sqrt(a.copy_negate()))
    return exp(multiply(HALF, log(a)))


def power(base: Scalar, exponent: Scalar) -> Scalar:
    """Return the principal value of base to the power exponent; whole exponents by repeated multiplication."""
    if isinstance(exponent, Decimal) and exponent == exponent.to_integral_value():
        if isinstance(base, Decimal):
            return CONTEXT.power(base, exponent)
        if exponent.copy_abs() <= LARGEST_REPEATED_POWER:
            return _repeated(base, int(exponent))
    if isinstance(base, Decimal) and not base:
        if isinstance(exponent, Decimal) and exponent > 0:
            return ZERO
        raise UnreadableError("zero to a negative power")
    if isinstance(base, Decimal) and base > 0 and isinstance(exponent, Decimal):
        return CONTEXT.power(base, exponent)
    return exp(multiply(exponent, log(base)))


def _repeated(base: Scalar, exponent: int) -> Scalar:
    if exponent < 0:
        return reciprocal(_repeated(base, -exponent))
    result: Scalar = ONE
    while exponent:
        if exponent & 1:
            result = multiply(result, base)
        base = multiply(base, base)
        exponent >>= 1
    return result


def rational_power(base: Scalar, exponent: Fraction) -> Scalar:
    """Return base to a rational power; a negative number has its real odd roots, as school mathematics has it."""
    if isinstance(base, Decimal) and base < 0 and exponent.denominator % 2:
        size = power(base.copy_negate(), from_fraction(exponent))
        return negate(size) if exponent.numerator % 2 else size
    if exponent == Fraction(1, 2):
        return square_root(base)
    return power(base, from_fraction(exponent))


def _angle(a: Pair) -> Decimal:
    """Return the argument in (-π, π]."""
    if not a.real:
        return CONTEXT.divide(PI if a.imaginary > 0 else MINUS_PI, TWO)
    angle = _arctangent(CONTEXT.divide(a.imaginary, a.real))
    if a.real > 0:
        return angle
    return CONTEXT.add(angle, PI if a.imaginary >= 0 else MINUS_PI)


def _arctangent(x: Decimal) -> Decimal:
    if x.copy_abs() > 1:
        quarter = CONTEXT.divide(PI if x > 0 else MINUS_PI, TWO)
        return CONTEXT.subtract(quarter, _arctangent(CONTEXT.divide(ONE, x)))
    halvings = 0
    while x.copy_abs() > Decimal("0.05"):
        root = CONTEXT.sqrt(CONTEXT.add(ONE, CONTEXT.multiply(x, x)))
        x = CONTEXT.divide(x, CONTEXT.add(ONE, root))
        halvings += 1
    square, term, total, n = CONTEXT.multiply(x, x), x, x, 1
    while term and _adjusted(term) > _adjusted(total) - DIGITS - 2:
        term = CONTEXT.multiply(term, square).copy_negate()
        n += 2
        total = CONTEXT.add(total, CONTEXT.divide(term, Decimal(n)))
    return CONTEXT.multiply(total, Decimal(2**halvings))


def _cos_sin(x: Decimal) -> tuple[Decimal, Decimal]:
    if x.copy_abs() > LARGEST_ANGLE:
        raise UnreadableError("an angle too large to reduce")
    turns = (x / TWO / PI).to_integral_value()
    x = CONTEXT.subtract(x, CONTEXT.multiply(turns, CONTEXT.multiply(TWO, PI)))
    if _adjusted(x) < -NOISE_DIGITS + 5:
        return ONE, ZERO
    x = CONTEXT.divide(x, Decimal(32))
    square = CONTEXT.multiply(x, x)
    sine = term = x
    n = 1
    while term and _adjusted(term) > _adjusted(sine) - DIGITS - 2:
        term = CONTEXT.divide(CONTEXT.multiply(term, square), Decimal(-(n + 1) * (n + 2)))
        n += 2
        sine = CONTEXT.add(sine, term)
    cosine = CONTEXT.sqrt(CONTEXT.subtract(ONE, CONTEXT.multiply(sine, sine)))
    for _ in range(5):
        sine, cosine = (
            CONTEXT.multiply(CONTEXT.multiply(TWO, sine), cosine),
            CONTEXT.subtract(CONTEXT.multiply(cosine, cosine), CONTEXT.multiply(sine, sine)),
        )
    return _quiet(cosine), _quiet(sine)


def _quiet(x: Decimal) -> Decimal:
    return ZERO if x and _adjusted(x) < -NOISE_DIGITS else x


def sine(a: Scalar) -> Scalar:
    """Return sin a."""
    if isinstance(a, Decimal):
        return _cos_sin(a)[1]
    up = exp(multiply(I, a))
    return multiply(add(up, negate(reciprocal(up))), Pair(ZERO, -HALF))


def cosine(a: Scalar) -> Scalar:
    """Return cos a."""
    if isinstance(a, Decimal):
        return _cos_sin(a)[0]
    up = exp(multiply(I, a))
    return multiply(add(up, reciprocal(up)), HALF)


def arctangent(a: Scalar) -> Scalar:
    """Return the principal arc tangent."""
    if isinstance(a, Decimal):
        return _arctangent(a)
    turned = multiply(I, a)
    return multiply(Pair(ZERO, -HALF), add(log(add(ONE, turned)), negate(log(add(ONE, negate(turned))))))


def arcsine(a: Scalar) -> Scalar:
    """Return the principal arc sine."""
    if isinstance(a, Decimal) and a.copy_abs() == 1:
        return CONTEXT.multiply(a, CONTEXT.divide(PI, TWO))
    rest = square_root(add(ONE, negate(multiply(a, a))))
    if isinstance(a, Decimal) and isinstance(rest, Decimal):
        return _arctangent(CONTEXT.divide(a, rest))
    return multiply(Pair(ZERO, -ONE), log(add(multiply(I, a), rest)))


def gamma(a: Scalar) -> Scalar:
    """Return Γ(a) for a real a, by Stirling's series far out and the recurrence back."""
    if not isinstance(a, Decimal):
        raise UnreadableError("the factorial of a complex number")
    if a <= 0 and a == a.to_integral_value():
        raise UnreadableError("the factorial of a negative whole number")
    if a.copy_abs() > LARGEST_ANGLE:
        raise UnreadableError("a factorial too large")
    if a < LOWEST_GAMMA:
        raise UnreadableError("a factorial too far below zero")
    shift = ONE
    while a < 40:
        shift = CONTEXT.multiply(shift, a)
        a = CONTEXT.add(a, ONE)
    total = CONTEXT.add(CONTEXT.multiply(CONTEXT.subtract(a, HALF), CONTEXT.ln(a)), a.copy_negate())
    total = CONTEXT.add(total, CONTEXT.divide(CONTEXT.ln(CONTEXT.multiply(TWO, PI)), TWO))
    for n, bernoulli in enumerate(_BERNOULLI, start=1):
        scale = from_fraction(bernoulli / (2 * n * (2 * n - 1)))
        total = CONTEXT.add(total, CONTEXT.divide(scale, CONTEXT.power(a, Decimal(2 * n - 1))))
    return CONTEXT.divide(CONTEXT.exp(total), shift)


def _bernoulli_numbers(count: int) -> list[Fraction]:
    numbers = [Fraction(1)]
    for m in range(1, 2 * count + 1):
        numbers.append(-sum((comb(m + 1, k) * numbers[k] for k in range(m)), Fraction(0)) / (m + 1))
    return numbers[2::2]


_BERNOULLI = _bernoulli_numbers(22)
