"""Every selector against toy tables worked out by hand, and against brute force over ties and subsets."""

from itertools import combinations

import numpy as np
import pytest

from mathtune_ranking.candidates import NO_ANSWER
from mathtune_ranking.selectors import SELECTORS, _select

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
    # Of three one must be among the two that share K = 2 places with nobody sure: 1 − C(1, 2) / C(3, 2) = 1.
    ("oracle, two right of three for two places", [(0, 0.9, R), (1, 0.5, R), (2, 0.4, W)], "MajK", 2, 1.0, NO_ANSWER),
    ("no answer takes no place", [(None, 0.9, W), (None, 0.9, W), (0, 0.1, R)], "MajK", 1, 1.0, NO_ANSWER),
    ("the best has no answer, K or not", [(None, 0.9, W), (None, 0.9, W), (0, 0.1, R)], "RR.MajK", 1, 1.0, 0),
    # All three are in; two of the three samples at 0.9 are right.
    ("best samples in the places", [(0, 0.9, R), (0, 0.9, R), (1, 0.9, W), (1, 0.1, W)], "RR.MajK", 2, 2 / 3, 0),
    # 0 is sure; 1 or 2 joins it. With 1 there are one right and two wrong at 0.9: 1/3. With 2, which is worse: 1.
    (
        "a tie for the place and for the score",
        [(0, 0.9, R), (0, 0.1, R), (0, 0.1, R), (1, 0.9, W), (1, 0.9, W), (2, 0.2, W), (2, 0.2, W)],
        "RR.MajK",
        2,
        (1 / 3 + 1) / 2,
        0,
    ),
    # One place for 0 (two samples at 0.9) and 1 (one of 0.9): each in half the time and then alone. A mean of their
    # samples would say the same; with two places for three (next row) it would not.
    ("one place, equal scores", [(0, 0.9, R), (0, 0.9, R), (1, 0.9, W), (1, 0.1, W)], "RR.MajK", 1, 0.5, 0),
    # Pairs in: {0, 1}: 2/3. {0, 2}: 1. {1, 2}: 0.
    (
        "two places for three, two of them equal with other numbers of best samples",
        [(0, 0.9, R), (0, 0.9, R), (1, 0.9, W), (1, 0.1, W), (2, 0.3, W), (2, 0.1, W)],
        "RR.MajK",
        2,
        (2 / 3 + 1 + 0) / 3,
        0,
    ),
    ("no answer has no sum", [(None, 0.9, W), (None, 0.9, W), (0, 0.1, R)], "W.RR", 2, 1.0, 0),
    ("a sum of nothing still wins over none", [(None, 0.9, W), (0, 0.0, R)], "W.RR", 2, 1.0, 0),
    ("no answer, no sum, no place", [(None, 0.9, W), (None, 0.9, W), (0, 0.1, R)], "W.RR.MajK", 1, 1.0, 0),
    # The best two of four vote: 1 once, 0 once.
    (
        "the better half votes",
        [(0, 0.2, W), (0, 0.1, W), (0, 0.7, W), (1, 0.9, R)],
        "Maj1.TopN",
        1,
        0.5,
        0,
    ),
    # Three of five.
    (
        "half is rounded up",
        [(0, 0.2, W), (0, 0.1, W), (0, 0.7, W), (1, 0.9, R), (1, 0.3, R)],
        "Maj1.TopN",
        1,
        1.0,
        1,
    ),
    # Two of the three answered; those without an answer neither vote nor make the half larger.
    (
        "half of those with an answer",
        [(None, 0.9, W), (None, 0.8, W), (None, 0.95, W), (0, 0.1, W), (1, 0.9, R), (1, 0.3, R)],
        "Maj1.TopN",
        1,
        1.0,
        1,
    ),
    # Two of four: 0.9 is in, and one of three at 0.5, of which one is right. In with the right: 1; with a wrong: 1/2.
    (
        "tie for the last vote",
        [(0, 0.5, W), (0, 0.5, W), (1, 0.5, R), (1, 0.9, R)],
        "Maj1.TopN",
        1,
        1 / 3 + 2 / 3 / 2,
        1,
    ),
    # Two of four equal samples: both 0 with 1/6, both 1 with 1/6, else one each and a tie.
    ("all scores equal", [(0, 0.5, W), (0, 0.5, W), (1, 0.5, R), (1, 0.5, R)], "Maj1.TopN", 1, 0.5, 0),
    ("nobody to vote", [(None, 0.5, W), (None, 0.5, W)], "Maj1.TopN", 1, 0.0, NO_ANSWER),
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


