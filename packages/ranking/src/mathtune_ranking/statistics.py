"""How sure an accuracy is: intervals and paired tests that treat the problem as the unit that was drawn."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mathtune_ranking.selectors import Floats

ALPHA = 0.05  # the level of every test
POWER = 0.8
RESAMPLES_AT_ONCE = 1_000  # times problems: the weights of one batch of resamples


@dataclass(frozen=True, slots=True)
class Comparison:
    """One accuracy minus another on the same problems, as fractions."""

    difference: float
    low: float
    high: float
    p: float  # two-sided, from the paired permutation test
    detectable: float  # the smallest true difference that POWER of such test sets would show; NaN where unknown


def bootstrap_means(values: Floats, resamples: int, seed: int) -> Floats:
    """The means of `values` (P, M) over problems drawn with replacement: (resamples, M).

    All columns see the same draws, so that differences between them are paired.
    """
    num_problems = values.shape[0]
    generator = np.random.default_rng([seed, num_problems])
    means = []
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        size = min(RESAMPLES_AT_ONCE, resamples - start)
        drawn = generator.integers(0, num_problems, size=(size, num_problems))
        drawn += np.arange(size)[:, None] * num_problems
        times = np.bincount(drawn.ravel(), minlength=size * num_problems).reshape(size, num_problems)
        means.append(times.astype(np.float64) @ values / num_problems)
    return np.concatenate(means)


def intervals(values: Floats, resamples: int, confidence: float, seed: int) -> tuple[Floats, Floats]:
    """Percentile bootstrap interval of each column's mean: low (M,) and high (M,) for `values` (P, M) in 0 … 1.

    Where every problem has one value the resamples have no width, which would claim certainty: there the interval is
    Wilson's.
    """
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(bootstrap_means(values, resamples, seed), [tail, 1.0 - tail], axis=0)
    for column in np.nonzero(np.ptp(values, axis=0) == 0)[0]:
        low[column], high[column] = wilson(float(values[0, column]), values.shape[0], confidence)
    return low, high


def wilson(share: float, num_problems: int, confidence: float) -> tuple[float, float]:
    """Wilson's score interval (1927) of a binomial share."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    spread = z * z / num_problems
    centre = (share + spread / 2.0) / (1.0 + spread)
    half = z * np.sqrt(share * (1.0 - share) / num_problems + spread / (4.0 * num_problems)) / (1.0 + spread)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def compare(differences: Floats, resamples: int, confidence: float, seed: int) -> list[Comparison]:
    """One comparison a column of `differences` (P, M), each the difference of two accuracies on the same problems.

    Intervals are percentile bootstrap over problems, p-values paired permutation tests.
    """
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(bootstrap_means(differences, resamples, seed), [tail, 1.0 - tail], axis=0)
    p = permutation_p(differences, resamples, seed)
    columns = zip(differences.mean(axis=0), low, high, p, detectable_difference(differences), strict=True)
    return [Comparison(*(float(number) for number in column)) for column in columns]


def detectable_difference(differences: Floats) -> Floats:
    """The smallest mean that a two-sided test at level ALPHA finds with probability POWER, (M,).

    By the normal approximation, (z of the level + z of the power) standard errors of the mean of `differences` (P, M),
    about 2.80 of them. NaN where all differences are equal or there is only one: they tell nothing about the spread.
    """
    num_problems, num_columns = differences.shape
    if num_problems < 2:
        return np.full(num_columns, np.nan)
    spread = differences.std(axis=0, ddof=1)
    quantile = NormalDist().inv_cdf
    found = (quantile(1.0 - ALPHA / 2.0) + quantile(POWER)) * spread / np.sqrt(num_problems)
    return np.where(spread > 1e-12, found, np.nan)  # more than what rounding leaves of equal differences


def permutation_p(differences: Floats, resamples: int, seed: int) -> Floats:
    """Two-sided p, (M,): how often random signs give a mean as far from 0 as the signs in `differences` (P, M).

    The observed signs count as one of the draws, so that p is valid and never 0 (Phipson & Smyth 2010).
    """
    num_problems = differences.shape[0]
    generator = np.random.default_rng([seed, num_problems, 1])
    observed = np.abs(differences.sum(axis=0)) - 1e-9  # less what the order of a sum may change
    extreme = np.ones(differences.shape[1])
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        shape = (min(RESAMPLES_AT_ONCE, resamples - start), num_problems)
        signs = generator.integers(0, 2, size=shape, dtype=np.int8) * 2.0 - 1.0
        extreme += (np.abs(signs @ differences) >= observed).sum(axis=0)
    return extreme / (resamples + 1)


def holm(p_values: list[float]) -> list[float]:
    """Holm's (1979) step-down adjustment, in the order given: valid for any dependence between the tests."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, running = [0.0] * len(p_values), 0.0
    for position, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - position) * p_values[index]))
        adjusted[index] = running
    return adjusted
