"""Algebra, expressions: lines, functions, sequences, products, powers and radicals to be evaluated or rewritten."""

import random
from fractions import Fraction

import sympy

from mathtune_styles.builtin.latex import answer_latex, boxed, frac, linear, pair, polynomial, power, signed
from mathtune_styles.builtin.template import Draw, Template
from mathtune_styles.builtin.words import ask, nonzero


def slope(rng: random.Random) -> Draw:
    """Find the slope of the line through two points."""
    a, b, c, d = (rng.randint(-12, 15) for _ in range(4))
    c = c if c != a else c + 2
    value = Fraction(d - b, c - a)
    text = rf"\frac{{{d} - {signed(b)}}}{{{c} - {signed(a)}}}"
    return Draw(
        numbers=(a, b, c, d),
        problem=rng.choice(
            (
                f"What is the slope of the line through ${pair(a, b)}$ and ${pair(c, d)}$?",
                f"Find the slope of the line containing the points ${pair(a, b)}$ and ${pair(c, d)}$.",
                f"A line passes through ${pair(a, b)}$ and ${pair(c, d)}$. Find its slope.",
            )
        ),
        solution=f"The slope is ${text} = {frac(value)}$. {boxed(frac(value))}",
        answer=frac(value),
        level=2,
        check=lambda: sympy.Line(sympy.Point(a, b), sympy.Point(c, d)).slope,
    )


def midpoint(rng: random.Random) -> Draw:
    """Find the midpoint of a segment, or the other end from one end and the midpoint."""
    forward = rng.random() < 0.6
    a, b, c, d = (rng.randint(-15, 20) for _ in range(4))
    if forward:
        x0, y0 = Fraction(a + c, 2), Fraction(b + d, 2)
        problem = rng.choice(
            (
                f"What is the midpoint of the segment from ${pair(a, b)}$ to ${pair(c, d)}$?",
                f"Find the midpoint of the segment with endpoints ${pair(a, b)}$ and ${pair(c, d)}$.",
            )
        )
        first, second = rf"\frac{{{a} + {signed(c)}}}{{2}}", rf"\frac{{{b} + {signed(d)}}}{{2}}"
    else:
        x0, y0 = Fraction(2 * c - a), Fraction(2 * d - b)
        problem = rng.choice(
            (
                f"The midpoint of a segment is ${pair(c, d)}$ and one endpoint is ${pair(a, b)}$. Find the other.",
                f"A segment has midpoint ${pair(c, d)}$ and an endpoint ${pair(a, b)}$. What is its other endpoint?",
            )
        )
        first, second = rf"2 \cdot {signed(c)} - {signed(a)}", rf"2 \cdot {signed(d)} - {signed(b)}"
    answer = pair(x0, y0)
    here, there = sympy.Point(a, b), sympy.Point(c, d)
    return Draw(
        numbers=(int(forward), a, b, c, d),
        problem=problem,
        solution=f"The coordinates are ${first} = {frac(x0)}$ and ${second} = {frac(y0)}$. {boxed(answer)}",
        answer=answer,
        level=2 if forward else 3,
        # Turning an endpoint half way round the midpoint gives the other endpoint.
        check=lambda: tuple(here.midpoint(there) if forward else here.rotate(sympy.pi, there)),
    )


