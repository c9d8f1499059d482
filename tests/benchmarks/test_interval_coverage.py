"""How often nominal 95% intervals cover, ours and what one would use instead; run by `make bench`.

Prints the tables of docs/results/intervals.md: percent of 4,000 simulated test sets, the same for every method.
"""

from collections.abc import Callable
from functools import partial
from statistics import NormalDist

import numpy as np
import pytest
from simulated_outcomes import DIFFERENCES, FRACTIONS, discordant, zero_one

from mathtune_ranking.intervals import difference_intervals, intervals, wilson

pytestmark = pytest.mark.benchmark

SIMULATIONS, RESAMPLES = 4_000, 1_000
Z = NormalDist().inv_cdf(0.975)
Bounds = tuple[np.ndarray, np.ndarray]


def resampled(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap means and standard errors of each column, (RESAMPLES, M); all columns see the same draws."""
    num_problems = len(values)
    times = np.random.default_rng(0).multinomial(num_problems, np.full(num_problems, 1 / num_problems), size=RESAMPLES)
    weights, values = (times / num_problems).astype(np.float32), values.astype(np.float32)
    means = weights @ values
    return means, np.sqrt(np.maximum(weights @ values**2 - means**2, 0.0) / num_problems)


def percentile(values: np.ndarray) -> Bounds:
    low, high = np.quantile(resampled(values)[0], [0.025, 0.975], axis=0)
    return low, high


def bias_corrected(values: np.ndarray) -> Bounds:
    """BCa (Efron 1987), the acceleration from the skewness of the outcomes."""
    means, _ = resampled(values)
    centred = values - values.mean(axis=0)
    acceleration = (centred**3).sum(axis=0) / (6.0 * np.maximum((centred**2).sum(axis=0), 1e-30) ** 1.5)
    below = (means < values.mean(axis=0) - 1e-6).mean(axis=0) + 0.5 * (
        np.abs(means - values.mean(axis=0)) <= 1e-6
    ).mean(axis=0)
    normal = NormalDist()
    bias = np.array([normal.inv_cdf(min(max(share, 1 / RESAMPLES), 1 - 1 / RESAMPLES)) for share in below])
    ordered, ends = np.sort(means, axis=0), []
    for z in (-Z, Z):
        moved = bias + (bias + z) / (1.0 - acceleration * (bias + z))
        rank = [min(int(normal.cdf(value) * RESAMPLES), RESAMPLES - 1) for value in moved]
        ends.append(ordered[rank, np.arange(values.shape[1])])
    return ends[0], ends[1]


def studentised(values: np.ndarray) -> Bounds:
    """The bootstrap-t interval; a resample without spread counts as far below the mean."""
    means, errors = resampled(values)
    mean, error = values.mean(axis=0), values.std(axis=0) / np.sqrt(len(values))
    t = np.where(errors > 1e-9, (means - mean) / np.maximum(errors, 1e-9), -50.0)
    least, most = np.quantile(t, [0.025, 0.975], axis=0)
    return np.maximum(mean - most * error, 0.0), np.minimum(mean - least * error, 1.0)


def unshrunk(values: np.ndarray) -> Bounds:
    """Ours without the one event more: the observed ratio of variances as it is."""
    mean = values.mean(axis=0)
    variance = mean * (1.0 - mean)
    known = variance > 0
    ratio = np.where(known, np.minimum(values.var(axis=0, ddof=1) / np.where(known, variance, 1.0), 1.0), 1.0)
    return wilson(mean, len(values) / np.maximum(ratio, 1e-12), 0.95)


def of_all_problems(values: np.ndarray) -> Bounds:
    """Wilson's as if the outcomes were 0/1."""
    return wilson(values.mean(axis=0), np.full(values.shape[1], float(len(values))), 0.95)


def normal_approximation(differences: np.ndarray) -> Bounds:
    mean, half = differences.mean(axis=0), Z * differences.std(axis=0, ddof=1) / np.sqrt(len(differences))
    return mean - half, mean + half


def bonett_price(differences: np.ndarray) -> Bounds:
    """Bonett and Price (2012): one pair more each way, in fractions of a pair as they are."""
    count = len(differences) + 2.0
    gain, loss = ((np.maximum(sign * differences, 0.0).sum(axis=0) + 1.0) / count for sign in (1.0, -1.0))
    half = Z * np.sqrt((gain + loss - (gain - loss) ** 2) / count)
    return gain - loss - half, gain - loss + half


MEANS: dict[str, Callable[[np.ndarray], Bounds]] = {
    "ours": partial(intervals, confidence=0.95),
    "without the event more": unshrunk,
    "Wilson": of_all_problems,
    "percentile": percentile,
    "BCa": bias_corrected,
    "bootstrap-t": studentised,
}
PAIRS: dict[str, Callable[[np.ndarray], Bounds]] = {
    "ours": partial(difference_intervals, confidence=0.95),
    "Bonett-Price": bonett_price,
    "normal": normal_approximation,
    "percentile": percentile,
}


def line(names: list[str], values: np.ndarray, truth: float, methods: dict[str, Callable[[np.ndarray], Bounds]]) -> str:
    cells = []
    for method in methods.values():
        low, high = method(values)
        cells.append(f"{100 * ((low <= truth + 1e-9) & (truth - 1e-9 <= high)).mean():.1f}")
    return "| " + " | ".join([*names, *cells]) + " |"


def header(names: list[str]) -> str:
    return "\n| " + " | ".join(names) + " |\n|" + "---|" * len(names)


def test_coverage_of_accuracies(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [header(["problems", "p", "outcomes", *MEANS])]
    for num_problems in (200, 500):
        for p in (0.02, 0.3, 0.8):
            for name, draw in {"0/1": zero_one, **FRACTIONS}.items():
                values = draw(np.random.default_rng(11), p, (num_problems, SIMULATIONS))
                lines.append(line([str(num_problems), str(p), name], values, p, MEANS))
    with capsys.disabled():
        print("\n".join(lines))


def test_coverage_of_differences(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [header(["problems", "pairs", *PAIRS])]
    for num_problems in (50, 200, 500):
        for name, (draw, truth) in {"0.5% better, 0.5% worse": discordant(0.005, 0.005), **DIFFERENCES}.items():
            differences = draw(np.random.default_rng(12), (num_problems, SIMULATIONS))
            lines.append(line([str(num_problems), name], differences, truth, PAIRS))
    with capsys.disabled():
        print("\n".join(lines))
