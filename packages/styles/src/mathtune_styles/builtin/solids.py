"""Geometry templates on circles and solids, whose answers are integers or integer multiples of pi."""

import random

import sympy

from .template import Draw, Template


def _last(answer: str) -> str:
    return rf" The answer is $\boxed{{{answer}}}$."


def ring_of_two_circles(rng: random.Random) -> Draw:
    """Draw: the area between two circles with one center, or their circumferences together."""
    inner = rng.randint(2, 40)
    outer = rng.randint(inner + 1, 50)
    kind = rng.choice(["area", "area", "length"])
    if kind == "area":
        count = outer**2 - inner**2
        question = rng.choice(["What is the area between them?", "Find the area of the ring between the circles."])
        expr, part = f"{outer}^2 - {inner}^2", "area"
    else:
        count = 2 * (outer + inner)
        question = rng.choice(["What is the sum of their circumferences?", "Find their total circumference."])
        expr, part = rf"2 \cdot {outer} + 2 \cdot {inner}", "sum"
    opening = rng.choice(
        [
            f"Two circles with the same center have radii ${inner}$ and ${outer}$.",
            f"A circle of radius ${inner}$ lies inside a circle of radius ${outer}$ with the same center.",
        ]
    )
    answer = rf"{count}\pi"
    solution = rf"We have ${expr} = {count}$, so the {part} is ${answer}$." + _last(answer)
    big, small = sympy.Circle((0, 0), outer), sympy.Circle((0, 0), inner)
    return Draw(
        (inner, outer, int(kind == "area")), f"{opening} {question}", solution, answer, 2 if outer < 20 else 3,
        lambda: big.area - small.area if kind == "area" else big.circumference + small.circumference,
    )  # fmt: skip


def box_measures(rng: random.Random) -> Draw:
    """Draw: the surface or the volume of a box."""
    a, b, c = sorted(rng.randint(2, 20) for _ in range(3))
    surface = rng.random() < 0.6
    value = 2 * (a * b + b * c + c * a) if surface else a * b * c
    asked = "surface area" if surface else "volume"
    sides = rng.sample([a, b, c], 3)
    problem = rng.choice(
        [
            f"A box has edges of lengths ${sides[0]}$, ${sides[1]}$ and ${sides[2]}$. What is its {asked}?",
            f"Find the {asked} of a rectangular block of ${sides[0]}$ by ${sides[1]}$ by ${sides[2]}$.",
        ]
    )
    expr = (
        rf"2 \cdot ({a} \cdot {b} + {b} \cdot {c} + {c} \cdot {a})" if surface else rf"{a} \cdot {b} \cdot {c}"
    )  # fmt: skip
    solution = f"The {asked} is ${expr} = {value}$." + _last(str(value))
    # The coefficients of (x + a)(x + b)(x + c) are the sums of edges, faces and the volume.
    x = sympy.Symbol("x")

    def check() -> object:
        _, _, faces, volume = sympy.Poly((x + a) * (x + b) * (x + c), x).all_coeffs()
        return 2 * faces if surface else volume

    return Draw((a, b, c, int(surface)), problem, solution, str(value), (3 if surface else 2) + (c > 14), check)


def cylinder_measures(rng: random.Random) -> Draw:
    """Draw: the volume or the total surface of a cylinder, or the volume of a cone."""
    r, h = rng.randint(2, 15), rng.randint(2, 40)
    kind = rng.choice(["volume", "total surface area", "cone"])
    if kind == "cone" and r % 3:
        h = 3 * rng.randint(1, 13)
    solid, asked = ("cone", "volume") if kind == "cone" else ("cylinder", kind)
    if kind == "volume":
        count, expr = r * r * h, rf"{r}^2 \cdot {h}"
    elif kind == "cone":
        count, expr = r * r * h // 3, rf"\frac{{1}}{{3}} \cdot {r}^2 \cdot {h}"
    else:
        count, expr = 2 * r * r + 2 * r * h, rf"2 \cdot {r}^2 + 2 \cdot {r} \cdot {h}"
    problem = rng.choice(
        [
            f"A {solid} has radius ${r}$ and height ${h}$. What is its {asked}?",
            f"Find the {asked} of a {solid} with base radius ${r}$ and height ${h}$.",
            f"The base of a {solid} is a circle of radius ${r}$, and its height is ${h}$. Find the {asked}.",
        ]
    )
    answer = rf"{count}\pi"
    solution = rf"We have ${expr} = {count}$, so the {asked} is ${answer}$." + _last(answer)
    z = sympy.Symbol("z")
    code = ("volume", "total surface area", "cone").index(kind)

    def check() -> object:
        # Volumes as integrals of the cross-section, the surface as two discs and an unrolled rectangle.
        if kind == "volume":
            return sympy.integrate(sympy.pi * r**2, (z, 0, h))
        if kind == "cone":
            return sympy.integrate(sympy.pi * (r * z / h) ** 2, (z, 0, h))
        return 2 * sympy.Circle((0, 0), r).area + sympy.Circle((0, 0), r).circumference * h

    return Draw((r, h, code), problem, solution, answer, (2 if kind == "volume" else 3) + (r > 9), check)


TEMPLATES: tuple[Template, ...] = (
    Template("ring_of_two_circles", "Geometry", ring_of_two_circles),
    Template("box_measures", "Geometry", box_measures),
    Template("cylinder_measures", "Geometry", cylinder_measures),
)
