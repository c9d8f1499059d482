"""Counting & Probability templates: ways to choose, arrange and travel; those on chance are in `probability`."""

import math
import random

import sympy

from . import probability
from .template import Draw, Template
from .words import NAMES, two_names

_ROOMS = (("club", "members", "seniors"), ("team", "players", "veterans"), ("choir", "singers", "sopranos"))


def _last(answer: int) -> str:
    return rf" The answer is $\boxed{{{answer}}}$."


def outfits(rng: random.Random) -> Draw:
    """Draw: the number of outfits, of two or three kinds of clothing or with pairs that clash."""
    name, level = rng.choice(NAMES), rng.choice([1, 2, 2, 3, 3, 3])
    if level == 1:
        a, b, c, d = rng.randint(3, 40), rng.randint(3, 20), 1, 0
        expr = rf"{a} \cdot {b}"
    else:
        a, b, c = rng.randint(2, 15), rng.randint(2, 15), rng.randint(2, 9)
        d = rng.randint(2, min(a * b - 1, 9)) if level == 3 else 0
        expr = rf"({a} \cdot {b} - {d}) \cdot {c}" if d else rf"{a} \cdot {b} \cdot {c}"
    ways = (a * b - d) * c
    first, second, third, pairing = rng.choice(
        [
            ("shirts", "skirts", "hats", "outfits"),
            ("soups", "main dishes", "desserts", "meals"),
            ("frames", "colors", "sizes", "posters"),
        ]
    )
    kinds = f"${a}$ {first} and ${b}$ {second}" if c == 1 else f"${a}$ {first}, ${b}$ {second} and ${c}$ {third}"
    parts = f"one of the {first} and one of the {second}" if c == 1 else "one of each kind"
    clash = (
        f" There are ${d}$ pairs of one of the {first} and one of the {second} that do not go together." if d else ""
    )
    problem = rng.choice(
        [
            f"{name} can choose from {kinds}.{clash} How many different {pairing} with {parts} are possible?",
            f"There are {kinds} to choose from.{clash} In how many ways can {name} choose {parts}?",
        ]
    )
    solution = f"The number of ways is ${expr} = {ways}$." + _last(ways)
    # Counts the choices one by one where the solution multiplies.
    return Draw(
        (a, b, c, d), problem, solution, str(ways), level,
        lambda: sum(b * c for _ in range(a)) - sum(c for _ in range(d)),
    )  # fmt: skip


def committee_of_two_groups(rng: random.Random) -> Draw:
    """Draw: committees with a given number from each of two groups, sometimes with a chair besides."""
    while True:
        n, m = rng.randint(4, 14), rng.randint(4, 14)
        k, j = rng.randint(1, 4), rng.randint(1, 4)
        chairs = rng.randint(2, 9) if rng.random() < 0.5 else 1
        ways = math.comb(n, k) * math.comb(m, j) * chairs
        if max(k, j) > 1 and k < n and j < m and ways < 4000:
            break
    first, second, chair = rng.choice(
        [("boys", "girls", "teachers"), ("nurses", "doctors", "managers"), ("painters", "poets", "critics")]
    )
    expr = rf"\binom{{{n}}}{{{k}}} \cdot \binom{{{m}}}{{{j}}}"
    groups, parts = f"${n}$ {first} and ${m}$ {second}", f"${k}$ of the {first} and ${j}$ of the {second}"
    if chairs > 1:
        expr += rf" \cdot {chairs}"
        groups, parts = f"${n}$ {first}, ${m}$ {second} and ${chairs}$ {chair}", f"{parts}, led by one of the {chair}"
    problem = rng.choice(
        [
            f"From {groups}, how many committees can be formed of {parts}?",
            f"There are {groups} in a room. In how many ways can a group be chosen that has {parts}?",
        ]
    )
    solution = f"Choose from each group: ${expr} = {ways}$." + _last(ways)
    level = 2 + (min(k, j) > 1) + (chairs > 1) + (ways > 1000)
    return Draw(
        (*min((n, k), (m, j)), *max((n, k), (m, j)), chairs), problem, solution, str(ways), level,
        lambda: sympy.binomial(n, k) * sympy.binomial(m, j) * chairs,
    )  # fmt: skip


