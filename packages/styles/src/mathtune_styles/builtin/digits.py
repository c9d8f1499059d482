"""Number Theory templates on the digits of numbers: other bases, last digits and the test for nine."""

import random

import sympy

from .latex import power
from .template import Draw, Template


def _last(answer: int) -> str:
    return rf" The answer is $\boxed{{{answer}}}$."


def _quotient(n: int, m: int) -> str:
    """Write the division of n by m with its remainder, which is shown even when it is zero."""
    return rf"${n} = {m} \cdot {n // m} + {n % m}$"


def _digits(n: int, base: int) -> list[int]:
    digits: list[int] = []
    while n:
        n, digit = divmod(n, base)
        digits.insert(0, digit)
    return digits


def _expansion(digits: list[int], base: int) -> str:
    """Write the place values of digits in a base; a zero digit has no term."""
    terms = []
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit:
            weight = "" if place == 0 else rf" \cdot {base}" if place == 1 else rf" \cdot {power(str(base), place)}"
            terms.append(f"{digit}{weight}")
    return " + ".join(terms)


def base_to_decimal(rng: random.Random) -> Draw:
    """Draw: a number in another base, to be written in base ten."""
    base, size = rng.randint(3, 9), rng.choice([2, 3, 3, 3, 4])
    size = min(size, 3) if base > 6 else size
    digits = [rng.randint(1, base - 1), *(rng.randrange(base) for _ in range(size - 2)), rng.randint(1, base - 1)]
    text = "".join(map(str, digits))
    value = int(text, base)
    problem = rng.choice(
        [
            f"Write ${text}_{base}$ in base ten.",
            f"What is the base-ten value of ${text}_{base}$?",
            f"The number ${text}$ is written in base ${base}$. What is it in base $10$?",
        ]
    )
    solution = f"The place values give ${_expansion(digits, base)} = {value}$." + _last(value)
    check = sympy.Poly(digits, sympy.Symbol("b"))
    return Draw((base, *digits), problem, solution, str(value), size - 1 + (value > 300), lambda: check.eval(base))


def digit_sum_in_base(rng: random.Random) -> Draw:
    """Draw: the sum of the digits of a number once it is written in another base."""
    base = rng.randint(3, 9)
    n = rng.randint(base * base + 1, min(base**4 - 1, 999))
    digits = _digits(n, base)
    text, total = "".join(map(str, digits)), sum(digits)
    problem = rng.choice(
        [
            f"What is the sum of the digits of ${n}$ when it is written in base ${base}$?",
            f"The number ${n}$ is written in base ${base}$. Find the sum of its digits.",
            f"Write ${n}$ in base ${base}$ and add its digits. What is the sum?",
        ]
    )
    solution = (
        f"We have ${n} = {_expansion(digits, base)}$, so its base-${base}$ digits are ${text}$. "
        f"The sum is ${' + '.join(text)} = {total}$." + _last(total)
    )
    level = 3 if n < 100 else 4 if n < 400 else 5
    # Legendre's identity gives the digit sum without any digit.
    return Draw(
        (n, base), problem, solution, str(total), level,
        lambda: n - (base - 1) * sum(n // base**k for k in range(1, 9)),
    )  # fmt: skip


def units_digit_of_power(rng: random.Random) -> Draw:
    """Draw: the units digit of a power, sometimes times a further number."""
    base, exponent = rng.randint(12, 99), rng.randint(6, 60)
    factor = rng.randint(12, 49) if rng.random() < 0.5 else 1
    cycle = [base % 10]
    while (following := cycle[-1] * base % 10) != cycle[0]:
        cycle.append(following)
    length, unit = len(cycle), pow(base, exponent, 10)
    answer = unit * factor % 10
    expr = power(str(base), exponent) + (rf" \cdot {factor}" if factor > 1 else "")
    problem = rng.choice(
        [
            f"What is the units digit of ${expr}$?",
            f"Find the units digit of ${expr}$.",
            f"The number ${expr}$ is written out in full. What is its last digit?",
        ]
    )
    if length == 1:
        solution = f"Every power of ${base}$ ends in ${cycle[0]}$."
    else:
        shown = ", ".join(map(str, cycle))
        solution = (
            f"The powers of ${base}$ end in ${shown}$, and then these ${length}$ digits repeat. "
            f"Since {_quotient(exponent, length)}, ${power(str(base), exponent)}$ ends in ${unit}$."
        )
    if factor > 1:
        solution += rf" Since ${unit} \cdot {factor % 10} = {unit * (factor % 10)}$, the product ends in ${answer}$."
    level = (2 if length < 3 else 3) + (factor > 1)
    return Draw(
        (base, exponent, factor), problem, solution + _last(answer), str(answer), level,
        lambda: sympy.Integer(base) ** exponent * factor % 10,
    )  # fmt: skip


def missing_digit(rng: random.Random) -> Draw:
    """Draw: the digit that makes a number divisible by nine."""
    size = rng.randint(4, 6)
    while True:
        digits = [rng.randint(1, 9), *(rng.randint(0, 9) for _ in range(size - 2))]
        total = sum(digits)
        if total % 9:  # otherwise both 0 and 9 would do
            break
    place = rng.randint(1, size - 1)
    text = "".join(map(str, digits[:place])) + "A" + "".join(map(str, digits[place:]))
    answer = 9 - total % 9
    problem = rng.choice(
        [
            f"The number ${text}$, in which $A$ is a digit, is divisible by $9$. What is $A$?",
            f"Find the digit $A$ for which the ${size}$-digit number ${text}$ is a multiple of $9$.",
            f"For which digit $A$ does $9$ divide the number ${text}$?",
        ]
    )
    solution = (
        f"The digit sum must be a multiple of $9$. The other digits give ${' + '.join(map(str, digits))} = {total}$, "
        f"and the next multiple of $9$ is ${total + answer}$, so $A = {total + answer} - {total} = {answer}$."
    )
    return Draw(
        (place, *digits), problem, solution + _last(answer), str(answer), 2 if size == 4 else 3,
        lambda: next(a for a in range(10) if int(text.replace("A", str(a))) % 9 == 0),
    )  # fmt: skip


TEMPLATES: tuple[Template, ...] = (
    Template("base_to_decimal", "Number Theory", base_to_decimal),
    Template("digit_sum_in_base", "Number Theory", digit_sum_in_base),
    Template("units_digit_of_power", "Number Theory", units_digit_of_power),
    Template("missing_digit", "Number Theory", missing_digit),
)
