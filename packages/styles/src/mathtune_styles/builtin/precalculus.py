"""Precalculus templates: vectors, matrices, angles, complex numbers and parametric lines."""

import random
from fractions import Fraction

import sympy

from .latex import answer_latex, frac, gaussian, linear, pair, signed
from .template import Draw, Template

# A special angle in degrees and its function, as (function, angle, sign); the size of the value is sqrt(radicand)/2.
_SPECIAL = {
    1: (("sin", 30, 1), ("cos", 60, 1), ("sin", 150, 1), ("cos", 120, -1), ("sin", 210, -1), ("cos", 300, 1)),
    2: (("sin", 45, 1), ("cos", 45, 1), ("sin", 135, 1), ("cos", 135, -1), ("sin", 225, -1), ("cos", 315, 1)),
    3: (("sin", 60, 1), ("cos", 30, 1), ("sin", 120, 1), ("cos", 150, -1), ("sin", 240, -1), ("cos", 330, 1)),
}


def _last(answer: str) -> str:
    return rf" The answer is $\boxed{{{answer}}}$."


def _nonzero(rng: random.Random, size: int) -> int:
    return rng.choice((-1, 1)) * rng.randint(1, size)


def _column(a: int | str, b: int | str) -> str:
    return rf"\begin{{pmatrix}} {a} \\ {b} \end{{pmatrix}}"


def _matrix(a: int, b: int, c: int, d: int) -> str:
    return rf"\begin{{pmatrix}} {a} & {b} \\ {c} & {d} \end{{pmatrix}}"


def _vector(parts: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, parts)) + ")"


def dot_product(rng: random.Random) -> Draw:
    """Draw: the dot product of two vectors of the plane or of space."""
    size = rng.choice([2, 3, 3])
    bound = rng.choice([6, 12])
    u = tuple(_nonzero(rng, bound) for _ in range(size))
    v = tuple(_nonzero(rng, bound) for _ in range(size))
    answer = sum(a * b for a, b in zip(u, v, strict=True))
    problem = rng.choice(
        [
            f"Find the dot product of the vectors ${_vector(u)}$ and ${_vector(v)}$.",
            rf"Compute $\mathbf{{u}} \cdot \mathbf{{v}}$ for $\mathbf{{u}} = {_vector(u)}$ "
            rf"and $\mathbf{{v}} = {_vector(v)}$.",
        ]
    )
    expr = " + ".join(rf"{signed(a)} \cdot {signed(b)}" for a, b in zip(u, v, strict=True))
    solution = f"The dot product is ${expr} = {answer}$." + _last(str(answer))
    return Draw(
        (*u, *v), problem, solution, str(answer), (1 if size == 2 else 2) + (bound > 6),
        lambda: (sympy.Matrix([u]) * sympy.Matrix(v))[0],
    )  # fmt: skip


def vector_combination(rng: random.Random) -> Draw:
    """Draw: a linear combination of two vectors, as a pair or as the sum of its components."""
    s, t = rng.randint(2, 7), _nonzero(rng, 7)
    a, b, c, d = (_nonzero(rng, 9) for _ in range(4))
    x, y = s * a + t * c, s * b + t * d
    summed = rng.random() < 0.4
    answer = str(x + y) if summed else pair(x, y)
    size = "" if abs(t) == 1 else str(abs(t))
    combination = rf"{s}\mathbf{{u}} {'-' if t < 0 else '+'} {size}\mathbf{{v}}"
    given = rf"$\mathbf{{u}} = ({a}, {b})$ and $\mathbf{{v}} = ({c}, {d})$"
    asked = f"the sum of the components of ${combination}$" if summed else f"${combination}$"
    problem = rng.choice([f"Let {given}. What is {asked}?", f"The vectors {given} are given. Compute {asked}."])
    first = rf"{s} \cdot {signed(a)} + {signed(t)} \cdot {signed(c)} = {x}"
    second = rf"{s} \cdot {signed(b)} + {signed(t)} \cdot {signed(d)} = {y}"
    solution = f"The components are ${first}$ and ${second}$."
    if summed:
        solution += f" Their sum is ${x} + {signed(y)} = {x + y}$."

    def check() -> object:
        result = s * sympy.Matrix([a, b]) + t * sympy.Matrix([c, d])
        return sum(result) if summed else tuple(result)

    numbers = (s, t, a, b, c, d, int(summed))
    return Draw(numbers, problem, solution + _last(answer), answer, 3 if summed else 2, check)


