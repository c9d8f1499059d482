"""Intermediate algebra: polynomials and their roots, complex numbers, logarithms and functions given in pieces."""

import random
from fractions import Fraction

import sympy

from mathtune_styles.builtin.latex import boxed, frac, gaussian, linear, pair, polynomial, power, signed
from mathtune_styles.builtin.template import Draw, Template
from mathtune_styles.builtin.words import ask, nonzero


def polynomial_remainder(rng: random.Random) -> Draw:
    """Find the remainder of a cubic or quadratic on division by x - r."""
    while True:
        cubic, r = rng.random() < 0.6, nonzero(rng, 5)
        a, b, c, d = rng.randint(1, 4) if cubic else 0, nonzero(rng, 9), nonzero(rng, 9), nonzero(rng, 20)
        value = a * r**3 + b * r**2 + c * r + d
        if abs(value) < 500:
            break
    text, at = polynomial([a, b, c, d]), signed(r)
    lead = rf"{a} \cdot {at}^3 + " if cubic else ""
    work = rf"{lead}{signed(b)} \cdot {at}^2 + {signed(c)} \cdot {at} + {signed(d)}"
    x = sympy.Symbol("x")
    return Draw(
        numbers=(a, b, c, d, r),
        problem=rng.choice(
            (
                f"Find the remainder when ${text}$ is divided by ${linear(1, -r)}$.",
                f"What is the remainder when the polynomial ${text}$ is divided by ${linear(1, -r)}$?",
                f"The polynomial ${text}$ is divided by ${linear(1, -r)}$. What is the remainder?",
            )
        ),
        solution=f"By the remainder theorem it is ${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=4 if cubic else 3,
        check=lambda: sympy.rem(a * x**3 + b * x**2 + c * x + d, x - r, x),
    )


def complex_product(rng: random.Random) -> Draw:
    """Multiply two complex numbers, perhaps adding a third."""
    a, b, c, d = (nonzero(rng, 12) for _ in range(4))
    e, f = (nonzero(rng, 15), nonzero(rng, 15)) if rng.random() < 0.4 else (0, 0)
    real, imaginary = a * c - b * d + e, a * d + b * c + f
    text = f"({gaussian(a, b)})({gaussian(c, d)})" + (f" + ({gaussian(e, f)})" if e else "")
    more = (f" + {signed(e)}", f" + {signed(f)}") if e else ("", "")
    answer = gaussian(real, imaginary)
    return Draw(
        numbers=(a, b, c, d, e, f),
        problem=rng.choice((ask(rng, text), f"Simplify ${text}$, where $i^2 = -1$.", f"Write ${text}$ as $a + bi$.")),
        solution=rf"The real part is ${a} \cdot {signed(c)} - {signed(b)} \cdot {signed(d)}{more[0]} = {real}$. "
        rf"The imaginary part is ${a} \cdot {signed(d)} + {signed(b)} \cdot {signed(c)}{more[1]} = {imaginary}$. "
        + boxed(answer),
        answer=answer,
        level=4 if e else 3,
        check=lambda: sympy.expand((a + b * sympy.I) * (c + d * sympy.I) + e + f * sympy.I),
    )


def logarithms(rng: random.Random) -> Draw:
    """Combine two logarithms of perfect powers."""
    powers = [(base, n) for base in range(2, 11) for n in range(1, 11) if base != 4 and base**n <= 1024]
    (p, m), (q, n) = rng.sample(powers, 2)
    k, shape = rng.randint(2, 9), rng.randint(0, 2)
    left, right = rf"\log_{{{p}}} {p**m}", rf"\log_{{{q}}} {q**n}"
    text = (f"{left} + {right}", rf"{k} {left} - {right}", rf"{left} \cdot {right} + {k}")[shape]
    work = (f"{m} + {n}", rf"{k} \cdot {m} - {n}", rf"{m} \cdot {n} + {k}")[shape]
    value = (m + n, k * m - n, m * n + k)[shape]
    first, second = sympy.log(p**m, p), sympy.log(q**n, q)
    return Draw(
        numbers=(shape, p, m, q, n) if shape == 0 else (shape, p, m, q, n, k),
        problem=ask(rng, text),
        solution=f"Since ${power(str(p), m)} = {p**m}$ and ${power(str(q), n)} = {q**n}$, the value is "
        f"${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=(2, 3, 3)[shape],
        check=lambda: sympy.simplify((first + second, k * first - second, first * second + k)[shape]),
    )


