from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathtune_styles.comparison.vocabulary import expected_distinct


@pytest.mark.parametrize(
    ("counts", "size", "expected"),
    [
        ([1, 1, 1], 2, 2.0),  # all different: as many as drawn
        ([5], 3, 1.0),
        ([2, 1], 2, 5 / 3),  # aab: ab, ab, aa, so (2 + 2 + 1) / 3
        ([3, 2], 5, 2.0),  # all drawn
        ([3, 2], 6, None),  # fewer words than are to be drawn
        ([], 1, None),
    ],
)
def test_worked_by_hand(counts: list[int], size: int, expected: float | None) -> None:
    assert expected_distinct(counts, size) == (None if expected is None else pytest.approx(expected, abs=1e-12))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.data())
def test_agrees_with_the_binomials_of_the_definition(counts: list[int], data: st.DataObject) -> None:
    total = sum(counts)
    size = data.draw(st.integers(1, total))
    expected = sum(1 - comb(total - count, size) / comb(total, size) for count in counts)
    assert expected_distinct(counts, size) == pytest.approx(expected, rel=1e-9)


def test_more_of_the_same_is_hardly_richer() -> None:
    once = expected_distinct([30, 20, 10, 1], 50)
    assert once is not None
    assert expected_distinct([3_000, 2_000, 1_000, 100], 50) == pytest.approx(once, abs=0.3)
