"""Algebra, equations: linear and quadratic equations, systems, inequalities, and problems that lead to them."""

import random
from fractions import Fraction
from math import ceil, floor

import sympy

from mathtune_styles.builtin.latex import boxed, factor, frac, linear, pair, polynomial, signed
from mathtune_styles.builtin.template import Draw, Template
from mathtune_styles.builtin.words import LETTERS, nonzero, two_names


def linear_equation(rng: random.Random) -> Draw:
    """Solve an equation of one or two steps."""
    a, root, letter = rng.choice((1, *range(2, 13), *range(2, 13))), rng.randint(-20, 30), rng.choice(LETTERS)
    b = nonzero(rng, 40 if a > 1 else 200)
    c = a * root + b
    text = f"{linear(a, b, letter)} = {c}"
    solved = sympy.Symbol(letter)
    return Draw(
        numbers=(a, b, c),
        problem=rng.choice(
            (
                f"Find the value of ${letter}$ if ${text}$.",
                f"Solve for ${letter}$: ${text}$.",
                f"If ${text}$, what is ${letter}$?",
                f"For what value of ${letter}$ is ${text}$?",
            )
        ),
        solution=f"Since ${text}$, we have ${letter} = {root}$. {boxed(str(root))}",
        answer=str(root),
        level=1 if a == 1 else 2,
        check=lambda: sympy.solve(a * solved + b - c, solved)[0],
    )


def linear_both_sides(rng: random.Random) -> Draw:
    """Solve an equation with the unknown on both sides, perhaps within parentheses."""
    k, letter = rng.choice((1, 1, rng.randint(2, 6))), rng.choice(LETTERS)
    while True:
        a, c, root, b = rng.randint(1, 9), nonzero(rng, 9), rng.randint(-12, 15), nonzero(rng, 20)
        d = (k * a - c) * root + k * b
        if k * a != c and d != 0 and abs(d) < 200:
            break
    right = linear(c, d, letter)
    spread = f"{linear(k * a, k * b, letter)} = {right}"
    text = spread if k == 1 else f"{k}({linear(a, b, letter)}) = {right}"
    opening = "We have" if k == 1 else "Expanding gives"
    solved = sympy.Symbol(letter)
    return Draw(
        numbers=(k, a, b, c, d),
        problem=rng.choice(
            (
                f"Solve for ${letter}$: ${text}$.",
                f"What value of ${letter}$ satisfies ${text}$?",
                f"Find ${letter}$ such that ${text}$.",
            )
        ),
        solution=f"{opening} ${spread}$, so ${letter} = {root}$. {boxed(str(root))}",
        answer=str(root),
        level=3 if k == 1 else 4,
        check=lambda: sympy.solve(k * (a * solved + b) - c * solved - d, solved)[0],
    )


def linear_system(rng: random.Random) -> Draw:
    """Solve two linear equations in two unknowns."""
    largest = rng.choice((4, 9))
    while True:
        a, b, c, d = rng.randint(1, largest), nonzero(rng, largest), rng.randint(1, largest), nonzero(rng, largest)
        x0, y0 = rng.randint(-8, 9), rng.randint(-8, 9)
        det = a * d - b * c
        if abs(det) > 1 and x0 and abs(b) > 1:
            break
    e, f = a * x0 + b * y0, c * x0 + d * y0
    sides = []
    for p, q, r in ((a, b, e), (c, d, f)):
        lead, tail = linear(p, 0, "x"), linear(abs(q), 0, "y")
        sides.append(f"{lead} {'-' if q < 0 else '+'} {tail} = {r}")
    system = f"${sides[0]}$ and ${sides[1]}$"
    answer = pair(x0, y0)
    x, y = sympy.symbols("x y")
    return Draw(
        numbers=(a, b, e, c, d, f),
        problem=rng.choice(
            (
                f"Solve the system {system}. Give the answer as an ordered pair $(x, y)$.",
                f"If {system}, find the ordered pair $(x, y)$.",
                f"The lines {system} meet at one point. Find it as an ordered pair $(x, y)$.",
            )
        ),
        solution=rf"Eliminating $y$, ${e} \cdot {signed(d)} - {signed(f)} \cdot {signed(b)} = {det * x0}$ and "
        rf"${a} \cdot {signed(d)} - {c} \cdot {signed(b)} = {det}$, so ${linear(det, 0)} = {det * x0}$ and $x = {x0}$. "
        rf"Then ${linear(b, a * x0, 'y')} = {e}$, so $y = {y0}$. {boxed(answer)}",
        answer=answer,
        level=3 if largest == 4 else 5,
        check=lambda: next(iter(sympy.linsolve([a * x + b * y - e, c * x + d * y - f], x, y))),
    )