def rational_expression(rng: random.Random) -> Draw:
    """Cancel a common factor, and perhaps collect terms afterwards."""
    a, c = rng.randint(1, 6), rng.randint(1, 5)
    b, d = nonzero(rng, 9), nonzero(rng, 9)
    e, f = (nonzero(rng, 6), nonzero(rng, 12)) if rng.random() < 0.5 else (0, 0)
    top, bottom, left = [a * c, a * d + b * c, b * d], linear(c, d), linear(a, b)
    quotient = rf"\frac{{{polynomial(top)}}}{{{bottom}}}"
    text = quotient + (f" + ({linear(e, f)})" if e else "")
    answer = linear(a + e, b + f)
    collect = f" Then $({left}) + ({linear(e, f)}) = {answer}$." if e else ""
    x = sympy.Symbol("x")
    return Draw(
        numbers=(a, b, c, d, e, f),
        problem=rng.choice(
            (
                f"Simplify ${text}$.",
                f"Write ${text}$ as a polynomial in $x$.",
                f"For values of $x$ with ${bottom} \\ne 0$, simplify ${text}$.",
            )
        ),
        solution=f"Factoring, ${polynomial(top)} = ({left})({bottom})$, so the fraction is ${left}$.{collect} "
        + boxed(answer),
        answer=answer,
        level=5 if e else 4,
        check=lambda: sympy.expand(
            sympy.cancel((a * c * x**2 + (a * d + b * c) * x + b * d) / (c * x + d)) + e * x + f
        ),
    )


def quadratic_root_sums(rng: random.Random) -> Draw:
    """Evaluate a symmetric expression in the roots of a quadratic by Vieta's formulas."""
    shape = rng.randint(0, 3)
    p, q = nonzero(rng, 20 if shape < 3 else 7), nonzero(rng, 30 if shape < 3 else 12)
    text = polynomial([1, -p, q])
    asked = ("r^2 + s^2", "(r + 1)(s + 1)", r"\frac{1}{r} + \frac{1}{s}", "r^3 + s^3")[shape]
    product, total = signed(q), signed(p)
    work = (
        rf"{total}^2 - 2 \cdot {product}",
        f"{product} + {total} + 1",
        rf"\frac{{{p}}}{{{q}}}",
        rf"{total}^3 - 3 \cdot {total} \cdot {product}",
    )[shape]
    value = (Fraction(p**2 - 2 * q), Fraction(q + p + 1), Fraction(p, q), Fraction(p**3 - 3 * p * q))[shape]
    identity = (
        "r^2 + s^2 = (r + s)^2 - 2rs",
        "(r + 1)(s + 1) = rs + (r + s) + 1",
        r"\frac{1}{r} + \frac{1}{s} = \frac{r + s}{rs}",
        "r^3 + s^3 = (r + s)^3 - 3(r + s)rs",
    )[shape]
    # The companion matrix has the roots as its eigenvalues, so that no root need be found.
    m = sympy.Matrix([[0, -q], [1, p]])
    # A quotient already in lowest terms is its own value, and "1/2 = 1/2" would say nothing.
    last = work if work == frac(value) else f"{work} = {frac(value)}"
    return Draw(
        numbers=(shape, p, q),
        problem=rng.choice(
            (
                f"Let $r$ and $s$ be the roots of ${text} = 0$. Find ${asked}$.",
                f"If $r$ and $s$ are the solutions of ${text} = 0$, what is ${asked}$?",
                f"The equation ${text} = 0$ has roots $r$ and $s$. Compute ${asked}$.",
            )
        ),
        solution=f"Here $r + s = {p}$ and $rs = {q}$. Since ${identity}$, the value is ${last}$. {boxed(frac(value))}",
        answer=frac(value),
        level=(4, 3, 4, 5)[shape],
        check=lambda: (
            (m**2).trace(),
            (sympy.eye(2) + m).det(),
            m.inv().trace(),
            (m**3).trace(),
        )[shape],
    )


