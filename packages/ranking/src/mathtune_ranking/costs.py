"""What each accuracy costs: tokens, verifier calls and seconds a problem, and which accuracies are worth theirs.

A token costs one forward pass of a position, whether a model generates it or reads it. So `tokens` counts those that
the generator writes and those of every solution that a verifier reads. The problem itself is left out on both sides:
each model reads it once for all samples. A selector that reads scores calls the verifier once for each of its n
samples, and n of N samples are as long as n mean ones.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.study import Study
from mathtune_ranking.lengths import Lengths
from mathtune_ranking.rows import Row, headline_rows, rows_of
from mathtune_ranking.selectors import SCORED, SELECTORS, SINGLE, Bools

CURVE_NAMES = {"Pass@N": "Pass@n"}  # the oracle of all N samples is the end of its curve
EXCLUDED = ("MajK", "Pass@n", "Random")  # nobody can rely on them: they know the right answer, or nothing
KEY = ["generator", "verifier", "selector", "n"]

SCHEMA = pl.Schema(
    {
        "generator": pl.String,
        "verifier": pl.String,  # null where the selector reads no scores
        "selector": pl.String,
        "n": pl.Int64,
        "accuracy": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "generated_tokens": pl.Float64,  # a problem, as all that follow
        "tokens": pl.Float64,  # generated, and read by the verifier
        "verifier_calls": pl.Int64,
        "seconds": pl.Float64,  # null where a stage has not recorded its time
        "on_frontier": pl.Boolean,  # no row is as accurate for fewer tokens, nor more accurate for as many
    }
)


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds by what took them, a mean over seeds; None where no stage has recorded its time."""

    a_token: dict[str, float | None]  # generated, by generator
    a_call: dict[Row, float | None]  # of a verifier, by generator and verifier


def read_rates(study: Study, samples: Path, scores: Path) -> Rates:
    """The rates that the test split was sampled and scored at, from the stages' timing.json, where there is one.

    `samples` holds test/<generator>/<seed>/, `scores` test/<verifier>/<generator>/<seed>/. Raises MathtuneError for a
    file that is no timing.
    """
    a_token = {
        generator: _rate([samples / "test" / generator / str(seed) for seed in study.seeds], "tokens")
        for generator in study.generators
    }
    a_call = {
        row: _rate([scores / "test" / row.verifier / row.generator / str(seed) for seed in study.seeds], "calls")
        for row in rows_of(study)
    }
    return Rates(a_token, a_call)


def _rate(folders: list[Path], unit: str) -> float | None:
    """Seconds a unit over all the folders' timings; None where these hold no work."""
    seconds, count = 0.0, 0
    for path in (folder / "timing.json" for folder in folders):
        if not path.is_file():
            continue
        try:
            timing = json.loads(path.read_text(encoding="utf-8"))
            seconds, count = seconds + float(timing["seconds"]), count + int(timing[unit])
        except (ValueError, TypeError, KeyError) as error:
            reason = f"needs the numbers `seconds` and `{unit}`"
            raise MathtuneError(f"{path}: {reason}; delete it and run `dvc repro --force` on its stage") from error
    return seconds / count if count > 0 else None


