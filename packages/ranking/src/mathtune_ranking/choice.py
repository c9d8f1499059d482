"""What is tuned, tuned on the validation split: the K of the restricted selectors, and which selector to rely on."""

from dataclasses import dataclass

import numpy as np

from mathtune_ranking.candidates import Candidates
from mathtune_ranking.selectors import DEPLOYABLE, RESTRICTED, SELECTORS


@dataclass(frozen=True, slots=True)
class Choice:
    """One K and one selector for all styles, and how the alternatives did where they were chosen (as fractions)."""

    k: int
    selector: str
    accuracy_by_k: dict[int, float]  # of RR.MajK, mean over styles
    accuracy_by_selector: dict[str, float]  # at that K, mean over styles


def choose(styles: dict[str, Candidates], majk_candidates: tuple[int, ...]) -> Choice:
    """K by the accuracy of RR.MajK (ties to the smaller), then the selector (ties to the first listed)."""
    by_k = {k: mean_accuracy(styles, "RR.MajK", k) for k in sorted(majk_candidates)}
    k = max(by_k, key=lambda size: round(by_k[size], 12))  # max keeps the first of equals
    by_selector = {selector: mean_accuracy(styles, selector, k) for selector in DEPLOYABLE}
    return Choice(k, max(by_selector, key=lambda name: round(by_selector[name], 12)), by_k, by_selector)


def mean_accuracy(styles: dict[str, Candidates], selector: str, k: int) -> float:
    """A selector's accuracy, the mean over styles."""
    return float(np.mean([SELECTORS[selector](candidates, k).p_correct.mean() for candidates in styles.values()]))


def flattery(styles: dict[str, Candidates], choice: Choice, majk_candidates: tuple[int, ...]) -> float:
    """How much higher the accuracy on these (test) problems would have been had K and selector been chosen on them."""
    chosen = mean_accuracy(styles, choice.selector, choice.k)
    tuned = [
        mean_accuracy(styles, selector, k)
        for selector in DEPLOYABLE
        for k in (majk_candidates if selector in RESTRICTED else majk_candidates[:1])
    ]
    return max(tuned) - chosen
