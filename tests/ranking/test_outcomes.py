"""Means over seeds, and intervals over problems, each with all its seeds."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from mathtune_ranking.outcomes import Resampling, curves, outcomes, percent, predictions, results
from mathtune_ranking.rows import Row
from mathtune_ranking.selectors import SCORED, SELECTORS

HOW = Resampling(permutations=400, subset_resamples=50, confidence=0.95, seed=0)
TEN = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.5, 1.0, 0.0, 1.0]


def everything(num_problems: int) -> dict[str, np.ndarray]:
    return {"headline": np.ones(num_problems, dtype=bool)}


def of_terse(frame: pl.DataFrame, selector: str = "Maj1") -> dict[str, object]:
    return frame.filter((pl.col("generator") == "terse") & (pl.col("selector") == selector)).row(0, named=True)


def test_an_accuracy_is_the_mean_over_seeds_and_the_spread_their_extremes(study, outcomes_of) -> None:
    three = replace(study, seeds=(0, 1, 2))
    by_seed = [[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0], [1.0, 0.5, 0.0, 0.0]]  # 25, 75 and 37.5 percent
    found = outcomes_of(three, lambda row, selector: by_seed)
    row = of_terse(results(found, everything(4), HOW))
    assert row["accuracy"] == 45.83  # 137.5 / 3
    assert (row["lowest_seed"], row["highest_seed"]) == (25.0, 75.0)
    assert row["seed_standard_deviation"] == 26.02  # sqrt((20.83² + 29.17² + 8.33²) / 2)
    assert (row["num_seeds"], row["num_problems"]) == (3, 4)
    np.testing.assert_allclose(found.mean(Row("terse", "xent"), "Maj1"), [1.0, 0.5, 0.0, 1 / 3])
    assert found.by_seed(Row("terse", "xent"), "Maj1").shape == (3, 4)


def test_a_subset_has_its_own_mean_and_spread(study, outcomes_of) -> None:
    found = outcomes_of(
        replace(study, seeds=(0, 1)), lambda row, selector: [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]
    )
    members = {"all": np.ones(4, dtype=bool), "last": np.array([False, False, True, True])}
    frame = results(found, members, HOW)
    last = of_terse(frame.filter(pl.col("subset") == "last"))
    assert (last["accuracy"], last["lowest_seed"], last["highest_seed"]) == (50.0, 0.0, 100.0)
    assert last["num_problems"] == 2


def test_seeds_that_agree_leave_the_interval_of_one(study, outcomes_of) -> None:
    # Were the seeds taken for further problems, three times as many would make it narrower.
    one = outcomes_of(study, lambda row, selector: [TEN])
    three = outcomes_of(replace(study, seeds=(0, 1, 2)), lambda row, selector: [TEN] * 3)
    columns = ["generator", "selector", "accuracy", "low", "high"]
    alone, agreed = (results(found, everything(10), HOW).select(columns) for found in (one, three))
    assert alone.equals(agreed)
    row = of_terse(alone)
    assert of_terse(results(one, everything(10), HOW))["seed_standard_deviation"] is None
    assert of_terse(results(three, everything(10), HOW))["seed_standard_deviation"] == 0.0
    assert row["high"] - row["low"] > 40.0


def test_seeds_that_err_on_other_problems_narrow_the_interval(study, outcomes_of) -> None:
    # Every problem is right with one seed and wrong with the other: nothing varies between problems, so the interval
    # is Wilson's for a half of 10.
    other = [1.0 - value for value in TEN]
    found = outcomes_of(replace(study, seeds=(0, 1)), lambda row, selector: [TEN, other])
    row = of_terse(results(found, everything(10), HOW))
    assert (row["accuracy"], row["low"], row["high"]) == (50.0, 23.66, 76.34)


def test_another_verifiers_row_has_only_what_reads_its_scores(full_study, outcomes_of) -> None:
    found = outcomes_of(full_study, lambda row, selector: [[1.0, 0.0], [0.0, 0.0]])
    assert found.selectors_of(Row("rewritten", "xent")) == tuple(SELECTORS)
    assert found.selectors_of(Row("rewritten", "rewritten")) == SCORED
    frame = results(found, everything(2), HOW)
    assert frame.filter(pl.col("verifier") == "margin")["selector"].unique().sort().to_list() == sorted(SCORED)
    assert frame.height == 5 * len(SELECTORS) + 3 * len(SCORED)


def test_n_and_k_are_those_the_selector_saw(study, toy) -> None:
    arrays = toy([(0, 0.9, True), (1, 0.5, False), (None, 0.1, False)])
    one = replace(study, styles=("terse",))
    frame = results(outcomes(one, {Row("terse", "xent"): (arrays,)}, 2), everything(1), HOW)
    seen = {row["selector"]: (row["n"], row["k"]) for row in frame.iter_rows(named=True)}
    assert seen["Pass@1"] == seen["Mean Pass@1"] == (1, None)
    assert seen["Maj1"] == seen["RR.All"] == seen["Pass@N"] == (3, None)
    assert seen["RR.MajK"] == seen["MajK"] == (3, 2)


def test_predictions_name_the_seed_and_the_verifier_that_was_read(study, toy) -> None:
    two = replace(study, styles=("terse",), seeds=(4, 2**32 - 1))
    right, wrong = toy([(0, 0.9, True), (1, 0.5, False)]), toy([(0, 0.1, True), (1, 0.5, False)])
    (frame,) = predictions(outcomes(two, {Row("terse", "xent"): (right, wrong)}, 1))
    best = frame.filter(pl.col("selector") == "RR.All")
    assert best.select("seed", "verifier", "predicted_answer", "p_correct").rows() == [
        (4, "xent", "a0", 1.0),
        (2**32 - 1, "xent", "a1", 0.0),
    ]
    assert frame.filter(pl.col("selector") == "Maj1")["verifier"].to_list() == [None, None]


def test_curves_are_means_over_seeds(study, toy) -> None:
    two = replace(study, styles=("terse",), seeds=(0, 1))
    # Right samples of 4: 2 and 1, so one sample is right with 50 and 25 percent; two hold a right one with
    # 1 − C(2,2)/C(4,2) = 5/6 and 1 − C(3,2)/C(4,2) = 1/2.
    first = toy([(0, 0.9, True), (0, 0.8, True), (1, 0.5, False), (2, 0.1, False)])
    second = toy([(0, 0.9, True), (1, 0.8, False), (1, 0.5, False), (2, 0.1, False)])
    frame = curves(outcomes(two, {Row("terse", "xent"): (first, second)}, 1), np.array([True]), HOW)
    points = {(row["selector"], row["n"]): row for row in frame.iter_rows(named=True)}
    assert points["Pass@n", 1]["accuracy"] == points["Maj1", 1]["accuracy"] == 37.5
    assert points["Pass@n", 2]["accuracy"] == percent((5 / 6 + 1 / 2) / 2)
    assert points["Pass@n", 4]["accuracy"] == 100.0
    assert points["Pass@n", 2]["monte_carlo_error"] == 0.0


def test_each_seed_draws_subsets_of_its_own_so_that_their_error_shrinks(study, random_candidates) -> None:
    arrays = random_candidates(30, 8, 0)
    points = []
    for seeds in ((0,), (0, 1, 2, 3)):
        of = replace(study, styles=("terse",), seeds=seeds)
        frame = curves(outcomes(of, {Row("terse", "xent"): (arrays,) * len(seeds)}, 1), np.ones(30, dtype=bool), HOW)
        points.append(frame.filter((pl.col("selector") == "W.RR") & (pl.col("n") == 4)).row(0, named=True))
    assert points[1]["monte_carlo_error"] == pytest.approx(points[0]["monte_carlo_error"] / 2, rel=0.25)
    assert points[0]["accuracy"] != points[1]["accuracy"]  # the same samples, other subsets of them
