"""Intervals that cover as often as they say, of accuracies and of differences, near the edges too."""

from functools import reduce
from math import comb

import numpy as np
import pytest
from simulated_outcomes import DIFFERENCES, FRACTIONS, beta, discordant

from mathtune_ranking.intervals import (
    Moments,
    difference_intervals,
    intervals,
    intervals_of,
    moments,
    share_interval,
    wilson,
)

SIMULATIONS = 3_000


@pytest.mark.parametrize("num_problems", [200, 500])
@pytest.mark.parametrize("p", [0.02, 0.3, 0.8])
def test_intervals_of_0_1_outcomes_cover(num_problems, p) -> None:
    """Exactly: every number of right problems, with its binomial chance."""
    right = np.arange(num_problems + 1)
    values = (np.arange(num_problems)[:, None] < right).astype(float)  # column k has k ones
    low, high = intervals(values, 0.95)
    chance = [comb(num_problems, k) * p**k * (1 - p) ** (num_problems - k) for k in right.tolist()]
    assert 0.93 <= np.dot(chance, (low <= p) & (p <= high)) <= 0.97


@pytest.mark.parametrize("name", FRACTIONS)
@pytest.mark.parametrize("num_problems", [200, 500])
@pytest.mark.parametrize("p", [0.02, 0.3, 0.8])
def test_intervals_of_fractions_cover(name, num_problems, p) -> None:
    generator = np.random.default_rng([num_problems, *name.encode()])
    low, high = intervals(FRACTIONS[name](generator, p, (num_problems, SIMULATIONS)), 0.95)
    assert 0.93 <= ((low <= p) & (p <= high)).mean() <= 0.97


