"""The five families of comparisons: who is compared with whom, from which side, and what each pays for."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from mathtune_ranking.comparisons import COMPARED, comparisons
from mathtune_ranking.outcomes import Resampling
from mathtune_ranking.paired_tests import holm
from mathtune_ranking.rows import Row
from mathtune_ranking.selectors import SCORED

HOW = Resampling(permutations=500, subset_resamples=2, confidence=0.95, seed=0)
ALL = np.ones(8, dtype=bool)

# How many of 8 problems each generator solves, and what each verifier adds under the selectors that read it.
SOLVED = {"few-shot": 1, "original": 2, "rewritten": 4, "sequential-margin": 6, "control": 5}
ADDED = {"xent": 1, "margin": -1, "rewritten": 2}


def solved(row: Row, selector: str) -> list[list[float]]:
    count = SOLVED[row.generator] + (ADDED[row.verifier] if selector in SCORED else 0)
    return [[float(number < count) for number in range(8)]] * 2


def pairs(frame: pl.DataFrame, family: str, selector: str) -> dict[tuple[str | None, ...], float]:
    rows = frame.filter((pl.col("family") == family) & (pl.col("selector") == selector))
    return {row[:-1]: row[-1] for row in rows.select("generator", "verifier", "first", "second", "difference").rows()}


def test_styles_and_few_shot_are_compared_each_with_each(full_study, outcomes_of) -> None:
    frame = comparisons(outcomes_of(full_study, solved), ALL, HOW)
    assert set(frame.filter(pl.col("family") == "styles")["selector"]) == set(COMPARED)
    assert pairs(frame, "styles", "Maj1") == {
        (None, None, "original", "few-shot"): 12.5,
        (None, None, "rewritten", "few-shot"): 37.5,
        (None, None, "rewritten", "original"): 25.0,
    }
    assert set(pairs(frame, "styles", "W.RR")) == {
        (None, "xent", "original", "few-shot"),
        (None, "xent", "rewritten", "few-shot"),
        (None, "xent", "rewritten", "original"),
    }


def test_verifiers_are_compared_on_the_same_samples(full_study, outcomes_of) -> None:
    frame = comparisons(outcomes_of(full_study, solved), ALL, HOW)
    assert set(frame.filter(pl.col("family") == "verifiers")["selector"]) == set(SCORED)
    for selector in SCORED:
        assert pairs(frame, "verifiers", selector) == {
            ("original", None, "margin", "xent"): -25.0,
            ("rewritten", None, "margin", "xent"): -25.0,
            ("rewritten", None, "rewritten", "xent"): 12.5,
            ("rewritten", None, "rewritten", "margin"): 37.5,
        }


def test_re_ranking_is_compared_with_the_vote_over_the_same_samples(full_study, outcomes_of) -> None:
    frame = comparisons(outcomes_of(full_study, solved), ALL, HOW)
    for selector in SCORED:
        assert pairs(frame, "re-ranking", selector) == {
            ("few-shot", "xent", selector, "Maj1"): 12.5,
            ("original", "xent", selector, "Maj1"): 12.5,
            ("original", "margin", selector, "Maj1"): -12.5,
            ("rewritten", "xent", selector, "Maj1"): 12.5,
            ("rewritten", "margin", selector, "Maj1"): -12.5,
            ("rewritten", "rewritten", selector, "Maj1"): 25.0,
            ("sequential-margin", "xent", selector, "Maj1"): 12.5,
            ("control", "xent", selector, "Maj1"): 12.5,
        }


def test_sequential_training_is_compared_with_its_style_and_the_control(full_study, outcomes_of) -> None:
    frame = comparisons(outcomes_of(full_study, solved), ALL, HOW)
    for selector in COMPARED:
        verifier = "xent" if selector in SCORED else None
        assert pairs(frame, "sequential", selector) == {
            (None, verifier, "sequential-margin", "rewritten"): 25.0,
            (None, verifier, "sequential-margin", "control"): 12.5,
            (None, verifier, "control", "rewritten"): 12.5,
        }


def test_two_sequential_recipes_are_compared_with_each_other(full_study, outcomes_of) -> None:
    recipes = ("sequential-margin", "control", "sequential-xent")
    study = replace(full_study, sequential=recipes, recipes=("few-shot", *recipes))
    found = outcomes_of(study, lambda row, _: [[1.0, 0.0] * 4] * 2)
    assert list(pairs(comparisons(found, ALL, HOW), "sequential", "Maj1")) == [
        (None, None, "control", "rewritten"),
        (None, None, "sequential-margin", "rewritten"),
        (None, None, "sequential-xent", "rewritten"),
        (None, None, "sequential-margin", "control"),
        (None, None, "sequential-xent", "control"),
        (None, None, "sequential-xent", "sequential-margin"),
    ]


def test_all_generators_are_compared_each_with_each(full_study, outcomes_of) -> None:
    frame = comparisons(outcomes_of(full_study, solved), ALL, HOW)
    for selector in COMPARED:
        verifier = "xent" if selector in SCORED else None
        expected = {
            (None, verifier, first, second): 12.5 * (SOLVED[first] - SOLVED[second])
            for second, first in combinations(full_study.generators, 2)
        }
        assert pairs(frame, "generators", selector) == expected
    assert frame.height == (3 + 3 + 10) * len(COMPARED) + (4 + 8) * len(SCORED)


@pytest.mark.parametrize(
    ("changes", "families"),
    [
        ({}, {"styles", "re-ranking"}),
        ({"styles": ("terse",)}, {"re-ranking"}),
        ({"verifiers": ("xent", "terse"), "own_verifiers": ("terse",)}, {"styles", "re-ranking", "verifiers"}),
        ({"recipes": ("control",), "sequential": ("control",)}, {"styles", "re-ranking", "sequential", "generators"}),
    ],
)
def test_a_family_without_a_pair_is_absent(study, outcomes_of, changes, families) -> None:
    of = {"verifiers": ("xent", "verbose"), **changes}
    found = outcomes_of(replace(study, **of), lambda row, selector: [[1.0, 0.0] * 4])
    assert set(comparisons(found, ALL, HOW)["family"]) == families


def test_only_the_headline_problems_count(full_study, outcomes_of) -> None:
    frame = comparisons(outcomes_of(full_study, solved), np.arange(8) < 2, HOW)
    assert pairs(frame, "styles", "Maj1") == {
        (None, None, "original", "few-shot"): 50.0,
        (None, None, "rewritten", "few-shot"): 50.0,
        (None, None, "rewritten", "original"): 0.0,
    }


def test_seeds_are_averaged_before_the_comparison(study, outcomes_of) -> None:
    # Means of ¾ and ¼ everywhere: four differences of a half.
    three_of_four = [[1.0] * 4, [1.0] * 4, [1.0] * 4, [0.0] * 4]
    found = outcomes_of(
        replace(study, seeds=(0, 1, 2, 3)),
        lambda row, selector: [
            [value if row.generator == "verbose" else 1.0 - value for value in seed] for seed in three_of_four
        ],
    )
    frame = comparisons(found, np.ones(4, dtype=bool), replace(HOW, permutations=20_000))
    row = frame.filter((pl.col("family") == "styles") & (pl.col("selector") == "Maj1"))
    assert row.select("first", "difference", "lowest_seed", "highest_seed").row(0) == ("verbose", 50.0, -100.0, 100.0)
    assert row["low"].item() < 0.0 < 80.0 < row["high"].item()  # four problems are few, though all differ alike
    assert row["test"].item() == "permutation"
    assert row["p"].item() == pytest.approx(2 / 2**4, abs=0.01)  # a sign a problem: two of 16 patterns are as extreme


def test_the_test_is_the_pairs_own(full_study, outcomes_of) -> None:
    """Two seeds that agree leave 0/1 outcomes; a tie in the vote is of the comparisons that read the vote alone."""

    def tied(row: Row, selector: str) -> list[list[float]]:
        values = solved(row, selector)
        return [[0.5, *of_seed[1:]] for of_seed in values] if selector == "Maj1" else values

    frame = comparisons(outcomes_of(full_study, tied), ALL, HOW)
    reads_the_vote = (pl.col("selector") == "Maj1") | (pl.col("family") == "re-ranking")
    assert frame.filter(reads_the_vote)["test"].unique().to_list() == ["permutation"]
    assert frame.filter(~reads_the_vote)["test"].unique().to_list() == ["mcnemar"]
    # rewritten solves 4 of 8 and original 2: two coins, both heads.
    row = frame.filter((pl.col("first") == "rewritten") & (pl.col("second") == "original")).row(0, named=True)
    assert (row["selector"], row["test"], row["p"]) == ("Pass@1", "mcnemar", 0.5)


def test_a_small_p_keeps_its_digits(study, outcomes_of) -> None:
    found = outcomes_of(study, lambda row, selector: [[float(row.generator == "verbose")] * 30])
    frame = comparisons(found, np.ones(30, dtype=bool), HOW)
    styles = frame.filter((pl.col("family") == "styles") & (pl.col("selector") == "Maj1"))
    assert styles["p"].to_list() == [1.863e-09]  # 2 / 2^30


def noisy(row: Row, selector: str) -> list[list[float]]:
    key = sum(map(ord, row.generator + row.verifier * (selector in SCORED) + selector))
    return np.random.default_rng(key).integers(0, 2, size=(2, 40)).astype(float).tolist()


def test_holm_is_taken_within_a_family_and_selector(full_study, outcomes_of) -> None:
    frame = comparisons(outcomes_of(full_study, noisy), np.ones(40, dtype=bool), HOW)
    groups = frame.partition_by("family", "selector")
    assert len(groups) == 3 * len(COMPARED) + 2 * len(SCORED)
    for group in groups:
        assert group["p_holm"].to_list() == pytest.approx(holm(group["p"].to_list()), rel=1e-3)
    assert not frame.filter(pl.col("family") == "re-ranking")["p"].equals(frame["p_holm"])
    # Three pairs: the least p pays three times; what the other families ask costs it nothing.
    styles = frame.filter((pl.col("family") == "styles") & (pl.col("selector") == "Maj1")).sort("p")
    assert styles["p_holm"][0] == pytest.approx(min(1.0, 3 * styles["p"][0]), rel=1e-3)
    alone = replace(full_study, recipes=("few-shot",), sequential=())
    fewer = comparisons(outcomes_of(alone, noisy), np.ones(40, dtype=bool), HOW)
    for family in ("styles", "verifiers"):
        assert fewer.filter(pl.col("family") == family).equals(frame.filter(pl.col("family") == family)), family


def test_the_order_of_the_study_turns_a_difference_and_keeps_its_p(full_study, outcomes_of) -> None:
    turned = replace(full_study, styles=("rewritten", "original"), shared_verifiers=("xent", "margin"))
    everywhere = np.ones(40, dtype=bool)
    alike = ["test", "p", "p_holm", "detectable", "problems_for_a_point"]
    frame, other = (comparisons(outcomes_of(of, noisy), everywhere, HOW) for of in (full_study, turned))
    for selector in COMPARED:
        chosen = (pl.col("family") == "styles") & (pl.col("selector") == selector)
        one = frame.filter(chosen & (pl.col("first") == "rewritten") & (pl.col("second") == "original"))
        two = other.filter(chosen & (pl.col("first") == "original") & (pl.col("second") == "rewritten"))
        assert one.select(alike).rows() == two.select(alike).rows()
        (difference, low, high), (opposite, least, most) = (
            part.select("difference", "low", "high").row(0) for part in (one, two)
        )
        assert (difference, low, high) == (0.0 - opposite, 0.0 - most, 0.0 - least)
    names = ["family", "generator", "verifier", "selector", "first", "second"]
    rest = pl.col("family").is_in(["verifiers", "re-ranking", "sequential"])
    assert frame.filter(rest).sort(names).equals(other.filter(rest).sort(names))


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_detectable_by_hand(study, outcomes_of, confidence) -> None:
    # Differences 1, 1, 0, 0: sd = sqrt(4 · ¼ / 3) = 0.57735, so 2.8016 · 0.57735 / sqrt(4) = 0.80875 whatever the
    # confidence of the intervals: the tests are at 0.05.
    values = {"verbose": [1.0, 1.0, 1.0, 0.0], "terse": [0.0, 0.0, 1.0, 0.0]}
    found = outcomes_of(study, lambda row, selector: [values[row.generator]])
    frame = comparisons(found, np.ones(4, dtype=bool), replace(HOW, confidence=confidence))
    row = frame.filter((pl.col("family") == "styles") & (pl.col("selector") == "Maj1")).row(0, named=True)
    assert row["detectable"] == 80.87
    assert row["problems_for_a_point"] == 26163  # 4 · 80.875²
    assert row["detectable"] == pytest.approx(100 * 2.80 * 0.57735 / 2, abs=0.1)


@pytest.mark.parametrize("num_problems", [1, 5])
def test_nothing_is_claimed_detectable_where_nothing_varies(study, outcomes_of, num_problems) -> None:
    found = outcomes_of(study, lambda row, selector: [[1.0] * num_problems])
    frame = comparisons(found, np.ones(num_problems, dtype=bool), HOW)
    assert frame["detectable"].is_null().all()
    assert frame["problems_for_a_point"].is_null().all()
    assert (frame["p"] == 1.0).all()
