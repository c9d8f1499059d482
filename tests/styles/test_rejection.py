from collections.abc import Sequence

import polars as pl
import pytest

from mathtune_core.schemas import PROBLEMS
from mathtune_styles.rejection import FAULTS, judge, yield_report

# problem_id, sample_index, completion, finish_reason, predicted_answer, is_correct, and the verdict worked by hand
ROWS: Sequence[tuple[str, int, str, str, str | None, bool, str | None]] = [
    ("a", 0, "$1 + 1 = 3$", "stop", "3", False, "wrong answer"),
    ("a", 1, "$1 + 1 = 2$", "stop", "2", True, None),
    ("a", 2, "So $1+1=2$", "stop", "2", True, "near-duplicate"),
    ("a", 3, "$2 \\cdot 1 = 2$", "stop", "2", True, None),
    ("a", 4, "$4 - 2 = 2$", "stop", "2", True, "over max_kept"),
    ("a", 5, "and $1 + 1 = 2$", "stop", "2", True, "near-duplicate"),
    ("b", 0, "$1 + 1 = 2$ and on", "length", "2", True, "cut at max_tokens"),
    ("b", 1, "and on", "length", None, False, "cut at max_tokens"),
    ("b", 2, "It is.", "stop", None, False, "no answer"),
    ("c", 0, "$1 + 1 = 2$", "stop", "2", True, None),  # another problem's steps are no duplicate
]


def samples() -> pl.DataFrame:
    columns = [
        "problem_id",
        "sample_index",
        "completion",
        "finish_reason",
        "predicted_answer",
        "is_correct",
        "expected",
    ]
    return pl.DataFrame(list(ROWS), schema=columns, orient="row").with_columns(pl.lit(10).alias("num_tokens"))


def asked() -> pl.DataFrame:
    rows = [
        (i, "train", "generator", "main", "s", "Algebra", level, f"P {i}", "2")
        for i, level in zip("abcd", [1, 1, 2, 2], strict=True)
    ]
    return pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row")


def test_each_sample_has_the_first_reason_that_holds_or_is_kept() -> None:
    judged = judge(samples(), FAULTS, 2).samples
    assert judged["rejection"].to_list() == judged["expected"].to_list()


@pytest.mark.parametrize(("max_kept", "indices"), [(1, [1]), (2, [1, 3]), (3, [1, 3, 4]), (9, [1, 3, 4])])
def test_a_larger_number_kept_holds_a_smaller_one(max_kept: int, indices: list[int]) -> None:
    kept = judge(samples(), FAULTS, max_kept).kept.filter(pl.col("problem_id") == "a")
    assert kept["sample_index"].to_list() == indices


def test_a_verdict_does_not_depend_on_the_order_of_the_samples() -> None:
    expected = judge(samples(), FAULTS, 2).samples
    for seed in range(5):
        shuffled = samples().sample(fraction=1.0, shuffle=True, seed=seed)
        assert judge(shuffled, FAULTS, 2).samples.equals(expected)


def test_a_styles_own_fault_comes_after_those_before_it() -> None:
    own = {**FAULTS, "too short": pl.col("completion").str.len_chars() < 12}
    judged = judge(samples(), own, 2).samples
    # a1 and a2 are short, and being short is no duplicate of anything; b2 has no answer, which comes first.
    assert judged["rejection"].to_list() == [
        "wrong answer",
        "too short",
        "too short",
        None,
        "too short",
        None,
        "cut at max_tokens",
        "cut at max_tokens",
        "no answer",
        "too short",
    ]


def test_the_report_adds_up() -> None:
    report = yield_report(judge(samples(), FAULTS, 2), asked())
    unsolved = report.pop("unsolved")
    assert report == {
        "asked": 4,
        "solved": 2,
        "samples": 10,
        "right": 6,
        "kept": 3,
        "share_right": 0.6,
        "share_kept": 0.3,
        "rejected": {
            "cut at max_tokens": 2,
            "near-duplicate": 2,
            "no answer": 1,
            "over max_kept": 1,
            "wrong answer": 1,
        },
        "generated_tokens": 100,
        "tokens_per_kept": 33.3,
        "solved_by_level": {
            "1": {"asked": 2, "solved": 1, "share": 0.5},
            "2": {"asked": 2, "solved": 1, "share": 0.5},
        },
        "solved_by_subject": {"Algebra": {"asked": 4, "solved": 2, "share": 0.5}},
    }
    assert report["kept"] + sum(report["rejected"].values()) == report["samples"]
    assert unsolved.rows() == [("b", 1, "Algebra"), ("d", 2, "Algebra")]