def evaluate_expression(rng: random.Random) -> Draw:
    """Evaluate an expression in two letters at given values."""
    a, b, c = rng.randint(2, 7), nonzero(rng, 7), nonzero(rng, 9)
    x0, y0 = nonzero(rng, 7), nonzero(rng, 9)
    square = rng.random() < 0.5
    value = (a * x0**2 if square else a * x0) + b * x0 * y0 * square + (0 if square else b * y0) + c
    minus, tail = "-" if b < 0 else "+", f"{'-' if c < 0 else '+'} {abs(c)}"
    size = "" if abs(b) == 1 else str(abs(b))
    times = "" if abs(b) == 1 else rf"{abs(b)} \cdot "
    if square:
        text = f"{a}x^2 {minus} {size}xy {tail}"
        work = rf"{a} \cdot {signed(x0)}^2 {minus} {times}{signed(x0)} \cdot {signed(y0)} {tail}"
    else:
        text = f"{a}x {minus} {size}y {tail}"
        work = rf"{a} \cdot {signed(x0)} {minus} {times}{signed(y0)} {tail}"
    x, y = sympy.symbols("x y")
    form = a * x**2 + b * x * y + c if square else a * x + b * y + c
    return Draw(
        numbers=(int(square), a, b, c, x0, y0),
        problem=rng.choice(
            (
                f"If $x = {x0}$ and $y = {y0}$, what is the value of ${text}$?",
                f"Evaluate ${text}$ when $x = {x0}$ and $y = {y0}$.",
                f"Find ${text}$ for $x = {x0}$ and $y = {y0}$.",
            )
        ),
        solution=f"Substituting, ${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=3 if square else 2,
        check=lambda: form.subs({x: x0, y: y0}),
    )


def function_composition(rng: random.Random) -> Draw:
    """Evaluate one function at a value of another."""
    a, b, c, d, at = rng.randint(2, 9), nonzero(rng, 15), rng.choice((0, 1, 2)), nonzero(rng, 12), rng.randint(-6, 8)
    e = nonzero(rng, 5)
    inner = c * at**2 + e * at + d
    while abs(inner) > 40:
        at -= 1 if at > 0 else -1
        inner = c * at**2 + e * at + d
    value = a * inner + b
    f_text, g_text = linear(a, b), polynomial([c, e, d])
    lead = "" if c == 0 else f"{signed(at)}^2 + " if c == 1 else rf"{c} \cdot {signed(at)}^2 + "
    work = rf"{lead}{signed(e)} \cdot {signed(at)} + {signed(d)}"
    x = sympy.Symbol("x")
    asked = rng.choice((f"f(g({at}))", rf"(f \circ g)({at})"))
    return Draw(
        numbers=(a, b, c, e, d, at),
        problem=rng.choice(
            (
                f"Let $f(x) = {f_text}$ and $g(x) = {g_text}$. What is ${asked}$?",
                f"If $f(x) = {f_text}$ and $g(x) = {g_text}$, find ${asked}$.",
            )
        ),
        solution=f"First, $g({at}) = {work} = {inner}$. Then $f({inner}) = {a} \\cdot {signed(inner)} + {signed(b)} "
        f"= {value}$. {boxed(str(value))}",
        answer=str(value),
        level=3 if c == 0 else 4,
        check=lambda: sympy.expand((a * x + b).subs(x, c * x**2 + e * x + d)).subs(x, at),
    )


def arithmetic_sequence(rng: random.Random) -> Draw:
    """Find a term of an arithmetic sequence."""
    a, d, n = rng.randint(-10, 40), nonzero(rng, 12), rng.randint(8, 40)
    value = a + (n - 1) * d
    shown = ", ".join(str(a + i * d) for i in range(3))
    ordinal = f"{n}^{{\\text{{th}}}}" if n % 10 not in (1, 2, 3) or n in (11, 12, 13) else ""
    x = sympy.Symbol("x")
    return Draw(
        numbers=(a, d, n),
        problem=rng.choice(
            (
                f"What is the ${ordinal}$ term of the arithmetic sequence ${shown}, \\ldots$?",
                f"Find the ${ordinal}$ term of the arithmetic sequence that begins ${shown}$.",
            )
            if ordinal
            else (
                f"An arithmetic sequence begins ${shown}$. What is term number ${n}$?",
                f"Find term number ${n}$ of the arithmetic sequence ${shown}, \\ldots$.",
            )
        ),
        solution=f"The common difference is ${a + d} - {signed(a)} = {d}$, so the term is "
        rf"${a} + {n - 1} \cdot {signed(d)} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=2 if d > 0 else 3,
        check=lambda: sympy.interpolate([a, a + d], x).subs(x, n),
    )


