from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_styles.equations import equation_report, evaluate, find_equations, parse_expression
from mathtune_styles.step_check import check_with_sympy


@pytest.mark.parametrize(
    ("latex", "value"),
    [
        (r"12 \cdot 7 + 8 \cdot 5 - 30", 94),
        (r"-3^2", -9),
        (r"(-3)^2", 9),
        (r"2 \cdot -3", -6),
        (r"\frac12 + \dfrac{1}{3}", Fraction(5, 6)),
        (r"7 - 2 - 1", 4),
        (r"48 \div 4 / 3", 4),
        (r"(3)(4)", 12),
        (r"\binom{7}{3}", 35),
        (r"\frac{6!}{3! \cdot 2!}", 60),
        (r"\gcd(12, 18)", 6),
        (r"\text{lcm}(4, 6)", 12),
        (r"\sqrt{49}", 7),
        (r"\left|3 - 8\right|", 5),
        (r"1,000 + 2{,}500", 3500),
        (r".75 \times 4", 3),
        (r"180^\circ - 50^{\circ}", 130),
        (r"(2^2)^3", 64),
        (r"2^{10}", 1024),
    ],
)
def test_values(latex: str, value: Fraction) -> None:
    expression = parse_expression(latex)
    assert expression is not None
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    "latex",
    ["", "2^23", "1/2x", r"5\frac{1}{2}", "3 4", "(2", "2)", r"3 \pmod 5", "2^3^2", "3 < 4", "1, 2", r"\binom{3}", "٣"],
)
def test_outside_the_subset(latex: str) -> None:
    assert parse_expression(latex) is None


@pytest.mark.parametrize("latex", [r"1 \div 0", "0^0", r"\sqrt{2}", "x + 1", "(-3)!", "2.5!", r"\gcd(1.5, 2)", "999!"])
def test_no_value(latex: str) -> None:
    expression = parse_expression(latex)
    assert expression is not None
    assert evaluate(expression) is None


@pytest.mark.parametrize(
    "latex",
    [
        "9^{9^{9^9}}",
        "9^{9^{9^{9}}}",
        "(" * 10_000,
        "((" * 12 + "2",
        "1+" * 5_000 + "1",
        "9" * 500,
        "-" * 9_000,
        "3" + "!" * 100,
    ],
)
def test_hostile_texts_cost_nothing(latex: str) -> None:
    expression = parse_expression(latex)
    assert expression is None or evaluate(expression) is None
    assert all(equation.holds is None for equation in find_equations(f"${latex} = 1$"))


def test_equations_are_found_with_their_spans() -> None:
    text = r"Since $2 + 2 = 4$, $x = 5$, \(3 = 4\), $y$ and \$3 = \$3, $f(4) = 2 \cdot 4^2 - 3 = \boxed{29}.$"
    found = find_equations(text)
    assert [equation.holds for equation in found] == [True, None, False, True]
    assert text[found[0].start : found[0].end] == "$2 + 2 = 4$"
    assert [side.text for side in found[-1].sides] == ["f(4)", r"2 \cdot 4^2 - 3", r"\boxed{29}"]


def test_an_unread_side_links_nothing() -> None:
    assert [equation.holds for equation in find_equations(r"$3 = 2 + 1 < 4 = 2 + 2$")] == [None]


def test_notes_are_read_where_dollars_are_money() -> None:
    found = find_equations("He pays $4 * 2 = $<<4*2=8>>8 and $3*3 = $<<3*3=10>>10.\n#### 18")
    assert [equation.holds for equation in found] == [True, False]


def test_report_counts() -> None:
    report = equation_report("$1 + 1 = 2$ $1 + 1 = 3$ $x = 3$ $a + b$")
    assert (report.holding, report.failing, report.unchecked) == (1, 1, 1)


def test_sympy_check() -> None:
    assert check_with_sympy(
        r"$\binom{7}{3} = \frac{210}{6} = 35$, $\gcd(12, 18) = 6 = \sqrt{36}$, $|-3| = 3! - 3$, $2^{-1} = 0.5$"
    )
    assert not check_with_sympy(r"$34 \cdot 27 = 680 + 238 = 919$")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789+-*/^(){}=$.,!| <>\\abfrcsqtdiv", max_size=60))
def test_garbage_never_raises(text: str) -> None:
    for equation in find_equations(f"${text}$"):
        assert 0 <= equation.start < equation.end
    equation_report(text)
