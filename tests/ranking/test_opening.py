"""The sentences that open the report, and the table under them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_ranking import evaluate
from mathtune_ranking.comparisons import SCHEMA, comparisons
from mathtune_ranking.outcomes import Resampling
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
    """The same evaluation with these rows in place of its own for the same pairs, either way round."""
    told = pl.DataFrame(rows, schema=SCHEMA)
    names = pl.concat_list("first", "second").list.sort()
    left = found.comparisons.with_columns(names=names).join(
        told.with_columns(names=names), on=["family", "selector", "names"], how="anti", maintain_order="left"
    )
    return replace(found, comparisons=pl.concat([left.drop("names"), told]))


def pair(first: str, second: str, sign: int, p_holm: float, family: str) -> list[dict]:
    low, high = sorted((sign * 4.0, sign * 16.0))
    row = {"family": family, "first": first, "second": second, "difference": sign * 10.0, "low": low, "high": high}
    return [{**row, "selector": selector, "p": 0.01, "p_holm": p_holm, "test": "mcnemar"} for selector in CHOOSERS]


@pytest.mark.parametrize("first", ["original", "rewritten"])
def test_the_lead_is_told_from_the_winners_side(full, first) -> None:
    found = accuracies(full, {"original": 80.0, "rewritten": 70.0})
    second, sign = ("rewritten", 1) if first == "original" else ("original", -1)
    found = compared(found, pair(first, second, sign, 0.01, "generators"))
    assert finding(found, ())[1] == (
        "That is 10.0 points more than rewritten (90% interval 4.0 to 16.0, p = 0.0100 after Holm over all pairs of "
        "generators): a difference this test set can show."
    )
    unsure = compared(found, pair(first, second, sign, 0.2, "generators"))
    assert finding(unsure, ())[1].endswith(
        "p = 0.2000 after Holm over all pairs of generators): not shown, too close to call."
    )


# How many of 40 problems each solves; whoever solves fewer solves none that the other does not.
SOLVED = {"few-shot": 4, "original": 20, "rewritten": 19, "sequential-margin": 30, "control": 18}


def test_a_recipe_before_a_style_is_tested_over_all_pairs(full, full_study, outcomes_of) -> None:
    """McNemar's p of d problems that all go one way is 2 / 2^d, and Holm (1979) by hand.

    Ten pairs, d = 26, 16, 15, 14, 12, 11, 10, 2, 1, 1: the pair of the leader (30) and the next (20) has d = 10 and the
    seventh p of ten, so it pays (10 − 6) · 2 / 2^10 = 0.0078.
    """
    solved = outcomes_of(full_study, lambda row, _: [[float(i < SOLVED[row.generator]) for i in range(40)]] * 2)
    how = Resampling(permutations=100, subset_resamples=2, confidence=0.9, seed=0)
    points = {name: 2.5 * count for name, count in SOLVED.items()}
    found = replace(accuracies(full, points), comparisons=comparisons(solved, np.ones(40, dtype=bool), how))
    of_vote = found.comparisons.filter(pl.col("family") == "generators", pl.col("selector") == "Maj1")
    by_pair = {(row["first"], row["second"]): row["p_holm"] for row in of_vote.rows(named=True)}
    assert len(by_pair) == 10
    assert by_pair["sequential-margin", "original"] == pytest.approx(4 * 2 / 2**10, rel=1e-3)
    assert by_pair["control", "sequential-margin"] == pytest.approx(6 * 2 / 2**12, rel=1e-3)
    sentences = finding(found, answers(found, full_study))
    assert sentences[1].startswith("That is 25.0 points more than original (90% interval ")
    assert sentences[1].endswith(
        "p = 0.0078 after Holm over all pairs of generators): a difference this test set can show."
    )
    # The questions of style and recipe have families of their own: three pairs each, d = 16, 15, 1 and 12, 11, 1.
    assert "Styles alone: original leads rewritten by 2.5 points" in sentences[2]
    assert sentences[2].endswith("p = 1.0000 after Holm): not shown.")
    assert "Recipes alone: sequential-margin leads rewritten by 27.5 points" in sentences[3]
    assert sentences[3].endswith("p = 0.0020 after Holm): shown.")  # 2 · 2 / 2^11


def test_one_pair_with_two_verdicts_is_told_with_both(full, full_study) -> None:
    found = accuracies(full, {"original": 80.0, "rewritten": 70.0})
    rows = pair("rewritten", "original", -1, 0.03, "styles") + pair("rewritten", "original", -1, 0.06, "generators")
    found = compared(found, rows)
    questions = answers(found, full_study)
    sentences = finding(found, questions)
    assert sentences[1].endswith("p = 0.0600 after Holm over all pairs of generators): not shown, too close to call.")
    assert sentences[2].endswith("p = 0.0300 after Holm): shown.")
    alike = compared(found, pair("rewritten", "original", -1, 0.04, "generators"))
    assert not finding(alike, questions)[2].startswith("Styles alone")


def test_without_recipes_the_styles_are_every_pair(small_run, study, tmp_path) -> None:
    (tmp_path / "evaluation").mkdir()
    found = accuracies(evaluated(small_run, study, tmp_path / "evaluation"), {"terse": 80.0, "verbose": 70.0})
    found = compared(found, pair("verbose", "terse", -1, 0.01, "styles"))
    sentences = finding(found, answers(found, study))
    assert "10.0 points more than verbose" in sentences[1]
    assert "p = 0.0100 after Holm over all pairs of generators" in sentences[1]
    assert sentences[2].startswith("Re-ranking it")


def test_an_evaluation_that_lacks_the_pair_is_named(full) -> None:
    lacking = replace(full, comparisons=full.comparisons.filter(pl.col("first") != "original"))
    with pytest.raises(MathtuneError, match=r"comparisons\.csv: original and few-shot: not compared there; run"):
        finding(accuracies(lacking, {"original": 80.0, "few-shot": 70.5}), ())


def test_those_that_tie_share_the_finding(full) -> None:
    found = accuracies(full, dict.fromkeys(full.generators, 75.0))
    sentences = finding(found, ())
    assert "few-shot, original, rewritten, sequential-margin and control solve the most: 75.0% of 20" in sentences[0]
    assert len(sentences) == 2
    assert sentences[1].startswith("Few-shot's greedy answer gets 75.0%")


def test_style_recipe_and_re_ranking_are_each_answered(full, full_study) -> None:
    points = {"control": 80.0, "rewritten": 70.0, "original": 60.0, "sequential-margin": 50.0, "few-shot": 20.0}
    rows = pair("rewritten", "original", 1, 0.01, "styles") + pair("control", "rewritten", 1, 0.3, "sequential")
    rows += pair("control", "rewritten", 1, 0.6, "generators")
    found = compared(accuracies(full, points), rows)
    style, recipe, re_ranking = answers(found, full_study)
    assert (style.winner, style.over, style.verdict) == ("rewritten", "original", "shown")
    assert (recipe.winner, recipe.over, recipe.verdict) == ("control", "rewritten", "not shown")
    assert (recipe.low, recipe.high, recipe.test) == (4.0, 16.0, "mcnemar")
    assert (re_ranking.over, re_ranking.verdict) == ("Maj1", "not shown")
    assert winner(found) == "control"
    sentences = finding(found, (style, recipe, re_ranking))
    # The recipe's lead is the second sentence already.
    assert sentences[1].startswith("That is 10.0 points more than rewritten (90% interval")
    assert sentences[2] == (
        "Styles alone: rewritten leads original by 10.0 points "
        "(90% interval 4.0 to 16.0, p = 0.0100 after Holm): shown."
    )
    assert sentences[3].startswith(f"Re-ranking it with {re_ranking.winner} gains ")
    assert sentences[3].endswith(": not shown.")


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
