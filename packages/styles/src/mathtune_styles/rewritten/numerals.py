"""Writing exact numbers in LaTeX, and cutting them by place value."""

from fractions import Fraction

MAX_PLACES = 6


def decimal_places(value: Fraction) -> int | None:
    """How many decimal places write `value` exactly; None when more than MAX_PLACES."""
    for places in range(MAX_PLACES + 1):
        if (value * 10**places).denominator == 1:
            return places
    return None


def is_plain(value: Fraction, decimals: bool) -> bool:
    """Whether `value` is written without a fraction bar: a whole number, or a short decimal where those are used."""
    return value.denominator == 1 or (decimals and decimal_places(value) is not None)


def number_text(value: Fraction, decimals: bool) -> str:
    """`value` as a whole number, a decimal (where those are used and exact) or a reduced fraction."""
    places = decimal_places(value)
    if value.denominator == 1:
        return str(value.numerator)
    if not decimals or places is None:
        return fraction_text(value.numerator, value.denominator)
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def fraction_text(numerator: int, denominator: int) -> str:
    """A fraction as it stands, unreduced, its sign in front; a whole number over 1 without the bar."""
    if denominator == 1:
        return str(numerator)
    return f"{'-' if numerator < 0 else ''}\\frac{{{abs(numerator)}}}{{{denominator}}}"


def wrapped(text: str) -> str:
    """`text` in parentheses when it starts with a minus sign, for a place where a sign may not stand."""
    return f"({text})" if text.startswith("-") else text


def place_parts(value: Fraction) -> list[Fraction]:
    """The nonzero digits of |value| at their places: 304 is [300, 4], 1.5 is [1, 0.5]; [value] when not a decimal."""
    places = decimal_places(value)
    if places is None:
        return [value]
    digits = str(abs(int(value * 10**places)))
    return [
        Fraction(int(digit) * 10 ** (len(digits) - 1 - index), 10**places)
        for index, digit in enumerate(digits)
        if digit != "0"
    ] or [Fraction(0)]
