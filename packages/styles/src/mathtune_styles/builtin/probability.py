"""Counting & Probability templates on chance, whose answers are fractions in lowest terms."""

import random
from fractions import Fraction

import sympy

from .latex import frac
from .template import Draw, Template
from .words import NAMES, two_names


def _last(answer: Fraction) -> str:
    return rf" The answer is $\boxed{{{frac(answer)}}}$."


def one_marble(rng: random.Random) -> Draw:
    """Draw: the chance that one marble has, or has not, a given color."""
    red, blue, green = (rng.randint(2, 20) for _ in range(3))
    negated = rng.random() < 0.5
    wanted = f"{blue} + {green}" if negated else str(red)
    answer = Fraction(blue + green if negated else red, red + blue + green)
    one, two, three = rng.choice([("red", "blue", "green"), ("black", "white", "gray"), ("gold", "pink", "brown")])
    event = f"it is not {one}" if negated else f"it is {one}"
    contents = f"${red}$ {one}, ${blue}$ {two} and ${green}$ {three}"
    problem = rng.choice(
        [
            f"A bag holds {contents} marbles. One is drawn at random. What is the probability that {event}?",
            f"A box contains {contents} balls. {rng.choice(NAMES)} takes one at random. "
            f"Find the probability that {event}.",
        ]
    )
    solution = rf"The probability is $\frac{{{wanted}}}{{{red} + {blue} + {green}}} = {frac(answer)}$." + _last(answer)
    return Draw(
        (red, min(blue, green), max(blue, green), int(negated)), problem, solution, frac(answer), 2 if negated else 1,
        lambda: 1 - sympy.Rational(red, red + blue + green) if negated else sympy.Rational(red, red + blue + green),
    )  # fmt: skip


def two_of_the_same_color(rng: random.Random) -> Draw:
    """Draw: the chance that two marbles drawn without replacement have the same color."""
    colors = rng.choice([2, 3, 3, 3])
    counts = tuple(rng.randint(2, 30 if colors == 2 else 16) for _ in range(colors))
    n = sum(counts)
    answer = Fraction(sum(c * (c - 1) for c in counts), n * (n - 1))
    names = rng.sample(["red", "blue", "green", "white", "black"], colors)
    listed = [f"${count}$ {name}" for count, name in zip(counts, names, strict=True)]
    contents = ", ".join(listed[:-1]) + f" and {listed[-1]}"
    thing = rng.choice(["marbles", "socks", "balls"])
    problem = rng.choice(
        [
            f"A drawer holds {contents} {thing}. Two are taken at random without replacement. "
            "What is the probability that they have the same color?",
            f"{rng.choice(NAMES)} takes two {thing} at random from a bag of {contents} {thing}. "
            "What is the probability that both are of one color?",
        ]
    )
    above = " + ".join(rf"{c} \cdot {c - 1}" for c in counts)
    solution = (
        rf"Counting ordered pairs, the probability is $\frac{{{above}}}{{{n} \cdot {n - 1}}} = {frac(answer)}$."
        + _last(answer)
    )
    return Draw(
        tuple(sorted(counts)), problem, solution, frac(answer), colors + 2,
        lambda: sum(sympy.binomial(c, 2) for c in counts) / sympy.binomial(n, 2),
    )  # fmt: skip


