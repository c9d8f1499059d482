import json
import os
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_answers import extract_answer, grade
from mathtune_styles.equations import equation_report, find_equations
from mathtune_styles.rewritten.rewrite import last_boxed, rewrite_solution
from mathtune_styles.step_check import check_with_sympy


@pytest.mark.parametrize(
    ("solution", "text", "expanded"),
    [
        (
            r"The total cost is $8 \cdot 5 - 30 = 10$. The answer is $\boxed{10}$.",
            r"The total cost is $8 \cdot 5 - 30$: $8 \cdot 5 = 40$, $40 - 30 = 10$. The answer is $\boxed{10}$.",
            1,
        ),
        (
            r"Since $3x + 7 = 22$, we have $x = 5$. The answer is $\boxed{5}$.",
            r"Since $3x + 7 = 22$, we have $3x = 22 - 7 = 15$, $x = 15 \div 3 = 5$. The answer is $\boxed{5}$.",
            1,
        ),
        (
            r"$f(4) = 2 \cdot 4^2 - 3 = 29$. The answer is $\boxed{29}$.",
            r"$f(4) = 2 \cdot 4^2 - 3$: $4^2 = 4 \cdot 4 = 16$, $2 \cdot 16 = 2 \cdot 10 + 2 \cdot 6 = 20 + 12 = 32$, "
            r"$32 - 3 = 29$, so $f(4) = 29$. The answer is $\boxed{29}$.",
            1,
        ),
        (
            r"Since $4^3 = 64$, it is $64$. The answer is $\boxed{64}$.",
            r"Since $4^3 = 4 \cdot 4 \cdot 4$, $4 \cdot 4 = 16$, $16 \cdot 4 = 10 \cdot 4 + 6 \cdot 4 = 40 + 24 = 64$, "
            r"it is $64$. The answer is $\boxed{64}$.",
            1,
        ),
        (
            r"$10^2 - 8^2 = (10 - 8)(10 + 8) = 2 \cdot 18 = 36$. The answer is $\boxed{36}$.",
            r"$10^2 - 8^2 = (10 - 8)(10 + 8)$: $10 - 8 = 2$, $10 + 8 = 18$, "
            r"$2 \cdot 18 = 2 \cdot 10 + 2 \cdot 8 = 20 + 16 = 36$. The answer is $\boxed{36}$.",
            1,
        ),
        (
            r"So $3 \cdot 4 + 5 = \boxed{17}.$",
            r"So $3 \cdot 4 + 5$: $3 \cdot 4 = 12$, $12 + 5 = \boxed{17}$. The answer is $\boxed{17}$.",
            1,
        ),
        (
            r"$\frac{1}{2} + \frac{1}{6} = \frac{2}{3}$. The answer is $\boxed{\frac{2}{3}}$.",
            r"$\frac{1}{2} + \frac{1}{6} = \frac{3}{6} + \frac{1}{6} = \frac{4}{6} = \frac{4 \div 2}{6 \div 2} = "
            r"\frac{2}{3}$. The answer is $\boxed{\frac{2}{3}}$.",
            1,
        ),
        (
            r"Hence,\[3 \cdot 4 + 5 = \boxed{17}.\]So it is.",
            r"Hence, $3 \cdot 4 + 5$: $3 \cdot 4 = 12$, $12 + 5 = \boxed{17}$. So it is. The answer is $\boxed{17}$.",
            1,
        ),
        (
            r"Since $$2x + 1 = 7,$$we have \(x = 3\) here. The answer is $\boxed{3}$.",
            r"Since $$2x + 1 = 7,$$we have $2x = 7 - 1 = 6$, $x = 6 \div 2 = 3$ here. The answer is $\boxed{3}$.",
            1,
        ),
        (
            "She has 3*5+2*4=<<3*5+2*4=23>>23 apples.\nThey cost 23 - 3 = $<<23-3=20>>20.\n#### 20",
            "She has 3*5+2*4= ($3 \\cdot 5 = 15$, $2 \\cdot 4 = 8$, $15 + 8 = 23$) 23 apples.\n"
            "They cost 23 - 3 = \\$20.\nThe answer is $\\boxed{20}$.",
            1,
        ),
        (
            "He pays $2 + 3 + 4 = $<<2+3+4=9>>9.00\n#### 9",
            "He pays \\$2 + 3 + 4 = ($2 + 3 = 5$, $5 + 4 = 9$) \\$9.00\nThe answer is $\\boxed{9}$.",
            1,
        ),
    ],
)
def test_golden(solution: str, text: str, expanded: int) -> None:
    rewrite = rewrite_solution(solution)
    assert rewrite.text == text
    assert (rewrite.rejection, rewrite.expanded) == (None, expanded)


