"""Tests that keep their level, p-values by hand and by enumeration, corrections worked out by hand."""

from itertools import product

import numpy as np
import pytest

from mathtune_ranking import paired_tests
from mathtune_ranking.paired_tests import (
    compare,
    detectable_difference,
    holm,
    mcnemar_p,
    permutation_p,
    problems_for_a_point,
)


def pairs(better: int, worse: int, equal: int) -> np.ndarray:
    return np.repeat([1.0, -1.0, 0.0], [better, worse, equal])


@pytest.mark.parametrize(
    ("better", "worse", "p"),
    [
        (10, 2, 2 * (1 + 12 + 66) / 4096),  # of 12 coins at most 2 heads
        (1, 7, 2 * (1 + 8) / 256),
        (6, 0, 2 / 64),
        (3, 3, 1.0),  # twice 42/64, which is more than certain
        (0, 0, 1.0),
        (2600, 2400, 0.0048836497),  # scipy.stats.binomtest(2600, 5000).pvalue
    ],
)
def test_mcnemar_by_hand(better, worse, p) -> None:
    columns = np.stack([pairs(better, worse, 7), pairs(worse, better, 7)], axis=1)
    assert mcnemar_p(columns).tolist() == pytest.approx([p, p], rel=1e-8)


def test_mcnemar_counts_what_no_float_could() -> None:
    assert 0.0 <= mcnemar_p(pairs(5000, 0, 0)[:, None])[0] < 1e-300


def test_mcnemar_keeps_its_level() -> None:
    null = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], p=[0.1, 0.8, 0.1], size=(200, 4000))
    assert 0.02 <= (mcnemar_p(null) <= 0.05).mean() <= 0.05  # exact, so below its level where counts are few


SMALL = {
    "thirds": [1 / 3, 2 / 3, -1 / 3, 1.0, 1 / 3, 0.0, -1 / 3, 2 / 3],
    "all one way": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    "balanced": [0.5, -0.5, 0.25, -0.25],
    "halves": [0.5, 1.0, 1.0, -0.5, 0.5, 1.0, -1.0, 0.5, 0.5, 0.0],
}


@pytest.mark.parametrize("name", SMALL)
def test_permutation_p_matches_every_sign_pattern(name) -> None:
    differences = np.array(SMALL[name])
    signs = np.array(list(product([-1.0, 1.0], repeat=len(differences))))
    exact = (np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9).mean()
    drawn = permutation_p(np.stack([differences, -differences], axis=1), 20_000, seed=0)
    assert drawn[0] == drawn[1]
    assert drawn[0] == pytest.approx(exact, abs=0.012)  # more than three standard errors


def test_permutation_p_matches_mcnemar_on_pairs() -> None:
    differences = pairs(9, 2, 20)[:, None]
    assert permutation_p(differences, 50_000, seed=0)[0] == pytest.approx(mcnemar_p(differences)[0], abs=0.004)
    assert permutation_p(np.zeros((9, 1)), 100, seed=0)[0] == 1.0


@pytest.mark.parametrize("at_once", [1, 60, 4_000])
def test_permutation_p_does_not_depend_on_how_many_signs_are_drawn_at_once(at_once, monkeypatch) -> None:
    differences = np.random.default_rng(1).normal(0.2, 1.0, (37, 3)).round(1)
    whole = permutation_p(differences, 2_503, 0)
    monkeypatch.setattr(paired_tests, "SIGNS_AT_ONCE", at_once)
    assert permutation_p(differences, 2_503, 0).tolist() == whole.tolist()
    assert 0.01 < whole.min() < 0.99


def test_permutation_p_is_never_0() -> None:
    assert permutation_p(np.full((100, 1), 0.5), 999, seed=0)[0] == 1 / 1000


@pytest.mark.parametrize("kind", ["normal", "three seeds", "few"])
def test_permutation_test_keeps_its_level(kind) -> None:
    generator = np.random.default_rng(2)
    chance = generator.random((100, 1500))
    null = {
        "normal": generator.normal(size=(100, 1500)),
        "three seeds": (generator.binomial(3, chance) - generator.binomial(3, chance)) / 3,
        "few": generator.choice([-1.0, -0.5, 0.0, 0.5, 1.0], p=[0.02, 0.03, 0.9, 0.03, 0.02], size=(100, 1500)),
    }[kind]
    assert 0.02 <= (permutation_p(null, 999, seed=4) <= 0.05).mean() <= 0.065  # its level and 2.7 standard errors


def test_each_pair_is_tested_as_its_outcomes_allow() -> None:
    # Columns: 0/1; a tie in the first; the same tie in both, which leaves differences of 0 and 1; a tie in the second.
    first = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 0.5, 0.5, 1.0], [0.0, 0.0, 0.0, 0.0]])
    second = np.array([[0.0, 0.0, 0.0, 0.5], [0.0, 0.0, 0.5, 0.0], [1.0, 1.0, 0.0, 1.0]])
    found = compare(first, second, 200, 0.95, seed=0)
    assert [one.test for one in found] == ["mcnemar", "permutation", "permutation", "permutation"]
    assert found[0].p == 1.0  # two better, one worse


def test_compare_reports_sign_and_interval() -> None:
    first = np.random.default_rng(1).random((200, 1))
    second = first * 0.7
    (found,), (opposite,) = compare(first, second, 2000, 0.95, seed=0), compare(second, first, 2000, 0.95, seed=0)
    assert 0 < found.low < found.difference < found.high
    assert found.p < 0.01
    assert (opposite.difference, opposite.p) == (-found.difference, found.p)
    assert (opposite.low, opposite.high) == (-found.high, -found.low)
    assert (opposite.detectable, opposite.problems_for_a_point) == (found.detectable, found.problems_for_a_point)


def test_what_it_takes_by_hand() -> None:
    # 1, 1, 0, 0: sd = sqrt(1/3), (1.959964 + 0.841621)² / 3 = 2.61629, whose root over sqrt(4) is 0.80875; for a
    # hundredth 10,000 times as many.
    differences = np.array([[1.0], [1.0], [0.0], [0.0]])
    assert detectable_difference(differences) == pytest.approx([0.80875], abs=1e-5)
    assert problems_for_a_point(differences) == [26163]


def test_as_many_problems_as_it_says_show_a_point_four_times_in_five() -> None:
    generator = np.random.default_rng(0)
    chances = [0.03, 0.92, 0.05]  # worse, equal, better: two points apart
    (count,) = problems_for_a_point(generator.choice([-1.0, 0.0, 1.0], p=chances, size=(50_000, 1)))
    assert count == pytest.approx(2.801585**2 * (0.08 - 0.02**2) / 0.01**2, rel=0.03)  # 6,248
    fewer = count // 4  # twice the difference, a quarter of the problems
    shown = mcnemar_p(generator.choice([-1.0, 0.0, 1.0], p=chances, size=(fewer, 1000))) <= 0.05
    assert shown.mean() == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("differences", [np.zeros((5, 1)), np.full((5, 1), 0.1), np.ones((1, 1))])
def test_nothing_is_known_where_nothing_varies(differences) -> None:
    assert detectable_difference(differences) == [None]
    assert problems_for_a_point(differences) == [None]


def test_holm_by_hand() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []
