"""What the report reads beside the tables of a run: files in the shapes that other stages give them."""

from pathlib import Path
from typing import Any

import polars as pl

from mathtune_core.study import FEW_SHOT, Study
from mathtune_ranking import evaluate, report

SIZES = ("1", "2–3", "4–7")


def build(folder: Path, study: Study, params: evaluate.EvaluateParams, out: Path, **report_params: Any) -> str:
    """Evaluates the run in `folder` into out-evaluate and reports it into `out`; the page."""
    tables = {
        "study": study,
        "problems": folder,
        "samples": folder / "sample_solutions",
        "clusters": folder / "cluster_answers",
        "scores": folder / "score_solutions",
    }
    evaluation = out.with_name(f"{out.name}-evaluate")
    for place in (evaluation, out):
        place.mkdir()
    evaluate.run(params, **tables, out=evaluation)
    complete(evaluation)
    others = write_others(out.with_name(f"{out.name}-inputs"), study)
    report.run(
        report.ReportParams(**{"title": "A <title>", "num_examples": 100, **report_params}),
        evaluation=evaluation,
        **tables,
        solutions=folder / "build_solutions",
        **others,
        out=out,
    )
    return (out / "report.html").read_text(encoding="utf-8")


def write_others(folder: Path, study: Study) -> dict[str, Path]:
    """The outputs of `compare_styles` and of the trainings, by the names that the report gives their folders."""
    styles, generators, verifiers = (folder / name for name in ("styles", "generators", "verifiers"))
    styles.mkdir(parents=True)
    names = list(study.styles)
    measures = {"solutions": 30.0, "covered": 0.5, "tokens_a_solution": 41.8, "equations_fail": 0.0}
    profile = [(style, measure, value) for style in names for measure, value in measures.items()]
    lengths = [(style, 10.0, 20.0, 30.0, 40.0, 50.0, 60) for style in names]
    overlap = [(one, other, 30, 1.0 if one == other else 0.25, 0.5) for one in names for other in names]
    coverage = [(style, kind, value, 4, 3) for style in names for kind, value in (("level", "2"), ("all", "all"))]
    columns = {
        "profile": (profile, ["style", "measure", "value"]),
        "lengths": (lengths, ["style", "p5", "p25", "p50", "p75", "p95", "longest"]),
        "overlap": (overlap, ["first", "second", "num_problems", "share", "corpus_share"]),
        "coverage": (coverage, ["style", "kind", "value", "num_problems", "covered"]),
    }
    for name, (rows, schema) in columns.items():
        pl.DataFrame(rows, schema=schema, orient="row").write_csv(styles / f"{name}.csv")
    trained = [(generators, name) for name in study.generators if name != FEW_SHOT]
    for root, name in [*trained, *((verifiers, name) for name in study.verifiers)]:
        for seed in study.seeds:
            place = root / name / str(seed)
            place.mkdir(parents=True)
            loss = {"step": [1, 10, 20], "loss": [0.5, 0.25, 0.125]}
            if name in study.sequential:
                loss["stage"] = ["middle", "generator", "generator"]
            else:
                pl.DataFrame({"step": [20], "val_loss": [0.2]}).write_csv(place / "val_loss.csv")
            pl.DataFrame(loss).write_csv(place / "loss.csv")
    return {"styles": styles, "generators": generators, "verifiers": verifiers}


def complete(folder: Path) -> None:
    """Writes each file that is not there from results.csv and verifiers.csv, with numbers that are made up."""
    results = pl.read_csv(folder / "results.csv", infer_schema_length=None)
    headline = results.filter(pl.col("subset") == "headline")
    verifiers = pl.read_csv(folder / "verifiers.csv", infer_schema_length=None)
    pairs = verifiers.select("generator", "verifier").rows()
    frames = {
        "breakdowns": _breakdowns(headline),
        "reliability": _reliability(pairs),
        "cluster_sizes": _cluster_sizes(headline["generator"].unique(maintain_order=True).to_list()),
        "overrules": _overrules(pairs, headline["num_problems"][0]),
        "costs": _costs(headline),
    }
    for name, frame in frames.items():
        if not (folder / f"{name}.csv").is_file():
            frame.write_csv(folder / f"{name}.csv")
    comparisons = pl.read_csv(folder / "comparisons.csv", infer_schema_length=None)
    if "test" not in comparisons.columns:
        told = comparisons.with_columns(test=pl.lit("permutation"), problems_for_a_point=pl.lit(12_345))
        told.write_csv(folder / "comparisons.csv")


def _breakdowns(headline: pl.DataFrame) -> pl.DataFrame:
    values = [("subject", "Algebra"), ("subject", "Geometry"), ("level", "1"), ("level", "2")]
    values += [("answer type", "integer"), ("answer type", "fraction"), ("solution length", "1–40 characters")]
    rows = [
        (by, value, row["generator"], row["selector"], row["accuracy"], row["low"], row["high"], 10)
        for by, value in values
        for row in headline.unique(["generator", "selector"], keep="first", maintain_order=True).iter_rows(named=True)
    ]
    names = ["by", "value", "generator", "selector", "accuracy", "low", "high", "num_problems"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _reliability(pairs: list[tuple[str, str]]) -> pl.DataFrame:
    rows = [
        (*pair, bin_low, bin_low + 0.2, bin_low + 0.1, 0.3 + bin_low / 2, 0.2 + bin_low / 2, 0.45 + bin_low / 2, 100)
        for pair in pairs
        for bin_low in (0.0, 0.2, 0.6, 0.8)
    ]
    names = ["generator", "verifier", "bin_low", "bin_high", "mean_score", "share_right", "low", "high", "num_samples"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _cluster_sizes(generators: list[str]) -> pl.DataFrame:
    rows = [
        (name, size, 30 - 10 * place, 0.2 + 0.3 * place, 0.1 + 0.3 * place, 0.3 + 0.3 * place)
        for name in generators
        for place, size in enumerate(SIZES)
    ]
    names = ["generator", "size", "num_clusters", "share_right", "low", "high"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _overrules(pairs: list[tuple[str, str]], num_problems: int) -> pl.DataFrame:
    rows = [
        (*pair, selector, num_problems, 6.0, 2.5, 1.5, 2.0)
        for pair in pairs
        for selector in ("RR.All", "RR.MajK", "W.RR", "W.RR.MajK")
    ]
    names = ["generator", "verifier", "selector", "num_problems", "overruled"]
    return pl.DataFrame(rows, schema=[*names, "right_instead", "wrong_instead", "neither"], orient="row")


def _costs(headline: pl.DataFrame) -> pl.DataFrame:
    deployable = headline.filter(pl.col("selector").is_in(["Pass@1", "Maj1", "RR.All", "RR.MajK", "W.RR", "W.RR.MajK"]))
    scored = pl.col("selector").str.contains("RR")
    frame = deployable.select(
        "generator",
        pl.when(scored).then("verifier").otherwise(None).alias("verifier"),
        *("selector", "n", "accuracy", "low", "high"),
        tokens=pl.col("n") * (50.0 + pl.col("generator").str.len_chars()),
        verifier_calls=pl.when(scored).then(pl.col("n").cast(pl.Float64)).otherwise(0.0),
        seconds=pl.lit(None, dtype=pl.Float64),
    ).sort("tokens", pl.col("accuracy") * -1)
    before = pl.col("accuracy").cum_max().shift(1).fill_null(-1.0)
    return frame.with_columns(on_frontier=pl.col("accuracy") > before)
