"""Sample files of an evaluation folder in the shapes of the stage `evaluate`, for what the folder lacks."""

from pathlib import Path

import polars as pl

SIZES = ("1", "2–3", "4–7")


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