def rational_equation(rng: random.Random) -> Draw:
    """Solve an equation between two fractions by cross-multiplying."""
    while True:
        a, c, root = rng.randint(1, 9), rng.randint(1, 9), rng.randint(-12, 20)
        # Equal fractions need denominators in the ratio a : c.
        scale = nonzero(rng, 6)
        left, right = a * scale, c * scale
        if a != c and root not in (left, right):
            break
    b, d = left - root, right - root
    text = rf"\frac{{{a}}}{{{linear(1, b)}}} = \frac{{{c}}}{{{linear(1, d)}}}"
    crossed = f"{linear(a, a * d)} = {linear(c, c * b)}"
    x = sympy.Symbol("x")
    return Draw(
        numbers=(a, b, c, d),
        problem=rng.choice(
            (f"Solve for $x$: ${text}$.", f"Find $x$ if ${text}$.", f"What value of $x$ makes ${text}$?")
        ),
        solution=f"Cross-multiplying gives ${crossed}$, so $x = {root}$. {boxed(str(root))}",
        answer=str(root),
        level=4,
        check=lambda: sympy.solve(sympy.Eq(a / (x + b), c / (x + d)), x)[0],
    )


def quadratic_vertex(rng: random.Random) -> Draw:
    """Find the vertex of a parabola by completing the square."""
    a, h, k = rng.choice((1, 1, nonzero(rng, 4))), nonzero(rng, 12), nonzero(rng, 40)
    b, c = -2 * a * h, a * h * h + k
    text, answer = polynomial([a, b, c]), pair(h, k)
    x = sympy.Symbol("x")
    form = a * x**2 + b * x + c
    lead = {1: "", -1: "-"}.get(a, str(a))
    square = f"{lead}({linear(1, -h)})^2 {'-' if k < 0 else '+'} {abs(k)}"
    return Draw(
        numbers=(a, h, k),
        problem=rng.choice(
            (
                f"What is the vertex of the parabola $y = {text}$?",
                f"Find the vertex of the graph of $y = {text}$ as an ordered pair.",
                f"The parabola $y = {text}$ has its vertex at $(h, k)$. Find $(h, k)$.",
            )
        ),
        solution=f"Completing the square, ${text} = {square}$. {boxed(answer)}",
        answer=answer,
        level=3 if a == 1 else 5,
        check=lambda: (lambda at: (at, form.subs(x, at)))(sympy.solve(sympy.diff(form, x), x)[0]),
    )


def product_coefficient(rng: random.Random) -> Draw:
    """Find one coefficient of a product of two quadratics."""
    a, d = rng.randint(1, 9), rng.randint(1, 9)
    b, c, e, f = (nonzero(rng, 9) for _ in range(4))
    degree = rng.choice((1, 2, 3))
    pairs = {1: ((b, f), (c, e)), 2: ((a, f), (b, e), (c, d)), 3: ((a, e), (b, d))}[degree]
    value = sum(p * q for p, q in pairs)
    work = " + ".join(rf"{signed(p)} \cdot {signed(q)}" for p, q in pairs)
    text, term = f"({polynomial([a, b, c])})({polynomial([d, e, f])})", "x" if degree == 1 else f"x^{degree}"
    x = sympy.Symbol("x")
    return Draw(
        numbers=(degree, a, b, c, d, e, f),
        problem=rng.choice(
            (
                f"What is the coefficient of ${term}$ when ${text}$ is expanded?",
                f"Find the coefficient of ${term}$ in the product ${text}$.",
            )
        ),
        solution=f"The coefficient of ${term}$ is ${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=4 if degree == 2 else 3,
        check=lambda: sympy.Poly((a * x**2 + b * x + c) * (d * x**2 + e * x + f), x).coeff_monomial(x**degree),
    )


def piecewise_function(rng: random.Random) -> Draw:
    """Add two values of a function given in two pieces."""
    cut, a, b, c = rng.randint(-2, 5), rng.randint(2, 9), nonzero(rng, 15), nonzero(rng, 15)
    u, v = cut + rng.randint(0, 8), cut - rng.randint(1, 8)
    above, below = a * u + b, v * v + c
    value = above + below
    x = sympy.Symbol("x")
    form = sympy.Piecewise((a * x + b, x >= cut), (x**2 + c, True))
    pieces = rf"$f(x) = {linear(a, b)}$ if $x \ge {cut}$ and $f(x) = {polynomial([1, 0, c])}$ if $x < {cut}$"
    return Draw(
        numbers=(cut, a, b, c, u, v),
        problem=rng.choice(
            (
                f"Let {pieces}. What is $f({u}) + f({v})$?",
                f"Suppose that {pieces}. Find $f({u}) + f({v})$.",
            )
        ),
        solution=rf"We have $f({u}) = {a} \cdot {signed(u)} + {signed(b)} = {above}$ and "
        rf"$f({v}) = {signed(v)}^2 + {signed(c)} = {below}$. The sum is ${above} + {signed(below)} = {value}$. "
        + boxed(str(value)),
        answer=str(value),
        level=4,
        check=lambda: form.subs(x, u) + form.subs(x, v),
    )


