"""LaTeX for numbers, linear forms and polynomials, so that every template writes one and the same canonical form."""

import re
from collections.abc import Sequence
from fractions import Fraction

import sympy


def frac(value: Fraction | int) -> str:
    r"""Write a rational number: "7", "\frac{3}{4}", "-\frac{3}{4}"."""
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def decimal(value: Fraction) -> str:
    """Write a rational number whose denominator divides a power of ten as a plain decimal: "3.75"."""
    sign = "-" if value < 0 else ""
    for places in range(9):
        scaled = abs(value) * 10**places
        if scaled.denominator == 1:
            digits = str(scaled.numerator).rjust(places + 1, "0")
            return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
    raise ValueError(f"{value} has no short decimal form")


def signed(value: Fraction | int) -> str:
    """Write a number as a factor or summand within an expression: "7", but "(-7)"."""
    return frac(value) if value >= 0 else f"({frac(value)})"


def power(base: str, exponent: int) -> str:
    """Write a power, with braces only round an exponent of several characters: "x^2", "x^{12}"."""
    return f"{base}^{exponent}" if 0 <= exponent <= 9 else f"{base}^{{{exponent}}}"


def polynomial(coefs: Sequence[Fraction | int], letter: str = "x") -> str:
    """Write the polynomial with these coefficients, highest power first: "x^2 - 5x + 6"."""
    text = ""
    for index, coef in enumerate(coefs):
        if coef == 0:
            continue
        size = frac(coef if coef > 0 else -coef)
        degree = len(coefs) - 1 - index
        monomial = "" if degree == 0 else letter if degree == 1 else power(letter, degree)
        size = monomial if monomial and size == "1" else size + monomial
        if text:
            text += (" - " if coef < 0 else " + ") + size
        else:
            text = ("-" if coef < 0 else "") + size
    return text or "0"


def linear(a: Fraction | int, b: Fraction | int, letter: str = "x") -> str:
    """Write ax + b: "3x - 7", with neither "1x" nor "+ -7"."""
    return polynomial([a, b], letter)


def factor(root: int, letter: str = "x") -> str:
    """Write the linear factor that vanishes at root: "(x - 3)", "(x + 3)", or "x" at zero."""
    return letter if root == 0 else f"({linear(1, -root, letter)})"


def pair(a: Fraction | int, b: Fraction | int) -> str:
    """Write an ordered pair: "(3, -2)"."""
    return f"({frac(a)}, {frac(b)})"


def gaussian(a: int, b: int) -> str:
    """Write the complex number a + bi: "3 - 2i", "5", "-i"."""
    if b == 0:
        return str(a)
    imaginary = "i" if abs(b) == 1 else f"{abs(b)}i"
    if a == 0:
        return ("-" if b < 0 else "") + imaginary
    return f"{a} {'-' if b < 0 else '+'} {imaginary}"


def boxed(answer: str) -> str:
    """Write the sentence that ends every solution."""
    return rf"The answer is $\boxed{{{answer}}}$."


def answer_latex(value: object) -> str:
    """Write a SymPy object, number or tuple as the canonical answer; a string is taken to be canonical already."""
    if isinstance(value, str):
        return value
    if isinstance(value, (tuple, sympy.Tuple)):
        return "(" + ", ".join(answer_latex(part) for part in value) + ")"
    if isinstance(value, (int, Fraction)):
        return frac(value)
    expr = sympy.sympify(value)
    if expr.is_Rational:
        return frac(Fraction(int(expr.p), int(expr.q)))
    if len(expr.free_symbols) == 1:
        (letter,) = expr.free_symbols
        if expr.is_polynomial(letter):
            coefs = sympy.Poly(expr, letter).all_coeffs()
            if all(coef.is_Rational for coef in coefs):
                return polynomial([Fraction(int(coef.p), int(coef.q)) for coef in coefs], letter.name)
    # What is left holds a root, pi, i or several letters; SymPy's own form differs from MATH's in its spaces
    # ("3 \sqrt{2}", "- \frac{\pi}{4}") and in its braces ("x^{2}").
    text = sympy.latex(expr)
    text = re.sub(r"(?<=\d) (?=\\sqrt|\\pi|\\left|[a-z])", "", text)
    text = re.sub(r"^- ", "-", text)
    return re.sub(r"\^\{(\d)\}", r"^\1", text)
