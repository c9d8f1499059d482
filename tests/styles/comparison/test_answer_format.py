import polars as pl
import pytest

from mathtune_styles.comparison.answer_format import check_answers


@pytest.mark.parametrize(
    ("solution", "expected", "verdicts"),
    [
        (r"So. The answer is $\boxed{\frac{1}{2}}$.", "0.5", (True, True, True)),
        (r"So. The answer is $\boxed{3}$.", "0.5", (True, False, True)),
        (r"So it is $\boxed{0.5}$.", r"\frac12", (True, True, False)),
        ("I do not know.", "1", (False, False, False)),
    ],
)
def test_an_answer_is_found_graded_and_closed(solution: str, expected: str, verdicts: tuple[bool, ...]) -> None:
    rows = pl.DataFrame({"solution": [solution], "expected_answer": [expected]})
    assert check_answers(rows).select("answered", "right", "closed").row(0) == verdicts


def test_one_text_is_graded_for_each_problem_it_answers() -> None:
    rows = pl.DataFrame({"style": ["s", "t"], "solution": ["The answer is 4."] * 2, "expected_answer": ["4", "5"]})
    checked = check_answers(rows)
    assert checked["style"].to_list() == ["s", "t"]
    assert checked["right"].to_list() == [True, False]
