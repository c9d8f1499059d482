"""What an answer was read as: its key, the marks that may be left out, and when two forms are compatible."""

from dataclasses import dataclass
from decimal import Decimal, DecimalException
from fractions import Fraction

from mathtune_answers import units
from mathtune_answers.errors import UnreadableError
from mathtune_answers.precision import CONTEXT, from_fraction
from mathtune_answers.values import PI, Samples, Value, multiply, reciprocal, recognised, value_key

ROUNDED_DIGITS = 6  # a decimal with this many right digits stands for the exact value
FLOAT_DIGITS = 12  # decimals with this many digits are floats, compared with a float's tolerance
FLOAT_TOLERANCE = Decimal("1e-10")
MOST_MATCHED_ITEMS = 24
MOST_PLACES = 60
LONGEST_DECIMAL_BITS = 400
MARK_OPEN, MARK_CLOSE = "⟦", "⟧"


@dataclass(frozen=True, slots=True)
class Form:
    """An answer as read.

    `bare` is the key without marks; `unit` and `name` are marks that another answer may leave out but not contradict.
    `alternates` are bare keys of other answers that this one may stand for. All fields follow from the key.
    """

    bare: str
    kind: str = "value"
    unit: str = ""
    name: str = ""
    value: Value | None = None
    items: tuple["Form", ...] = ()
    alternates: frozenset[str] = frozenset()

    @property
    def loose(self) -> bool:
        """Whether another key may be compatible with this one because of what this one says or leaves open."""
        if self.unit or self.name or self.alternates or any(item.loose for item in self.items):
            return True
        value = self.value
        if value is None or isinstance(value, Samples) or value.denominator == 1:
            return False
        return (decimal_digits(value) or 0) >= ROUNDED_DIGITS

    @property
    def key(self) -> str:
        """The canonical key: equal keys, equal answers."""
        marks = [mark for mark in (self.unit, self.name) if mark]
        return self.bare + "".join(f"{MARK_OPEN}{mark}{MARK_CLOSE}" for mark in marks)


def compatible(a: Form, b: Form) -> bool:
    """Return whether one may stand for the other: equal up to left-out marks, conversion and long decimals.

    Symmetric, but not transitive (18 hours, 18 and 18 degrees), so clusters use it with care.
    """
    if a.bare == b.bare and a.unit == b.unit and a.name == b.name:
        return True
    if a.name and b.name and a.name != b.name:
        return a.kind == b.kind == "ratio" and bool(a.alternates & b.alternates)
    if units.conflicts(a.unit, b.unit):
        return _converted(a, b)
    if a.bare == b.bare and not (a.items and b.items):
        return True
    # 60% stands for 0.6, but not for 0.6%
    if not (a.unit and b.unit) and (b.bare in a.alternates or a.bare in b.alternates):
        return True
    if a.kind == b.kind == "equation":
        return any("=" in solution for solution in a.alternates & b.alternates)
    if a.items and b.items:
        return a.kind == b.kind and len(a.items) == len(b.items) and _items_match(a, b)
    return a.value is not None and b.value is not None and (_rounds(a.value, b.value) or _rounds(b.value, a.value))


def _converted(a: Form, b: Form) -> bool:
    """Return whether two quantities in different units are the same, such as 90 minutes and 1.5 hours."""
    base = in_base_units(a)
    return base is not None and base == in_base_units(b)


def in_base_units(form: Form) -> str | None:
    """Return the dimension and the size in base units of a quantity, None without a unit that converts."""
    scale = units.scale(form.unit) if form.unit else None
    if scale is None or form.value is None:
        return None
    dimension, factor = scale
    try:
        value = multiply(form.value, factor)
        if dimension == "radian^1":
            dimension, value = "angle^1", multiply(value, multiply(180, reciprocal(PI)))
        return f"{dimension} {value_key(recognised(value))}"
    except (UnreadableError, DecimalException):
        return None


def _items_match(a: Form, b: Form) -> bool:
    if len(a.items) > MOST_MATCHED_ITEMS:
        return a.bare == b.bare
    if a.kind != "list":
        return all(map(compatible, a.items, b.items))
    left = list(b.items)
    for item in a.items:
        match = next((other for other in left if compatible(item, other)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _rounds(short: Value, long: Value) -> bool:
    """Return whether a decimal of six or more digits is the longer value, rounded or cut off, or both are one float."""
    if isinstance(short, Samples) or short.denominator == 1:
        return False
    digits = decimal_digits(short)
    if digits is None or digits < ROUNDED_DIGITS:
        return False
    if isinstance(long, Samples):
        if len(long.points) != 1 or not isinstance(long.points[0], Decimal) or not long.points[0].is_finite():
            return False
        return _near(short, long.points[0], digits)
    longer, places = decimal_digits(long), decimal_places(long)
    if longer is not None and places is not None:
        exact_enough = longer > digits and places >= ROUNDED_DIGITS  # 16386.17 is meant as it stands, not as 16386.2
        if not exact_enough and min(digits, longer) < FLOAT_DIGITS:
            return False
    return _near(short, from_fraction(long), digits)


def decimal_digits(value: int | Fraction) -> int | None:
    """Return the significant digits of a rational number's decimal, None when it does not end within sixty places."""
    places = decimal_places(value)
    if places is None or value.numerator.bit_length() > LONGEST_DECIMAL_BITS:
        return None
    return len(str(abs(value.numerator * 10**places // value.denominator)))


def decimal_places(value: int | Fraction) -> int | None:
    """Return the places after the point of a rational number's decimal, None when it does not end within sixty."""
    rest, places = value.denominator, 0
    while rest % 10 == 0:
        rest, places = rest // 10, places + 1
    for prime in (2, 5):
        while rest % prime == 0 and places < MOST_PLACES:
            rest, places = rest // prime, places + 1
    return places if rest == 1 and places < MOST_PLACES else None


def _near(written: int | Fraction, exact: Decimal, digits: int) -> bool:
    decimal = from_fraction(written)
    gap = CONTEXT.subtract(decimal, exact).copy_abs()
    if digits >= FLOAT_DIGITS and gap <= CONTEXT.multiply(FLOAT_TOLERANCE, exact.copy_abs()):
        return True
    return gap < CONTEXT.scaleb(Decimal(1), decimal.adjusted() + 1 - digits)
