"""Prealgebra: arithmetic, fractions, decimals and percents, the operations every other subject leans on."""

import random
from fractions import Fraction
from math import gcd

import sympy

from mathtune_styles.builtin.latex import boxed, decimal, frac
from mathtune_styles.builtin.template import Draw, Template
from mathtune_styles.builtin.words import GOODS, ask


def _evaluated(latex: str) -> object:
    """Evaluate plain LaTeX arithmetic with SymPy's parser, a route that shares nothing with a template's own sums."""
    return sympy.sympify(latex.replace(r"\cdot", "*").replace(r"\div", "/").replace("^", "**"), rational=True)


def arithmetic_chain(rng: random.Random) -> Draw:
    """Add and subtract two to four whole numbers."""
    length = rng.choice((2, 3, 3, 4))
    while True:
        terms = [rng.randint(20, 500)]
        terms += [rng.choice((-1, 1)) * rng.randint(11, 300) for _ in range(length - 1)]
        value = sum(terms)
        if all(sum(terms[:stop]) >= 0 for stop in range(1, length + 1)) and value < 1000:
            break
    text = str(terms[0]) + "".join(f" {'-' if term < 0 else '+'} {abs(term)}" for term in terms[1:])
    return Draw(
        numbers=tuple(terms),
        problem=ask(rng, text),
        solution=f"We have ${text} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=length - 1,
        check=lambda: _evaluated(text),
    )


def order_of_operations(rng: random.Random) -> Draw:
    """Evaluate an expression that mixes products, quotients, parentheses and a square."""
    shape = rng.randint(0, 4)
    a, b, c, d = (rng.randint(3, 15) for _ in range(4))
    e, f = rng.randint(2, 9), rng.randint(2, 12)
    text, value, numbers = (
        (rf"{a * 7} + {b} \cdot {c}", a * 7 + b * c, (a, b, c)),
        (rf"{a} \cdot {b} + {c} \cdot {d} - {e}", a * b + c * d - e, (a, b, c, d, e)),
        (rf"{a} + {b} \cdot ({c + d} - {c})", a + b * d, (a, b, c, d)),
        (rf"({a} + {b}) \cdot {c} - {e * f} \div {e}", (a + b) * c - f, (a, b, c, e, f)),
        (rf"({a + b} - {a})^2 + {c} \cdot {d} - {e * f} \div {e}", b * b + c * d - f, (a, b, c, d, e, f)),
    )[shape]
    return Draw(
        numbers=(shape, *numbers),
        problem=ask(rng, text),
        solution=f"By the order of operations, ${text} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=(2, 3, 3, 4, 5)[shape],
        check=lambda: _evaluated(text),
    )


def _proper(rng: random.Random, largest: int) -> Fraction:
    """Draw a fraction between 0 and 1."""
    bottom = rng.randint(2, largest)
    return Fraction(rng.randint(1, bottom - 1), bottom)


def fraction_sum(rng: random.Random) -> Draw:
    """Add or subtract two or three fractions."""
    long = rng.random() < 0.4
    while True:
        p, q, r = _proper(rng, 12), _proper(rng, 12), _proper(rng, 6)
        sign = rng.choice((1, -1))
        value = p + sign * q + (r if long else 0)
        if p != q and value > 0 and value.denominator < 200:
            break
    text = f"{frac(p)} {'+' if sign > 0 else '-'} {frac(q)}" + (f" + {frac(r)}" if long else "")
    parts = (p, sign * q, r) if long else (p, sign * q)
    return Draw(
        numbers=tuple(n for part in parts for n in (part.numerator, part.denominator)),
        problem=rng.choice((ask(rng, text), f"Express ${text}$ as a common fraction.")),
        solution=f"Over a common denominator, ${text} = {frac(value)}$. {boxed(frac(value))}",
        answer=frac(value),
        level=4 if long else 2,
        check=lambda: sum((sympy.Rational(part.numerator, part.denominator) for part in parts), sympy.S.Zero),
    )


def fraction_product(rng: random.Random) -> Draw:
    """Multiply or divide two fractions."""
    while True:
        p = Fraction(rng.randint(2, 20), rng.randint(2, 15))
        q = Fraction(rng.randint(2, 15), rng.randint(2, 20))
        if p.denominator > 1 and q.denominator > 1:
            break
    divide = rng.random() < 0.4
    value = p / q if divide else p * q
    text = rf"{frac(p)} \div {frac(q)}" if divide else rf"{frac(p)} \cdot {frac(q)}"
    fact = text if not divide else rf"{frac(p)} \div {frac(q)} = {frac(p)} \cdot {frac(1 / q)}"
    return Draw(
        numbers=(int(divide), p.numerator, p.denominator, q.numerator, q.denominator),
        problem=rng.choice((ask(rng, text), f"Simplify ${text}$.", f"Write ${text}$ in lowest terms.")),
        solution=f"We have ${fact} = {frac(value)}$. {boxed(frac(value))}",
        answer=frac(value),
        level=3 if divide else 2,
        check=lambda: (
            sympy.Rational(p.numerator, p.denominator)
            * sympy.Rational(q.numerator, q.denominator) ** (-1 if divide else 1)
        ),
    )