def absolute_value_equation(rng: random.Random) -> Draw:
    """Find one of the two solutions of an absolute value equation."""
    larger = rng.random() < 0.5
    while True:
        a, b, root = rng.randint(1, 9), nonzero(rng, 25), rng.randint(-15, 20)
        # The larger solution is the one at which the form is positive.
        size = (a * root + b) * (1 if larger else -1)
        if size > 0:
            break
    right = size if larger else -size
    text = rf"|{linear(a, b)}| = {size}"
    word = "larger" if larger else "smaller"
    x = sympy.Symbol("x", real=True)
    return Draw(
        numbers=(a, b, size, int(larger)),
        problem=rng.choice(
            (
                f"What is the {word} solution of ${text}$?",
                f"Find the {'largest' if larger else 'smallest'} value of $x$ such that ${text}$.",
                f"The equation ${text}$ has two solutions. Find the {word} one.",
            )
        ),
        solution=f"The {word} solution comes from ${linear(a, b)} = {right}$, so $x = {root}$. {boxed(str(root))}",
        answer=str(root),
        level=2 if a == 1 else 3,
        check=lambda: (max if larger else min)(sympy.solve(sympy.Abs(a * x + b) - size, x)),
    )


def inequality_count(rng: random.Random) -> Draw:
    """Count the integers between two bounds on a linear form."""
    a, b = rng.randint(2, 9), nonzero(rng, 20)
    low = rng.randint(-40, 30)
    high = low + a * rng.randint(2, 12) + rng.randint(0, a)
    below, above = Fraction(low - b, a), Fraction(high - b, a)
    first, last = floor(below) + 1, ceil(above) - 1
    count = last - first + 1
    text = f"{low} < {linear(a, b)} < {high}"
    return Draw(
        numbers=(a, b, low, high),
        problem=rng.choice(
            (
                f"How many integers $x$ satisfy ${text}$?",
                f"Find the number of integer solutions of ${text}$.",
                f"For how many integers $x$ is ${text}$?",
            )
        ),
        solution=f"We need ${frac(below)} < x < {frac(above)}$, so $x$ runs from ${first}$ to ${last}$. "
        f"That makes ${last} - {signed(first)} + 1 = {count}$ integers. {boxed(str(count))}",
        answer=str(count),
        level=3 if a < 5 else 4,
        check=lambda: sum(bool(sympy.And(low < a * x + b, a * x + b < high)) for x in range(-80, 80)),
    )


def quadratic_roots(rng: random.Random) -> Draw:
    """Factor a quadratic and name its larger or smaller root."""
    while True:
        k, r, s = rng.choice((1, 1, 2, 3)), nonzero(rng, 20), nonzero(rng, 20)
        if r < s and abs(r * s) < 200:
            break
    larger = rng.random() < 0.5
    root, word = (s, "larger") if larger else (r, "smaller")
    text = polynomial([k, -k * (r + s), k * r * s])
    factored = (str(k) if k > 1 else "") + factor(r) + factor(s)
    x = sympy.Symbol("x")
    return Draw(
        numbers=(k, r, s, int(larger)),
        problem=rng.choice(
            (
                f"What is the {word} root of ${text} = 0$?",
                f"Find the {word} solution of the equation ${text} = 0$.",
                f"If ${text} = 0$, what is the {'greatest' if larger else 'least'} possible value of $x$?",
            )
        ),
        solution=f"Factoring, ${text} = {factored}$, so $x = {r}$ or $x = {s}$. {boxed(str(root))}",
        answer=str(root),
        level=3 if k == 1 else 4,
        check=lambda: (max if larger else min)(sympy.roots(k * x**2 - k * (r + s) * x + k * r * s, x)),
    )


