"""Every selector against toy tables worked out by hand, and against brute force over ties and subsets."""

from itertools import combinations

import numpy as np
import pytest

from mathtune_ranking.candidates import NO_ANSWER
from mathtune_ranking.selectors import SELECTORS
from mathtune_ranking.subsets import best_score_at_n, curve, pass_at_n, sizes

R, W = True, False  # right, wrong

# (what it shows, samples as (cluster, score, right), selector, K, expected accuracy, winner)
GOLDEN = [
    ("plain majority", [(0, 0.1, W), (0, 0.2, W), (1, 0.9, R)], "Maj1", 2, 0.0, 0),
    ("two tie for the vote", [(0, 0.1, W), (0, 0.2, W), (1, 0.9, R), (1, 0.1, R)], "Maj1", 2, 0.5, 0),
    ("three tie, one right", [(0, 0.1, W), (1, 0.2, R), (2, 0.9, W)], "Maj1", 2, 1 / 3, 0),
    ("no answer cannot win", [(None, 0.9, W), (None, 0.9, W), (0, 0.1, R)], "Maj1", 2, 1.0, 0),
    ("nobody answered", [(None, 0.9, W), (None, 0.8, W)], "Maj1", 2, 0.0, NO_ANSWER),
    ("highest score", [(0, 0.1, W), (0, 0.2, W), (1, 0.9, R)], "RR.All", 2, 1.0, 1),
    ("best score has no answer", [(None, 1.0, W), (0, 0.4, W), (1, 0.5, R)], "RR.All", 2, 1.0, 1),
    ("equal samples are equally likely", [(0, 0.9, W), (0, 0.9, W), (1, 0.9, R)], "RR.All", 2, 1 / 3, 0),
    ("outside the top 1", [(0, 0.1, W), (0, 0.2, W), (1, 0.9, R)], "RR.MajK", 1, 0.0, 0),
    ("inside the top 2", [(0, 0.1, W), (0, 0.2, W), (1, 0.9, R)], "RR.MajK", 2, 1.0, 1),
    # Clusters 1 and 2 tie for the second place: half the time the right one is in, and then it wins.
    ("tie for the last place", [(0, 0.1, W), (0, 0.2, W), (1, 0.9, R), (2, 0.8, W)], "RR.MajK", 2, 0.5, 1),
    # Three singles for two places, the right one best: in with 2/3.
    ("two of three places", [(0, 0.9, R), (1, 0.5, W), (2, 0.4, W)], "RR.MajK", 2, 2 / 3, 0),
    # … the right one second: it wins when the best is out, which leaves it in for sure: 1/3.
    ("second best of three", [(0, 0.9, W), (1, 0.5, R), (2, 0.4, W)], "RR.MajK", 2, 1 / 3, 0),
    ("sum of scores", [(0, 0.3, R), (0, 0.3, R), (1, 0.5, W)], "W.RR", 2, 1.0, 0),
    ("equal sums though not in the last bit", [(0, 0.1, R), (0, 0.2, R), (1, 0.3, W)], "W.RR", 2, 0.5, 0),
    ("sum outside the top 1", [(0, 0.1, W), (0, 0.1, W), (1, 0.9, R)], "W.RR.MajK", 1, 0.0, 0),
    ("sums after a tie for the place", [(0, 0.4, W), (1, 0.9, R)], "W.RR.MajK", 1, 0.5, 0),
    ("oracle outside the top 1", [(0, 0.1, W), (0, 0.1, W), (1, 0.9, R)], "MajK", 1, 0.0, NO_ANSWER),
    ("oracle, one right of three for two places", [(0, 0.9, R), (1, 0.5, W), (2, 0.4, W)], "MajK", 2, 2 / 3, NO_ANSWER),
    ("oracle, K beyond the clusters", [(None, 0.9, W), (1, 0.5, R), (2, 0.4, W)], "MajK", 8, 1.0, NO_ANSWER),
    ("any right", [(0, 0.1, W), (0, 0.1, W), (1, 0.9, R)], "Pass@N", 1, 1.0, NO_ANSWER),
    ("none right", [(0, 0.1, W), (0, 0.1, W), (1, 0.9, W)], "Pass@N", 1, 0.0, NO_ANSWER),
    (
        "no answer is in the denominator",
        [(None, 0.1, W), (None, 0.1, W), (1, 0.9, R)],
        "Mean Pass@1",
        1,
        1 / 3,
        NO_ANSWER,
    ),
    ("random among the answered", [(None, 0.1, W), (0, 0.1, W), (1, 0.9, R)], "Random", 1, 0.5, NO_ANSWER),
    ("greedy does not look at the samples", [(0, 0.1, R), (0, 0.1, R)], "Pass@1", 1, 0.0, NO_ANSWER),
]