def costs(
    study: Study,
    results: pl.DataFrame,
    curves: pl.DataFrame,
    lengths: dict[str, Lengths],
    rates: Rates,
    headline: Bools,
) -> pl.DataFrame:
    """What every accuracy of the headline problems (mask (P,)) costs a problem, with the columns of `SCHEMA`.

    `results` are the headline's rows of results.csv, at n = N, and `curves` have the first verifier's at every n.
    """
    by_generator = _by_generator(study, lengths, rates, headline)
    a_call = [(row.generator, row.verifier, seconds) for row, seconds in rates.a_call.items()]
    by_row = pl.DataFrame(
        a_call, schema={"generator": pl.String, "verifier": pl.String, "a_call": pl.Float64}, orient="row"
    )
    calls = pl.when(pl.col("verifier").is_null()).then(0).otherwise(pl.col("n"))
    one = pl.when(pl.col("selector") == "Pass@1").then(pl.col("greedy")).otherwise(pl.col("sampled"))
    of_calls = pl.when(pl.col("verifier_calls") > 0).then(pl.col("verifier_calls") * pl.col("a_call")).otherwise(0.0)
    priced = (
        _points(results, curves, by_generator)
        .join(by_generator, on="generator", how="left", maintain_order="left")
        .join(by_row, on=["generator", "verifier"], how="left", maintain_order="left")
        .with_columns(verifier_calls=calls, generated_tokens=pl.col("n") * one)
        .with_columns(
            tokens=(pl.col("generated_tokens") + pl.col("verifier_calls") * pl.col("sampled")).round(2),
            seconds=(pl.col("generated_tokens") * pl.col("a_token") + of_calls).round_sig_figs(4),
        )
        .with_columns(pl.col("generated_tokens").round(2))
    )
    return _with_frontier(priced).select(*SCHEMA).cast(SCHEMA)


def _by_generator(study: Study, lengths: dict[str, Lengths], rates: Rates, headline: Bools) -> pl.DataFrame:
    """A line a generator: its first verifier, its mean tokens and its seconds a token."""
    lines = []
    for position, row in enumerate(headline_rows(study)):
        of = lengths[row.generator]
        tokens = (float(one[headline].mean()) for one in (of.greedy_tokens, of.sampled_tokens))
        lines.append((row.generator, position, row.verifier, *tokens, rates.a_token[row.generator]))
    schema = {"generator": pl.String, "position": pl.Int64, "first": pl.String}
    numbers = dict.fromkeys(("greedy", "sampled", "a_token"), pl.Float64)
    return pl.DataFrame(lines, schema={**schema, **numbers}, orient="row")


def _points(results: pl.DataFrame, curves: pl.DataFrame, by_generator: pl.DataFrame) -> pl.DataFrame:
    """KEY, accuracy, low and high of each row of `results`, and of `curves` where they add one; in a reader's order."""
    columns = [*KEY, "accuracy", "low", "high"]
    firsts = by_generator.select("generator", verifier="first")
    of_curves = curves.filter(~pl.col("selector").is_in(SINGLE)).join(firsts, on="generator")
    names = [CURVE_NAMES.get(name, name) for name in SELECTORS]
    reads_scores = pl.col("selector").is_in(SCORED)
    return (
        pl.concat([results.select(columns), of_curves.select(columns)])
        .with_columns(
            pl.col("selector").replace(CURVE_NAMES).cast(pl.Enum(names)),
            pl.when(reads_scores).then(pl.col("verifier")).alias("verifier"),
        )
        .unique(KEY, keep="first", maintain_order=True)
        .join(by_generator.select("generator", "position", "first"), on="generator", maintain_order="left")
        .sort("position", pl.col("verifier") != pl.col("first"), "selector", "n", nulls_last=False, maintain_order=True)
        .select(columns)
        .with_columns(pl.col("selector").cast(pl.String))
    )


def _with_frontier(priced: pl.DataFrame) -> pl.DataFrame:
    """`priced` with `on_frontier`: no other row is as accurate for fewer tokens, or more accurate for as many.

    Both as printed. Rows that are equal in both stand side by side.
    """
    eligible = ~pl.col("selector").is_in(EXCLUDED)
    best = (
        priced.filter(eligible)
        .group_by("tokens")
        .agg(best=pl.col("accuracy").max())
        .sort("tokens")
        .with_columns(cheaper=pl.col("best").cum_max().shift(1, fill_value=-1.0))
    )
    leads = (pl.col("accuracy") == pl.col("best")) & (pl.col("accuracy") > pl.col("cheaper"))
    joined = priced.join(best, on="tokens", how="left", maintain_order="left")
    return joined.with_columns(on_frontier=(eligible & leads).fill_null(False))