def determinant(rng: random.Random) -> Draw:
    """Draw: the determinant of a 2 by 2 matrix, sometimes of a multiple of it."""
    k = rng.choice([1, 1, 2, 3, 4, 5])
    a, b, c, d = (_nonzero(rng, 12 if k == 1 else 7) for _ in range(4))
    answer = str(k * k * (a * d - b * c))
    inner = rf"{a} \cdot {signed(d)} - {signed(b)} \cdot {signed(c)}"
    matrix = _matrix(a, b, c, d)
    if k == 1:
        problem = rng.choice(
            [f"Compute the determinant of ${matrix}$.", f"What is the determinant of the matrix ${matrix}$?"]
        )
        solution = f"The determinant is ${inner} = {answer}$."
    else:
        problem = rng.choice(
            [
                rf"Let $\mathbf{{M}} = {matrix}$. What is the determinant of ${k}\mathbf{{M}}$?",
                rf"Compute $\det({k}\mathbf{{M}})$ for $\mathbf{{M}} = {matrix}$.",
            ]
        )
        solution = rf"Each of the two rows gives a factor ${k}$: ${k}^2 \cdot ({inner}) = {answer}$."
    return Draw(
        (a, b, c, d, k), problem, solution + _last(answer), answer, 2 if k == 1 else 4 if k < 4 else 5,
        lambda: (k * sympy.Matrix([[a, b], [c, d]])).det(),
    )  # fmt: skip


def matrix_times_vector(rng: random.Random) -> Draw:
    """Draw: the image of a point under a 2 by 2 matrix."""
    a, b, c, d, x, y = (_nonzero(rng, 9) for _ in range(6))
    p, q = a * x + b * y, c * x + d * y
    answer = pair(p, q)
    matrix = _matrix(a, b, c, d)
    problem = rng.choice(
        [
            f"If ${matrix} {_column(x, y)} = {_column('p', 'q')}$, what is $(p, q)$?",
            f"The matrix ${matrix}$ takes the point $({x}, {y})$ to which point?",
        ]
    )
    first = rf"{a} \cdot {signed(x)} + {signed(b)} \cdot {signed(y)} = {p}"
    second = rf"{c} \cdot {signed(x)} + {signed(d)} \cdot {signed(y)} = {q}"
    solution = f"The components are ${first}$ and ${second}$." + _last(answer)
    level = 2 if min(a, b, c, d, x, y) > 0 else 3
    return Draw(
        (a, b, c, d, x, y), problem, solution, answer, level,
        lambda: tuple(sympy.Matrix([[a, b], [c, d]]) * sympy.Matrix([x, y])),
    )  # fmt: skip


def special_angles(rng: random.Random) -> Draw:
    """Draw: a sum of multiples of sines and cosines of special angles that share their radical."""
    while True:
        radicand = rng.choice([1, 2, 3])
        (f, alpha, plus), (g, beta, minus) = rng.choices(_SPECIAL[radicand], k=2)
        a, b = rng.randint(2, 20), rng.randint(2, 20)
        if (f, alpha) != (g, beta) and a * plus + b * minus:
            break
    half = r"\frac{1}{2}" if radicand == 1 else rf"\frac{{\sqrt{{{radicand}}}}}{{2}}"
    values = [half if sign > 0 else rf"(-{half})" for sign in (plus, minus)]
    answer = answer_latex(sympy.Rational(a * plus + b * minus, 2) * sympy.sqrt(radicand))
    expr = rf"{a} \{f} {alpha}^\circ + {b} \{g} {beta}^\circ"
    problem = rng.choice([f"Compute ${expr}$.", f"What is the exact value of ${expr}$?", f"Evaluate ${expr}$ exactly."])
    solution = rf"The sum is ${a} \cdot {values[0]} + {b} \cdot {values[1]} = {answer}$." + _last(answer)
    sine = {"sin": 0, "cos": 1}
    functions = (sympy.sin, sympy.cos)
    return Draw(
        (a, sine[f], alpha, b, sine[g], beta), problem, solution, answer, 2 + (alpha > 90) + (beta > 90),
        lambda: a * functions[sine[f]](sympy.pi * alpha / 180) + b * functions[sine[g]](sympy.pi * beta / 180),
    )  # fmt: skip


