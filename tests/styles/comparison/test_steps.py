r"""Steps, worked out by hand for each notation: LaTeX prose, rewritten chains, GSM8K lines, PRM800K steps, MATH."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_styles.closing import SENTENCE
from mathtune_styles.comparison.steps import body, count_operations, find_steps


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (
            r"We have $f(3) = 2 \cdot 3 + 2 = 8$ and $f(1) = 4$. The sum is $8 + 4 = 12$. The answer is $\boxed{12}$.",
            [r"We have $f(3) = 2 \cdot 3 + 2 = 8$", "and $f(1) = 4$.", "The sum is $8 + 4 = 12$."],
        ),
        (
            r"The probability is $\frac{3}{1 + 5}$: $1 + 5 = 6$, $3 \div 6 = \frac{1}{2}$.",
            [r"The probability is $\frac{3}{1 + 5}$: $1 + 5 = 6$,", r"$3 \div 6 = \frac{1}{2}$."],
        ),
        (
            "He writes 3*2=6 pages, 1.5 kg\nThat means he writes 12*6=72 pages\nThe answer is $\\boxed{72}$.",
            ["He writes 3*2=6 pages, 1.5 kg", "That means he writes 12*6=72 pages"],
        ),
        (
            "Right. Mr. Li has 7 cats at 5 p.m. and sells 2.\nSo $7 - 2 = 5$, which is $5.$ Exactly.",
            ["Right.", "Mr. Li has 7 cats at 5 p.m. and sells 2.", "So $7 - 2 = 5$, which is $5.$", "Exactly."],
        ),
        (
            "We have\n\\[x = 2,\\]\nwhere $y = 3$. Then\n\n\\begin{align*}\na &= x \\\\\n"
            "&= 2 \\\\\nb &= 3\n\\end{align*}So it is.",
            [
                "We have\n\\[x = 2,\\]",
                "where $y = 3$.",
                "Then\n\n\\begin{align*}\na &= x \\\\\n&= 2 \\\\",
                "b &= 3\n\\end{align*}",
                "So it is.",
            ],
        ),
        ("[asy]\ndraw(a--b);\nx = 3;\n[/asy]\nThe side is 4.", ["The side is 4."]),
        (r"The answer is $\boxed{\$5}$.", []),
        ("", []),
    ],
)
def test_steps(text: str, steps: list[str]) -> None:
    found = [step.text.removeprefix("[asy]\ndraw(a--b);\nx = 3;\n[/asy]\n") for step in find_steps(text)]
    assert found == steps


def test_a_steps_words_are_its_prose() -> None:
    [step] = find_steps(r"Betty's sum, \textbf{so far}, is $x \cdot \text{two}$ of 48/2 = 24 clips.")
    assert step.words == ("betty's", "sum", "so", "far", "is", "of", "clips")


@pytest.mark.parametrize(
    ("latex", "operations"),
    [
        (r"-8 \cdot 9 - (-1) \cdot (-12)", 3),  # signs of numbers are none
        (r"\frac{1}{2} + \sqrt{3}", 3),
        (r"2^{10} - 3!", 3),
        (r"3! - 2", 2),
        (r"12 \cdot -7", 1),
        ("100 - 50 - 30 - 15", 3),
        (r"0.2 \times 50", 1),
        (r"180^\circ - 1{,}000", 1),
        ("3x", 0),
        ("", 0),
    ],
)
def test_operations(latex: str, operations: int) -> None:
    assert count_operations(latex) == operations


def test_the_operations_of_a_step_are_those_of_its_hardest_side() -> None:
    [chain] = find_steps(r"So $2 \cdot 3 + 4 = 6 + 4 = 10$.")
    [prose] = find_steps("It is even.")
    assert chain.operations == 2
    assert prose.operations is None


@pytest.mark.parametrize("answer", ["7", r"\frac{3}{5}", r"\$5", r"\left\{1, 2\right\}"])
def test_the_closing_sentence_is_found_whatever_its_answer(answer: str) -> None:
    text = f"We add. The answer is $\\boxed{{{answer}}}$."
    assert SENTENCE.search(text)
    assert body(text) == "We add."


@pytest.mark.parametrize("text", ["The answer is 7.", r"The answer is $\boxed{7}$", r"The answer is $\boxed{7}$. Yes."])
def test_other_endings_are_not_the_closing_sentence(text: str) -> None:
    assert body(text) == text


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="aS 1=+$.,;:\n\\[]()", max_size=80))
def test_steps_are_pieces_of_the_text_in_order(text: str) -> None:
    position = 0
    for step in find_steps(text):
        position = text.index(step.text, position) + len(step.text)


@pytest.mark.parametrize("text", [" " * 50_000 + "x", "\n" * 50_000 + "x", "a, " * 20_000 + "=", "Mr. " * 9_000])
def test_hostile_texts_end(text: str) -> None:
    find_steps(text)