@pytest.mark.parametrize(
    ("samples", "selector", "k", "accuracy", "winner"), [g[1:] for g in GOLDEN], ids=[g[0] for g in GOLDEN]
)
def test_golden(toy, samples, selector, k, accuracy, winner) -> None:
    selection = SELECTORS[selector](toy(samples), k)
    assert selection.p_correct[0] == pytest.approx(accuracy)
    assert selection.winner[0] == winner


def test_every_selector_has_a_golden_row() -> None:
    assert {row[2] for row in GOLDEN} == set(SELECTORS)


def brute_force(cluster_id, score, is_correct, k: int, by: str) -> float:
    """RR.MajK or W.RR.MajK by listing every way to fill the K places, and every way to break the last tie."""
    answered = [i for i, c in enumerate(cluster_id) if c != NO_ANSWER]
    clusters = sorted({cluster_id[i] for i in answered})
    count = {c: sum(cluster_id[i] == c for i in answered) for c in clusters}
    places = min(k, len(clusters))
    best = max((sum(count[c] for c in top) for top in combinations(clusters, places)), default=0)
    tops = [top for top in combinations(clusters, places) if sum(count[c] for c in top) == best]
    results = []
    for top in tops:
        inside = [i for i in answered if cluster_id[i] in top]
        if by == "sample":
            high = max((score[i] for i in inside), default=0)
            winners = [is_correct[i] for i in inside if score[i] == high]
        else:
            total = {c: sum(score[i] for i in inside if cluster_id[i] == c) for c in top}
            winners = [
                any(is_correct[i] for i in inside if cluster_id[i] == c) for c in top if total[c] == max(total.values())
            ]
        results.append(np.mean(winners) if winners else 0.0)
    return float(np.mean(results)) if results else 0.0


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_restricted_selectors_match_brute_force(random_candidates, k) -> None:
    candidates = random_candidates(300, 6, 1)
    found = {
        by: SELECTORS[name](candidates, k).p_correct for by, name in (("sample", "RR.MajK"), ("cluster", "W.RR.MajK"))
    }
    inexact = 0
    for row, samples in enumerate(zip(candidates.cluster_id, candidates.score, candidates.is_correct, strict=True)):
        assert found["cluster"][row] == pytest.approx(brute_force(*samples, k, "cluster"))
        # The stated exception: unequal numbers of best samples in clusters that tie for the place and for the score.
        inexact += abs(found["sample"][row] - brute_force(*samples, k, "sample")) > 1e-9
    assert inexact <= 6


def test_rr_all_is_rr_majk_without_a_limit(random_candidates) -> None:
    candidates = random_candidates(200, 6, 2)
    unlimited = SELECTORS["RR.MajK"](candidates, 99).p_correct
    np.testing.assert_allclose(SELECTORS["RR.All"](candidates, 1).p_correct, unlimited)


def over_subsets(candidates, toy, selector: str, n: int) -> float:
    """The mean accuracy over all n-subsets of every problem."""
    means = []
    for row in range(len(candidates.problem_ids)):
        columns = list(combinations(range(candidates.num_samples), n))
        subsets = [
            [
                (
                    None if c == NO_ANSWER else int(c),
                    float(candidates.score[row, i]),
                    bool(candidates.is_correct[row, i]),
                )
                for i in subset
                for c in [candidates.cluster_id[row, i]]
            ]
            for subset in columns
        ]
        means.append(SELECTORS[selector](toy(*subsets), 1).p_correct.mean())
    return float(np.mean(means))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6])
def test_closed_forms_match_all_subsets(random_candidates, toy, n) -> None:
    candidates = random_candidates(12, 6, 3)
    passed = pass_at_n(candidates.is_correct.sum(axis=1), 6, n).mean()
    assert passed == pytest.approx(over_subsets(candidates, toy, "Pass@N", n))
    assert best_score_at_n(candidates, n).mean() == pytest.approx(over_subsets(candidates, toy, "RR.All", n))


def test_resampled_curves_match_all_subsets_within_their_stated_error(random_candidates, toy) -> None:
    candidates = random_candidates(12, 6, 4)
    resampled = 0
    for point in curve(candidates, 400, 0):
        if point.selector in ("Maj1", "W.RR"):
            exact = over_subsets(candidates, toy, point.selector, point.n)
            assert abs(point.p_correct.mean() - exact) <= 4 * point.monte_carlo_error + 1e-9, point
            resampled += point.monte_carlo_error > 0
    assert resampled == 4  # both selectors at n = 2 and 4; n = 1 and n = N are exact


def test_sizes_are_powers_of_two_and_n() -> None:
    assert sizes(16) == [1, 2, 4, 8, 16]
    assert sizes(6) == [1, 2, 4, 6]
    assert sizes(1) == [1]
