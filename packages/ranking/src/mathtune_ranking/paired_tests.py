"""Paired tests: whether two accuracies on the same problems differ, and what it would take to see that they do."""

from dataclasses import dataclass
from math import ceil
from statistics import NormalDist

import numpy as np

from mathtune_ranking.intervals import difference_intervals
from mathtune_ranking.selectors import Bools, Floats

ALPHA = 0.05  # the level of every test
POWER = 0.8
POINT = 0.01
MCNEMAR, PERMUTATION = "mcnemar", "permutation"
SIGNS_AT_ONCE = 2**23  # the signs of one batch of permutations: 64 MB


@dataclass(frozen=True, slots=True)
class Comparison:
    """One accuracy minus another on the same problems, as fractions; chance is which problems, not which seeds."""

    difference: float
    low: float
    high: float
    test: str  # MCNEMAR or PERMUTATION
    p: float  # two-sided
    detectable: float | None  # the smallest true difference that POWER of such test sets would show; None: unknown
    problems_for_a_point: int | None  # how many problems would show a true difference of POINT with POWER


def compare(first: Floats, second: Floats, permutations: int, confidence: float, seed: int) -> list[Comparison]:
    """One comparison a column of the outcomes `first` and `second` (P, M), of the same problems in the same order.

    McNemar's exact test where every outcome of a pair is 0 or 1, else the paired permutation test: a problem that is
    right with one seed of three, or by one tie of two, is no pair that McNemar could count.
    """
    differences = first - second
    low, high = difference_intervals(differences, confidence)
    binary: Bools = np.all(np.isin(first, (0.0, 1.0)) & np.isin(second, (0.0, 1.0)), axis=0)
    p = np.empty(binary.shape)
    p[binary] = mcnemar_p(differences[:, binary])
    p[~binary] = permutation_p(differences[:, ~binary], permutations, seed)
    detectable, problems = detectable_difference(differences), problems_for_a_point(differences)
    return [
        Comparison(
            difference=float(difference),
            low=float(low[column]),
            high=float(high[column]),
            test=MCNEMAR if binary[column] else PERMUTATION,
            p=float(p[column]),
            detectable=detectable[column],
            problems_for_a_point=problems[column],
        )
        for column, difference in enumerate(differences.mean(axis=0))
    ]


def mcnemar_p(differences: Floats) -> Floats:
    """Two-sided p, (M,), of McNemar's exact test (1947): the problems that differ are as many throws of a fair coin.

    `differences` (P, M) are −1, 0 or 1.
    """
    better, worse = (differences > 0).sum(axis=0).tolist(), (differences < 0).sum(axis=0).tolist()
    return np.array([_coin_p(*counts) for counts in zip(better, worse, strict=True)], dtype=np.float64)


def _coin_p(heads: int, tails: int) -> float:
    """Twice the chance of at most as many as the rarer side, in integers: no sum of floats is as small as it may be."""
    throws = heads + tails
    ways = term = 1
    for count in range(min(heads, tails)):
        term = term * (throws - count) // (count + 1)
        ways += term
    return min(1.0, 2 * ways / 2**throws)


def permutation_p(differences: Floats, permutations: int, seed: int) -> Floats:
    """Two-sided p, (M,): how often random signs give a mean as far from 0 as the signs in `differences` (P, M).

    The observed signs count as one of the draws, so that p is valid and never 0 (Phipson & Smyth 2010). All columns see
    the same draws.
    """
    num_problems = differences.shape[0]
    generator = np.random.default_rng([seed, num_problems])
    observed = np.abs(differences.sum(axis=0)) - 1e-9  # less what the order of a sum may change
    extreme = np.ones(differences.shape[1])
    # Signs are drawn four from one random number, so batches of whole fours draw the same however many they are.
    at_once = max(4, min(1_000, SIGNS_AT_ONCE // num_problems // 4 * 4))
    for start in range(0, permutations, at_once):
        shape = (min(at_once, permutations - start), num_problems)
        signs = generator.integers(0, 2, size=shape, dtype=np.int8) * 2.0 - 1.0
        extreme += (np.abs(signs @ differences) >= observed).sum(axis=0)
    return extreme / (permutations + 1)


def detectable_difference(differences: Floats) -> list[float | None]:
    """The smallest mean that a two-sided test at level ALPHA finds with probability POWER, a column of (P, M).

    By the normal approximation, (z of the level + z of the power) standard errors of the mean, about 2.80 of them. None
    where all differences are equal or there is only one: they tell nothing about the spread.
    """
    root = np.sqrt(len(differences))
    return [None if spread is None else float(_errors() * spread / root) for spread in _spreads(differences)]


def problems_for_a_point(differences: Floats) -> list[int | None]:
    """On how many problems of this spread the detectable difference is POINT, a column of (P, M); None as there."""
    return [None if spread is None else ceil((_errors() * spread / POINT) ** 2) for spread in _spreads(differences)]


def _errors() -> float:
    quantile = NormalDist().inv_cdf
    return quantile(1.0 - ALPHA / 2.0) + quantile(POWER)


def _spreads(differences: Floats) -> list[float | None]:
    """The standard deviation of each column; None where rounding alone would account for it."""
    if len(differences) < 2:
        return [None] * differences.shape[1]
    return [spread if spread > 1e-12 else None for spread in differences.std(axis=0, ddof=1).tolist()]


def holm(p_values: list[float]) -> list[float]:
    """Holm's (1979) step-down adjustment, in the order given: valid for any dependence between the tests."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, running = [0.0] * len(p_values), 0.0
    for position, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - position) * p_values[index]))
        adjusted[index] = running
    return adjusted