@pytest.mark.parametrize("sizes", [[1, 1, 98], [0, 40, 0, 60], [25, 25, 25, 25]])
def test_moments_of_parts_are_those_of_the_whole(sizes) -> None:
    values = np.random.default_rng(0).random((100, 3)) * [1.0, 1e-6, 0.0] + [0.0, 0.7, 1.0]
    parts = np.split(values, np.cumsum(sizes)[:-1])
    added = reduce(Moments.and_of, map(moments, parts))
    assert added.num_problems == 100
    np.testing.assert_allclose(added.mean, values.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(added.squares, 99 * values.var(axis=0, ddof=1), rtol=1e-9, atol=1e-25)
    np.testing.assert_allclose(intervals_of(added, 0.95), intervals(values, 0.95), rtol=1e-9)


def test_intervals_of_fractions_are_as_narrow_as_the_fractions() -> None:
    """As the normal approximation has it, and not as 0/1 outcomes of the same mean would have it."""
    values = beta(10.0)(np.random.default_rng(0), 0.3, (2000, 1))
    low, high = intervals(values, 0.95)
    assert (high - low)[0] == pytest.approx(2 * 1.96 * values.std() / np.sqrt(2000), rel=0.01)
    assert (high - low)[0] < 0.4 * 2 * 1.96 * np.sqrt(0.3 * 0.7 / 2000)


def test_wilson_by_hand() -> None:
    # Wilson (1927) for 5 of 10: (½ + z²/20 ± z sqrt(¼/10 + z²/400)) / (1 + z²/10), z = 1.96
    low, high = intervals(np.repeat([0.0, 1.0], 5)[:, None], 0.95)
    assert (low[0], high[0]) == pytest.approx((0.2366, 0.7634), abs=1e-4)


def test_no_column_claims_certainty() -> None:
    values = np.stack([np.zeros(50), np.ones(50), np.full(50, 0.5), np.full(50, 1 / 3)], axis=1)
    low, high = intervals(values, 0.95)
    assert (low[0], high[0]) == pytest.approx((0.0, 0.0713), abs=1e-4)  # z² / (n + z²) = 3.8415 / 53.8415
    assert (low[1], high[1]) == pytest.approx((1 - 0.0713, 1.0), abs=1e-4)
    assert (low[2], high[2]) == pytest.approx((0.3664, 0.6336), abs=1e-4)  # Wilson's for 25 of 50
    assert high[3] - low[3] > 0.25
    assert (
        intervals(np.array([[0.0, 0.25, 1.0]]), 0.95)[1] - intervals(np.array([[0.0, 0.25, 1.0]]), 0.95)[0] > 0.7
    ).all()


def test_one_small_value_does_not_rule_out_large_ones() -> None:
    """All failed but for a sixteenth of one: little less could have been seen, so little less is known."""
    failed = np.zeros((500, 2))
    failed[0, 1] = 1 / 16
    _, high = intervals(failed, 0.95)
    assert high[0] == pytest.approx(0.0076, abs=1e-4)
    assert 0.5 * high[0] < high[1] < high[0]


def test_means_just_beyond_0_and_1_are_rounding() -> None:
    values = np.full((30, 2), [1.0 + 1e-15, -1e-15])
    low, high = intervals(values, 0.95)
    assert np.isfinite([low, high]).all()
    assert low.min() >= 0.0
    assert high.max() <= 1.0


def pairs(better: int, worse: int, num_problems: int) -> np.ndarray:
    return np.repeat([1.0, -1.0, 0.0], [better, worse, num_problems - better - worse])[:, None]


@pytest.mark.parametrize(
    ("counts", "confidence", "published"),
    [
        ((1, 7, 21), 0.95, (-0.517, -0.026)),  # Fagerland, Lydersen & Laake 2014, data of Bentur et al. 2009
        ((28, 25, 618), 0.90, (-0.0148, 0.0247)),  # R: PropCIs::scoreci.mp(25, 28, 618, 0.90)
    ],
)
def test_tango_as_published(counts, confidence, published) -> None:
    low, high = difference_intervals(pairs(*counts), confidence)
    assert (low[0], high[0]) == pytest.approx(published, abs=6e-4)
    assert (-high[0], -low[0]) == tuple(end[0] for end in difference_intervals(-pairs(*counts), confidence))


def test_no_difference_claims_certainty() -> None:
    differences = np.stack([np.zeros(50), np.ones(50), np.full(50, 0.5)], axis=1)
    low, high = difference_intervals(differences, 0.95)
    assert (low[0], high[0]) == pytest.approx((-0.0713, 0.0713), abs=1e-4)  # z² / (n + z²)
    assert low[1] < 0.95
    assert high[1] == pytest.approx(1.0)
    assert low[2] < 0.4 < 0.6 < high[2]


@pytest.mark.parametrize("name", DIFFERENCES)
@pytest.mark.parametrize("num_problems", [200, 500])
def test_intervals_of_differences_cover(name, num_problems) -> None:
    draw, truth = DIFFERENCES[name]
    generator = np.random.default_rng([num_problems, *name.encode()])
    low, high = difference_intervals(draw(generator, (num_problems, SIMULATIONS)), 0.95)
    assert 0.93 <= ((low <= truth) & (truth <= high)).mean() <= 0.97


def test_differences_in_one_or_two_problems_are_covered_with_caution() -> None:
    draw, truth = discordant(0.005, 0.005)
    low, high = difference_intervals(draw(np.random.default_rng(3), (200, SIMULATIONS)), 0.95)
    assert ((low <= truth) & (truth <= high)).mean() >= 0.95


def test_samples_that_are_independent_count_each_for_itself() -> None:
    """One sample a problem is Wilson's own interval."""
    chosen = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    low, high = wilson(np.array([3 / 8]), np.array([8 / (8 / 7)]), 0.95)
    assert share_interval(chosen, np.ones(8), 0.95) == pytest.approx((low[0], high[0]))


def test_samples_of_a_problem_that_agree_count_once() -> None:
    chosen = np.array([4.0, 0.0, 4.0, 0.0])
    # Residuals ±2 of four problems of 4: 4/3 · 16 / 16² = 1/12, against 1/64 if independent: 16 samples count as 3.
    low, high = wilson(np.array([0.5]), np.array([3.0]), 0.95)
    assert share_interval(chosen, np.full(4, 4.0), 0.95) == pytest.approx((low[0], high[0]))


def test_a_share_without_spread_counts_problems() -> None:
    low, high = wilson(np.array([1.0]), np.array([2.0]), 0.95)
    assert share_interval(np.array([5.0, 3.0, 0.0]), np.array([5.0, 3.0, 0.0]), 0.95) == (low[0], high[0])


@pytest.mark.parametrize("within", [0.0, 0.5, 0.9])
def test_shares_of_clustered_samples_are_covered(within: float) -> None:
    """Problems of 1 to 8 samples, each right by its problem's own chance with the given weight, else by 0.3."""
    generator, covered = np.random.default_rng(5), 0
    for _ in range(1000):
        of = generator.integers(1, 9, size=200)
        chance = within * (generator.random(200) < 0.3) + (1 - within) * 0.3
        low, high = share_interval(generator.binomial(of, chance).astype(float), of.astype(float), 0.95)
        covered += low <= 0.3 <= high
    assert 930 <= covered <= 970