def officers(rng: random.Random) -> Draw:
    """Draw: ways to fill different offices when the president comes from a smaller group."""
    offices = rng.choice([2, 2, 3])
    n = rng.randint(5, 60) if offices == 2 else rng.randint(6, 16)
    s = rng.randint(2, n - 2)
    group, people, special = rng.choice(_ROOMS)
    titles = ("a president and a treasurer", "a president, a treasurer and a secretary")[offices - 2]
    ways = s * math.perm(n - 1, offices - 1)
    expr = rf"{s} \cdot ({n} - 1)" + (rf" \cdot ({n} - 2)" if offices == 3 else "")
    problem = rng.choice(
        [
            f"A {group} of ${n}$ {people}, ${s}$ of whom are {special}, elects {titles}, all different people. "
            f"The president must be one of the {special}. In how many ways can this be done?",
            f"In how many ways can a {group} with ${n}$ {people} choose {titles} from its {people}, if nobody holds "
            f"two offices and the president must be one of the ${s}$ {special}?",
        ]
    )
    solution = f"Choose the president first and then the others: ${expr} = {ways}$." + _last(ways)
    # Those with any president, less those whose president is not in the smaller group.
    return Draw(
        (n, s, offices), problem, solution, str(ways), offices,
        lambda: sympy.ff(n, offices) - (n - s) * sympy.ff(n - 1, offices - 1),
    )  # fmt: skip


def letter_codes(rng: random.Random) -> Draw:
    """Draw: arrangements of repeated letters, followed by a free number."""
    while True:
        counts = tuple(rng.choices((1, 2, 3, 4), k=rng.choice([2, 3])))
        arrangements = math.factorial(sum(counts))
        for count in counts:
            arrangements //= math.factorial(count)
        top = rng.randint(2, 99) if rng.random() < 0.85 else 1
        if max(counts) > 1 and 5 <= sum(counts) <= 7 and arrangements * top < 4000:
            break
    letters = rng.choice(["ABC", "XYZ", "PQR", "MNT"])
    word = "".join(letter * count for letter, count in zip(letters, counts, strict=False))
    below = r" \cdot ".join(f"{count}!" for count in counts if count > 1)
    expr = rf"\frac{{{sum(counts)}!}}{{{below}}}" + (rf" \cdot {top}" if top > 1 else "")
    ways = arrangements * top
    if top > 1:
        problem = rng.choice(
            [
                f"A code is an arrangement of the letters ${word}$ followed by an integer from $1$ to ${top}$. "
                "How many codes are there?",
                f"A ticket shows the letters ${word}$ in some order and then an integer from $1$ to ${top}$. "
                "How many different tickets are possible?",
            ]
        )
    else:
        problem = rng.choice(
            [
                f"How many different arrangements do the letters ${word}$ have?",
                f"In how many distinct ways can the letters ${word}$ be put in order?",
            ]
        )
    solution = f"Divide by the orders of equal letters: ${expr} = {ways}$." + _last(ways)

    def check() -> object:
        placed, total = 0, sympy.Integer(top)
        for count in counts:
            placed += count
            total *= sympy.binomial(placed, count)
        return total

    return Draw((*sorted(counts), top), problem, solution, str(ways), 3 + (top > 1) + (ways > 2000), check)