def sum_of_two_dice(rng: random.Random) -> Draw:
    """Draw: the chance that two dice of given sizes reach a sum near the top, or stay near the bottom."""
    a, b = rng.randint(4, 24), rng.randint(4, 24)
    k, high = rng.randint(1, min(a, b, 8)), rng.random() < 0.5
    bound = a + b - k + 1 if high else k + 1
    answer = Fraction(k * (k + 1) // 2, a * b)
    event = f"at least ${bound}$" if high else f"at most ${bound}$"
    article, other = ("An" if a in (8, 11, 18) else "A"), ("an" if b in (8, 11, 18) else "a")
    problem = rng.choice(
        [
            f"{article} ${a}$-sided die and {other} ${b}$-sided die, numbered from $1$, are rolled. "
            f"What is the probability that the sum is {event}?",
            f"One wheel shows the numbers $1$ to ${a}$ and another the numbers $1$ to ${b}$, all equally likely. "
            f"Both are spun. Find the probability that the two numbers add up to {event}.",
        ]
    )
    above = " + ".join(map(str, range(1, k + 1)))
    solution = (
        f"Counting the pairs for each possible sum, the probability is "
        rf"$\frac{{{above}}}{{{a} \cdot {b}}} = {frac(answer)}$." + _last(answer)
    )

    def check() -> object:
        sums = [i + j for i in range(1, a + 1) for j in range(1, b + 1)]
        return sympy.Rational(sum(s >= bound if high else s <= bound for s in sums), len(sums))

    return Draw((min(a, b), max(a, b), bound, int(high)), problem, solution, frac(answer), 3 if k < 4 else 4, check)


def expected_value(rng: random.Random) -> Draw:
    """Draw: the expected points from one ticket out of a box with two kinds of prize."""
    n = rng.choice([10, 12, 15, 20, 24, 25, 30, 36, 40, 50])
    few, some = rng.randint(1, n // 4), rng.randint(2, n // 2)
    big, small = rng.randint(10, 40), rng.randint(2, 9)
    answer = Fraction(few * big + some * small, n)
    tickets = "ticket wins" if few == 1 else "tickets win"
    name = rng.choice(NAMES)
    problem = rng.choice(
        [
            f"Of ${n}$ tickets in a box, ${few}$ {tickets} ${big}$ points, ${some}$ tickets win ${small}$ points, "
            "and the others win nothing. What is the expected number of points of a ticket drawn at random?",
            f"{name} spins a wheel with ${n}$ equal parts. The wheel pays ${big}$ points on ${few}$ of its parts, "
            f"${small}$ points on ${some}$ of its parts, and nothing on the rest. "
            f"What is the expected number of points {name} gets from one spin?",
        ]
    )
    solution = (
        rf"The expected value is $\frac{{{few} \cdot {big} + {some} \cdot {small}}}{{{n}}} = {frac(answer)}$."
        + _last(answer)
    )
    chance = sympy.Rational(1, n)
    return Draw(
        (n, few, big, some, small), problem, solution, frac(answer), 3 if n < 20 else 4,
        lambda: few * chance * big + some * chance * small,
    )  # fmt: skip


def hit_at_least_once(rng: random.Random) -> Draw:
    """Draw: the chance that at least one of two independent tries succeeds."""
    b, d = rng.randint(2, 15), rng.randint(2, 15)
    p, q = Fraction(rng.randint(1, b - 1), b), Fraction(rng.randint(1, d - 1), d)
    answer = 1 - (1 - p) * (1 - q)
    first, second = two_names(rng)
    problem = rng.choice(
        [
            f"{first} hits a target with probability ${frac(p)}$ and {second} with probability ${frac(q)}$, "
            "independently. Each shoots once. What is the probability that the target is hit?",
            f"Two lamps work independently, with probabilities ${frac(p)}$ and ${frac(q)}$. "
            "What is the probability that at least one of the lamps works?",
        ]
    )
    solution = (
        rf"One minus the chance that both fail is $1 - (1 - {frac(p)}) \cdot (1 - {frac(q)}) = {frac(answer)}$."
        + _last(answer)
    )
    return Draw(
        tuple(n for r in sorted((p, q)) for n in (r.numerator, r.denominator)), problem, solution, frac(answer),
        4 if b * d < 60 else 5,
        lambda: sympy.Rational(str(p)) + sympy.Rational(str(q)) - sympy.Rational(str(p * q)),
    )  # fmt: skip


TEMPLATES: tuple[Template, ...] = (
    Template("one_marble", "Counting & Probability", one_marble),
    Template("two_of_the_same_color", "Counting & Probability", two_of_the_same_color),
    Template("sum_of_two_dice", "Counting & Probability", sum_of_two_dice),
    Template("expected_value", "Counting & Probability", expected_value),
    Template("hit_at_least_once", "Counting & Probability", hit_at_least_once, held_out=True),
)
