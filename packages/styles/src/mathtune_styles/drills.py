"""Bare computations of one step, eight a document: the densest way to teach a small model the sums that solutions use.

Most tokens of a worked solution are its words and its layout; of a drill nearly all are sums and their results.
"""

import random
from fractions import Fraction

from mathtune_styles.rewritten.rewrite import rewrite_solution

COMPUTATIONS = 8
# Sums and differences fail first in a small model's solutions (carries), so they come most often.
KINDS = ("sum", "difference", "signed", "large", "product", "round product", "long product", "quotient", "fraction")
WEIGHTS = (18, 22, 16, 16, 8, 6, 6, 8, 6)


def bracketed(number: int) -> str:
    """The number as it stands behind an operator."""
    return str(number) if number >= 0 else f"({number})"


def computation(generator: random.Random) -> tuple[str, str]:
    """A random computation and its result, both LaTeX."""
    kind = generator.choices(KINDS, WEIGHTS)[0]
    a, b = generator.randint(1, 99), generator.randint(1, 99)
    if kind == "sum":
        return f"{a} + {b}", str(a + b)
    if kind == "difference":
        return f"{a} - {b}", str(a - b)
    if kind == "signed":
        a, b = generator.choice((-a, a)), generator.choice((-b, b))
        if generator.random() < 0.5:
            return f"{a} + {bracketed(b)}", str(a + b)
        return f"{a} - {bracketed(b)}", str(a - b)
    if kind == "large":
        a = generator.choice((a * 10, generator.randint(100, 999)))
        return generator.choice(((f"{a} + {b}", str(a + b)), (f"{a} - {b}", str(a - b))))
    if kind == "product":
        a = generator.choice((-1, 1)) * generator.randint(1, 12)
        b = generator.choice((-1, 1)) * generator.randint(1, 12)
        return f"{a} \\cdot {bracketed(b)}", str(a * b)
    if kind == "round product":
        a, b = generator.randint(1, 9) * generator.choice((10, 100)), generator.randint(2, 12)
        return f"{a} \\cdot {b}", str(a * b)
    if kind == "long product":
        b = generator.randint(2, 30)
        return f"{a} \\cdot {b}", str(a * b)
    divisor = generator.randint(2, 12)
    if kind == "quotient":
        a = generator.choice((-a, a, a % 13 + 1, a % 13 + 1))
        return f"{a * divisor} \\div {divisor}", str(a)
    value = Fraction(generator.randint(1, 12), generator.randint(2, 12))
    return (
        f"\\frac{{{value.numerator * divisor}}}{{{value.denominator * divisor}}}",
        str(value) if value.denominator == 1 else f"\\frac{{{value.numerator}}}{{{value.denominator}}}",
    )


def drill_document(generator: random.Random) -> str:
    """Eight computations in the words of the explicit style, each between dollars, and nothing else."""
    tail = ". The answer is $\\boxed{"
    steps = []
    for _ in range(COMPUTATIONS):
        expression, result = computation(generator)
        plain = f"${expression} = {result}${tail}{result}}}$."
        steps.append((rewrite_solution(plain).text or plain).split(tail)[0])
    return ", ".join(steps) + "."