def at_least_one_marked(rng: random.Random) -> Draw:
    """Draw: pairs of choices of which at least one is of a marked kind."""
    n, m = rng.randint(4, 30), rng.randint(4, 30)
    s, t = rng.randint(1, n - 2), rng.randint(1, m - 2)
    first, second, marked = rng.choice(
        [
            ("main dishes", "desserts", "vegetarian"),
            ("songs", "dances", "new"),
            ("novels", "poems", "French"),
        ]
    )
    ways = n * m - (n - s) * (m - t)
    problem = rng.choice(
        [
            f"There are ${n}$ {first}, ${s}$ of them {marked}, and ${m}$ {second}, ${t}$ of them {marked}. "
            f"In how many ways can one of the {first} and one of the {second} be chosen so that at least one "
            f"of the two is {marked}?",
            f"{rng.choice(NAMES)} picks one of ${n}$ {first} and one of ${m}$ {second}. The number of {marked} "
            f"{first} is ${s}$ and the number of {marked} {second} is ${t}$. How many picks have at least one "
            f"that is {marked}?",
        ]
    )
    solution = (
        f"From all the pairs take away those with none that is {marked}: "
        rf"${n} \cdot {m} - ({n} - {s}) \cdot ({m} - {t}) = {ways}$." + _last(ways)
    )
    return Draw(
        (*min((n, s), (m, t)), *max((n, s), (m, t))), problem, solution, str(ways), 3 if n * m < 200 else 4,
        lambda: sum(i < s or j < t for i in range(n) for j in range(m)),
    )  # fmt: skip


def at_most_one_marked(rng: random.Random) -> Draw:
    """Draw: committees that hold at most one from a marked group."""
    while True:
        k, m, s = rng.randint(2, 4), rng.randint(4, 30), rng.randint(2, 30)
        ways = math.comb(m, k) + s * math.comb(m, k - 1)
        if ways < 4000:
            break
    first, second = rng.choice([("juniors", "seniors"), ("adults", "children"), ("dancers", "singers")])
    problem = rng.choice(
        [
            f"A group of ${k}$ is chosen from ${m}$ {first} and ${s}$ {second}. "
            f"In how many ways can this be done with at most one of the {second}?",
            f"How many teams of ${k}$ with no more than one of the {second} can be made from ${m}$ {first} "
            f"and ${s}$ {second}?",
        ]
    )
    solution = (
        f"Count the groups with none of the {second} and with one of them: "
        rf"$\binom{{{m}}}{{{k}}} + {s} \cdot \binom{{{m}}}{{{k - 1}}} = {ways}$." + _last(ways)
    )
    # All groups, less those with two or more of the marked kind.
    return Draw(
        (k, m, s), problem, solution, str(ways), min(k + 1, 5),
        lambda: sympy.binomial(m + s, k)
        - sum(sympy.binomial(s, i) * sympy.binomial(m, k - i) for i in range(2, k + 1)),
    )  # fmt: skip


def neither_activity(rng: random.Random) -> Draw:
    """Draw: inclusion and exclusion for two activities, from the number in neither or in both."""
    both, only_a, only_b, none = (rng.randint(2, 40) for _ in range(4))
    a, b, total = both + only_a, both + only_b, both + only_a + only_b + none
    place = rng.choice(["school", "camp", "club", "village"])
    first, second = rng.choice([("chess", "tennis"), ("piano", "guitar"), ("soccer", "golf"), ("cards", "darts")])
    facts = f"In a {place} of ${total}$ people, ${a}$ play {first} and ${b}$ play {second}."
    if find_both := rng.random() < 0.4:
        answer = both
        known = f"{facts} There are ${none}$ people who play neither."
        question = rng.choice([f"How many play both {first} and {second}?", "Find the number of people who play both."])
        expr = f"{a} + {b} - ({total} - {none})"
        reason = "Those who play both are counted twice"
    else:
        answer = none
        known = f"{facts} Exactly ${both}$ of them play both."
        question = rng.choice(
            [f"How many play neither {first} nor {second}?", "How many people play neither of the two?"]
        )
        expr = f"{total} - ({a} + {b} - {both})"
        reason = "Take away those who play at least one"
    solution = f"{reason}: ${expr} = {answer}$." + _last(answer)
    people = sympy.Symbol("n")
    equation = a + b - (people if find_both else both) + (none if find_both else people) - total
    return Draw(
        (total, min(a, b), max(a, b), answer, int(find_both)), f"{known} {question}", solution, str(answer),
        2 if total < 100 else 3,
        lambda: sympy.solve(equation, people)[0],
    )  # fmt: skip


