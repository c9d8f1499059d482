"""The sentences that open the report, and the table under them."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from mathtune_ranking import evaluate
from mathtune_ranking.comparisons import SCHEMA
from mathtune_ranking.page import paper
from mathtune_ranking.page.evaluation import Evaluation, read_evaluation
from mathtune_ranking.page.explorer import CHOOSERS
from mathtune_ranking.page.opening import answers, finding, winner

PARAMS = evaluate.EvaluateParams(
    headline_subsets=("easy", "hard"),
    majk_candidates=(1, 2),
    permutations=100,
    confidence=0.9,
    subset_resamples=10,
    seed=0,
)


def evaluated(run: Path, study, out: Path) -> Evaluation:
    tables = {name: run / name for name in ("sample_solutions", "cluster_answers", "score_solutions")}
    samples, clusters, scores = tables.values()
    evaluate.run(PARAMS, study=study, problems=run, samples=samples, clusters=clusters, scores=scores, out=out)
    return read_evaluation(out)


@pytest.fixture(scope="module")
def full(full_run, full_study, tmp_path_factory) -> Evaluation:
    return evaluated(full_run, full_study, tmp_path_factory.mktemp("evaluation"))


def accuracies(found: Evaluation, points: dict[str, float]) -> Evaluation:
    """The same evaluation with these accuracies under every selector; 10 for those not named."""
    told = found.results.with_columns(accuracy=pl.col("generator").replace_strict(points, default=10.0))
    return replace(found, results=told)


def compared(found: Evaluation, rows: list[dict]) -> Evaluation:
    columns = {**SCHEMA, "test": pl.String, "problems_for_a_point": pl.Int64}
    return replace(found, comparisons=pl.DataFrame(rows, schema=columns))


def pair(first: str, second: str, sign: int, p_holm: float, family: str = "styles") -> list[dict]:
    low, high = sorted((sign * 4.0, sign * 16.0))
    row = {"family": family, "first": first, "second": second, "difference": sign * 10.0, "low": low, "high": high}
    return [{**row, "selector": selector, "p": 0.01, "p_holm": p_holm, "test": "mcnemar"} for selector in CHOOSERS]


@pytest.mark.parametrize("first", ["original", "rewritten"])
def test_the_lead_is_told_from_the_winners_side(full, first) -> None:
    found = accuracies(full, {"original": 80.0, "rewritten": 70.0})
    second, sign = ("rewritten", 1) if first == "original" else ("original", -1)
    found = compared(found, pair(first, second, sign, 0.01))
    assert finding(found, ())[1] == (
        "That is 10.0 points more than rewritten (90% interval 4.0 to 16.0, p = 0.0100 after Holm): "
        "a difference this test set can show."
    )
    unsure = compared(found, pair(first, second, sign, 0.2))
    assert finding(unsure, ())[1].endswith("p = 0.2000 after Holm): not shown, too close to call.")


def test_a_lead_that_nobody_tested_claims_nothing(full) -> None:
    sentences = finding(accuracies(full, {"sequential-margin": 80.0, "few-shot": 70.5}), ())
    assert sentences[1] == "That is 9.5 points more than few-shot; whether by chance was not tested."


def test_those_that_tie_share_the_finding(full) -> None:
    found = accuracies(full, dict.fromkeys(full.generators, 75.0))
    sentences = finding(found, ())
    assert "few-shot, original, rewritten, sequential-margin and control solve the most: 75.0% of 20" in sentences[0]
    assert len(sentences) == 2
    assert sentences[1].startswith("Few-shot's greedy answer gets 75.0%")


def test_style_recipe_and_re_ranking_are_each_answered(full, full_study) -> None:
    points = {"control": 80.0, "rewritten": 70.0, "original": 60.0, "sequential-margin": 50.0, "few-shot": 20.0}
    rows = pair("rewritten", "original", 1, 0.01) + pair("control", "rewritten", 1, 0.3, "sequential")
    found = compared(accuracies(full, points), rows)
    style, recipe, re_ranking = answers(found, full_study)
    assert (style.winner, style.over, style.verdict) == ("rewritten", "original", "shown")
    assert (recipe.winner, recipe.over, recipe.verdict) == ("control", "rewritten", "not shown")
    assert (recipe.low, recipe.high, recipe.test) == (4.0, 16.0, "mcnemar")
    assert (re_ranking.over, re_ranking.difference, re_ranking.verdict) == ("Maj1", 0.0, "not tested")
    assert winner(found) == "control"
    sentences = finding(found, (style, recipe, re_ranking))
    # The recipe's lead is the second sentence already.
    assert sentences[1].startswith("That is 10.0 points more than rewritten (90% interval")
    assert sentences[2] == (
        "Styles alone: rewritten leads original by 10.0 points "
        "(90% interval 4.0 to 16.0, p = 0.0100 after Holm): shown."
    )
    assert sentences[3] == f"Re-ranking it with {re_ranking.winner} gains +0.0 points over the vote, not tested."


def test_re_ranking_that_costs_points_is_told_so(full, full_study) -> None:
    vote = pl.when(pl.col("selector") == "Maj1").then(90.0).otherwise(40.0)
    found = replace(full, results=full.results.with_columns(accuracy=vote))
    row = {"family": "re-ranking", "generator": "few-shot", "verifier": "xent", "first": "RR.All", "second": "Maj1"}
    numbers = {"difference": -50.0, "low": -60.0, "high": -40.0, "p": 0.01, "p_holm": 0.04, "test": "mcnemar"}
    found = compared(found, [{**row, "selector": "RR.All", **numbers}])
    last = answers(found, full_study)[-1]
    assert (last.winner, last.difference, last.low, last.verdict) == ("RR.All", -50.0, -60.0, "shown")
    assert "gains −50.0 points over the vote (90% interval −60.0 to −40.0" in finding(found, (last,))[-2]


def test_the_paper_has_ours_beside_it(full, full_study) -> None:
    rows = {(row.training, row.selector): row for row in paper.tables(full, full_study)}
    assert [row.paper for row in rows.values()] == [47.6, 49.2, 54.2, 55.2, 57.0, 58.8]  # Liu et al. 2023
    headline = full.results.filter(pl.col("subset") == "headline")
    told = headline.filter((pl.col("generator") == "few-shot") & (pl.col("selector") == "Maj1")).row(0, named=True)
    assert rows["Few-shot", "Maj1"].ours == (("few-shot", told["accuracy"], told["low"], told["high"]),)
    assert [name for name, *_ in rows["SSFT on both, margin verifier", "RR.MajK"].ours] == ["rewritten by margin"]
    assert rows["SSFT on both", "Maj1"].ours == ()  # this study has no mix