def third_angle_in_radians(rng: random.Random) -> Draw:
    """Draw: the third angle of a triangle, whose other two are in degrees, in radians."""
    while True:
        unit = rng.choice([1, 3, 5])
        a, b = (unit * rng.randint(-(-12 // unit), 140 // unit) for _ in range(2))
        if 180 - a - b >= 5:
            break
    rest = 180 - a - b
    part = Fraction(rest, 180)
    answer = answer_latex(sympy.Rational(rest, 180) * sympy.pi)
    problem = rng.choice(
        [
            f"Two angles of a triangle measure ${a}$ and ${b}$ degrees. What is the third angle in radians?",
            f"A triangle has angles of ${a}^\\circ$ and ${b}^\\circ$. Express its third angle in radians.",
        ]
    )
    solution = (
        rf"As a fraction of $180$ degrees the third angle is $\frac{{180 - {a} - {b}}}{{180}} = {frac(part)}$, "
        rf"and $180$ degrees are $\pi$ radians." + _last(answer)
    )
    return Draw(
        (min(a, b), max(a, b)), problem, solution, answer, 3 if part.denominator < 20 else 4,
        lambda: sympy.pi - sympy.rad(a) - sympy.rad(b),
    )  # fmt: skip


def polar_to_rectangular(rng: random.Random) -> Draw:
    """Draw: the rectangular coordinates of a point given by its distance and a special angle."""
    r = rng.choice([2 * rng.randint(1, 50), rng.randint(2, 99)])
    angle = rng.choice([30, 45, 60, 120, 135, 150, 210, 225, 240, 300, 315, 330])
    x, y = (r * function(sympy.pi * angle / 180) for function in (sympy.cos, sympy.sin))
    answer = answer_latex((x, y))
    problem = rng.choice(
        [
            rf"The point $P$ has polar coordinates $({r}, {angle}^\circ)$. What are its rectangular coordinates?",
            rf"Convert the polar coordinates $({r}, {angle}^\circ)$ to rectangular coordinates.",
        ]
    )

    def side(value: sympy.Expr) -> str:
        size = answer_latex(abs(value) / r)
        return rf"{r} \cdot {size if value > 0 else f'(-{size})'} = {answer_latex(value)}"

    solution = rf"By the cosine and sine of ${angle}$ degrees, $x = {side(x)}$ and $y = {side(y)}$." + _last(answer)

    def check() -> object:
        z = sympy.expand_complex(r * sympy.exp(sympy.I * sympy.pi * angle / 180))
        return sympy.re(z), sympy.im(z)

    return Draw((r, angle), problem, solution, answer, 3 + (angle > 90) + r % 2, check)


def modulus_squared(rng: random.Random) -> Draw:
    """Draw: the squared modulus of a sum or difference of two complex numbers."""
    while True:
        a, b, c, d = (_nonzero(rng, 12) for _ in range(4))
        sign = rng.choice((-1, 1))
        if a + sign * c and b + sign * d:
            break
    value = (a + sign * c) ** 2 + (b + sign * d) ** 2
    op = "+" if sign > 0 else "-"
    problem = rng.choice(
        [
            f"Let $z = {gaussian(a, b)}$ and $w = {gaussian(c, d)}$. Compute $|z {op} w|^2$.",
            f"For the complex numbers $z = {gaussian(a, b)}$ and $w = {gaussian(c, d)}$, what is $|z {op} w|^2$?",
        ]
    )
    solution = (
        f"Square the real and the imaginary part: "
        f"$({a} {op} {signed(c)})^2 + ({b} {op} {signed(d)})^2 = {value}$." + _last(str(value))
    )
    z = a + b * sympy.I + sign * (c + d * sympy.I)
    return Draw(
        (a, b, c, d, sign), problem, solution, str(value), 3 if min(a, b, c, d) > 0 else 4,
        lambda: sympy.expand(z * sympy.conjugate(z)),
    )  # fmt: skip


def parametric_line(rng: random.Random) -> Draw:
    """Draw: the second coordinate of a parametric line where the first is given."""
    a, c = rng.randint(2, 9), _nonzero(rng, 9)
    b, d, t = _nonzero(rng, 15), _nonzero(rng, 15), rng.randint(2, 12)
    x, y = a * t + b, c * t + d
    first, second = linear(a, b, "t"), linear(c, d, "t")
    problem = rng.choice(
        [
            f"A line is given by $x = {first}$ and $y = {second}$. What is $y$ when $x = {x}$?",
            f"A point moves so that at time $t$ it is at $({first}, {second})$. "
            f"Find its second coordinate when its first coordinate is ${x}$.",
        ]
    )
    expr = rf"{c} \cdot {t} {'-' if d < 0 else '+'} {abs(d)}"
    solution = f"We have ${first} = {x}$, so $t = {t}$. Then $y = {expr} = {y}$." + _last(str(y))
    # Along the line y rises by c for every a that x does.
    return Draw(
        (a, b, c, d, x), problem, solution, str(y), 3 if c > 0 and d > 0 else 4,
        lambda: d + sympy.Rational(c, a) * (x - b),
    )  # fmt: skip


def perpendicular_vectors(rng: random.Random) -> Draw:
    """Draw: the component that makes two vectors perpendicular."""
    while True:
        k, a, b, c, d, e = (_nonzero(rng, 9) for _ in range(6))
        plane = rng.random() < 0.4
        if plane:
            c = e = 0
        # The vectors are (k, a, c) and (b, d, e), with k unknown.
        if b > 1 and k * b + a * d + c * e == 0:
            break
    rest = a * d + c * e
    u, v = (f"(k, {a})", f"({b}, {d})") if plane else (f"(k, {a}, {c})", f"({b}, {d}, {e})")
    problem = rng.choice(
        [
            f"For which value of $k$ are the vectors ${u}$ and ${v}$ perpendicular?",
            f"The vectors ${u}$ and ${v}$ are orthogonal. Find $k$.",
        ]
    )
    terms = rf"{a} \cdot {signed(d)}" + ("" if plane else rf" + {signed(c)} \cdot {signed(e)}")
    solution = (
        f"We have ${terms} = {rest}$, and the dot product must vanish: ${linear(b, rest, 'k')} = 0$, so $k = {k}$."
        + _last(str(k))
    )
    letter = sympy.Symbol("k")
    return Draw(
        (a, c, b, d, e), problem, solution, str(k), 3 if plane else 4,
        lambda: sympy.solve(sympy.Matrix([letter, a, c]).dot(sympy.Matrix([b, d, e])), letter)[0],
    )  # fmt: skip


TEMPLATES: tuple[Template, ...] = (
    Template("dot_product", "Precalculus", dot_product),
    Template("vector_combination", "Precalculus", vector_combination),
    Template("determinant", "Precalculus", determinant),
    Template("matrix_times_vector", "Precalculus", matrix_times_vector),
    Template("special_angles", "Precalculus", special_angles),
    Template("third_angle_in_radians", "Precalculus", third_angle_in_radians),
    Template("polar_to_rectangular", "Precalculus", polar_to_rectangular),
    Template("modulus_squared", "Precalculus", modulus_squared),
    Template("parametric_line", "Precalculus", parametric_line),
    Template("perpendicular_vectors", "Precalculus", perpendicular_vectors, held_out=True),
)
