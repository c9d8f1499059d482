"""Accuracy by kind of problem: which problems are in which group, and what becomes of those in none."""

import numpy as np
import polars as pl
import pytest

from mathtune_core.schemas import PROBLEMS
from mathtune_ranking.breakdowns import SHOWN, breakdowns

ALL = np.ones(6, dtype=bool)
RIGHT = [1.0, 0.0, 1.0, 1.0, 0.0, 0.5]


def problems(**columns) -> pl.DataFrame:
    fixed = {"split": "test", "fold": None, "subset": "main", "source": "toy", "problem": "?"}
    given = {"subject": [None] * 6, "level": [None] * 6, "expected_answer": ["1"] * 6, **columns}
    frame = pl.DataFrame({"problem_id": [f"p{number}" for number in range(6)], **given})
    return frame.with_columns(**{name: pl.lit(value) for name, value in fixed.items()}).select(
        pl.col(name).cast(kind) for name, kind in PROBLEMS.schema.items()
    )


@pytest.fixture
def found(study, outcomes_of):
    return outcomes_of(study, lambda row, selector: [RIGHT])


def groups(frame: pl.DataFrame, by: str) -> list[tuple[str, float, int]]:
    rows = frame.filter((pl.col("by") == by) & (pl.col("generator") == "terse") & (pl.col("selector") == "Maj1"))
    return rows.select("value", "accuracy", "num_problems").rows()


def test_levels_come_in_order_and_problems_without_one_last(found) -> None:
    frame = breakdowns(found, problems(level=[10, None, 2, 2, None, 10]), np.zeros(6), ALL, 0.95)
    assert groups(frame, "level") == [("2", 100.0, 2), ("10", 75.0, 2), ("none", 0.0, 2)]


def test_what_no_problem_has_is_not_broken_down_by(found) -> None:
    frame = breakdowns(found, problems(subject=["b", "a", "b", "a", "a", "a"]), np.zeros(6), ALL, 0.95)
    assert frame["by"].unique(maintain_order=True).to_list() == ["subject", "answer type", "solution length"]
    assert groups(frame, "subject") == [("a", 37.5, 4), ("b", 100.0, 2)]  # (0 + 1 + 0 + 0.5) / 4


def test_only_headline_problems_count(found) -> None:
    headline = np.array([True, True, True, False, False, False])
    frame = breakdowns(found, problems(level=[1, 1, None, 2, 2, 2]), np.zeros(6), headline, 0.95)
    assert groups(frame, "level") == [("1", 50.0, 2), ("none", 100.0, 1)]


def test_answer_types_come_from_plain_to_complex(found) -> None:
    answers = ["(1, 2, 3)", "4", "\\frac{1}{2}", "0.25", "\\sqrt{2}", "7"]
    frame = breakdowns(found, problems(expected_answer=answers), np.zeros(6), ALL, 0.95)
    assert groups(frame, "answer type") == [
        ("integer", 25.0, 2),
        ("fraction or decimal", 100.0, 2),
        ("expression", 0.0, 1),
        ("several values", 100.0, 1),
    ]


def test_lengths_are_quarters_of_the_headline_problems(study, outcomes_of) -> None:
    # Quartiles of 10, 20, …, 80 (linear): 27.5, 45 and 62.5, in whole tokens 28, 45 and 62.
    eight = outcomes_of(study, lambda row, selector: [[1, 1, 1, 0, 1, 0, 0, 0]])
    table = problems().vstack(problems()).head(8)
    frame = breakdowns(eight, table, np.arange(10.0, 90.0, 10.0), np.ones(8, dtype=bool), 0.95)
    assert groups(frame, "solution length") == [
        ("≤ 28 tokens", 100.0, 2),
        ("28–45 tokens", 50.0, 2),
        ("45–62 tokens", 50.0, 2),
        ("> 62 tokens", 0.0, 2),
    ]


def test_equal_lengths_stay_together(found) -> None:
    frame = breakdowns(found, problems(), np.array([50.0, 50.0, 50.0, 50.0, 50.0, 90.0]), ALL, 0.95)
    assert groups(frame, "solution length") == [("≤ 50 tokens", 60.0, 5), ("> 50 tokens", 50.0, 1)]


def test_a_group_has_every_generator_and_selector_and_an_interval(found, study) -> None:
    frame = breakdowns(found, problems(level=[1] * 6), np.zeros(6), ALL, 0.95).filter(pl.col("by") == "level")
    assert frame.select("generator", "selector").rows() == [(name, one) for name in study.styles for one in SHOWN]
    assert (frame["low"] < frame["accuracy"]).all()
    assert (frame["accuracy"] < frame["high"]).all()
