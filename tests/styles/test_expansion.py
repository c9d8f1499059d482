from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_styles.equations import evaluate, parse_expression
from mathtune_styles.rewritten.expansion import expand
from mathtune_styles.rewritten.linear import solve


def steps_of(latex: str, decimals: bool = False) -> list[str]:
    expression = parse_expression(latex)
    assert expression is not None
    expansion = expand(expression, decimals)
    assert expansion is not None
    return [" = ".join(step) for step in expansion.steps]


@pytest.mark.parametrize(
    ("latex", "steps"),
    [
        (
            r"12 \cdot 7 + 8 \cdot 5 - 30",
            [
                r"12 \cdot 7 = 10 \cdot 7 + 2 \cdot 7 = 70 + 14 = 84",
                r"8 \cdot 5 = 40",
                "84 + 40 = 124",
                "124 - 30 = 94",
            ],
        ),
        (r"34 \cdot 27", [r"34 \cdot 27 = 34 \cdot 20 + 34 \cdot 7 = 680 + 238 = 918"]),
        (r"12 \cdot 3", [r"12 \cdot 3 = 36"]),
        (r"3^3", [r"3^3 = 3 \cdot 3 \cdot 3 = 9 \cdot 3 = 27"]),
        (r"\frac{1}{2} + \frac{1}{3}", [r"\frac{1}{2} + \frac{1}{3} = \frac{3}{6} + \frac{2}{6} = \frac{5}{6}"]),
        (r"\frac{12}{18}", [r"\frac{12}{18} = \frac{12 \div 6}{18 \div 6} = \frac{2}{3}"]),
        (r"588 \div 7", [r"588 \div 7 = 560 \div 7 + 28 \div 7 = 80 + 4 = 84"]),
        (
            r"\binom{7}{3}",
            [
                r"\binom{7}{3} = \frac{7 \cdot 6 \cdot 5}{3 \cdot 2 \cdot 1}",
                r"7 \cdot 6 = 42",
                r"42 \cdot 5 = 40 \cdot 5 + 2 \cdot 5 = 200 + 10 = 210",
                r"3 \cdot 2 = 6",
                r"210 \div 6 = 180 \div 6 + 30 \div 6 = 30 + 5 = 35",
            ],
        ),
        (r"\gcd(12, 18)", [r"18 = 1 \cdot 12 + 6", r"12 = 2 \cdot 6 + 0", r"\gcd(12, 18) = 6"]),
        ("5 - (-3)", ["5 - (-3) = 5 + 3 = 8"]),
        ("-3^2", [r"3^2 = 3 \cdot 3 = 9", r"-1 \cdot 9 = -9"]),
        ("4!", [r"4! = 4 \cdot 3 \cdot 2 = 12 \cdot 2 = 24"]),
        (r"\frac{5!}{4!} \cdot 4 - 15", None),
    ],
)
def test_golden_steps(latex: str, steps: list[str] | None) -> None:
    found = steps_of(latex)
    if steps is not None:
        assert found == steps
    last, whole = parse_expression(found[-1].rsplit(" = ", 1)[1]), parse_expression(latex)
    assert last is not None
    assert whole is not None
    assert evaluate(last) == evaluate(whole)


def test_decimals_stay_decimals() -> None:
    assert steps_of(r"7.5 \cdot 3", decimals=True) == [r"7.5 \cdot 3 = 7 \cdot 3 + 0.5 \cdot 3 = 21 + 1.5 = 22.5"]
    assert steps_of(r"1 / 4 * 8", decimals=True) == [
        r"1 \div 4 = 0.25",
        r"0.25 \cdot 8 = 0.2 \cdot 8 + 0.05 \cdot 8 = 1.6 + 0.4 = 2",
    ]


@pytest.mark.parametrize(
    "latex", ["x + 2", r"\sqrt{2} + 1", r"3 \div 0", r"99999 \cdot 99999", "+".join("12" for _ in range(60))]
)
def test_not_expanded(latex: str) -> None:
    expression = parse_expression(latex)
    assert expression is not None
    assert expand(expression) is None


@pytest.mark.parametrize(
    ("equation", "steps"),
    [
        ("3x + 7 = 22", ["3x = 22 - 7 = 15", r"x = 15 \div 3 = 5"]),
        (
            "5x + 16 = 7x - 10",
            [
                "7x - 5x = 2x",
                "2x - 10 = 16",
                "2x = 16 + 10 = 26",
                r"x = 26 \div 2 = 13",
            ],
        ),
        ("-3x + 4 = 9", ["-3x = 9 - 4 = 5", r"x = 5 \div (-3) = -\frac{5}{3}"]),
        (r"\frac{x}{3} + 2 = 7", [r"\frac{x}{3} = 7 - 2 = 5", r"x = 5 \cdot 3 = 15"]),
        ("2(x + 3) - x = 16", ["x + 6 = 16", "x = 16 - 6 = 10"]),
        ("7 - x = 3", ["-x = 3 - 7 = -4", "x = 4"]),
        ("12 = 4t", [r"t = 12 \div 4 = 3"]),
    ],
)
def test_linear_equations(equation: str, steps: list[str]) -> None:
    left, right = map(parse_expression, equation.split("="))
    assert left is not None
    assert right is not None
    expansion = solve(left, right)
    assert expansion is not None
    assert [" = ".join(step) for step in expansion.steps] == steps


@pytest.mark.parametrize("equation", ["x + y = 3", "x^2 = 4", "2x + 1 = 2x + 3", "xx = 1", "3 = 3", r"\frac{1}{x} = 2"])
def test_unsolved(equation: str) -> None:
    left, right = map(parse_expression, equation.split("="))
    assert left is not None
    assert right is not None
    assert solve(left, right) is None


numbers = st.one_of(
    st.integers(0, 120).map(str),
    st.integers(-30, -1).map(lambda number: f"({number})"),
    st.tuples(st.integers(1, 12), st.integers(2, 12)).map(lambda pair: f"\\frac{{{pair[0]}}}{{{pair[1]}}}"),
    st.integers(1, 99).map(lambda number: f"{number / 10:.1f}"),
)
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", r"\cdot", r"\div"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        st.tuples(inner, st.integers(0, 4)).map(lambda parts: f"({parts[0]})^{parts[1]}"),
        st.tuples(inner, inner).map(lambda parts: f"\\frac{{{parts[0]}}}{{{parts[1]}}}"),
        inner.map(lambda part: f"(-{part})"),
        inner.map(lambda part: f"|{part}|"),
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(expressions, st.booleans())
def test_every_step_is_true_and_the_last_is_the_value(latex: str, decimals: bool) -> None:
    expression = parse_expression(latex)
    if expression is None:
        return
    expansion = expand(expression, decimals)
    if expansion is None:
        return
    assert expansion.value == evaluate(expression)
    last: Fraction | None = expansion.value
    for step in expansion.steps:
        sides = [parse_expression(side) for side in step]
        values = {None if side is None else evaluate(side) for side in sides}
        assert len(values) == 1, step
        assert None not in values, step
        (last,) = values
    assert last == expansion.value


@settings(max_examples=150, deadline=None)
@given(*[st.integers(-20, 20)] * 4)
def test_solutions_solve(slope: int, shift: int, other: int, constant: int) -> None:
    left, right = parse_expression(f"{slope}x + {shift}"), parse_expression(f"{other}x + {constant}")
    if left is None or right is None:
        return
    expansion = solve(left, right)
    if slope == other:
        assert expansion is None
    elif expansion is not None:
        assert slope * expansion.value + shift == other * expansion.value + constant
