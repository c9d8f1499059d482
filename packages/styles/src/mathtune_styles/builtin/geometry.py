"""Geometry templates on figures with straight sides; those on circles and solids are in `solids`."""

import math
import random

import sympy

from . import solids
from .latex import answer_latex, linear, signed
from .template import Draw, Template
from .words import NAMES

# Legs and hypotenuse; every right triangle below is one of these scaled.
_TRIPLES = ((3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (9, 40, 41), (12, 35, 37))
_POLYGONS = {4: "quadrilateral", 5: "pentagon", 6: "hexagon"}


def _last(answer: str | int) -> str:
    return rf" The answer is $\boxed{{{answer}}}$."


def rectangle_from_perimeter(rng: random.Random) -> Draw:
    """Draw: the area of a rectangle from one side and the perimeter, or the perimeter from the area."""
    width, length = rng.randint(3, 60), rng.randint(3, 60)
    perimeter, area = 2 * (width + length), width * length
    thing = rng.choice(["rectangle", "rectangular field", "rectangular poster"])
    to_area = rng.random() < 0.6
    if to_area:
        answer = area
        problem = rng.choice(
            [
                f"A {thing} has perimeter ${perimeter}$ and one side of length ${width}$. What is its area?",
                f"The perimeter of a {thing} is ${perimeter}$, and its width is ${width}$. Find its area.",
            ]
        )
        solution = (
            rf"The other side is $\frac{{{perimeter}}}{{2}} - {width} = {length}$, "
            rf"so the area is ${width} \cdot {length} = {area}$."
        )
    else:
        answer = perimeter
        problem = rng.choice(
            [
                f"A {thing} has area ${area}$ and one side of length ${width}$. What is its perimeter?",
                f"The area of a {thing} is ${area}$, and its width is ${width}$. Find its perimeter.",
            ]
        )
        solution = rf"The perimeter is $2 \cdot ({width} + {area} \div {width}) = {perimeter}$."
    side = sympy.Symbol("s")
    return Draw(
        (width, length, int(to_area)), problem, solution + _last(answer), str(answer), 2 if area < 400 else 3,
        lambda: width * sympy.solve(2 * (side + width) - perimeter, side)[0]
        if to_area
        else 2 * (width + sympy.solve(width * side - area, side)[0]),
    )  # fmt: skip


def trapezoid_area(rng: random.Random) -> Draw:
    """Draw: the area of a trapezoid or, with one base gone, of a triangle."""
    triangle = rng.random() < 0.3
    while True:
        a, b, h = rng.randint(3, 40), 0 if triangle else rng.randint(3, 40), rng.randint(2, 30)
        if (a + b) * h % 2 == 0 and a != b:
            break
    area = (a + b) * h // 2
    if triangle:
        problem = rng.choice(
            [
                f"A triangle has a base of length ${a}$ and a height of ${h}$. What is its area?",
                f"Find the area of a triangle with base ${a}$ and height ${h}$.",
            ]
        )
        solution = rf"$A = \frac{{1}}{{2}} \cdot {a} \cdot {h} = {area}$."
    else:
        problem = rng.choice(
            [
                f"A trapezoid has parallel sides of lengths ${a}$ and ${b}$ and a height of ${h}$. What is its area?",
                f"Find the area of a trapezoid with bases ${a}$ and ${b}$ and height ${h}$.",
                f"The bases of a trapezoid are ${a}$ and ${b}$, and they are ${h}$ apart. Find the area.",
            ]
        )
        solution = rf"$A = \frac{{1}}{{2}} \cdot ({a} + {b}) \cdot {h} = {area}$."
    corners = [(0, 0), (a, 0), (1, h)] if triangle else [(0, 0), (a, 0), (b + 1, h), (1, h)]
    return Draw(
        (min(a, b), max(a, b), h), problem, solution + _last(area), str(area), 1 if triangle else 2,
        lambda: abs(sympy.Polygon(*corners).area),
    )  # fmt: skip


def ladder_on_a_wall(rng: random.Random) -> Draw:
    """Draw: a leg of a scaled Pythagorean triangle that stands on a base."""
    while True:
        p, q, r = rng.choice(_TRIPLES)
        k = rng.randint(1, 9)
        if k * r <= 75:
            break
    foot, rise = rng.choice([(k * p, k * q), (k * q, k * p)])
    slant, base = k * r, rng.randint(2, 60)
    total = base + rise
    name = rng.choice(NAMES)
    problem = rng.choice(
        [
            f"A ladder of length ${slant}$ leans on a vertical wall. Its foot is ${foot}$ from the wall and stands on "
            f"a level platform of height ${base}$. How high above the ground does the ladder touch the wall?",
            f"{name} stands ${foot}$ feet from a tower and holds a string at a height of ${base}$ feet. The string is "
            f"tight, ${slant}$ feet long, and tied to the top of the tower. How tall is the tower, in feet?",
        ]
    )
    solution = rf"The rise is a leg of a right triangle: $\sqrt{{{slant}^2 - {foot}^2}} + {base} = {total}$." + _last(
        total
    )
    return Draw(
        (slant, foot, base), problem, solution, str(total), 3 if k == 1 else 4,
        lambda: base + sympy.sqrt((slant - foot) * (slant + foot)),
    )  # fmt: skip


def triangle_angles(rng: random.Random) -> Draw:
    """Draw: the angles of a triangle as linear forms, of which the largest is asked."""
    while True:
        x = rng.randint(8, 45)
        a, c = rng.randint(1, 5), rng.randint(1, 5)
        b = rng.randint(-20, 40)
        d = 180 - x - (a * x + b) - c * x
        angles = (x, a * x + b, c * x + d)
        if b and d and min(angles) >= 8 and abs(d) <= 60 and angles.count(max(angles)) == 1:
            break
    largest = max(angles)
    forms = ("x", linear(a, b), linear(c, d))
    found = forms[angles.index(largest)]
    problem = rng.choice(
        [
            f"The angles of a triangle measure ${forms[0]}$, ${forms[1]}$ and ${forms[2]}$ degrees. "
            "What is the measure of the largest angle, in degrees?",
            f"A triangle has angles of ${forms[2]}$, ${forms[0]}$ and ${forms[1]}$ degrees. "
            "Find its largest angle, in degrees.",
        ]
    )
    total = linear(1 + a + c, b + d)
    solution = f"The angles add up to ${total} = 180$, so $x = {x}$."
    if found != "x":
        m, n = (a, b) if angles.index(largest) == 1 else (c, d)
        times = f"{m} \\cdot {x}" if m > 1 else str(x)
        solution += f" The largest angle is ${times} {'-' if n < 0 else '+'} {abs(n)} = {largest}$."
    letter = sympy.Symbol("x")

    def check() -> object:
        value = sympy.solve(letter + a * letter + b + c * letter + d - 180, letter)[0]
        return max(value, a * value + b, c * value + d)

    return Draw((a, b, c, d), problem, solution + _last(largest), str(largest), 3 if a + c < 6 else 4, check)


def polygon_angle(rng: random.Random) -> Draw:
    """Draw: the last interior angle of a polygon, or of two equal ones, from the others."""
    sides = rng.choice([4, 5, 5, 6])
    twins = rng.choice([1, 1, 2])
    average = 180 * (sides - 2) // sides
    while True:
        known = [rng.randint(average - 35, average + 35) for _ in range(sides - twins)]
        rest = 180 * (sides - 2) - sum(known)
        if rest % twins == 0 and 30 <= rest // twins <= 175:
            break
    answer = rest // twins
    listed = ", ".join(f"${angle}$" for angle in known[:-1]) + f" and ${known[-1]}$"
    name = _POLYGONS[sides]
    asked = "the remaining angle" if twins == 1 else "each of the two remaining angles, which are equal"
    problem = rng.choice(
        [
            f"All but ${twins}$ of the angles of a {name} measure {listed} degrees. Find {asked}, in degrees.",
            f"A {name} has angles of {listed} degrees. What is the measure of {asked}, in degrees?",
        ]
    )
    expr = rf"180 \cdot ({sides} - 2) - ({' + '.join(map(str, known))})"
    expr = expr if twins == 1 else rf"\frac{{{expr}}}{{2}}"
    share = "What is left of the angle sum" if twins == 1 else "Half of what is left of the angle sum"
    solution = f"{share} is ${expr} = {answer}$." + _last(answer)
    # The exterior angles sum to a full turn.
    return Draw(
        (twins, *sorted(known)), problem, solution, str(answer), min(sides - 2 + twins, 5) - (sides == 4),
        lambda: 180 - sympy.Rational(360 - sum(180 - angle for angle in known), twins),
    )  # fmt: skip


def similar_triangles(rng: random.Random) -> Draw:
    """Draw: a length from two similar triangles, bare or cast as shadows."""
    while True:
        unit, m, n, shadow = rng.randint(1, 12), rng.randint(2, 12), rng.randint(2, 12), rng.randint(2, 20)
        if math.gcd(m, n) == 1 and unit * m < 100 and shadow * m < 100 and unit > 1:
            break
    height, cast, answer = unit * n, unit * m, shadow * n
    longer = shadow * m
    problem = rng.choice(
        [
            f"A pole of height ${height}$ casts a shadow of length ${cast}$. At the same time a tree casts a shadow "
            f"of length ${longer}$. How tall is the tree?",
            f"Triangles $ABC$ and $DEF$ are similar, with $AB = {cast}$, $BC = {height}$ and $DE = {longer}$. "
            "What is $EF$?",
        ]
    )
    solution = (
        rf"Corresponding lengths are in proportion: $\frac{{{height} \cdot {longer}}}{{{cast}}} = {answer}$."
        + _last(answer)
    )
    return Draw(
        (height, cast, longer), problem, solution, str(answer), 2 if answer < 60 else 3,
        lambda: longer * sympy.tan(sympy.atan(sympy.Rational(height, cast))),
    )  # fmt: skip


def distance_between_points(rng: random.Random) -> Draw:
    """Draw: the distance between two points, as a simplified radical."""
    while True:
        x, y = rng.randint(-9, 9), rng.randint(-9, 9)
        step = rng.choice([1, 1, 2, 3, 5])
        dx, dy = step * rng.randint(-4, 4), step * rng.randint(-4, 4)
        if dx and dy:
            break
    u, v = x + dx, y + dy
    square = dx * dx + dy * dy
    answer = answer_latex(sympy.sqrt(square))
    problem = rng.choice(
        [
            f"What is the distance between the points $({x}, {y})$ and $({u}, {v})$?",
            f"Find the length of the segment from $({x}, {y})$ to $({u}, {v})$.",
            f"Points $P = ({x}, {y})$ and $Q = ({u}, {v})$ are given. Compute the length of $PQ$.",
        ]
    )
    solution = f"The squared distance is $({u} - {signed(x)})^2 + ({v} - {signed(y)})^2 = {square}$."
    root = rf"\sqrt{{{square}}}"
    solution += f" The distance is ${root}$." if root == answer else f" The distance is ${root} = {answer}$."
    return Draw(
        (*min((x, y), (u, v)), *max((x, y), (u, v))), problem, solution + _last(answer), answer, 3 + (step > 2),
        lambda: sympy.Point(x, y).distance(sympy.Point(u, v)),
    )  # fmt: skip


def stretched_rectangle(rng: random.Random) -> Draw:
    """Draw: the new area, or its growth, when the sides of a rectangle are multiplied."""
    while True:
        area, j, k = rng.randint(6, 99), rng.randint(2, 6), rng.randint(1, 6)
        if area * j * k < 1500:
            break
    growth = rng.random() < 0.5
    answer = area * j * k - (area if growth else 0)
    change = f"multiplying its length by ${j}$" + ("" if k == 1 else f" and its width by ${k}$")
    asked = "By how much does the area grow?" if growth else "What is the new area?"
    problem = rng.choice(
        [
            f"A rectangle of area ${area}$ is stretched by {change}. {asked}",
            f"The area of a rectangle is ${area}$. It is enlarged by {change}. {asked}",
            f"{rng.choice(NAMES)} draws a rectangle of area ${area}$ and enlarges it by {change}. {asked}",
        ]
    )
    expr = rf"{area} \cdot {j}" + (rf" \cdot {k}" if k > 1 else "")
    solution = f"The factors of the sides multiply the area: ${expr}{f' - {area}' if growth else ''} = {answer}$."
    return Draw(
        (area, j, k, int(growth)), problem, solution + _last(answer), str(answer), 1 + (k > 1) + growth,
        lambda: sympy.Integer(area) * (j * k - growth),
    )  # fmt: skip


def corner_cut_from_rectangle(rng: random.Random) -> Draw:
    """Draw: the area of a rectangle with a rectangle or a right triangle cut from a corner."""
    a, b = rng.randint(6, 40), rng.randint(6, 40)
    c, d = rng.randint(2, min(a - 2, 20)), rng.randint(2, min(b - 2, 20))
    triangle = rng.random() < 0.4 and c * d % 2 == 0
    answer = a * b - (c * d // 2 if triangle else c * d)
    cut = f"a right triangle with legs ${c}$ and ${d}$" if triangle else f"a rectangle of ${c}$ by ${d}$"
    problem = rng.choice(
        [
            f"A sheet of paper is ${a}$ by ${b}$. From one corner {cut} is cut off. What is the area of the rest?",
            f"A floor is a rectangle of ${a}$ by ${b}$ with {cut} missing at one corner. Find the area of the floor.",
        ]
    )
    lost = rf"\frac{{1}}{{2}} \cdot {c} \cdot {d}" if triangle else rf"{c} \cdot {d}"
    solution = rf"The area is ${a} \cdot {b} - {lost} = {answer}$." + _last(answer)
    notch = [(a, b - d), (a - c, b)] if triangle else [(a, b - d), (a - c, b - d), (a - c, b)]
    return Draw(
        (*min((a, c), (b, d)), *max((a, c), (b, d)), int(triangle)), problem, solution, str(answer),
        3 if a * b < 500 else 4,
        lambda: sympy.Polygon((0, 0), (a, 0), *notch, (0, b)).area,
    )  # fmt: skip


def path_around_garden(rng: random.Random) -> Draw:
    """Draw: the area of a path of constant width around a garden."""
    a, b, w = rng.randint(5, 40), rng.randint(5, 40), rng.randint(1, 6)
    outer = (a + 2 * w) * (b + 2 * w)
    answer = outer - a * b
    problem = rng.choice(
        [
            f"A rectangular garden is ${a}$ by ${b}$. A path of width ${w}$ runs all the way around it on the outside. "
            "What is the area of the path?",
            f"A picture of ${a}$ by ${b}$ has a frame around it, ${w}$ wide on every side. Find the area of the frame.",
        ]
    )
    solution = (
        rf"Take the inner rectangle from the outer one: "
        rf"$({a} + 2 \cdot {w}) \cdot ({b} + 2 \cdot {w}) - {a} \cdot {b} = {answer}$." + _last(answer)
    )
    # Two strips along each pair of sides and four corner squares.
    return Draw(
        (min(a, b), max(a, b), w), problem, solution, str(answer), 4 if outer < 600 else 5,
        lambda: sympy.Integer(2 * w * a + 2 * w * b + 4 * w**2),
    )  # fmt: skip


TEMPLATES: tuple[Template, ...] = (
    Template("rectangle_from_perimeter", "Geometry", rectangle_from_perimeter),
    Template("trapezoid_area", "Geometry", trapezoid_area),
    Template("ladder_on_a_wall", "Geometry", ladder_on_a_wall),
    Template("triangle_angles", "Geometry", triangle_angles),
    Template("polygon_angle", "Geometry", polygon_angle),
    Template("similar_triangles", "Geometry", similar_triangles),
    Template("distance_between_points", "Geometry", distance_between_points),
    Template("stretched_rectangle", "Geometry", stretched_rectangle),
    Template("corner_cut_from_rectangle", "Geometry", corner_cut_from_rectangle),
    Template("path_around_garden", "Geometry", path_around_garden, held_out=True),
    *solids.TEMPLATES,
)
