"""Number Theory templates: divisors, remainders and multiples; the rest of the subject is in `digits`."""

import math
import random

import sympy

from . import digits
from .latex import linear, power
from .template import Draw, Template
from .words import NAMES

_SMALL_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)


def _last(answer: int) -> str:
    return rf" The answer is $\boxed{{{answer}}}$."


def _quotient(n: int, m: int) -> str:
    """Write the division of n by m with its remainder, which is shown even when it is zero."""
    return rf"${n} = {m} \cdot {n // m} + {n % m}$"


def _factor(prime: int, exponent: int) -> str:
    return str(prime) if exponent == 1 else power(str(prime), exponent)


def gcd_of_two(rng: random.Random) -> Draw:
    """Draw: the greatest common divisor of two numbers."""
    while True:
        g, small, large = rng.randint(2, 40), rng.randint(1, 14), rng.randint(2, 25)
        if small < large and math.gcd(small, large) == 1 and g * large < 700:
            break
    a, b = g * large, g * small
    name = rng.choice(NAMES)
    problem = rng.choice(
        [
            f"What is the greatest common divisor of ${a}$ and ${b}$?",
            rf"Compute $\gcd({a}, {b})$.",
            f"Find the largest integer that divides both ${b}$ and ${a}$.",
            f"{name} cuts ropes of ${a}$ inches and ${b}$ inches into equal pieces with nothing left over. "
            "What is the greatest possible length of a piece, in inches?",
        ]
    )
    if small == 1:
        solution = rf"Since ${a} = {b} \cdot {large}$, $\gcd({a}, {b}) = {g}$."
    else:
        solution = (
            rf"We have ${a} = {g} \cdot {large}$ and ${b} = {g} \cdot {small}$, "
            f"and ${large}$ and ${small}$ have no common factor."
        )
    level = 1 if a < 100 else 2 if a < 300 else 3
    return Draw((a, b), problem, solution + _last(g), str(g), level, lambda: sympy.gcd(a, b))


def lcm_of_two(rng: random.Random) -> Draw:
    """Draw: the least common multiple of two numbers, bare or as events that coincide."""
    while True:
        a, b = sorted(rng.sample(range(4, 100), 2))
        g = math.gcd(a, b)
        lcm = a * b // g
        if lcm > b and lcm <= 1500 and (g > 1 or b <= 30):
            break
    problem = rng.choice(
        [
            f"What is the least common multiple of ${a}$ and ${b}$?",
            f"Find the smallest positive integer that is a multiple of both ${b}$ and ${a}$.",
            f"One light flashes every ${a}$ seconds and another every ${b}$ seconds. They flash together now. "
            "After how many seconds do they next flash together?",
            f"A bell rings every ${b}$ minutes and a horn sounds every ${a}$ minutes. Both are heard now. "
            "In how many minutes are both heard again?",
        ]
    )
    solution = (
        rf"Since $\gcd({a}, {b}) = {g}$, the least common multiple is $\frac{{{a} \cdot {b}}}{{{g}}} = {lcm}$."
        if g > 1
        else rf"Since $\gcd({a}, {b}) = 1$, the least common multiple is ${a} \cdot {b} = {lcm}$."
    )
    level = 1 if lcm < 100 else 2 if lcm < 400 else 3
    # Steps through multiples of the larger number, where the solution divides the product.
    return Draw(
        (a, b),
        problem,
        solution + _last(lcm),
        str(lcm),
        level,
        lambda: next(n for n in range(b, a * b + 1, b) if not n % a),
    )


def remainder_of_expression(rng: random.Random) -> Draw:
    """Draw: the remainder of a product plus a number."""
    hard = rng.random() < 0.4
    a, b = rng.randint(6, 40 if hard else 19), rng.randint(6, 40 if hard else 19)
    c, m = rng.randint(2, 60), rng.randint(3, 20 if hard else 12)
    n = a * b + c
    expr = rf"{a} \cdot {b} + {c}"
    problem = rng.choice(
        [
            f"What is the remainder when ${expr}$ is divided by ${m}$?",
            f"Find the remainder when ${expr}$ is divided by ${m}$.",
            f"A shop has ${a}$ boxes of ${b}$ tiles each and ${c}$ loose tiles. "
            f"All the tiles are put in stacks of ${m}$. How many tiles are left over?",
        ]
    )
    solution = f"We have ${expr} = {n}$, and {_quotient(n, m)}." + _last(n % m)
    return Draw(
        (min(a, b), max(a, b), c, m), problem, solution, str(n % m), 3 if hard else 2, lambda: sympy.Mod(a * b + c, m)
    )


