import pytest

from mathtune_styles.closing import closed, closed_with, marked_answer

GSM8K = "He earns <<2*1500=3000>>$3,000 and pays 5*4=<<5*4=20>>20.\nLeft: <<3000-20=2980>>$2,980.\n#### 2,980"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (GSM8K, "He earns \\$3,000 and pays 5*4=20.\nLeft: \\$2,980.\nThe answer is $\\boxed{2980}$."),
        ("It is 3.\n#### 3", "It is 3.\nThe answer is $\\boxed{3}$."),
        ("It is 3.\n####3\n", "It is 3.\nThe answer is $\\boxed{3}$."),
        ("He pays \\$3.\n#### $3", "He pays \\$3.\nThe answer is $\\boxed{3}$."),
        ("It is -2.5.  \n\n#### -2.5 ", "It is -2.5.\nThe answer is $\\boxed{-2.5}$."),
    ],
)
def test_calculator_notes_go_and_a_marked_result_becomes_the_closing_sentence(source: str, text: str) -> None:
    assert closed(source, None) == text
    assert closed(source, "99") == text  # the solution's own word goes before the table's


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"There are $\boxed{18}$ ways.", r"There are $\boxed{18}$ ways. The answer is $\boxed{18}$."),
        (r"  $1 < 2$. The answer is $\boxed{18}$. ", r"$1 < 2$. The answer is $\boxed{18}$."),
        (
            r"It is $\boxed{18}$, the answer is big.",
            r"It is $\boxed{18}$, the answer is big. The answer is $\boxed{18}$.",
        ),
        (r"She spends \$41. The answer is \$41.", r"She spends \$41. The answer is $\boxed{18}$."),
        ("The answer is 18.", r"The answer is $\boxed{18}$."),
        (r"The answer is $\boxed{18}$, as said.", r"The answer is $\boxed{18}$."),
        (
            r"The answer is $9 + 9 = \boxed{18}$ now.",
            r"The answer is $9 + 9 = \boxed{18}$ now. The answer is $\boxed{18}$.",
        ),
        (r"So the final answer is \boxed{18}", r"So the final answer is \boxed{18}"),
    ],
)
def test_a_solution_without_the_closing_sentence_gets_it(source: str, text: str) -> None:
    assert closed(source, "18") == text


def test_a_solution_without_an_answer_keeps_its_ending() -> None:
    assert closed(" Nobody knows. ", None) == "Nobody knows."


def test_an_answers_dollar_sign_is_escaped() -> None:
    assert closed("She pays 41.", "$41") == r"She pays 41. The answer is $\boxed{\$41}$."
    assert closed(r"She pays \$41.", r"\$41") == r"She pays \$41. The answer is $\boxed{\$41}$."


SENTENCE = "The answer is $\\boxed{5}$."


@pytest.mark.parametrize(
    ("solution", "steps", "answer"),
    [
        ("So.\n\n# Answer\n\n468", "So.", "468"),
        ("So.\n# Answer", "So.", None),
        ("So.\n## Final Answer:\n$5$ units\nDone.", "So.", "$5$ units"),
        ("# Answer\n5", "", "5"),
        (" No mark. ", "No mark.", None),
        ("In section # Answer we trust", "In section # Answer we trust", None),
        ("So.\n# Answers vary\nYes.", "So.\n# Answers vary\nYes.", None),
    ],
)
def test_an_answer_section_ends_the_steps(solution: str, steps: str, answer: str | None) -> None:
    assert marked_answer(solution) == (steps, answer)


@pytest.mark.parametrize(
    ("solution", "expected"),
    [
        ("It is 5.", f"It is 5.\n{SENTENCE}"),
        ("It is 5.\n# Answer\n5", f"It is 5.\n{SENTENCE}"),
        (f"It is 5. {SENTENCE}", f"It is 5. {SENTENCE}"),
        ("It is 5. The answer is $\\boxed{5.0}$.", f"It is 5.\n{SENTENCE}"),
        ("Cost:\nThe answer is $\\boxed{\\$5}$.", f"Cost:\n{SENTENCE}"),
        (
            "The answer is $\\boxed{5}$, for $5 = \\boxed{5}$.",
            f"The answer is $\\boxed{{5}}$, for $5 = \\boxed{{5}}$.\n{SENTENCE}",
        ),
        ("", SENTENCE),
    ],
)
def test_a_solution_ends_in_the_sentence_once(solution: str, expected: str) -> None:
    assert closed_with(solution, "5") == expected
    assert closed_with(expected, "5") == expected


@pytest.mark.parametrize(
    ("answer", "boxed"),
    [("$\\frac{1}{2}$", "\\frac{1}{2}"), ("\\$18.90", "\\$18.90"), ("10%", "10\\%"), ("10\\%", "10\\%")],
)
def test_what_stands_in_the_box_is_mathematics(answer: str, boxed: str) -> None:
    assert closed_with("So.", answer) == f"So.\nThe answer is $\\boxed{{{boxed}}}$."