def arithmetic_sum(rng: random.Random) -> Draw:
    """Sum the first terms of an arithmetic sequence."""
    a, d, n = rng.randint(1, 30), rng.randint(1, 9), rng.randint(5, 20)
    last = a + (n - 1) * d
    total = n * (a + last) // 2
    shown = f"{a}, {a + d}, {a + 2 * d}"
    k = sympy.Symbol("k")
    return Draw(
        numbers=(a, d, n),
        problem=rng.choice(
            (
                f"Find the sum of the first ${n}$ terms of the arithmetic sequence ${shown}, \\ldots$.",
                f"An arithmetic sequence begins ${shown}$. What is the sum of its first ${n}$ terms?",
                f"What is the sum of the first ${n}$ terms of an arithmetic sequence with first term ${a}$ and common "
                f"difference ${d}$?",
            )
        ),
        solution=rf"The last term is ${a} + {n - 1} \cdot {d} = {last}$. The sum is "
        rf"$\frac{{{n} \cdot ({a} + {last})}}{{2}} = {total}$. {boxed(str(total))}",
        answer=str(total),
        level=4,
        check=lambda: sympy.summation(a + k * d, (k, 0, n - 1)),
    )


def geometric_sequence(rng: random.Random) -> Draw:
    """Find a term, or the sum of the first terms, of a geometric sequence."""
    while True:
        a, r, n, summed = rng.randint(1, 99), rng.choice((-3, -2, 2, 3, 4, 5)), rng.randint(3, 6), rng.random() < 0.5
        terms = [a * r**i for i in range(n)]
        if abs(terms[-1]) < 2000:
            break
    value = sum(terms) if summed else terms[-1]
    base = signed(r)
    if summed:
        work = f"{a} \\cdot (1 + {base}" + "".join(f" + {power(base, i)}" for i in range(2, n)) + ")"
        asked = f"What is the sum of the first ${n}$ terms?"
    else:
        work, asked = f"{a} \\cdot {power(base, n - 1)}", f"What is term number ${n}$?"
    k = sympy.Symbol("k")
    return Draw(
        numbers=(a, r, n, int(summed)),
        problem=rng.choice(
            (
                f"A geometric sequence has first term ${a}$ and common ratio ${r}$. {asked}",
                f"The first two terms of a geometric sequence are ${a}$ and ${a * r}$. {asked}",
            )
        ),
        solution=rf"The ratio is ${r}$, so it is ${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=4 if summed else 3,
        check=lambda: sympy.summation(a * r**k, (k, 0 if summed else n - 1, n - 1)),
    )


def expand_product(rng: random.Random) -> Draw:
    """Expand a product of two linear factors, perhaps with more to collect."""
    shape = rng.choice((0, 1, 1, 2))
    a, c = (1, 1) if shape == 0 else (rng.randint(1, 7), rng.randint(1, 7))
    b, d = nonzero(rng, 30 if shape == 0 else 9), nonzero(rng, 30 if shape == 0 else 9)
    e, f = (nonzero(rng, 9), nonzero(rng, 20)) if shape == 2 else (0, 0)
    coefs = [a * c, a * d + b * c + e, b * d + f]
    text = f"({linear(a, b)})({linear(c, d)})"
    middle, constant = rf"{a} \cdot {signed(d)} + {signed(b)} \cdot {c}", rf"{signed(b)} \cdot {signed(d)}"
    if shape == 2:
        text += f" {'-' if e < 0 else '+'} {linear(abs(e), 0)} {'-' if f < 0 else '+'} {abs(f)}"
        middle, constant = f"{middle} + {signed(e)}", f"{constant} + {signed(f)}"
    answer = polynomial(coefs)
    x = sympy.Symbol("x")
    return Draw(
        numbers=(a, b, c, d, e, f),
        problem=rng.choice(
            (
                f"Expand ${text}$.",
                f"Write ${text}$ as a polynomial in $x$.",
                f"Expand and collect like terms: ${text}$.",
            )
        ),
        solution=f"The coefficient of $x$ is ${middle} = {coefs[1]}$ and the constant is ${constant} = {coefs[2]}$, so "
        f"${text} = {answer}$. {boxed(answer)}",
        answer=answer,
        level=2 + shape,
        check=lambda: sympy.expand((a * x + b) * (c * x + d) + e * x + f),
    )


