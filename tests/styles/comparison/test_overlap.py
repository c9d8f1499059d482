import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_styles.comparison.ngrams import ngram_table
from mathtune_styles.comparison.overlap import overlap_table

STYLES = ("first", "second")


def frame(rows: list[tuple[str, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["style", "problem_id", "body"], orient="row")


def overlaps(rows: list[tuple[str, str, str]], styles: tuple[str, ...] = STYLES) -> dict[tuple[str, str], list]:
    solutions = frame(rows).with_row_index("text_index")
    table = overlap_table(solutions, ngram_table(solutions["body"]), styles)
    return {(first, second): numbers for first, second, *numbers in table.iter_rows()}


def places(text: str) -> int:
    return ngram_table(pl.Series([text])).height


@pytest.mark.parametrize(("text", "expected"), [("a b c d e", 2), ("a b c d", 1), ("a b", 1), ("", 0), ("$7 + 12$", 2)])
def test_a_text_has_a_run_for_each_place(text: str, expected: int) -> None:
    assert places(text) == expected


def test_runs_do_not_cross_texts_and_ignore_case_and_spacing() -> None:
    table = ngram_table(pl.Series(["We add  two numbers", "we ADD two numbers", "a b c", "d e f g"]))
    first, second, third, fourth = table["ngram"]
    assert table["text_index"].to_list() == [0, 1, 2, 3]
    assert first == second
    assert len({second, third, fourth}) == 3


def test_a_short_text_is_the_same_run_whatever_follows_it() -> None:
    alone, before = ngram_table(pl.Series(["a b c"])), ngram_table(pl.Series(["a b c", "d e f g"]))
    assert alone.row(0) == before.row(0)


def test_shares_worked_by_hand() -> None:
    found = overlaps(
        [
            ("first", "p1", "a b c d e f"),  # abcd bcde cdef
            ("first", "p2", "a b c d"),  # solved by first alone
            ("second", "p1", "a b c d x"),  # abcd bcdx
            ("second", "p1", "c d e f"),
            ("second", "p3", "b c d e"),
        ]
    )
    # Of first's p1 abcd and cdef stand in second's two; anywhere in second, bcde as well.
    assert found["first", "second"] == [1, pytest.approx(2 / 3), 1.0]
    # 1 of 2 and 1 of 1; in the corpus p3's bcde stands in first's p1 as well.
    assert found["second", "first"] == [1, pytest.approx(3 / 4), pytest.approx((0.5 + 1 + 1) / 3)]


def test_styles_without_a_common_problem_have_no_share() -> None:
    found = overlaps([("first", "p1", "a b c d"), ("second", "p2", "a b c d")])
    assert found["first", "second"] == [0, None, 1.0]


TEXTS = st.lists(st.sampled_from(["a", "b", "7", "$", r"\cdot"]), min_size=1, max_size=7).map(" ".join)
ROWS = st.lists(st.tuples(st.sampled_from(STYLES), st.sampled_from("pqr"), TEXTS), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_a_style_shares_all_with_itself_and_the_order_of_rows_does_not_matter(
    rows: list[tuple[str, str, str]],
) -> None:
    found = overlaps(rows)
    for style in {row[0] for row in rows}:
        assert found[style, style][1:] == [1.0, 1.0]
    assert overlaps(rows[::-1]) == found
    assert all(0 <= share <= 1 for numbers in found.values() for share in numbers[1:] if share is not None)


def test_a_run_that_a_solution_repeats_counts_once() -> None:
    found = overlaps([("first", "p1", "a a a a a b"), ("second", "p1", "a a a a")])  # aaaa twice, aaab
    assert found["first", "second"] == [1, 0.5, 0.5]
