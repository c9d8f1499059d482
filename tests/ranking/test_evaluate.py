"""The stage `evaluate` on a small run: what it writes, that it repeats itself, what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PREDICTIONS, SCORES
from mathtune_core.tables import read_table, write_table
from mathtune_ranking import evaluate
from mathtune_ranking.candidates import read_candidates
from mathtune_ranking.choice import choose
from mathtune_ranking.selectors import SELECTORS

PARAMS = evaluate.EvaluateParams(
    styles=("terse", "verbose"),
    headline_subsets=("easy",),
    majk_candidates=(2, 1, 3),
    bootstrap_resamples=300,
    confidence=0.95,
    subset_resamples=20,
    seed=0,
)


def run(folder: Path, out: str, params: evaluate.EvaluateParams = PARAMS) -> Path:
    (folder / out).mkdir()
    evaluate.run(
        params,
        problems=folder,
        samples=folder / "sample_solutions",
        clusters=folder / "cluster_answers",
        scores=folder / "score_solutions",
        out=folder / out,
    )
    return folder / out


def candidates(folder: Path, style: str, split: str = "test"):
    paths = (folder / "cluster_answers", "clusters"), (folder / "score_solutions", "scores")
    return read_candidates(*(path / split / style / f"{name}.parquet" for path, name in paths))


def test_same_inputs_same_bytes(small_run) -> None:
    first, second = run(small_run, "first"), run(small_run, "second")
    names = sorted(path.name for path in first.iterdir())
    written = (
        "choice.json comparisons.csv curves.csv lengths.csv levels.csv metrics.json predictions.parquet results.csv"
    )
    assert names == [*written.split(), "verifier.json"]
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_metrics_are_percentages_of_the_headline_problems(small_run) -> None:
    metrics = json.loads((run(small_run, "out") / "metrics.json").read_text())
    assert metrics["counts"]["test_problems"] == 20
    assert metrics["counts"]["headline_problems"] == 15
    for style in PARAMS.styles:
        arrays = candidates(small_run, style)
        easy = [int(name[-2:]) % 4 != 0 for name in arrays.problem_ids]
        for selector, name in (("Pass@1", "pass@1"), ("Maj1", "maj1@5"), ("W.RR", "w_rr@5"), ("Pass@N", "pass@5")):
            expected = 100 * SELECTORS[selector](arrays, 1).p_correct[easy].mean()
            assert metrics[style][name] == pytest.approx(expected, abs=0.005), (style, name)


def test_results_cover_every_subset_and_agree_with_predictions(small_run) -> None:
    out = run(small_run, "out")
    results = pl.read_csv(out / "results.csv")
    assert results["subset"].unique(maintain_order=True).to_list() == ["headline", "easy", "hard"]
    assert results.height == 3 * 2 * len(SELECTORS)
    assert (results["low"] <= results["accuracy"]).all()
    assert (results["accuracy"] <= results["high"]).all()
    predictions = read_table(out / "predictions.parquet", PREDICTIONS)
    assert predictions.height == 20 * 2 * len(SELECTORS)
    hard = predictions.filter(pl.col("problem_id").is_in([f"test-{n:02d}" for n in range(0, 20, 4)]))
    mean = hard.group_by("style", "selector").agg(p_correct=100 * pl.col("p_correct").mean())
    joined = results.filter(pl.col("subset") == "hard").join(mean, on=["style", "selector"])
    assert joined.height == 2 * len(SELECTORS)
    assert ((joined["accuracy"] - joined["p_correct"]).abs() < 0.006).all()


def test_k_is_chosen_on_validation_alone(small_run) -> None:
    choice = json.loads((run(small_run, "out") / "choice.json").read_text())
    validation = {style: candidates(small_run, style, "val") for style in PARAMS.styles}
    assert choice["k"] == choose(validation, PARAMS.majk_candidates).k
    on_test = {style: candidates(small_run, style) for style in PARAMS.styles}
    for style in PARAMS.styles:  # scores of the test split turned upside down must not move the choice
        path = small_run / "score_solutions" / "test" / style / "scores.parquet"
        write_table(read_table(path, SCORES).with_columns(verifier_score=1 - pl.col("verifier_score")), path, SCORES)
    again = json.loads((run(small_run, "again") / "choice.json").read_text())
    assert (again["k"], again["val_accuracy_by_k"]) == (choice["k"], choice["val_accuracy_by_k"])
    assert (candidates(small_run, "terse").score != on_test["terse"].score).any()


def test_equal_k_go_to_the_smaller(toy) -> None:
    alone = toy([(0, 0.5, True), (0, 0.4, True)])
    assert choose({"style": alone}, (8, 2, 4)).k == 2


def test_curves_end_where_the_results_are(small_run) -> None:
    out = run(small_run, "out")
    curves, results = pl.read_csv(out / "curves.csv"), pl.read_csv(out / "results.csv")
    assert curves["n"].unique().sort().to_list() == [1, 2, 4, 5]
    last = curves.filter(pl.col("n") == 5).with_columns(pl.col("selector").replace({"Pass@n": "Pass@N"}))
    joined = last.join(results.filter(pl.col("subset") == "headline"), on=["style", "selector"])
    assert joined.height == 2 * 4
    assert ((joined["accuracy"] - joined["accuracy_right"]).abs() < 0.011).all()


def test_lengths_are_of_the_sampled_completions(small_run) -> None:
    lengths = pl.read_csv(run(small_run, "out") / "lengths.csv")
    assert lengths["mean_tokens"].to_list() == [12.0, 12.0]  # 10 … 14, the greedy 10 left out
    assert (lengths["cut_at_length"] == lengths["without_answer"]).all()


def test_comparisons_are_corrected_within_a_selector(small_run) -> None:
    comparisons = pl.read_csv(run(small_run, "out") / "comparisons.csv")
    assert set(comparisons["selector"]) == {"Pass@1", "Maj1", "RR.All", "RR.MajK", "W.RR", "W.RR.MajK"}
    assert (comparisons["p"] == comparisons["p_holm"]).all()  # one pair of styles: nothing to correct
    assert (comparisons["low"] <= comparisons["difference"]).all()


def test_one_style_is_enough(small_run) -> None:
    out = run(small_run, "out", replace(PARAMS, styles=("terse",)))
    assert pl.read_csv(out / "comparisons.csv").is_empty()


def test_styles_with_other_problems_are_refused(small_run) -> None:
    for stage, table in (("cluster_answers", "clusters"), ("score_solutions", "scores")):
        path = small_run / stage / "test" / "verbose" / f"{table}.parquet"
        frame = pl.read_parquet(path)
        frame.filter(pl.col("problem_id") != "test-03").write_parquet(path)
    with pytest.raises(MathtuneError, match=r"verbose.clusters\.parquet: style verbose has other problems"):
        run(small_run, "out")


def test_a_problem_of_another_split_is_refused(small_run) -> None:
    for stage, table in (("cluster_answers", "clusters"), ("score_solutions", "scores")):
        path = small_run / stage / "test" / "terse" / f"{table}.parquet"
        pl.read_parquet(path).with_columns(pl.col("problem_id").replace("test-03", "val-03")).write_parquet(path)
    with pytest.raises(MathtuneError, match="problem_id='val-03': not a problem of split test"):
        run(small_run, "out")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("styles", ()),
        ("headline_subsets", ("easy", "easy")),
        ("majk_candidates", (0, 1)),
        ("bootstrap_resamples", 1),
        ("confidence", 1.0),
        ("seed", -1),
    ],
)
def test_params_that_mean_nothing_are_refused_by_name(field, value) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        replace(PARAMS, **{field: value})


def test_an_unknown_headline_subset_is_refused(small_run) -> None:
    with pytest.raises(MathtuneError, match=r"headline_subsets.*'nowhere'"):
        run(small_run, "out", replace(PARAMS, headline_subsets=("nowhere",)))
