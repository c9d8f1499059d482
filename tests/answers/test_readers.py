"""The pieces that readers are made of: precision, intervals, units, words, notations, forms."""

from decimal import Decimal
from fractions import Fraction

import pytest

from mathtune_answers import intervals, precision, units, values, words
from mathtune_answers.forms import decimal_digits
from mathtune_answers.normalise import normalise
from mathtune_answers.notations import number_in_base, option, time_of_day

NOISE = Decimal("1e-50")


def close(a: precision.Scalar, b: precision.Scalar) -> bool:
    return precision.absolute(precision.add(a, precision.negate(b))) < NOISE


def test_elementary_functions_keep_fifty_digits() -> None:
    third = precision.from_fraction(Fraction(1, 3))
    sine, cosine = precision.sine(third), precision.cosine(third)
    assert close(precision.add(precision.multiply(sine, sine), precision.multiply(cosine, cosine)), Decimal(1))
    assert close(precision.multiply(precision.arctangent(Decimal(1)), Decimal(4)), precision.PI)
    assert close(precision.exp(precision.log(third)), third)
    assert close(precision.multiply(precision.arcsine(Decimal("0.5")), Decimal(6)), precision.PI)
    half = precision.gamma(Decimal("0.5"))
    assert close(precision.multiply(half, half), precision.PI)


def test_complex_numbers_and_real_roots() -> None:
    assert precision.exp(precision.Pair(Decimal(0), precision.PI)) == Decimal(-1)
    assert close(precision.power(precision.I, Decimal(2)), Decimal(-1))
    assert close(precision.rational_power(Decimal(-8), Fraction(1, 3)), Decimal(-2))
    assert close(precision.square_root(Decimal(-4)), precision.Pair(Decimal(0), Decimal(2)))


def test_sampled_constants_are_recognised_as_fractions() -> None:
    root = values.power(2, Fraction(1, 2))
    assert values.value_key(values.multiply(root, root)) == "2"
    assert values.value_key(values.multiply(root, values.multiply(root, Fraction(1, 6)))) == "1/3"


def span(low: int, high: int, brackets: str = "()") -> intervals.Intervals:
    return intervals.interval(intervals.end(low), brackets[0] == "[", intervals.end(high), brackets[1] == "]")


def test_unions_join_and_complements_turn() -> None:
    assert intervals.union((span(3, 5), span(0, 3, "(]"))) == span(0, 5)
    assert intervals.union((span(3, 5), span(0, 3))) == (*span(0, 3), *span(3, 5))
    whole = intervals.union((span(0, 2, "[]"), intervals.complement(span(0, 2, "[]"))))
    assert whole == intervals.REALS
    assert intervals.without(span(0, 9), span(3, 4, "[]")) == (*span(0, 3), *span(4, 9))
    assert intervals.intersection(span(0, 1), span(2, 3)) == ()


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("cm", "cm"), ("centimeters", "cm"), ("m/s", "m·s^-1"), ("meters per second", "m·s^-1"),
        ("km / h", "h^-1·km"), ("in^2", "in^2"),
        ("square inches", "in^2"), ("sq. ft.", "ft^2"), ("hrs", "h"), ("apples", "apple"), ("ways.", "way"),
        ("%", "percent"), ("N-m", "N·m"),
    ],
)  # fmt: skip
def test_units_have_one_name(text: str, unit: str) -> None:
    assert units.canonical_unit(text) == unit


def test_units_convert_within_a_dimension_and_conflict_across() -> None:
    assert units.scale("h") == ("time^1", Fraction(3600))
    assert units.conflicts("h", "degree")
    assert units.conflicts("in", "in^2")
    assert not units.conflicts("apple", "way")
    assert not units.conflicts("", "cm")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("seven", 7), ("forty-two", 42), ("three-fourths", Fraction(3, 4)), ("one hundred and five", 105),
        ("negative two", -2), ("half", Fraction(1, 2)), ("tuesday", None), ("second", None),
    ],
)  # fmt: skip
def test_numbers_in_words(text: str, number: int | Fraction | None) -> None:
    assert words.number_in_words(text) == number


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        (r"\dfrac{1}{2}", r"\frac{1}{2}"), (r"$5$", "5"), (r"\boxed{\boxed{5}}", "5"), ("x²", "x^{2}"),
        ("1,234", "1234"), ("(100,200)", "(100,200)"),
        (r"\left[1,2)", "[1,2)"), ("The answer is 7.", "7"), (r"\frac{1}{2", r"\frac{1}{2}"),
        ("45°", r"45^\circ"), ("５", "5"),
    ],
)  # fmt: skip
def test_normalisation(text: str, normal: str) -> None:
    assert normalise(text).strip() == normal


def test_times_bases_and_options() -> None:
    afternoon = time_of_day("4:30 p.m.")
    assert afternoon is not None
    assert afternoon.bare == "time 16:30"
    assert time_of_day("430") is None
    binary = number_in_base("1011_2")
    assert binary is not None
    assert binary.bare == "based 11"
    assert option("(B) 12") == ("B", "12")
    assert option("(x) + 1") is None


def test_digits_of_decimals() -> None:
    assert decimal_digits(Fraction(1, 8)) == 3
    assert decimal_digits(Fraction(1, 3)) is None
    assert decimal_digits(Fraction("0.000123456")) == 6
