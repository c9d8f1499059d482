"""What is tuned, tuned on the validation split: the K of the restricted selectors, and which selector to rely on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mathtune_ranking.candidates import Candidates
from mathtune_ranking.selectors import DEPLOYABLE, RESTRICTED, SELECTORS, Bools


@dataclass(frozen=True, slots=True)
class Choice:
    """One K and one selector for all generators, and how the alternatives did where they were chosen (as fractions)."""

    k: int
    selector: str
    accuracy_by_k: dict[int, float]  # of RR.MajK, mean over generators and seeds
    accuracy_by_selector: dict[str, float]  # at that K, mean over generators and seeds


def choose(runs: Sequence[Candidates], majk_candidates: tuple[int, ...]) -> Choice:
    """K by the accuracy of RR.MajK (ties to the smaller), then the selector (ties to the first listed)."""
    by_k = {k: mean_accuracy(runs, "RR.MajK", k) for k in sorted(majk_candidates)}
    k = max(by_k, key=lambda size: round(by_k[size], 12))  # max keeps the first of equals
    by_selector = {selector: mean_accuracy(runs, selector, k) for selector in DEPLOYABLE}
    return Choice(k, max(by_selector, key=lambda name: round(by_selector[name], 12)), by_k, by_selector)


def mean_accuracy(runs: Sequence[Candidates], selector: str, k: int, members: Bools | None = None) -> float:
    """A selector's accuracy on the problems of the mask `members` (P,), the mean over generators and seeds."""
    kept = slice(None) if members is None else members
    return float(np.mean([SELECTORS[selector](candidates, k).p_correct[kept].mean() for candidates in runs]))


def flattery(runs: Sequence[Candidates], choice: Choice, majk_candidates: tuple[int, ...], members: Bools) -> float:
    """How much higher the accuracy on these (test) problems would have been had K and selector been chosen on them.

    The problems are those of the mask `members` (P,): the ones whose accuracy is reported. It is never negative.
    """
    chosen = mean_accuracy(runs, choice.selector, choice.k, members)
    tuned = [
        mean_accuracy(runs, selector, k, members)
        for selector in DEPLOYABLE
        for k in (majk_candidates if selector in RESTRICTED else majk_candidates[:1])
    ]
    return max(tuned) - chosen