def number_puzzle(rng: random.Random) -> Draw:
    """Find a number from what some operations do to it, in words."""
    a, b, root = rng.randint(2, 12), nonzero(rng, 30), rng.randint(3, 40)
    c = a * root + b
    while c <= 0:
        root += 5
        c = a * root + b
    size = abs(b)
    direct = f"${size}$ more than" if b > 0 else f"${size}$ less than"
    done = f"add ${size}$" if b > 0 else f"subtract ${size}$"
    x = sympy.Symbol("x")
    return Draw(
        numbers=(a, b, c),
        problem=rng.choice(
            (
                f"The number ${c}$ is {direct} ${a}$ times what number?",
                f"When I multiply a number by ${a}$ and then {done}, I get ${c}$. What is my number?",
                f"A number is multiplied by ${a}$. Then we {done} and get ${c}$. Find the number.",
            )
        ),
        solution=f"The number satisfies ${linear(a, b)} = {c}$, so $x = {root}$. {boxed(str(root))}",
        answer=str(root),
        level=2,
        check=lambda: sympy.solve(a * x + b - c, x)[0],
    )


def age_equation(rng: random.Random) -> Draw:
    """Find an age now from a multiple now and a sum of ages later."""
    times, years = rng.randint(2, 6), rng.randint(2, 25)
    young = rng.randint(3, min(32, 96 // times))
    total = (times + 1) * young + 2 * years
    old = times * young
    first, second = two_names(rng)
    multiple = "twice" if times == 2 else f"${times}$ times"
    x = sympy.Symbol("x")
    return Draw(
        numbers=(times, years, young),
        problem=rng.choice(
            (
                f"{first} is {multiple} as old as {second}. In ${years}$ years the sum of their ages will be "
                f"${total}$. How old is {first} now?",
                f"Today {first}'s age is {multiple} {second}'s age. In ${years}$ years their ages will add up to "
                f"${total}$. How many years old is {first} today?",
            )
        ),
        solution=f"If {second} is $x$ years old, then ${linear(times + 1, 2 * years)} = {total}$, so $x = {young}$. "
        rf"So {first} is ${times} \cdot {young} = {old}$ years old. {boxed(str(old))}",
        answer=str(old),
        level=4,
        check=lambda: times * sympy.solve((times * x + years) + (x + years) - total, x)[0],
    )


def sum_and_difference(rng: random.Random) -> Draw:
    """Find a number, or a product, from the sum and the difference of two numbers."""
    while True:
        x0, y0, product = rng.randint(5, 60), rng.randint(1, 50), rng.random() < 0.5
        if y0 < x0 and (not product or x0 * y0 < 1000):
            break
    s, d = x0 + y0, x0 - y0
    value = x0 * y0 if product else x0
    asked = "What is their product?" if product else "What is the larger number?"
    x, y = sympy.symbols("x y")
    return Draw(
        numbers=(s, d, int(product)),
        problem=rng.choice(
            (
                f"The sum of two numbers is ${s}$ and their difference is ${d}$. {asked}",
                f"Two numbers add up to ${s}$ and differ by ${d}$. {asked}",
            )
        ),
        solution=rf"The larger number is $\frac{{{s} + {d}}}{{2}} = {x0}$."
        + (rf" The product is ${x0} \cdot ({s} - {x0}) = {value}$. " if product else " ")
        + boxed(str(value)),
        answer=str(value),
        level=4 if product else 3,
        check=lambda: (x * y if product else x).subs(sympy.solve([x + y - s, x - y - d], [x, y])),
    )


TEMPLATES: tuple[Template, ...] = (
    Template("linear_equation", "Algebra", linear_equation),
    Template("linear_both_sides", "Algebra", linear_both_sides),
    Template("linear_system", "Algebra", linear_system),
    Template("absolute_value_equation", "Algebra", absolute_value_equation),
    Template("inequality_count", "Algebra", inequality_count),
    Template("quadratic_roots", "Algebra", quadratic_roots),
    Template("number_puzzle", "Algebra", number_puzzle),
    Template("age_equation", "Algebra", age_equation, held_out=True),
    Template("sum_and_difference", "Algebra", sum_and_difference, held_out=True),
)