def divisor_count(rng: random.Random) -> Draw:
    """Draw: the number of divisors of a number given by powers, whose first base may be composite."""
    primes = sorted(rng.sample(_SMALL_PRIMES, rng.choice([2, 3, 3])))
    exponents = [rng.randint(1, 8) for _ in primes]
    expr = r" \cdot ".join(_factor(p, e) for p, e in zip(primes, exponents, strict=True))
    start = "Add one to each exponent and multiply. "
    if composite := len(primes) == 3 and rng.random() < 0.6:
        exponents[1] = e = exponents[0]
        base = primes[0] * primes[1]
        expr = rf"{_factor(base, e)} \cdot {_factor(primes[2], exponents[2])}"
        listed = ", ".join(f"${p}$" for p in primes[:2]) + f" and ${primes[2]}$"
        start = f"Since ${base} = {primes[0]} \\cdot {primes[1]}$, the exponents of {listed} are ${e}$, ${e}$ and "
        start += f"${exponents[2]}$. "
    count = math.prod(e + 1 for e in exponents)
    product = r" \cdot ".join(f"({e} + 1)" for e in exponents)
    value = math.prod(p**e for p, e in zip(primes, exponents, strict=True))
    problem = rng.choice(
        [
            f"How many positive divisors does ${expr}$ have?",
            f"Find the number of positive divisors of ${expr}$.",
            f"How many positive integers divide ${expr}$ evenly?",
        ]
    )
    solution = start + f"The number of divisors is ${product} = {count}$." + _last(count)
    level = 4 if composite else len(primes)
    # The same powers are one problem, whether two of them are joined under a composite base or not.
    return Draw((*primes, *exponents), problem, solution, str(count), level, lambda: sympy.divisor_count(value))


def prime_factor_sum(rng: random.Random) -> Draw:
    """Draw: the sum of the distinct prime factors of a number."""
    primes = (2, 2, 3, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53)
    while True:
        factors = sorted(rng.choices(primes, k=rng.randint(3, 5)))
        n = math.prod(factors)
        if n < 9000 and len(set(factors)) > 1:
            break
    distinct = sorted(set(factors))
    total = sum(distinct)
    written = r" \cdot ".join(_factor(p, factors.count(p)) for p in distinct)
    problem = rng.choice(
        [
            f"What is the sum of the distinct prime factors of ${n}$?",
            f"Find the sum of the different primes that divide ${n}$.",
            f"Add up the distinct prime divisors of ${n}$. What is the sum?",
        ]
    )
    solution = f"We have ${n} = {written}$, and ${' + '.join(map(str, distinct))} = {total}$." + _last(total)
    level = 2 if n < 200 else 3 if n < 1000 else 4
    return Draw((n,), problem, solution, str(total), level, lambda: sum(sympy.primefactors(n)))


def linear_congruence(rng: random.Random) -> Draw:
    """Draw: the least nonnegative solution of ax = b modulo m."""
    while True:
        m = rng.randint(5, 31)
        a, b = rng.randint(2, m - 1), rng.randint(1, m - 1)
        if math.gcd(a, m) == 1:
            break
    inverse = pow(a, -1, m)
    answer = inverse * b % m
    relation = rf"{a}x \equiv {b} \pmod{{{m}}}"
    problem = rng.choice(
        [
            f"Find the least nonnegative integer $x$ such that ${relation}$.",
            f"Solve ${relation}$ for the least nonnegative integer $x$.",
            f"What is the smallest nonnegative integer $x$ for which ${a}x$ leaves "
            f"the same remainder as ${b}$ when divided by ${m}$?",
        ]
    )
    solution = (
        rf"Since ${a} \cdot {inverse} = {m} \cdot {a * inverse // m} + 1$, multiply both sides by ${inverse}$. "
        rf"Then $x$ is the remainder of ${inverse} \cdot {b} = {inverse * b}$, and {_quotient(inverse * b, m)}."
    )
    level = 3 if m < 12 else 4 if m < 20 else 5
    return Draw(
        (a, b, m), problem, solution + _last(answer), str(answer), level,
        lambda: next(x for x in range(m) if (a * x - b) % m == 0),
    )  # fmt: skip