@pytest.mark.parametrize(
    "solution",
    [
        r"We have $3 + 4 = 7$. The answer is $\boxed{7}$.",
        r"Factoring, $x^2 - 4 = (x - 2)(x + 2)$, so $x = 2$. The answer is $\boxed{2}$.",
        r"The system $x + y = 3$, $x - y = 1$ gives $x = 2$. The answer is \boxed{2}",
        r"$58 = 8 \cdot 7 + 2$. The answer is $\boxed{2}$.",
        r"Since $3x + 7 = 22$, we have $x = 6$. The answer is $\boxed{6}$.",
    ],
)
def test_kept_as_it_is(solution: str) -> None:
    rewrite = rewrite_solution(solution)
    assert (rewrite.text, rewrite.rejection, rewrite.expanded) == (solution, None, 0)


def test_what_has_nothing_to_expand_is_closed_as_every_style_is() -> None:
    rewrite = rewrite_solution(r"There are $\boxed{7}$ ways. ")
    assert (rewrite.text, rewrite.expanded) == (r"There are $\boxed{7}$ ways. The answer is $\boxed{7}$.", 0)


@pytest.mark.parametrize(
    ("solution", "reason"),
    [
        (r"$3 + 4 + 1 = 9$. The answer is $\boxed{9}$.", "an equation does not hold"),
        ("It is 10/4=<<10/4=2>>2.\n#### 2", "an equation does not hold"),
        ("It is $3 + 4 = 7$.", "no boxed answer"),
        (r"It is $\boxed{7$.", "no boxed answer"),
        ("#### ", "no boxed answer"),
        ("x" * 30_000, "too long"),
    ],
)
def test_rejections(solution: str, reason: str) -> None:
    rewrite = rewrite_solution(solution)
    assert (rewrite.text, rewrite.rejection) == (None, reason)


def test_last_boxed_matches_braces() -> None:
    assert last_boxed(r"\boxed{1} then \boxed{\frac{2}{3}}.") == r"\frac{2}{3}"
    assert last_boxed("none") is None


operators = st.sampled_from(["+", "-", r"\cdot"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(operators, st.integers(0, 99)), min_size=1, max_size=4), st.integers(0, 99))
def test_rewriting_keeps_the_answer_and_tells_the_truth(rest: list[tuple[str, int]], first: int) -> None:
    latex = " ".join([str(first), *(f"{operator} {number}" for operator, number in rest)])
    terms = [first]
    for operator, number in rest:
        if operator == r"\cdot":
            terms[-1] *= number
        else:
            terms.append(number if operator == "+" else -number)
    value = sum(terms)
    rewrite = rewrite_solution(f"It is ${latex} = {value}$. The answer is $\\boxed{{{value}}}$.")
    assert rewrite.text is not None, rewrite.rejection
    assert last_boxed(rewrite.text) == str(value)
    assert rewrite.text.endswith(f"The answer is $\\boxed{{{value}}}$.")
    assert all(equation.holds for equation in find_equations(rewrite.text))
    assert check_with_sympy(rewrite.text)


pieces = st.sampled_from(
    [
        "$",
        "$$",
        "=",
        "1",
        "2x",
        "x",
        r"\boxed{",
        "}",
        "{",
        "<<",
        ">>",
        "\n#### ",
        r"\frac",
        "+",
        " ",
        "7",
        "^",
        "!",
        r"\$",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(pieces, max_size=40).map("".join))
def test_garbage_never_raises(text: str) -> None:
    rewrite = rewrite_solution(text)
    assert (rewrite.text is None) == (rewrite.rejection is not None)


@pytest.mark.parametrize(("source", "key", "least_expanded"), [("math", "solution", 100), ("gsm8k", "answer", 200)])
def test_real_originals_keep_their_answers_and_hold(source: str, key: str, least_expanded: int) -> None:
    folder = os.environ.get("MATHTUNE_DATA")
    if not folder:
        pytest.skip("MATHTUNE_DATA names no folder with the public data sets")
    with (Path(folder) / source / "train.jsonl").open() as lines:
        originals = [json.loads(line)[key] for line in islice(lines, 400)]
    outcomes = [rewrite_solution(original) for original in originals]
    kept = [(original, o) for original, o in zip(originals, outcomes, strict=True) if o.text is not None]
    assert len(kept) > 0.98 * len(originals)
    assert sum(outcome.expanded > 0 for _, outcome in kept) > least_expanded
    for original, outcome in kept:
        assert outcome.text is not None
        before, after = extract_answer(original), extract_answer(outcome.text)
        assert before is not None
        assert after is not None
        assert grade(before, after)
        assert equation_report(outcome.text).failing == 0
