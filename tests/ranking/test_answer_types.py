"""The type of an expected answer."""

import pytest

from mathtune_ranking.answer_types import TYPES, answer_type


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("42", "integer"),
        ("-7", "integer"),
        ("1,250", "integer"),
        ("18\\text{ hours}", "integer"),
        ("\\frac{10}{5}", "integer"),
        ("1011_2", "integer"),
        ("\\frac{3}{4}", "fraction or decimal"),
        ("2.5", "fraction or decimal"),
        ("12.5\\%", "fraction or decimal"),
        ("\\sqrt{17}", "expression"),
        ("64\\pi", "expression"),
        ("32 - 4i", "expression"),
        ("x^2 - 14x + 45", "expression"),
        ("y = 2x + 1", "equation or inequality"),
        ("x + y \\le 3z", "equation or inequality"),
        ("(15, 4)", "several values"),
        ("(-\\infty, 3]", "several values"),
        ("1, 2, 5", "several values"),
        ("\\{1, 2\\}", "several values"),
        ("3:4", "several values"),
        ("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "several values"),
        ("\\text{Tuesday}", "text"),
        ("\\text{(B)}", "text"),
        ("E", "text"),
        ("e", "expression"),
        ("", "text"),
    ],
)
def test_the_type_is_that_of_the_value(answer: str, expected: str) -> None:
    assert answer_type(answer) == expected
    assert expected in TYPES