def exponential_equation(rng: random.Random) -> Draw:
    """Solve an equation between powers of two powers of one base."""
    while True:
        base, k = rng.choice(((2, 2), (2, 3), (2, 4), (3, 2), (3, 3), (5, 2), (5, 3), (7, 2)))
        p, q, r, root = rng.randint(1, 9), nonzero(rng, 30), rng.randint(1, 5), rng.randint(-9, 12)
        rest = p * root + q - k * r * root
        if p != k * r and rest and rest % k == 0 and abs(rest) <= 40:
            break
    s = rest // k
    text = f"{base}^{{{linear(p, q)}}} = {base**k}^{{{linear(r, s)}}}"
    x = sympy.Symbol("x", real=True)
    return Draw(
        numbers=(base, k, p, q, r, s),
        problem=rng.choice((f"Solve for $x$: ${text}$.", f"Find $x$ if ${text}$.", f"If ${text}$, what is $x$?")),
        solution=f"Since ${base}^{k} = {base**k}$, we have ${linear(p, q)} = {linear(k * r, k * s)}$, so $x = {root}$. "
        + boxed(str(root)),
        answer=str(root),
        level=5,
        check=lambda: sympy.solve(
            sympy.expand_log(sympy.log(base) * (p * x + q) - sympy.log(base**k) * (r * x + s), force=True), x
        )[0],
    )


def cubic_root_sums(rng: random.Random) -> Draw:
    """Evaluate a symmetric expression in the three roots of a cubic."""
    shape = rng.randint(0, 1)
    p, q, t = nonzero(rng, 12), nonzero(rng, 20), nonzero(rng, 20)
    text = polynomial([1, -p, q, -t])
    value = (p * p - 2 * q, 1 + p + q + t)[shape]
    asked = ("r^2 + s^2 + t^2", "(1 + r)(1 + s)(1 + t)")[shape]
    total, pairs, product = signed(p), signed(q), signed(t)
    solution = (
        rf"The roots have sum ${p}$ and their products in pairs have sum ${q}$, so the value is "
        rf"${total}^2 - 2 \cdot {pairs} = {value}$. ",
        f"The roots have sum ${p}$, products in pairs with sum ${q}$, and product ${t}$. So the value is "
        f"$1 + {total} + {pairs} + {product} = {value}$. ",
    )[shape]
    m = sympy.Matrix([[0, 0, t], [1, 0, -q], [0, 1, p]])
    return Draw(
        numbers=(shape, p, q, t),
        problem=rng.choice(
            (
                f"Let $r$, $s$ and $t$ be the roots of ${text} = 0$. Find ${asked}$.",
                f"The cubic ${text}$ has roots $r$, $s$ and $t$. What is ${asked}$?",
            )
        ),
        solution=solution + boxed(str(value)),
        answer=str(value),
        level=5,
        check=lambda: ((m**2).trace(), (sympy.eye(3) + m).det())[shape],
    )


TEMPLATES: tuple[Template, ...] = (
    Template("polynomial_remainder", "Intermediate Algebra", polynomial_remainder),
    Template("complex_product", "Intermediate Algebra", complex_product),
    Template("logarithms", "Intermediate Algebra", logarithms),
    Template("rational_expression", "Intermediate Algebra", rational_expression),
    Template("quadratic_root_sums", "Intermediate Algebra", quadratic_root_sums),
    Template("rational_equation", "Intermediate Algebra", rational_equation),
    Template("quadratic_vertex", "Intermediate Algebra", quadratic_vertex),
    Template("product_coefficient", "Intermediate Algebra", product_coefficient),
    Template("piecewise_function", "Intermediate Algebra", piecewise_function),
    Template("exponential_equation", "Intermediate Algebra", exponential_equation),
    Template("cubic_root_sums", "Intermediate Algebra", cubic_root_sums, held_out=True),
)