def grid_paths_through_point(rng: random.Random) -> Draw:
    """Draw: shortest paths on a grid that pass through a given point."""
    while True:
        right, up, beyond, above = (rng.randint(1, 5) for _ in range(4))
        before, after = math.comb(right + up, up), math.comb(beyond + above, above)
        if before * after < 1500 and (up > 1 or above > 1):
            break
    x, y = rng.choice([(0, 0), (rng.randint(1, 9), rng.randint(1, 9))])
    p, q, u, v = x + right, y + up, x + right + beyond, y + up + above
    ways = before * after
    first, second = two_names(rng)
    problem = rng.choice(
        [
            f"How many paths from $({x}, {y})$ to $({u}, {v})$ with steps one unit right or one unit up "
            f"pass through $({p}, {q})$?",
            f"{first} is at $({x}, {y})$ and walks to {second} at $({u}, {v})$ by way of the shop at $({p}, {q})$. "
            "Each step goes one unit right or one unit up. How many routes are there?",
        ]
    )
    solution = (
        "Choose the upward steps in each part: "
        rf"$\binom{{{right + up}}}{{{up}}} \cdot \binom{{{beyond + above}}}{{{above}}} = {ways}$." + _last(ways)
    )

    def check() -> int:
        paths = {(x, y): 1}
        for i in range(x, u + 1):
            for j in range(y, v + 1):
                if (i, j) != (x, y):
                    open_way = (i <= p and j <= q) or (i >= p and j >= q)
                    paths[i, j] = paths.get((i - 1, j), 0) + paths.get((i, j - 1), 0) if open_way else 0
        return paths[u, v]

    return Draw((x, y, p, q, u, v), problem, solution, str(ways), 4 if ways < 200 else 5, check)


def divisible_by_either(rng: random.Random) -> Draw:
    """Draw: how many of the first integers are divisible by one or the other of two numbers."""
    while True:
        a, b, top = rng.randint(2, 15), rng.randint(2, 15), rng.randint(60, 500)
        if a < b and b % a:
            break
    both = math.lcm(a, b)
    count = top // a + top // b - top // both
    problem = rng.choice(
        [
            f"How many of the integers from $1$ to ${top}$ are divisible by ${a}$ or by ${b}$?",
            f"How many positive integers at most ${top}$ are multiples of ${a}$, of ${b}$, or of both?",
        ]
    )
    solution = (
        f"There are ${top // a}$ multiples of ${a}$, ${top // b}$ of ${b}$, and ${top // both}$ of both, "
        f"which are the multiples of ${both}$. Together that is "
        f"${top // a} + {top // b} - {top // both} = {count}$." + _last(count)
    )
    return Draw(
        (top, a, b), problem, solution, str(count), 4 if top < 200 else 5,
        lambda: sum(not n % a or not n % b for n in range(1, top + 1)),
    )  # fmt: skip


TEMPLATES: tuple[Template, ...] = (
    Template("outfits", "Counting & Probability", outfits),
    Template("committee_of_two_groups", "Counting & Probability", committee_of_two_groups),
    Template("officers", "Counting & Probability", officers),
    Template("letter_codes", "Counting & Probability", letter_codes),
    Template("at_least_one_marked", "Counting & Probability", at_least_one_marked),
    Template("at_most_one_marked", "Counting & Probability", at_most_one_marked),
    Template("neither_activity", "Counting & Probability", neither_activity),
    Template("grid_paths_through_point", "Counting & Probability", grid_paths_through_point),
    Template("divisible_by_either", "Counting & Probability", divisible_by_either, held_out=True),
    *probability.TEMPLATES,
)