def exponent_laws(rng: random.Random) -> Draw:
    """Combine powers of one base into a single power."""
    base = rng.choice((2, 3, 5, 7, 10, 11))
    p, q, r, s = rng.randint(2, 9), rng.randint(2, 6), rng.randint(2, 15), rng.randint(2, 15)
    raised = rng.random() < 0.6
    exponent = (p * q if raised else p + q) + r - s
    top = f"({power(str(base), p)})^{q}" if raised else f"{power(str(base), p)} \\cdot {power(str(base), q)}"
    text = rf"\frac{{{top} \cdot {power(str(base), r)}}}{{{power(str(base), s)}}}"
    work = (rf"{p} \cdot {q}" if raised else f"{p} + {q}") + f" + {r} - {s}"
    return Draw(
        numbers=(base, int(raised), p, q, r, s),
        problem=rng.choice(
            (
                f"If ${text} = {base}^n$, what is $n$?",
                f"Find $n$ such that ${text} = {base}^n$.",
                f"The number ${text}$ can be written as ${base}^n$. Find $n$.",
            )
        ),
        solution=f"By the laws of exponents, $n = {work} = {exponent}$. {boxed(str(exponent))}",
        answer=str(exponent),
        level=3 if raised else 2,
        check=lambda: sympy.multiplicity(
            base, sympy.Integer(base) ** (p * q if raised else p + q) * base**r * sympy.Rational(1, base**s)
        ),
    )


def radical_sum(rng: random.Random) -> Draw:
    """Add or subtract two multiples of like radicals."""
    core = rng.choice((2, 3, 5, 6, 7))
    while True:
        p, q, a, b = rng.randint(2, 7), rng.randint(2, 7), rng.randint(1, 6), nonzero(rng, 6)
        total = a * p + b * q
        if p != q and total > 1:
            break
    m, n = p * p * core, q * q * core
    left = rf"\sqrt{{{m}}}" if a == 1 else rf"{a}\sqrt{{{m}}}"
    right = rf"\sqrt{{{n}}}" if abs(b) == 1 else rf"{abs(b)}\sqrt{{{n}}}"
    text = f"{left} {'-' if b < 0 else '+'} {right}"
    answer = rf"{total}\sqrt{{{core}}}"
    return Draw(
        numbers=(core, a, p, b, q),
        problem=rng.choice((f"Simplify ${text}$.", ask(rng, text), f"Write ${text}$ as a single radical term.")),
        solution=rf"Since $\sqrt{{{m}}} = {p}\sqrt{{{core}}}$ and $\sqrt{{{n}}} = {q}\sqrt{{{core}}}$, the coefficient "
        rf"is ${a} \cdot {p} {'-' if b < 0 else '+'} {abs(b)} \cdot {q} = {total}$. {boxed(answer)}",
        answer=answer,
        level=3 if a == 1 or abs(b) == 1 else 4,
        check=lambda: answer_latex(a * sympy.sqrt(m) + b * sympy.sqrt(n)),
    )


TEMPLATES: tuple[Template, ...] = (
    Template("slope", "Algebra", slope),
    Template("midpoint", "Algebra", midpoint),
    Template("evaluate_expression", "Algebra", evaluate_expression),
    Template("function_composition", "Algebra", function_composition),
    Template("arithmetic_sequence", "Algebra", arithmetic_sequence),
    Template("arithmetic_sum", "Algebra", arithmetic_sum),
    Template("geometric_sequence", "Algebra", geometric_sequence),
    Template("expand_product", "Algebra", expand_product),
    Template("exponent_laws", "Algebra", exponent_laws),
    Template("radical_sum", "Algebra", radical_sum),
)
