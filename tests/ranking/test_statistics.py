"""Intervals that cover, tests that keep their level, corrections worked out by hand."""

import numpy as np
import pytest

from mathtune_ranking.statistics import bootstrap_means, compare, holm, intervals, permutation_p, wilson


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_bootstrap_interval_covers(share) -> None:
    truth = np.random.default_rng(5).random((200, 600)) < share  # 600 experiments of 200 problems
    low, high = intervals(truth.astype(float), 1000, 0.95, seed=1)
    covered = ((low <= share) & (share <= high)).mean()
    assert 0.92 <= covered <= 0.98


def test_interval_has_the_width_of_the_normal_approximation() -> None:
    values = np.repeat([0.0, 1.0], [100, 300])[:, None]
    low, high = intervals(values, 4000, 0.95, seed=0)
    assert (high - low)[0] == pytest.approx(2 * 1.96 * np.sqrt(0.75 * 0.25 / 400), rel=0.05)


def test_wilson_takes_over_where_no_resample_differs() -> None:
    values = np.stack([np.zeros(50), np.ones(50), np.tile([0.0, 1.0], 25)], axis=1)
    low, high = intervals(values, 500, 0.95, seed=0)
    assert low[0] == 0.0
    assert high[0] == pytest.approx(0.0713, abs=1e-3)  # z² / (n + z²)
    assert (low[1], high[1]) == pytest.approx((1 - 0.0713, 1.0), abs=1e-3)
    assert 0.3 < low[2] < 0.5 < high[2] < 0.7


def test_wilson_by_hand() -> None:
    assert wilson(0.5, 10, 0.95) == pytest.approx((0.2366, 0.7634), abs=1e-4)


def test_resamples_are_shared_between_columns_and_repeatable() -> None:
    values = np.random.default_rng(0).random((40, 1))
    means = bootstrap_means(np.hstack([values, 1 - values]), 1500, seed=3)
    np.testing.assert_allclose(means.sum(axis=1), 1.0)
    assert means[:, 0].std() > 0.01
    np.testing.assert_array_equal(means, bootstrap_means(np.hstack([values, 1 - values]), 1500, seed=3))


def test_permutation_p_matches_the_sign_test() -> None:
    # Six problems better, none worse: the two extreme sign patterns of 64.
    differences = np.concatenate([np.ones(6), np.zeros(20)])[:, None]
    assert permutation_p(differences, 20000, seed=0)[0] == pytest.approx(2 / 64, abs=0.005)
    assert permutation_p(np.zeros((9, 1)), 100, seed=0)[0] == 1.0


def test_permutation_test_keeps_its_level() -> None:
    generator = np.random.default_rng(2)
    null = generator.normal(size=(60, 800))
    assert 0.02 <= (permutation_p(null, 999, seed=4) <= 0.05).mean() <= 0.08


def test_compare_reports_sign_and_interval() -> None:
    better = np.random.default_rng(1).normal(0.2, 0.3, size=200)
    (found, opposite) = compare(np.stack([better, -better], axis=1), 2000, 0.95, seed=0)
    assert found.low < found.difference < found.high
    assert found.low > 0
    assert found.p < 0.01
    assert (opposite.difference, opposite.p) == (-found.difference, found.p)


def test_holm_by_hand() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []
