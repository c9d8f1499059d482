"""AUC and calibration by hand."""

import numpy as np
import pytest

from mathtune_ranking.verifier_quality import auc, auc_by_problem, bin_of, expected_calibration_error, verifier_quality


def test_auc_counts_pairs_and_halves_ties() -> None:
    score, right = np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])
    assert auc(score, right) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert auc(-score, right) == pytest.approx(0.5 / 4)


def test_auc_needs_both_classes() -> None:
    assert auc(np.array([0.1, 0.2]), np.array([True, True])) is None
    assert auc(np.array([0.1, 0.2]), np.array([False, False])) is None


def test_auc_matches_all_pairs() -> None:
    generator = np.random.default_rng(0)
    score, right = generator.integers(0, 20, 200) / 20, generator.random(200) < 0.4
    difference = score[right][:, None] - score[~right][None, :]
    assert auc(score, right) == pytest.approx(((difference > 0) + 0.5 * (difference == 0)).mean())


def test_auc_by_problem_is_that_of_each_problem_alone() -> None:
    generator = np.random.default_rng(1)
    score, right = generator.integers(0, 6, (1203, 5)) / 5, generator.random((1203, 5)) < 0.3
    alone = [value for value in map(auc, score, right) if value is not None]
    assert 0 < len(alone) < 1203
    np.testing.assert_allclose(auc_by_problem(score, right), alone)
    assert auc_by_problem(score[:2], np.zeros((2, 5), dtype=bool)).size == 0


def test_a_bin_holds_its_lower_bound_and_the_last_one_both() -> None:
    assert bin_of(np.array([0.0, 0.09, 0.1, 0.55, 0.9, 1.0])).tolist() == [0, 0, 1, 5, 9, 9]


def test_calibration_error_by_hand() -> None:
    # Bin 0.9 … 1.0: mean score 0.95, half right; bin 0.2 … 0.3: score 0.25, none right.
    score, right = np.array([[0.9, 1.0], [0.25, 0.25]]), np.array([[True, False], [False, False]])
    assert expected_calibration_error(score, right) == pytest.approx((2 * 0.45 + 2 * 0.25) / 4)
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([[True, False]])) == 0.0


def test_within_problems_ignores_what_separates_problems(toy) -> None:
    easy = [(0, 0.9, True), (0, 0.9, True), (1, 0.95, False)]
    hard = [(0, 0.1, True), (1, 0.2, False), (1, 0.15, False)]
    sure = [(0, 0.8, True)] * 3
    quality = verifier_quality(toy(easy, hard, sure))
    assert quality.auc_within_problems == 0.0
    assert quality.auc is not None
    assert quality.auc > 0.3
    assert quality.num_mixed_problems == 2
    assert quality.base_rate == pytest.approx(6 / 9)