def test_equal_chances_that_differ_in_the_last_bit_go_to_the_first_by_text() -> None:
    share = np.array([[0.0, 0.5, np.nextafter(0.5, 1.0)]])
    assert _select(share, np.zeros((1, 3), dtype=np.bool_)).winner[0] == 1


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


def ties_abound(toy, num_problems: int, seed: int):
    """Candidates of 7 samples with clusters, sums and scores that tie often, several of them right."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(num_problems):
        right = generator.random(5) < 0.4
        clusters = [int(c) for c in generator.integers(-1, 5, size=7)]
        scores = generator.integers(0, 3, size=7) / 2
        found.append(
            [(None if c < 0 else c, float(s), bool(c >= 0 and right[c])) for c, s in zip(clusters, scores, strict=True)]
        )
    return toy(*found)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 99])
def test_restricted_selectors_match_brute_force(random_candidates, toy, k) -> None:
    for candidates in (random_candidates(300, 6, 1), ties_abound(toy, 300, 2)):
        found = {
            by: SELECTORS[name](candidates, k).p_correct
            for by, name in (("sample", "RR.MajK"), ("cluster", "W.RR.MajK"))
        }
        problems = zip(candidates.cluster_id, candidates.score, candidates.is_correct, strict=True)
        for row, samples in enumerate(problems):
            for by, accuracy in found.items():
                assert accuracy[row] == pytest.approx(brute_force(*samples, k, by), abs=1e-12), (row, by)


@pytest.mark.parametrize("k", [1, 2, 3, 99])
def test_majk_matches_brute_force(toy, k) -> None:
    candidates = ties_abound(toy, 300, 3)
    found = SELECTORS["MajK"](candidates, k).p_correct
    for row, clusters in enumerate(candidates.cluster_id):
        names = sorted({int(c) for c in clusters} - {NO_ANSWER})
        count = {c: int((clusters == c).sum()) for c in names}
        tops = list(combinations(names, min(k, len(names))))
        most = max(sum(count[c] for c in top) for top in tops)
        rights = [
            any(candidates.cluster_correct[row, c] for c in top) for top in tops if sum(count[c] for c in top) == most
        ]
        assert found[row] == pytest.approx(np.mean(rights), abs=1e-12), row


def test_maj1_topn_matches_brute_force(toy) -> None:
    candidates = ties_abound(toy, 400, 4)
    found = SELECTORS["Maj1.TopN"](candidates, 1)
    for row, (clusters, score) in enumerate(zip(candidates.cluster_id, candidates.score, strict=True)):
        answered = [i for i, c in enumerate(clusters) if c != NO_ANSWER]
        halves = list(combinations(answered, (len(answered) + 1) // 2))
        best = max((sum(score[i] for i in half) for half in halves), default=0)
        shares = np.zeros(candidates.num_clusters)
        voting = [half for half in halves if half and sum(score[i] for i in half) == best]
        for half in voting:
            votes = np.bincount([clusters[i] for i in half], minlength=candidates.num_clusters)
            shares += (votes == votes.max()) / (votes == votes.max()).sum() / len(voting)
        expected = shares[candidates.cluster_correct[row]].sum()
        assert found.p_correct[row] == pytest.approx(expected, abs=1e-12), row
        assert found.winner[row] == (shares.round(12).argmax() if answered else NO_ANSWER), row


def test_rr_all_is_rr_majk_without_a_limit(random_candidates) -> None:
    candidates = random_candidates(200, 6, 2)
    unlimited = SELECTORS["RR.MajK"](candidates, 99).p_correct
    np.testing.assert_allclose(SELECTORS["RR.All"](candidates, 1).p_correct, unlimited)


def test_problems_do_not_depend_on_their_neighbours(toy) -> None:
    together = ties_abound(toy, 40, 5)
    for row in (3, 17):
        samples = zip(together.cluster_id[row], together.score[row], together.is_correct[row], strict=True)
        alone = toy([(None if c < 0 else int(c), float(s), bool(r)) for c, s, r in samples])
        for name, selector in SELECTORS.items():
            assert selector(alone, 2).p_correct[0] == pytest.approx(selector(together, 2).p_correct[row]), name
