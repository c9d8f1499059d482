"""Accuracy at every n: closed forms against all subsets, averages over random ones within the error they state."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_ranking.candidates import NO_ANSWER
from mathtune_ranking.nested_subsets import RESAMPLED, Draws, averages
from mathtune_ranking.selectors import SELECTORS
from mathtune_ranking.subsets import (
    any_right_by_n,
    best_score_by_n,
    curve,
    random_by_n,
    vote_by_n,
)
from mathtune_ranking.votes import MAX_SAMPLES, binomials, vote_chance

CURVES = [("Pass@n" if name == "Pass@N" else name) for name in SELECTORS if name != "Pass@1"]
K = 2


def draws_of(candidates, seed: int) -> Draws:
    return Draws(seed, len(candidates.problem_ids), candidates.num_samples)


def messy(toy, num_problems: int, num_samples: int, seed: int):
    """Clusters, scores and sums that tie often, samples without an answer, no, one or several right clusters."""
    generator = np.random.default_rng(seed)
    problems = []
    for _ in range(num_problems):
        num_clusters, none = int(generator.integers(1, 6)), generator.uniform(0, 0.6)
        right = generator.random(num_clusters) < 0.4
        clusters = np.where(
            generator.random(num_samples) < none, NO_ANSWER, generator.integers(0, num_clusters, num_samples)
        )
        scores = generator.integers(0, 4, num_samples) / 3
        problems.append(
            [
                (None if c < 0 else int(c), float(s), bool(c >= 0 and right[c]))
                for c, s in zip(clusters, scores, strict=True)
            ]
        )
    return toy(*problems)


def over_subsets(candidates, toy, selector: str, n: int) -> np.ndarray:
    """The mean accuracy over all n-subsets of every problem, (P,)."""
    name, num_samples = ("Pass@N" if selector == "Pass@n" else selector), candidates.num_samples
    columns = list(combinations(range(num_samples), n))
    subsets = [
        [
            (None if c < 0 else int(c), float(s), bool(r))
            for i in subset
            for c, s, r in [(cluster[i], score[i], right[i])]
        ]
        for cluster, score, right in zip(candidates.cluster_id, candidates.score, candidates.is_correct, strict=True)
        for subset in columns
    ]
    return SELECTORS[name](toy(*subsets), K).p_correct.reshape(-1, len(columns)).mean(axis=1)


@pytest.mark.parametrize("num_samples", [1, 2, 5, 8])
@pytest.mark.parametrize(
    ("selector", "closed_form"),
    [("Pass@N", any_right_by_n), ("Random", random_by_n), ("RR.All", best_score_by_n), ("Maj1", vote_by_n)],
)
def test_closed_forms_match_all_subsets(toy, selector, closed_form, num_samples) -> None:
    candidates = messy(toy, 40, num_samples, num_samples)
    found = closed_form(candidates)
    assert found.shape == (num_samples, 40)
    for n in range(1, num_samples + 1):
        np.testing.assert_allclose(found[n - 1], over_subsets(candidates, toy, selector, n), rtol=0, atol=1e-12)


def test_maj1_by_hand(toy) -> None:
    # Two right and two wrong of one answer each: pairs {R, R}: 1, {W, W}: 0, four {R, W}: 1/2. Then a null for a wrong.
    candidates = toy(
        [(0, 0.5, True), (0, 0.5, True), (1, 0.5, False), (1, 0.5, False)],
        [(0, 0.5, True), (0, 0.5, True), (1, 0.5, False), (None, 0.5, False)],
        # Three at a time of 0, 0, 1, 2: {0, 0, 1} and {0, 0, 2}: 1; {0, 1, 2} twice: 1/3.
        [(0, 0.5, True), (0, 0.5, True), (1, 0.5, False), (2, 0.5, False)],
    )
    by_hand = [[1 / 2, 1 / 2, 1 / 2, 1 / 2], [1 / 2, 2 / 3, 5 / 6, 1.0], [1 / 2, (1 + 4 / 2) / 6, 2 / 3, 1.0]]
    by_hand[1][1] = (1 + 2 / 2 + 2) / 6  # {R, R}, twice {R, W}, twice {R, none}, {W, none}
    by_hand[1][2] = (1 + 1 + 2 / 2) / 4  # {R, R, W}, {R, R, none}, twice {R, W, none}
    by_hand[2][1] = (1 + 4 / 2 + 0) / 6  # {0, 0}, four with one 0, {1, 2}
    np.testing.assert_allclose(vote_by_n(candidates).T, by_hand, rtol=0, atol=1e-15)


def test_what_is_exact_says_so_and_is(toy) -> None:
    candidates = messy(toy, 60, 6, 1)
    right = candidates.is_correct.any(axis=1)
    mixed = right & (~candidates.is_correct & (candidates.cluster_id >= 0)).any(axis=1)
    few = candidates.cluster_id.max(axis=1) < K
    resampled = set()
    for point in curve(candidates, K, 5, draws_of(candidates, 0)):
        exact = np.ones(60, dtype=bool)
        if point.selector in RESAMPLED and 1 < point.n < 6:
            exact = ~mixed | (few & (point.selector == "MajK"))
            resampled |= {(point.selector, point.n)} if point.monte_carlo_error > 0 else set()
        assert (point.variance[exact] == 0.0).all(), (point.selector, point.n)
        expected = over_subsets(candidates, toy, point.selector, point.n)[exact]
        np.testing.assert_allclose(point.p_correct[exact], expected, rtol=0, atol=1e-12)
    assert resampled == {(selector, n) for selector in RESAMPLED for n in range(2, 6)}
    assert 0 < mixed.sum() < right.sum() < 60
    assert few.any()


def test_averages_match_all_subsets_within_their_stated_error(toy) -> None:
    candidates = messy(toy, 40, 7, 2)
    for point in curve(candidates, K, 400, draws_of(candidates, 3)):
        exact = over_subsets(candidates, toy, point.selector, point.n)
        distance = abs(point.p_correct.mean() - exact.mean())
        assert distance <= 4 * point.monte_carlo_error + 1e-12, (point.selector, point.n)
        of_problems = np.abs(point.p_correct - exact) > 6 * np.sqrt(point.variance) + 0.1
        assert not of_problems.any(), (point.selector, point.n)


def test_the_stated_error_is_the_spread_over_seeds(toy) -> None:
    candidates = messy(toy, 60, 7, 4)
    right, wrong = candidates.is_correct, ~candidates.is_correct & (candidates.cluster_id >= 0)
    mixed = np.nonzero(right.any(axis=1) & wrong.any(axis=1))[0]
    runs = [averages(candidates, mixed, K, 5, draws_of(candidates, seed)) for seed in range(200)]
    ratios = []
    for selector in RESAMPLED:
        means = np.array([run[selector].mean.sum(axis=1) for run in runs])
        stated = np.sqrt(np.mean([run[selector].variance.sum(axis=1) for run in runs], axis=0))
        for n in range(1, 7):  # all 7 are one subset
            # The standard deviation of 200 draws is known to one in twenty (1 / √400); four of those are allowed.
            assert means[:, n - 1].std(ddof=1) == pytest.approx(stated[n - 1], rel=0.2), (selector, n)
            exact = over_subsets(candidates, toy, selector, n)[mixed].sum()
            assert abs(means[:, n - 1].mean() - exact) < 4 * stated[n - 1] / np.sqrt(200), (selector, n)
            ratios.append(means[:, n - 1].std(ddof=1) / stated[n - 1])
    assert len(ratios) == len(RESAMPLED) * 6
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)


def test_every_selector_has_every_n_and_ends_at_the_whole(toy) -> None:
    candidates = messy(toy, 20, 6, 5)
    points = list(curve(candidates, K, 2, draws_of(candidates, 0)))
    assert [(point.selector, point.n) for point in points] == [(name, n) for name in CURVES for n in range(1, 7)]
    for point in points:
        if point.n == 6:
            whole = SELECTORS["Pass@N" if point.selector == "Pass@n" else point.selector](candidates, K).p_correct
            np.testing.assert_allclose(point.p_correct, whole, rtol=0, atol=1e-12)
        if point.n == 1:
            np.testing.assert_allclose(point.p_correct, candidates.is_correct.mean(axis=1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [1, 7, 16])
def test_a_problem_draws_the_same_in_whatever_block_it_comes(toy, size) -> None:
    candidates = messy(toy, 20, 6, 6)
    draws, whole = draws_of(candidates, 3), np.zeros((10, 6, 20))
    for number, point in enumerate(curve(candidates, K, 4, draws_of(candidates, 3))):
        whole[number // 6, number % 6] = point.p_correct
    for start in range(0, 20, size):
        for number, point in enumerate(curve(candidates.of(slice(start, start + size)), K, 4, draws, start)):
            expected = whole[number // 6, number % 6, start : start + size]
            np.testing.assert_allclose(point.p_correct, expected, rtol=0, atol=1e-12)


def test_no_problem_with_a_right_and_a_wrong_cluster(toy) -> None:
    candidates = toy([(0, 0.5, True), (None, 0.9, False)], [(0, 0.5, False), (1, 0.9, False)])
    points = {(point.selector, point.n): point for point in curve(candidates, K, 2, draws_of(candidates, 0))}
    for selector in RESAMPLED:
        np.testing.assert_allclose(points[selector, 1].p_correct, [0.5, 0.0])
        np.testing.assert_allclose(points[selector, 2].p_correct, [1.0, 0.0])


def test_pass_at_n_and_maj1_keep_their_precision_at_many_samples(toy) -> None:
    num_samples, num_right = 300, 3
    samples = [(0, 0.5, True)] * num_right + [(1, 0.5, False)] * (num_samples - num_right)
    candidates = toy(samples)
    passed, voted = any_right_by_n(candidates)[:, 0], vote_by_n(candidates)[:, 0]
    for n in (1, 2, 3, 150, 297, 298, 300):
        ways = comb(num_samples, n)
        assert passed[n - 1] == pytest.approx(1 - comb(num_samples - num_right, n) / ways, abs=1e-12)
        # With r right of n it wins if 2r > n, and half the time if 2r = n.
        by_right = [
            (comb(num_right, r) * comb(num_samples - num_right, n - r) / ways) * (1.0 if 2 * r > n else 0.5)
            for r in range(min(n, num_right) + 1)
            if 2 * r >= n
        ]
        assert voted[n - 1] == pytest.approx(sum(by_right), abs=1e-12)
    with pytest.raises(MathtuneError, match="1030 samples a problem: at most 1029 can be ranked; take fewer"):
        binomials(MAX_SAMPLES + 1)
    assert np.isfinite(binomials(MAX_SAMPLES)).all()


def test_a_vote_with_certain_votes_against_all_draws() -> None:
    generator = np.random.default_rng(0)
    for _ in range(60):
        certain, pool = generator.integers(0, 3, size=(2, 3))
        spare, drawn = int(generator.integers(0, 3)), int(generator.integers(0, 5))
        names = [c for c in range(3) for _ in range(pool[c])] + [3] * spare
        draws = list(combinations(names, drawn))
        shares = []
        for draw in draws:
            votes = certain + np.bincount(draw, minlength=4)[:3]
            winners = (votes == votes.max()) & (votes > 0)
            shares.append(winners / max(1, winners.sum()))
        for cluster in range(3):
            found = vote_chance(certain[None], pool[None], np.array([spare]), np.array([cluster]), drawn)
            expected = np.mean([share[cluster] for share in shares]) if draws else 0.0
            assert found[0, drawn] == pytest.approx(expected, abs=1e-12)