def multiples_in_range(rng: random.Random) -> Draw:
    """Draw: how many multiples of a number lie between two bounds."""
    k, low = rng.randint(3, 25), rng.randint(20, 200)
    high = low + rng.randint(3 * k, 300)
    first, last = -(-low // k), high // k
    count = last - first + 1
    problem = rng.choice(
        [
            f"How many multiples of ${k}$ are there from ${low}$ to ${high}$, inclusive?",
            f"How many integers $n$ with ${low} \\le n \\le {high}$ are divisible by ${k}$?",
            f"The seats in a hall are numbered from ${low}$ to ${high}$. "
            f"Each seat whose number is a multiple of ${k}$ is red. How many seats are red?",
        ]
    )
    solution = (
        rf"The multiples run from ${k} \cdot {first} = {k * first}$ to ${k} \cdot {last} = {k * last}$, "
        f"so there are ${last} - {first} + 1 = {count}$ of them." + _last(count)
    )
    level = 2 if high < 200 and k < 12 else 3
    return Draw(
        (k, low, high), problem, solution, str(count), level,
        lambda: sum(n % k == 0 for n in range(low, high + 1)),
    )  # fmt: skip


def consecutive_integers(rng: random.Random) -> Draw:
    """Draw: the smallest or largest of consecutive integers, or even or odd ones, with a given sum."""
    n, start = rng.choice([3, 4, 5, 6, 7]), rng.randint(2, 180)
    step, largest = rng.choice([1, 2]), rng.random() < 0.6
    kind = "integers" if step == 1 else "even integers" if start % 2 == 0 else "odd integers"
    shift = step * n * (n - 1) // 2
    total = n * start + shift
    end = start + step * (n - 1)
    answer, which = (end, "largest") if largest else (start, "smallest")
    problem = rng.choice(
        [
            f"The sum of ${n}$ consecutive {kind} is ${total}$. What is the {which} of them?",
            f"When ${n}$ consecutive {kind} are added, the sum is ${total}$. Find the {which} of these integers.",
            f"Find the {which} of ${n}$ consecutive {kind} whose sum is ${total}$.",
        ]
    )
    solution = f"Let $x$ be the smallest. Then ${linear(n, shift)} = {total}$, so $x = {start}$."
    if largest:
        gap = f"{n - 1}" if step == 1 else rf"2 \cdot {n - 1}"
        solution += rf" The largest is ${start} + {gap} = {end}$."
    level = 2 + (step == 2) + (n > 5 and largest)
    # The mean of the list lies half its length from either end.
    return Draw(
        (n, total, step, int(largest)), problem, solution + _last(answer), str(answer), level,
        lambda: sympy.Rational(total, n) + (1 if largest else -1) * sympy.Rational(step * (n - 1), 2),
    )  # fmt: skip


def greatest_divisor_with_remainders(rng: random.Random) -> Draw:
    """Draw: the greatest divisor that leaves given remainders in two numbers."""
    while True:
        n, small, large = rng.randint(6, 40), rng.randint(2, 12), rng.randint(3, 20)
        if small < large and math.gcd(small, large) == 1 and n * large < 600:
            break
    r, s = rng.randint(1, n - 1), rng.randint(1, n - 1)
    a, b = n * large + r, n * small + s
    name = rng.choice(NAMES)
    problem = rng.choice(
        [
            f"When ${a}$ is divided by $n$ the remainder is ${r}$, and when ${b}$ is divided by $n$ the remainder "
            f"is ${s}$. What is the greatest possible value of $n$?",
            f"{name} puts ${a}$ red beads and ${b}$ blue beads in some bags, with as many of each color as possible "
            f"and every bag the same. Then ${r}$ red and ${s}$ blue beads are left over. "
            "What is the greatest possible number of bags?",
        ]
    )
    solution = (
        f"The number divides ${a} - {r} = {a - r}$ and ${b} - {s} = {b - s}$. "
        rf"The greatest such number is $\gcd({a - r}, {b - s}) = {n}$." + _last(n)
    )
    return Draw(
        (a, r, b, s), problem, solution, str(n), 4 if n * large < 250 else 5,
        lambda: max(d for d in range(1, a) if a % d == r and b % d == s),
    )  # fmt: skip


TEMPLATES: tuple[Template, ...] = (
    Template("gcd_of_two", "Number Theory", gcd_of_two),
    Template("lcm_of_two", "Number Theory", lcm_of_two),
    Template("remainder_of_expression", "Number Theory", remainder_of_expression),
    Template("divisor_count", "Number Theory", divisor_count),
    Template("prime_factor_sum", "Number Theory", prime_factor_sum),
    Template("linear_congruence", "Number Theory", linear_congruence),
    Template("multiples_in_range", "Number Theory", multiples_in_range),
    Template("consecutive_integers", "Number Theory", consecutive_integers),
    Template("greatest_divisor_with_remainders", "Number Theory", greatest_divisor_with_remainders, held_out=True),
    *digits.TEMPLATES,
)
