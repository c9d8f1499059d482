"""What is chosen on validation, and what choosing on test would have added to the accuracy that is reported."""

from collections.abc import Callable

import numpy as np
import pytest

from mathtune_ranking.candidates import Candidates
from mathtune_ranking.choice import choose, flattery


@pytest.fixture(scope="session")
def right(toy: Callable[..., Candidates]) -> Callable[[str], Candidates]:
    """A function from the right cluster of each problem to Candidates.

    Cluster A has three samples and sum of scores 1.2, B two and 1.0, C one of the best score, 0.9. So Maj1, W.RR and
    W.RR.MajK choose A, RR.All chooses C, Maj1.TopN B, and RR.MajK A, B or C as K is 1, 2 or 3.
    """
    samples = [(0, 0.4), (0, 0.4), (0, 0.4), (1, 0.5), (1, 0.5), (2, 0.9)]
    return lambda names: toy(*([(c, score, "ABC"[c] == name) for c, score in samples] for name in names))


def test_k_then_selector_by_hand(right) -> None:
    choice = choose([right("BBAC"), right("BACC")], (1, 2, 3))
    assert choice.accuracy_by_k == {1: 0.25, 2: 0.375, 3: 0.375}
    assert choice.k == 2  # the smaller of equals
    assert choice.accuracy_by_selector == {
        "Maj1": 0.25,
        "RR.All": 0.375,
        "RR.MajK": 0.375,
        "W.RR": 0.25,
        "W.RR.MajK": 0.25,
        "Maj1.TopN": 0.375,  # of the best three, one C and two B, it chooses B
    }
    assert choice.selector == "RR.All"  # the first listed of equals


@pytest.mark.parametrize(
    ("test", "flattered"),
    [
        ("CCCA", 0.0),  # RR.All is the best here too
        ("AAAC", 0.5),  # the vote: 3/4 instead of 1/4
        ("BBBC", 0.5),  # RR.MajK, at a K that was not chosen
        ("BBCC", 0.0),
    ],
)
def test_flattery_by_hand(right, test, flattered) -> None:
    choice = choose([right("CCCA")], (1, 2, 3))
    assert (choice.k, choice.selector) == (3, "RR.All")
    assert flattery([right(test)], choice, (1, 2, 3), np.ones(4, dtype=bool)) == pytest.approx(flattered)


def test_flattery_is_of_the_mean_over_runs(right) -> None:
    # Each run alone would gain; one choice for both gains nothing: RR.All 2/4, the vote 2/4, RR.MajK at most 2/4.
    choice = choose([right("C")], (1, 2, 3))
    runs, everywhere = [right("CC"), right("AA")], np.ones(2, dtype=bool)
    assert flattery(runs, choice, (1, 2, 3), everywhere) == 0.0
    assert flattery(runs[1:], choice, (1, 2, 3), everywhere) == 1.0


def test_flattery_is_of_the_reported_problems(right) -> None:
    choice = choose([right("C")], (1, 2, 3))
    assert flattery([right("CAAA")], choice, (1, 2, 3), np.array([True, True, False, False])) == 0.0
    assert flattery([right("CAAA")], choice, (1, 2, 3), np.ones(4, dtype=bool)) == 0.5
