"""The stage `evaluate` on small runs: what it writes, that it repeats itself, what it refuses."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from mathtune_core.batches import read_batches
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PREDICTIONS, SCORES
from mathtune_core.study import Study
from mathtune_core.tables import read_table, write_table
from mathtune_ranking import candidates as candidates_module
from mathtune_ranking import evaluate
from mathtune_ranking import lengths as lengths_module
from mathtune_ranking.candidates import read_candidates
from mathtune_ranking.choice import choose
from mathtune_ranking.rows import rows_of
from mathtune_ranking.selectors import DEPLOYABLE, SCORED, SELECTORS
from mathtune_ranking.verifier_quality import verifier_quality

PARAMS = evaluate.EvaluateParams(
    headline_subsets=("easy",),
    majk_candidates=(2, 1, 3),
    permutations=300,
    confidence=0.95,
    subset_resamples=20,
    seed=0,
)


def run(folder: Path, study: Study, out: str = "out", params: evaluate.EvaluateParams = PARAMS) -> Path:
    (folder / out).mkdir()
    evaluate.run(
        params,
        study=study,
        problems=folder,
        samples=folder / "sample_solutions",
        clusters=folder / "cluster_answers",
        scores=folder / "score_solutions",
        out=folder / out,
    )
    return folder / out


def candidates(folder: Path, generator: str, split: str = "test", verifier: str = "xent", seed: int = 0):
    (found,) = read_candidates(
        folder / "cluster_answers" / split / generator / str(seed) / "clusters.parquet",
        [folder / "score_solutions" / split / verifier / generator / str(seed) / "scores.parquet"],
    )
    return found


def tables(folder: Path, generator: str) -> list[Path]:
    clusters = folder / "cluster_answers" / "test" / generator / "0" / "clusters.parquet"
    return [clusters, folder / "score_solutions" / "test" / "xent" / generator / "0" / "scores.parquet"]


@pytest.fixture(scope="module")
def full(full_run, full_study) -> Path:
    """What `evaluate` writes about the run of `full_study`, to be read only."""
    return run(full_run, full_study, "of-test-evaluate")


def test_same_inputs_same_bytes(full, full_run, full_study) -> None:
    first, second = full, run(full_run, full_study, "second")
    names = sorted(path.name for path in first.iterdir())
    tables = (
        "breakdowns cluster_sizes comparisons costs curves findings lengths overrules reliability results verifiers"
    )
    others = ["choice.json", "metrics.json", "predictions.parquet"]
    assert names == sorted([*(f"{name}.csv" for name in tables.split()), *others])
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


@pytest.mark.parametrize("problems", [3, 7])
def test_blocks_and_batches_change_nothing(full, full_run, full_study, problems, monkeypatch) -> None:
    monkeypatch.setattr(candidates_module, "PROBLEMS_AT_ONCE", problems)
    for module in (candidates_module, lengths_module):
        monkeypatch.setattr(module, "read_batches", partial(read_batches, rows=6 * problems))
    few = run(full_run, full_study, f"{problems}-at-once")
    tables = [read_table(folder / "predictions.parquet", PREDICTIONS) for folder in (full, few)]
    assert tables[0].drop("p_correct").equals(tables[1].drop("p_correct"))
    assert ((tables[0]["p_correct"] - tables[1]["p_correct"]).abs() < 1e-12).all()
    for path in (*full.glob("*.csv"), *full.glob("*.json")):
        assert path.read_bytes() == (few / path.name).read_bytes(), path.name


def test_texts_are_not_read(full, full_run, full_study, tmp_path) -> None:
    """Whoever reads a column whose bytes are gone fails."""
    folder = tmp_path / "run"
    shutil.copytree(full_run, folder, ignore=shutil.ignore_patterns("of-test-*", "*-at-once", "second"))
    spoilt = [*folder.glob("sample_solutions/test/*/*/samples.parquet"), folder / "problems.parquet"]
    for path in spoilt:
        without(path, "problem" if path.stem == "problems" else "completion")
        with pytest.raises((pl.exceptions.PolarsError, OSError)):
            pl.read_parquet(path)
    found = run(folder, full_study)
    for path in full.iterdir():
        assert path.read_bytes() == (found / path.name).read_bytes(), path.name


def without(path: Path, column: str) -> None:
    """Overwrites what the file holds of a column."""
    content, metadata = bytearray(path.read_bytes()), pq.read_metadata(path)
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        (chunk,) = (group.column(i) for i in range(group.num_columns) if group.column(i).path_in_schema == column)
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)


def test_metrics_are_percentages_of_the_headline_problems(small_run, study) -> None:
    metrics = json.loads((run(small_run, study) / "metrics.json").read_text())
    assert metrics["counts"]["test_problems"] == 20
    assert metrics["counts"]["headline_problems"] == 15
    assert metrics["counts"]["seeds"] == 1
    for style in study.styles:
        arrays = candidates(small_run, style)
        easy = [int(name[-2:]) % 4 != 0 for name in arrays.problem_ids]
        for selector, name in (("Pass@1", "pass@1"), ("Maj1", "maj1@5"), ("W.RR", "w_rr@5"), ("Pass@N", "pass@5")):
            expected = 100 * SELECTORS[selector](arrays, 1).p_correct[easy].mean()
            assert metrics[style][name] == pytest.approx(expected, abs=0.005), (style, name)


def test_metrics_are_means_over_seeds_and_keep_the_verifiers_apart(full, full_run, full_study) -> None:
    metrics = json.loads((full / "metrics.json").read_text())
    assert list(metrics) == [*full_study.generators, "counts"]
    assert metrics["counts"]["seeds"] == 2
    k = metrics["counts"]["k"]
    for verifier, of_row in (("xent", metrics["rewritten"]), ("margin", metrics["rewritten"]["verifier margin"])):
        by_seed = []
        for seed in full_study.seeds:
            arrays = candidates(full_run, "rewritten", verifier=verifier, seed=seed)
            easy = [int(name[-2:]) % 4 != 0 for name in arrays.problem_ids]
            by_seed.append(SELECTORS["RR.MajK"](arrays, k).p_correct[easy].mean())
        assert of_row["rr_majk@5"] == pytest.approx(100 * sum(by_seed) / 2, abs=0.005), verifier
    assert set(metrics["rewritten"]) > {"verifier margin", "verifier rewritten"}
    assert "maj1@5" not in metrics["rewritten"]["verifier margin"]  # the vote reads no scores
    assert not [name for name in metrics["few-shot"] if name.startswith("verifier")]


def test_results_cover_every_subset_and_agree_with_predictions(small_run, study) -> None:
    out = run(small_run, study)
    results = pl.read_csv(out / "results.csv")
    assert results["subset"].unique(maintain_order=True).to_list() == ["headline", "easy", "hard"]
    assert results.height == 3 * 2 * len(SELECTORS)
    assert (results["low"] <= results["accuracy"]).all()
    assert (results["accuracy"] <= results["high"]).all()
    predictions = read_table(out / "predictions.parquet", PREDICTIONS)
    assert predictions.height == 20 * 2 * len(SELECTORS)
    hard = predictions.filter(pl.col("problem_id").is_in([f"test-{n:02d}" for n in range(0, 20, 4)]))
    mean = hard.group_by("generator", "selector").agg(p_correct=100 * pl.col("p_correct").mean())
    joined = results.filter(pl.col("subset") == "hard").join(mean, on=["generator", "selector"])
    assert joined.height == 2 * len(SELECTORS)
    assert ((joined["accuracy"] - joined["p_correct"]).abs() < 0.006).all()


def test_results_and_predictions_hold_every_row_once(full) -> None:
    results, predictions = pl.read_csv(full / "results.csv"), read_table(full / "predictions.parquet", PREDICTIONS)
    # Five generators with the first verifier; beside it two styles by margin, and one by its own verifier.
    combinations = 5 * len(SELECTORS) + (2 + 1) * len(SCORED)
    assert results.height == 3 * combinations
    assert results.unique(["subset", "generator", "verifier", "selector"]).height == results.height
    assert predictions.height == 20 * 2 * combinations
    assert predictions["seed"].unique().sort().to_list() == [0, 1]
    unread = predictions.filter(pl.col("verifier").is_null())
    assert set(unread["selector"]) == set(SELECTORS) - set(SCORED)
    keys = ["generator", "verifier", "selector"]
    mean = predictions.with_columns(pl.col("verifier").fill_null("xent")).group_by(keys)
    joined = (
        results.filter(pl.col("subset") != "headline")
        .group_by(keys)
        .agg(accuracy=(pl.col("accuracy") * pl.col("num_problems")).sum() / pl.col("num_problems").sum())
    )
    joined = joined.join(mean.agg(p_correct=100 * pl.col("p_correct").mean()), on=keys)
    assert joined.height == combinations
    assert ((joined["accuracy"] - joined["p_correct"]).abs() < 0.006).all()


def test_k_is_chosen_on_validation_alone(small_run, study) -> None:
    choice = json.loads((run(small_run, study) / "choice.json").read_text())
    validation = [candidates(small_run, style, "val") for style in study.styles]
    assert choice["k"] == choose(validation, PARAMS.majk_candidates).k
    on_test = candidates(small_run, "terse")
    for style in study.styles:  # scores of the test split turned upside down must not move the choice
        path = small_run / "score_solutions" / "test" / "xent" / style / "0" / "scores.parquet"
        write_table(read_table(path, SCORES).with_columns(verifier_score=1 - pl.col("verifier_score")), path, SCORES)
    again = json.loads((run(small_run, study, "again") / "choice.json").read_text())
    assert (again["k"], again["val_accuracy_by_k"]) == (choice["k"], choice["val_accuracy_by_k"])
    assert (candidates(small_run, "terse").score != on_test.score).any()


def test_equal_k_go_to_the_smaller(toy) -> None:
    alone = toy([(0, 0.5, True), (0, 0.4, True)])
    assert choose([alone], (8, 2, 4)).k == 2


def test_curves_end_where_the_results_are(full) -> None:
    curves, results = pl.read_csv(full / "curves.csv"), pl.read_csv(full / "results.csv")
    assert curves["n"].unique().sort().to_list() == [1, 2, 3, 4, 5]
    last = curves.filter(pl.col("n") == 5).with_columns(pl.col("selector").replace({"Pass@n": "Pass@N"}))
    of_headline = results.filter((pl.col("subset") == "headline") & (pl.col("verifier") == "xent"))
    joined = last.join(of_headline, on=["generator", "selector"])
    assert joined.height == 5 * (len(SELECTORS) - 1)  # Pass@1 is greedy and has no curve
    assert ((joined["accuracy"] - joined["accuracy_right"]).abs() < 0.011).all()


def test_lengths_are_of_the_sampled_completions(full) -> None:
    lengths = pl.read_csv(full / "lengths.csv")
    assert lengths["generator"].to_list() == ["few-shot", "original", "rewritten", "sequential-margin", "control"]
    assert lengths["mean_tokens"].to_list() == [12.0] * 5  # 10 … 14, the greedy 10 left out
    assert (lengths["cut_at_length"] == lengths["without_answer"]).all()


def test_lengths_are_the_mean_over_seeds_of_the_headline_problems(full, full_run) -> None:
    shares = []
    for seed in (0, 1):
        arrays = candidates(full_run, "control", seed=seed)
        easy = [int(name[-2:]) % 4 != 0 for name in arrays.problem_ids]
        shares.append(100 * (arrays.cluster_id[easy] < 0).mean())
    lengths = pl.read_csv(full / "lengths.csv").filter(pl.col("generator") == "control")
    assert shares[0] != shares[1]
    assert lengths["without_answer"].item() == pytest.approx(sum(shares) / 2, abs=0.005)


def test_verifiers_are_the_mean_over_seeds(full, full_run, full_study) -> None:
    verifiers = pl.read_csv(full / "verifiers.csv")
    rows = [(row.generator, row.verifier) for row in rows_of(full_study)]
    assert verifiers.select("generator", "verifier").rows() == rows
    of_row = verifiers.row(rows.index(("rewritten", "margin")), named=True)
    by_seed = [verifier_quality(candidates(full_run, "rewritten", verifier="margin", seed=seed)) for seed in (0, 1)]
    assert of_row["auc"] == pytest.approx(sum(one.auc for one in by_seed) / 2, abs=5e-5)
    assert of_row["num_mixed_problems"] == sum(one.num_mixed_problems for one in by_seed)
    assert of_row["num_samples"] == 2 * 20 * 5


def test_every_scored_combination_is_in_the_matrix(full, full_run) -> None:
    scored = {(path.parts[-3], path.parts[-4]) for path in full_run.glob("score_solutions/test/*/*/*/scores.parquet")}
    assert len(scored) == 8  # five generators by xent, the two styles by margin, one by its own
    for name in ("verifiers", "reliability", "overrules"):
        assert set(pl.read_csv(full / f"{name}.csv").select("generator", "verifier").rows()) == scored, name


def test_reliability_adds_up_to_the_verifiers_table(full) -> None:
    verifiers, bins = pl.read_csv(full / "verifiers.csv"), pl.read_csv(full / "reliability.csv")
    size = pl.col("num_samples")
    added = bins.group_by("generator", "verifier").agg(
        size.sum(), base_rate=(pl.col("share_right") * size).sum() / size.sum()
    )
    joined = verifiers.join(added, on=["generator", "verifier"])
    assert joined.height == verifiers.height
    assert (joined["num_samples"] == joined["num_samples_right"]).all()
    assert ((joined["base_rate"] - joined["base_rate_right"]).abs() < 1e-3).all()
    assert (bins["low"] <= bins["share_right"]).all()
    assert (bins["share_right"] <= bins["high"]).all()


def test_overrules_add_up_to_the_gain_over_the_vote(full) -> None:
    results, overrules = pl.read_csv(full / "results.csv"), pl.read_csv(full / "overrules.csv")
    of_headline = results.filter(pl.col("subset") == "headline")
    vote = of_headline.filter(pl.col("selector") == "Maj1").select("generator", vote="accuracy")
    joined = overrules.join(of_headline, on=["generator", "verifier", "selector"]).join(vote, on="generator")
    assert joined.height == 8 * len(SCORED)
    assert joined["num_problems"].unique().to_list() == [15]
    gain = 100 * (joined["right_instead"] - joined["wrong_instead"]) / 15
    assert ((gain - (joined["accuracy"] - joined["vote"])).abs() < 0.02).all()


def test_cluster_sizes_count_every_cluster(full, full_run) -> None:
    sizes = pl.read_csv(full / "cluster_sizes.csv").filter(pl.col("generator") == "control")
    tables = [candidates(full_run, "control", seed=seed) for seed in (0, 1)]
    assert sizes["num_clusters"].sum() == sum(len(set(row[row >= 0])) for arrays in tables for row in arrays.cluster_id)
    assert sizes["size"].to_list() == ["1", "2–3", "4–5"]


def test_costs_hold_every_result_and_every_point_of_the_curves(full) -> None:
    costs, curves = pl.read_csv(full / "costs.csv"), pl.read_csv(full / "curves.csv")
    results = pl.read_csv(full / "results.csv").filter(pl.col("subset") == "headline")
    keys = ["generator", "selector", "n"]
    bought = curves.filter((pl.col("selector") != "Mean Pass@1") | (pl.col("n") == 1))  # one of n costs one
    assert bought.join(costs, on=keys, how="anti").is_empty()
    named = results.with_columns(pl.col("selector").replace({"Pass@N": "Pass@n"}))
    joined = named.join(costs, on=keys, suffix="_here")
    read = joined.filter(pl.col("selector").is_in(SCORED) & (pl.col("verifier") == pl.col("verifier_here")))
    unread = joined.filter(pl.col("verifier_here").is_null())
    assert read.height + unread.height == results.height
    for frame in (read, unread):
        assert (frame["accuracy"] == frame["accuracy_here"]).all()
    vote = costs.filter((pl.col("selector") == "Maj1") & (pl.col("n") == 5))
    assert vote["tokens"].to_list() == [60.0] * 5  # 5 samples of 12 tokens, see conftest
    assert costs["seconds"].null_count() == costs.height  # no stage left its time


def test_only_the_seconds_depend_on_the_timings(full, full_run, full_study, tmp_path) -> None:
    folder = shutil.copytree(full_run, tmp_path / "run", ignore=shutil.ignore_patterns("of-test-evaluate", "second"))
    for number, table in enumerate(sorted(folder.glob("*_solutions/test/**/*.parquet"))):
        unit = "tokens" if table.name == "samples.parquet" else "calls"
        (table.parent / "timing.json").write_text(json.dumps({"seconds": 1.0 + number, unit: 100}))
    timed = run(folder, full_study)
    for path in full.iterdir():
        if path.name != "costs.csv":
            assert (timed / path.name).read_bytes() == path.read_bytes(), path.name
    before, after = pl.read_csv(full / "costs.csv"), pl.read_csv(timed / "costs.csv")
    assert after.drop("seconds").equals(before.drop("seconds"))
    assert after["seconds"].null_count() == 0
    assert (after["seconds"] > 0.0).all()


def test_breakdowns_are_of_the_headline_problems(full) -> None:
    frame = pl.read_csv(full / "breakdowns.csv").filter(
        (pl.col("generator") == "control") & (pl.col("selector") == "Maj1")
    )
    # Easy are the numbers that 4 does not divide; the level is 1 and 2 in turn, subjects there are none.
    assert frame.select("by", "value", "num_problems").rows() == [
        ("level", "1", 5),
        ("level", "2", 10),
        ("answer type", "integer", 15),
        ("solution length", "≤ 12 tokens", 15),
    ]


@pytest.mark.parametrize("generator", ["terse", "verbose"])
def test_a_generator_that_is_always_wrong_has_no_auc(small_run, study, generator) -> None:
    path = small_run / "cluster_answers" / "test" / generator / "0" / "clusters.parquet"
    pl.read_parquet(path).with_columns(is_correct=pl.lit(False)).write_parquet(path)
    verifiers = pl.read_csv(run(small_run, study) / "verifiers.csv")
    wrong = verifiers.filter(pl.col("generator") == generator).row(0, named=True)
    assert (wrong["auc"], wrong["auc_within_problems"], wrong["num_mixed_problems"]) == (None, None, 0)
    assert verifiers.filter(pl.col("generator") != generator)["auc"].dtype == pl.Float64
    assert verifiers["auc"].null_count() == 1


def test_comparisons_of_two_styles_have_nothing_to_correct(small_run, study) -> None:
    comparisons = pl.read_csv(run(small_run, study) / "comparisons.csv").filter(pl.col("family") == "styles")
    assert set(comparisons["selector"]) == {"Pass@1", *DEPLOYABLE}
    assert (comparisons["p"] == comparisons["p_holm"]).all()
    assert (comparisons["low"] <= comparisons["difference"]).all()


def test_one_style_is_enough(small_run, study) -> None:
    out = run(small_run, replace(study, styles=("terse",)))
    assert set(pl.read_csv(out / "comparisons.csv")["family"]) == {"re-ranking"}


def test_generators_with_other_problems_are_refused(small_run, study) -> None:
    for path in tables(small_run, "verbose"):
        pl.read_parquet(path).filter(pl.col("problem_id") != "test-03").write_parquet(path)
    with pytest.raises(MathtuneError, match=r"verbose/0/clusters\.parquet: has other problems.* generator terse"):
        run(small_run, study)


def test_a_problem_of_another_split_is_refused(small_run, study) -> None:
    for path in tables(small_run, "terse"):
        pl.read_parquet(path).with_columns(pl.col("problem_id").replace("test-03", "val-03")).write_parquet(path)
    with pytest.raises(MathtuneError, match="problem_id='val-03': not a problem of split test"):
        run(small_run, study)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("headline_subsets", ()),
        ("headline_subsets", ("easy", "easy")),
        ("majk_candidates", (0, 1)),
        ("permutations", 1),
        ("confidence", 1.0),
        ("seed", -1),
    ],
)
def test_params_that_mean_nothing_are_refused_by_name(field, value) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        replace(PARAMS, **{field: value})


def test_an_unknown_headline_subset_is_refused(small_run, study) -> None:
    with pytest.raises(MathtuneError, match=r"headline_subsets.*'nowhere'"):
        run(small_run, study, params=replace(PARAMS, headline_subsets=("nowhere",)))
