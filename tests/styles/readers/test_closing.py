import pytest

from mathtune_styles.readers.closing import closed, marked_answer

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
    assert closed(solution, "5") == expected
    assert closed(expected, "5") == expected


@pytest.mark.parametrize(
    ("answer", "boxed"),
    [("$\\frac{1}{2}$", "\\frac{1}{2}"), ("\\$18.90", "\\$18.90"), ("10%", "10\\%"), ("10\\%", "10\\%")],
)
def test_what_stands_in_the_box_is_mathematics(answer: str, boxed: str) -> None:
    assert closed("So.", answer) == f"So.\nThe answer is $\\boxed{{{boxed}}}$."
