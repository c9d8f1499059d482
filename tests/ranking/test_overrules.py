"""How often re-ranking overrules the vote, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from mathtune_ranking.outcomes import outcomes
from mathtune_ranking.overrules import overruled, overrules
from mathtune_ranking.rows import Row
from mathtune_ranking.selectors import SCORED

ROW = Row("terse", "xent")


def counted(study, *of_seeds, k: int = 2, headline=None) -> dict[str, tuple[float, ...]]:
    """By selector: overruled, right, wrong and neither instead."""
    one = replace(study, styles=("terse",), seeds=tuple(range(len(of_seeds))))
    mask = np.ones(len(of_seeds[0].problem_ids), dtype=bool) if headline is None else np.array(headline)
    frame = overrules(outcomes(one, {ROW: of_seeds}, k), mask)
    assert frame["num_problems"].unique().to_list() == [mask.sum()]
    return {row[2]: row[4:] for row in frame.rows()}


def test_each_problem_is_won_lost_or_neither(study, toy) -> None:
    arrays = toy(
        [(0, 0.2, False), (0, 0.1, False), (1, 0.9, True)],  # the vote takes 0, the best score 1: right instead
        [(0, 0.2, True), (0, 0.1, True), (1, 0.9, False)],  # wrong instead
        [(0, 0.2, False), (0, 0.1, False), (1, 0.9, False)],  # neither: both wrong
        [(0, 0.9, True), (0, 0.1, True), (1, 0.2, False)],  # not overruled
        [(None, 0.9, False), (None, 0.1, False), (None, 0.2, False)],  # no answer, nothing to overrule
    )
    found = counted(study, arrays)
    assert found["RR.All"] == found["W.RR"] == (3.0, 1.0, 1.0, 1.0)
    assert counted(study, arrays, k=1)["RR.MajK"] == (0.0, 0.0, 0.0, 0.0)  # among one there is no choice
    assert counted(study, arrays, headline=[False, True, True, False, False])["RR.All"] == (2.0, 0.0, 1.0, 1.0)


def test_a_tied_vote_is_overruled_as_often_as_it_would_have_gone_otherwise(study, toy) -> None:
    # The vote takes 0 or 1, the verifier 0, which is right: half of the time that is what the vote takes too.
    arrays = toy([(0, 0.9, True), (1, 0.1, False)])
    assert counted(study, arrays)["RR.All"] == (0.5, 0.5, 0.0, 0.0)


def test_a_verifier_that_prefers_nothing_overrules_nothing(study, toy) -> None:
    tied = [(0, 0.5, True), (0, 0.5, True), (1, 0.5, False), (1, 0.5, False), (2, 0.5, False)]
    found = counted(study, toy(tied))
    assert found["W.RR"] == found["W.RR.MajK"] == found["RR.MajK"] == (0.0, 0.0, 0.0, 0.0)
    # RR.All draws a sample: 2/5, 2/5, 1/5 against the vote's 1/2, 1/2, 0. Of the fifth that it moves to cluster 2,
    # half came from the right cluster.
    assert found["RR.All"] == (0.2, 0.0, 0.1, 0.1)


def test_the_rest_is_drawn_one_without_regard_to_the_other() -> None:
    # Vote 0.6, 0.4, 0, 0 and selector 0.1, 0.2, 0.3, 0.4: in common 0.1 and 0.2, left 0.5, 0.2 and 0.3, 0.4. Clusters 0
    # and 2 are right: right after a wrong one 0.3 · 0.2 / 0.7, wrong after a right one 0.4 · 0.5 / 0.7, else neither.
    vote, share = np.array([[0.6, 0.4, 0.0, 0.0]]), np.array([[0.1, 0.2, 0.3, 0.4]])
    correct = np.array([[True, False, True, False]])
    np.testing.assert_allclose(overruled(vote, share, correct), [[0.06 / 0.7, 0.2 / 0.7, 0.7 - 0.26 / 0.7]])


def test_counts_are_means_over_seeds(study, toy) -> None:
    won, kept = (
        toy([(0, 0.2, False), (0, 0.1, False), (1, 0.9, True)]),
        toy([(0, 0.9, True), (0, 0.1, True), (1, 0.2, False)]),
    )
    assert counted(study, won, kept)["RR.All"] == (0.5, 0.5, 0.0, 0.0)


@pytest.mark.parametrize("num_samples", [2, 5, 12])
def test_right_less_wrong_is_the_gain_over_the_vote(study, random_candidates, num_samples) -> None:
    arrays = random_candidates(60, num_samples, num_samples)
    one = replace(study, styles=("terse",))
    found = outcomes(one, {ROW: (arrays,)}, 2)
    for selector, (total, right, wrong, neither) in counted(study, arrays).items():
        gain = (found.mean(ROW, selector) - found.mean(ROW, "Maj1")).sum()
        assert right - wrong == pytest.approx(gain, abs=2e-4), selector
        assert total == pytest.approx(right + wrong + neither, abs=2e-4)
        assert min(right, wrong, neither) >= 0.0
    assert set(counted(study, arrays)) == set(SCORED)
