"""Extraction: the stated answer, and nothing where none is stated."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_answers import extract_answer
from mathtune_answers.extract import extract_answers

STATED = [
    (r"So the sum is \(\boxed{41}\).", "41"),
    (r"$\boxed{\frac{3}{\sqrt{2}}}$", r"\frac{3}{\sqrt{2}}"),
    (r"First $\boxed{1}$, then $\boxed{2}$.", "2"),
    (r"\boxed{\boxed{9}}", r"\boxed{9}"),
    (r"\fbox{12}", "12"),
    (r"\boxed {7}", "7"),
    (r"\boxed{\left\{1,2\right\}} and more text", r"\left\{1,2\right\}"),
    (r"\boxed{8} but later \boxed{", "8"),
    (r"The answer is 3. Hence \boxed{4}.", "4"),
    ("She has 3 left.\n#### 72", "72"),
    ("#### 1,250", "1,250"),
    ("#### 5\n\nQuestion: Tom has 9 hens. How many?\nA: 4", "5"),
    ("#### 6 Then Anna buys eggs", "6"),
    ("It costs 4 * 2 = 8\nA: 8", "8"),
    ("work\n\n# Answer\n\n12 \\frac{3}{5}", r"12 \frac{3}{5}"),
    ("### Final Answer\n\n42", "42"),
    ("Therefore, the answer is $3$.", "3"),
    (r"So the answer is \(x+1\).", "x+1"),
    ("The answer is:\n\\[\n5\n\\]", "5"),
    ("Final Answer: The final answer is $7.25$. I hope it is correct.", "7.25"),
    ("The final answer is 12,000. I hope it is correct.", "12,000"),
    ("**Answer:** 37.5", "37.5"),
    ("Answer: (B)", "(B)"),
    ("<answer>\n60\n</answer>", "60"),
    ("The answer is 4.\nFINAL ANSWER:\n<answer>5</answer>", "5"),
    ("The answer is no solution.", "no solution"),
    ("The answer is therefore 9 because 3 * 3 = 9", "9"),
    (r"$\framebox{12}$", "12"),
    (r"Hence \(x = \boxed 7\)", "7"),
    ("#### Answer\n9", "9"),
    ("**Final Answer:**\n\n12", "12"),
    ("Answer = 42", "42"),
    ("the answer would be 42", "42"),
    ("The answer to the problem is 42.", "42"),
    (r"The answer is $\sqrt{2}$, which is about 1.41.", r"\sqrt{2}"),
    (r"The answer is \(x=2\) and \(y=3\).", r"\(x=2\) and \(y=3\)"),
    ("The answer is $12.50.", "$12.50"),
    ("<Answer>3</Answer>", "3"),
    ("<answer>The answer is 42</answer>", "The answer is 42"),
    ("#### 42\n\n### Question\nBob has 3 cats.", "42"),
    ("<think>maybe \\boxed{1}</think> The answer is 2.", "2"),
]

SILENT = [
    "",
    "I do not know.",
    "So the total is 480. Since there are 6 tests",
    "The answer is",
    "the answer is:",
    r"Therefore x is \(\boxed{\frac{2",
    r"The answer is 5, so \boxed{5",
    "#### Case 1: x > 0\nThen 3x = 9",
    "#### Step 3: Simplify",
    "#### Case",
    "We check whether the answer is obtained by adding 3 and 4",
    "the answer is not clear to me, 7 or 8",
    "<answer>12",
    "<think>the answer is 4. But wait, 5 is",
    'The answer to the question "How many?" is "impossible".',
    r"\boxed{}",
    r"\boxed . $ 3",
    "12 + 13 = 25",
    "#### 1. Compute the area\nArea = 3 * 4 = 12",
    "A: First we add 2 and 3 to get",
    "The answer is the same as before",
    "The answer is an integer between 1 and 10",
    "The answer is between 3 and 4",
    "Since the answer is positive, we continue with x = 3",
    "If the answer is 5, then x = 2, a contradiction. So we try x =",
    "the answers are different for 3 and 4",
    "In this case the answer is greater than 5, so",
    "The answer should be an integer.",
    r"The answer is $\frac{1}{",
    "The answer is $",
    r"The answer is \(",
    "the answer is $x = ",
    "Answer: $",
    "#### $",
    r"\boxed{\text{",
    "Let the answer be x. Then 2x + 3 = 7",
    "```output\n42\n```",
]


@pytest.mark.parametrize(("text", "answer"), STATED)
def test_finds_the_stated_answer(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize("text", SILENT)
def test_states_none_where_the_text_states_none(text: str) -> None:
    assert extract_answer(text) is None


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="{}\\"), max_size=20).map(str.strip).filter(bool)
)
def test_what_is_put_into_a_box_comes_out(answer: str) -> None:
    assert extract_answer(f"Some work, 12 = 12.\nSo it is $\\boxed{{{answer}}}$, as claimed.") == answer


@given(st.text(max_size=300))
def test_any_text_is_answered_or_not_but_never_fails(text: str) -> None:
    answer = extract_answer(text)
    assert answer is None or answer.strip()


# What the column's short way must not mistake: boxes within boxes, cut off, escaped, empty or after a thought.
PIECES = (
    *(r"\boxed{", r"\fbox{", r"\framebox{", r"\boxed 7", r"\boxed{12}", r"\boxed{\frac{1}{2}}", "box", "{", "}"),
    *("\\", r"\\", r"\{", r"\}", r"\]", "$", " ", "\n", "\t", "\u00a0", "\x1c", "é", "5", "x", ".", r"\text{ cm}"),
    *("<think>", "</think>", "The answer is 8.", "#### 72", "A: 3", "anſ", "ANS: 4", "<answer>6</answer>"),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), max_size=5))
def test_a_column_is_read_as_its_texts_are(texts: list[str]) -> None:
    found = extract_answers(pl.Series(texts, dtype=pl.String))
    assert found.to_list() == [extract_answer(text) for text in texts]


def test_a_column_of_what_solutions_state() -> None:
    texts = [*(text for text, _ in STATED), *SILENT]
    assert extract_answers(pl.Series(texts)).to_list() == [*(answer for _, answer in STATED), *[None] * len(SILENT)]
