"""Outcomes of problems, and differences of two, drawn from populations whose mean is known."""

from collections.abc import Callable

import numpy as np

Shape = tuple[int, int]
Outcomes = Callable[[np.random.Generator, float, Shape], np.ndarray]  # of mean p, in 0 … 1
Differences = Callable[[np.random.Generator, Shape], np.ndarray]


def zero_one(generator: np.random.Generator, p: float, shape: Shape) -> np.ndarray:
    return (generator.random(shape) < p).astype(float)


def beta(concentration: float) -> Outcomes:
    return lambda generator, p, shape: generator.beta(p * concentration, (1 - p) * concentration, shape)


def seeds(count: int) -> Outcomes:
    """Means over seeds of 0/1 outcomes, of problems some of which are hard and some easy."""
    chance = beta(1.0)
    return lambda generator, p, shape: generator.binomial(count, chance(generator, p, shape)) / count


def ties(generator: np.random.Generator, p: float, shape: Shape) -> np.ndarray:
    """Half of the points are won outright, half by ties of two, three or four; where p is large, they are lost so."""
    if p > 0.5:
        return 1.0 - ties(generator, 1.0 - p, shape)
    values, drawn = np.array([1 / 2, 1 / 3, 1 / 4]), generator.random(shape)
    tied = values[generator.integers(0, 3, shape)]
    return np.where(drawn < p / 2, 1.0, np.where(drawn < p / 2 + p / 2 / values.mean(), tied, 0.0))


def zeros(share: float) -> Outcomes:
    """Only `share` of the problems is ever solved, or as many as it takes for a mean of p."""
    chance = beta(1.0)

    def draw(generator: np.random.Generator, p: float, shape: Shape) -> np.ndarray:
        solvable = max(share, p / 0.9)
        return np.where(generator.random(shape) < solvable, chance(generator, p / solvable, shape), 0.0)

    return draw


FRACTIONS: dict[str, Outcomes] = {
    "beta, concentration 1": beta(1.0),
    "beta, concentration 10": beta(10.0),
    "means over 3 seeds": seeds(3),
    "means over 16 samples": seeds(16),
    "ties": ties,
    "75% zeros": zeros(0.25),
    "95% zeros": zeros(0.05),
}


def discordant(gains: float, losses: float, values: tuple[float, ...] = (1.0,)) -> tuple[Differences, float]:
    """Pairs that differ with the given chances, by one of `values`; and the true difference."""

    def draw(generator: np.random.Generator, shape: Shape) -> np.ndarray:
        drawn, by = generator.random(shape), np.array(values)[generator.integers(0, len(values), shape)]
        return np.where(drawn < gains, by, np.where(drawn < gains + losses, -by, 0.0))

    return draw, (gains - losses) * float(np.mean(values))


def correlated(count: int) -> tuple[Differences, float]:
    """Two generators over `count` seeds, of chances u and u^1.2 on a problem: means of a half and 1/2.2."""

    def draw(generator: np.random.Generator, shape: Shape) -> np.ndarray:
        chance = generator.random(shape)
        return (generator.binomial(count, chance) - generator.binomial(count, chance**1.2)) / count

    return draw, 1 / 2 - 1 / 2.2


TIED = (1.0, 1 / 2, 1 / 2, 1 / 3)
DIFFERENCES: dict[str, tuple[Differences, float]] = {
    "2% better, 2% worse": discordant(0.02, 0.02),
    "2% better": discordant(0.02, 0.0),
    "3% better, 1% worse": discordant(0.03, 0.01),
    "30% better, 20% worse": discordant(0.3, 0.2),
    "5% better, 3% worse, ties": discordant(0.05, 0.03, TIED),
    "5% better, ties": discordant(0.05, 0.0, TIED),
    "correlated, 1 seed": correlated(1),
    "correlated, 3 seeds": correlated(3),
}
