"""Intervals that cover as often as they say, of accuracies and of differences, near the edges too."""

from collections.abc import Callable
from math import comb

import numpy as np
import pytest

from mathtune_ranking.intervals import difference_intervals, intervals

SIMULATIONS = 3_000
Draw = Callable[[np.random.Generator, float, tuple[int, int]], np.ndarray]


def beta(concentration: float) -> Draw:
    return lambda generator, p, shape: generator.beta(p * concentration, (1 - p) * concentration, shape)


def seeds(count: int, concentration: float) -> Draw:
    """Means over seeds of 0/1 outcomes, of problems that are hard or easy."""
    chance = beta(concentration)
    return lambda generator, p, shape: generator.binomial(count, chance(generator, p, shape)) / count


def ties(generator: np.random.Generator, p: float, shape: tuple[int, int]) -> np.ndarray:
    """Half of the points are won outright, half by ties of two, three or four."""
    values, drawn = np.array([1 / 2, 1 / 3, 1 / 4]), generator.random(shape)
    tied = values[generator.integers(0, 3, shape)]
    return np.where(drawn < p / 2, 1.0, np.where(drawn < p / 2 + p / 2 / values.mean(), tied, 0.0))


def many_zeros(generator: np.random.Generator, p: float, shape: tuple[int, int]) -> np.ndarray:
    """Three of four problems nobody solves (where p is small; else as many as leave 0.9 for the others)."""
    share = max(0.25, p / 0.9)
    return np.where(generator.random(shape) < share, beta(1.0)(generator, p / share, shape), 0.0)


FRACTIONS = {
    "beta, 1": beta(1.0),
    "beta, 10": beta(10.0),
    "three seeds": seeds(3, 1.0),
    "sixteen samples": seeds(16, 1.0),
    "many zeros": many_zeros,
}


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


@pytest.mark.parametrize("num_problems", [200, 500])
@pytest.mark.parametrize("p", [0.02, 0.3])
def test_intervals_of_ties_cover(num_problems, p) -> None:
    low, high = intervals(ties(np.random.default_rng(7), p, (num_problems, SIMULATIONS)), 0.95)
    assert 0.93 <= ((low <= p) & (p <= high)).mean() <= 0.97


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


def discordant(gains: float, losses: float, values: tuple[float, ...] = (1.0,)) -> tuple[Draw, float]:
    """Pairs that differ with the given chances, by one of `values`; and the true difference."""

    def draw(generator: np.random.Generator, _: float, shape: tuple[int, int]) -> np.ndarray:
        drawn, by = generator.random(shape), np.array(values)[generator.integers(0, len(values), shape)]
        return np.where(drawn < gains, by, np.where(drawn < gains + losses, -by, 0.0))

    return draw, (gains - losses) * float(np.mean(values))


def correlated(count: int) -> tuple[Draw, float]:
    """Two generators over `count` seeds, of chances u and u^1.2 on a problem: means of a half and 1/2.2."""

    def draw(generator: np.random.Generator, _: float, shape: tuple[int, int]) -> np.ndarray:
        chance = generator.random(shape)
        return (generator.binomial(count, chance) - generator.binomial(count, chance**1.2)) / count

    return draw, 1 / 2 - 1 / 2.2


TIED = (1.0, 1 / 2, 1 / 2, 1 / 3)
DIFFERENCES = {
    "a few each way": discordant(0.02, 0.02),
    "gains alone": discordant(0.02, 0.0),
    "more gains": discordant(0.03, 0.01),
    "many": discordant(0.3, 0.2),
    "a few ties": discordant(0.05, 0.03, TIED),
    "gains alone, ties": discordant(0.05, 0.0, TIED),
    "one seed": correlated(1),
    "three seeds": correlated(3),
}


@pytest.mark.parametrize("name", DIFFERENCES)
@pytest.mark.parametrize("num_problems", [200, 500])
def test_intervals_of_differences_cover(name, num_problems) -> None:
    draw, truth = DIFFERENCES[name]
    generator = np.random.default_rng([num_problems, *name.encode()])
    low, high = difference_intervals(draw(generator, 0.0, (num_problems, SIMULATIONS)), 0.95)
    assert 0.93 <= ((low <= truth) & (truth <= high)).mean() <= 0.97


def test_differences_in_one_or_two_problems_are_covered_with_caution() -> None:
    draw, truth = discordant(0.005, 0.005)
    low, high = difference_intervals(draw(np.random.default_rng(3), 0.0, (200, SIMULATIONS)), 0.95)
    assert ((low <= truth) & (truth <= high)).mean() >= 0.95
