"""Score intervals over problems: of an accuracy, and of a paired difference of two.

What was drawn is the problem, with all its seeds: an interval says what other problems would change. What other seeds
would change is no part of it; with several seeds an outcome is their mean, and their spread is shown beside it.

Wilson's (1927) interval of a share and Tango's (1998) of a paired difference hold what a score test does not reject,
each candidate with the standard error that it implies itself. So they cover near 0 and 1 and with few problems that
differ, where the percentile bootstrap, as narrow as what was observed, does not (docs/results/intervals.md). Outcomes
between 0 and 1 (means over seeds, ties, subsets of samples) vary less than 0/1 ones: they count as so many 0/1 problems
as would vary as little.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mathtune_ranking.selectors import Floats

HALVINGS = 50  # of the range −1 … 1 of a difference: beyond the precision of what is computed from it


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What an interval needs of outcomes (P, M), which may be too many to be held at once."""

    num_problems: int
    total: Floats  # (M,)
    squares: Floats  # (M,), the sum of squared distances from the mean

    @property
    def mean(self) -> Floats:
        """(M,); of no problem it is 0."""
        mean: Floats = self.total / max(self.num_problems, 1)
        return mean

    def and_of(self, other: "Moments") -> "Moments":
        """The moments of these problems and others together (Chan, Golub and LeVeque 1979)."""
        num_problems = self.num_problems + other.num_problems
        if not (self.num_problems and other.num_problems):
            return self if self.num_problems else other
        gap, weight = other.mean - self.mean, self.num_problems * other.num_problems / num_problems
        return Moments(num_problems, self.total + other.total, self.squares + other.squares + gap * gap * weight)


def moments(values: Floats) -> Moments:
    """The moments of `values` (P, M)."""
    total = values.sum(axis=0)
    return Moments(len(values), total, ((values - total / max(len(values), 1)) ** 2).sum(axis=0))


def intervals(values: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Interval of each column's mean: low (M,) and high (M,) for outcomes `values` (P, M) in 0 … 1.

    It is Wilson's own where all outcomes are 0 or 1. No column claims certainty, not even one whose outcomes are equal.
    """
    return intervals_of(moments(values), confidence)


def intervals_of(outcomes: Moments, confidence: float) -> tuple[Floats, Floats]:
    """As `intervals`, of the outcomes' moments."""
    mean = np.clip(outcomes.mean, 0.0, 1.0)
    number = _binary_problems(outcomes, mean * (1.0 - mean), np.minimum(mean, 1.0 - mean))
    return wilson(mean, number, confidence)


def wilson(share: Floats, number: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Wilson's interval of the `share` (M,) of `number` (M,) 0/1 outcomes: low and high, (M,)."""
    z = _quantile(confidence)
    spread = z * z / number
    centre = (share + spread / 2.0) / (1.0 + spread)
    half = z * np.sqrt(share * (1.0 - share) / number + spread / (4.0 * number)) / (1.0 + spread)
    return np.clip(centre - half, 0.0, share), np.clip(centre + half, share, 1.0)


def difference_intervals(differences: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Interval of each column's mean: low (M,) and high (M,) for `differences` (P, M) of two outcomes, in −1 … 1.

    It is Tango's own where all differences are −1, 0 or 1. No column claims certainty, not even one of zeros.
    """
    gain, loss = (np.maximum(sign * differences, 0.0).mean(axis=0) for sign in (1.0, -1.0))
    mean = gain - loss
    variance = np.maximum(gain + loss - mean * mean, 0.0)
    number = _binary_problems(moments(differences), variance, np.minimum(gain + loss, 1.0 - np.abs(mean)))
    low, high = (_tango_end(gain, loss, number, end, confidence) for end in (-1.0, 1.0))
    return low, high


def _tango_end(gain: Floats, loss: Floats, number: Floats, end: float, confidence: float) -> Floats:
    """The candidate farthest towards `end` that the score test does not reject, (M,), by bisection.

    `gain` and `loss` are the shares of `number` pairs that favour the first and the second. Under a candidate the share
    of losses is its most likely one, the larger root of 2 x² + b x + c.
    """
    mean = gain - loss
    inside, outside = mean, np.full_like(mean, end)
    for _ in range(HALVINGS):
        candidate = (inside + outside) / 2.0
        b, c = (2.0 - mean) * candidate - gain - loss, -loss * candidate * (1.0 - candidate)
        losses = (np.sqrt(np.maximum(b * b - 8.0 * c, 0.0)) - b) / 4.0
        variance = 2.0 * losses + candidate * (1.0 - candidate)
        kept = number * (mean - candidate) ** 2 <= _quantile(confidence) ** 2 * variance
        inside, outside = np.where(kept, candidate, inside), np.where(kept, outside, candidate)
    return (inside + outside) / 2.0


def _binary_problems(outcomes: Moments, variance: Floats, rarer: Floats) -> Floats:
    """How many problems with 0/1 outcomes would leave the mean of these outcomes as unsure as it is, (M,).

    `variance` (M,) is what 0/1 outcomes of the same mean would have, `rarer` (M,) the share of the rarer of them. The
    ratio of the variances rests on as many events as carry that share; one more is added that is 0/1, lest the few
    small values that happened to turn up rule out large ones. Where nothing varies, nothing is known of the ratio, and
    a problem counts as one.
    """
    num_problems = outcomes.num_problems
    observed = outcomes.squares / max(num_problems - 1, 1)  # 0 of one problem
    known = np.minimum(observed, variance) > 1e-12  # more than what rounding leaves of equal values
    ratio = np.where(known, np.minimum(observed / np.where(known, variance, 1.0), 1.0), 1.0)
    events = num_problems * rarer / ratio
    number: Floats = num_problems * (events + 1.0) / (events * ratio + 1.0)
    return number


def _quantile(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2.0)


def share_interval(chosen: Floats, of: Floats, confidence: float) -> tuple[float, float]:
    """Interval of sum(chosen) / sum(of), counts (P,) of the samples of P problems that were drawn together.

    Wilson's over as many independent samples as would vary as much: samples of one problem are right or wrong
    together, so they tell less than their number. A share without spread counts each problem once.
    """
    total, problems = float(of.sum()), int((of > 0).sum())
    share = float(chosen.sum()) / total
    independent = share * (1.0 - share) / total
    number = float(problems)
    if independent > 0.0 and problems > 1:
        # The variance of a ratio of sums over problems, by its linear approximation (Cochran 1977, section 6.3).
        variance = problems / (problems - 1) * float(((chosen - share * of) ** 2).sum()) / total**2
        number = total / max(1.0, variance / independent)
    low, high = wilson(np.array([share]), np.array([number]), confidence)
    return float(low[0]), float(high[0])