def decimal_arithmetic(rng: random.Random) -> Draw:
    """Add, subtract or scale decimals."""
    shape = rng.randint(0, 2)
    a, b = Fraction(rng.randint(11, 999), rng.choice((10, 100))), Fraction(rng.randint(11, 999), 100)
    if shape == 1 and a < b:
        a, b = b, a
    k = rng.randint(2, 9)
    value = (a + b, a - b, k * a + b)[shape]
    text = (
        f"{decimal(a)} + {decimal(b)}",
        f"{decimal(a)} - {decimal(b)}",
        rf"{k} \cdot {decimal(a)} + {decimal(b)}",
    )[shape]
    hundredths = (int(a * 100), int(b * 100))
    return Draw(
        numbers=(shape, *hundredths, k) if shape == 2 else (shape, *hundredths),
        problem=rng.choice((ask(rng, text), f"Express ${text}$ as a decimal.")),
        solution=f"Lining up the decimal points, ${text} = {decimal(value)}$. {boxed(decimal(value))}",
        answer=decimal(value),
        level=shape + 1,
        check=lambda: decimal(Fraction(str(_evaluated(text)))),
    )


def _percentage(rng: random.Random, largest: int) -> tuple[int, int]:
    """Draw a percent and a base of which it is a whole number."""
    percent = rng.choice((rng.randint(2, 19) * 5, rng.randint(1, 99)))
    step = 100 // gcd(100, percent)
    return percent, step * rng.randint(1, max(1, largest // step))


def percent_of(rng: random.Random) -> Draw:
    """Take a percent of a number, and perhaps adjust it by a fixed amount."""
    percent, base = _percentage(rng, 900)
    part = percent * base // 100
    extra = rng.choice((0, rng.randint(2, 60), rng.randint(2, 60), -rng.randint(1, max(1, part // 2))))
    extra = extra if part + extra > 0 else 0
    value = part + extra
    work = rf"\frac{{{percent}}}{{100}} \cdot {base}"
    if extra:
        work += f" {'+' if extra > 0 else '-'} {abs(extra)}"
        kind = "more" if extra > 0 else "less"
        problem = rng.choice(
            (
                rf"What number is ${abs(extra)}$ {kind} than ${percent}\%$ of ${base}$?",
                rf"Find the number that is ${abs(extra)}$ {kind} than ${percent}\%$ of ${base}$.",
            )
        )
    else:
        problem = rng.choice((rf"What is ${percent}\%$ of ${base}$?", rf"Find ${percent}\%$ of ${base}$."))
    return Draw(
        numbers=(percent, base, extra),
        problem=problem,
        solution=f"The number is ${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=2 if extra else 1,
        check=lambda: sympy.Rational(percent, 100) * base + extra,
    )


def percent_change(rng: random.Random) -> Draw:
    """Change a price by a percent, then buy several or take a coupon."""
    percent, base = _percentage(rng, 200)
    up = rng.random() < 0.5
    price = base + (1 if up else -1) * percent * base // 100
    several = price < 100 and rng.random() < 0.5
    amount = rng.randint(2, 9) if several or price < 4 else rng.randint(1, min(price - 1, 40))
    several = several or price < 4
    one, many = rng.choice(GOODS)
    change = rng.choice(("raised", "increased")) if up else rng.choice(("lowered", "reduced"))
    new = rf"{base} {'+' if up else '-'} \frac{{{percent}}}{{100}} \cdot {base}"
    start = rng.choice((f"A {one} costs ${base}$ dollars.", f"The price of a {one} is ${base}$ dollars."))
    if several:
        work, value = rf"{amount} \cdot ({new})", amount * price
        question = f"How many dollars do ${amount}$ {many} cost at the new price?"
    else:
        work, value = f"{new} - {amount}", price - amount
        units = "dollar" if amount == 1 else "dollars"
        question = f"How many dollars does the {one} cost now with a coupon for ${amount}$ {units} off?"
    return Draw(
        numbers=(percent if up else -percent, base, int(several), amount),
        problem=rf"{start} The price is {change} by ${percent}\%$. {question}",
        solution=f"The cost in dollars is ${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=4 if several else 3,
        check=lambda: (
            base * sympy.Rational(100 + (percent if up else -percent), 100) * (amount if several else 1)
            - (0 if several else amount)
        ),
    )


TEMPLATES: tuple[Template, ...] = (
    Template("arithmetic_chain", "Prealgebra", arithmetic_chain),
    Template("order_of_operations", "Prealgebra", order_of_operations),
    Template("fraction_sum", "Prealgebra", fraction_sum),
    Template("fraction_product", "Prealgebra", fraction_product),
    Template("decimal_arithmetic", "Prealgebra", decimal_arithmetic),
    Template("percent_of", "Prealgebra", percent_of),
    Template("percent_change", "Prealgebra", percent_change),
)
