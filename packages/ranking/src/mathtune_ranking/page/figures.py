"""What the report says and shows about an evaluation, read from the files of the stage `evaluate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from mathtune_ranking.page.charts import Point, Series, axis_top, line_chart
from mathtune_ranking.paired_tests import ALPHA
from mathtune_ranking.results_table import (
    COLUMNS,
    by_verifier,
    first_verifier,
    marked,
    read_csv,
    read_json,
    verdict,
)
from mathtune_ranking.selectors import SCORED

NUM_COLOURS = 8  # the style sheet has s0 … s7
CURVES = {"Maj1": "Maj1@n", "RR.All": "RR.All", "W.RR": "W.RR", "Pass@n": "Pass@n (oracle)"}

# Liu et al. 2023, PaLM 2-L on MATH-500, N = 64.
PAPER = (
    ("Few-shot", "Maj1@64", 47.6),
    ("SSFT on MATH", "Maj1@64", 49.2),
    ("SSFT on PRM800K", "Maj1@64", 54.2),
    ("SSFT on MATH and PRM800K", "Maj1@64", 55.2),
    ("… with the margin verifier", "RR.All", 57.0),
    ("… with the margin verifier", "RR.MajK, K = 8", 58.8),
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The files of an evaluation folder, loaded."""

    results: pl.DataFrame
    comparisons: pl.DataFrame
    curves: pl.DataFrame
    breakdowns: pl.DataFrame
    lengths: pl.DataFrame
    findings: pl.DataFrame
    verifiers: pl.DataFrame
    choice: dict[str, Any]
    counts: dict[str, Any]

    @property
    def generators(self) -> list[str]:
        """In the order of params.yaml."""
        return self.results["generator"].unique(maintain_order=True).to_list()

    @property
    def subsets(self) -> list[str]:
        """The headline first; a subset that is the whole headline is not named again."""
        names = self.results["subset"].unique(maintain_order=True).to_list()
        tables = {name: self.results.filter(pl.col("subset") == name).drop("subset") for name in names}
        return [name for name in names if name == names[0] or not tables[name].equals(tables[names[0]])]


def read_evaluation(folder: Path) -> Evaluation:
    """Raises MathtuneError when a file of the stage `evaluate` is missing."""
    names = ("results", "comparisons", "curves", "breakdowns", "lengths", "findings", "verifiers")
    frames = {name: read_csv(folder / f"{name}.csv") for name in names}
    return Evaluation(
        **frames,
        choice=read_json(folder / "choice.json"),
        counts=read_json(folder / "metrics.json")["counts"],
    )


def finding(evaluation: Evaluation) -> list[str]:
    """The result in sentences: which generator won under the selector chosen on validation, by how much, how sure."""
    selector, interval = evaluation.choice["selector"], f"{evaluation.counts['interval_percent']:g}%"
    headline = first_verifier(evaluation.results.filter(pl.col("subset") == "headline"))
    ranked = headline.filter(pl.col("selector") == selector).sort("accuracy", descending=True, maintain_order=True)
    best = ranked.row(0, named=True)
    first = ranked.filter(pl.col("accuracy") == best["accuracy"])["generator"].to_list()
    winners = f"{best['generator']} solves" if len(first) == 1 else f"{', '.join(first[:-1])} and {first[-1]} solve"
    sentences = [
        f"With {selector}, the selector that did best on validation, {winners} the most: "
        f"{best['accuracy']:.1f}% of {best['num_problems']} test problems "
        f"({interval} interval {best['low']:.1f} to {best['high']:.1f})."
    ]
    if ranked.height > len(first):
        second = ranked.row(len(first), named=True)
        sentences.append(_lead(evaluation.comparisons, selector, best, second, interval))
    own = {
        row["selector"]: row for row in headline.filter(pl.col("generator") == best["generator"]).iter_rows(named=True)
    }
    vote = "" if selector == "Maj1" else f", its majority vote {own['Maj1']['accuracy']:.1f}%"
    model = "The same model's" if len(first) == 1 else f"{best['generator'].capitalize()}'s"
    sentences.append(f"{model} greedy answer gets {own['Pass@1']['accuracy']:.1f}%{vote}.")
    return sentences


def _lead(comparisons: pl.DataFrame, selector: str, best: dict[str, Any], second: dict[str, Any], interval: str) -> str:
    names = [best["generator"], second["generator"]]
    of_pair = pl.col("first").is_in(names) & pl.col("second").is_in(names)
    family = pl.col("family").is_in(["styles", "sequential"])
    found = comparisons.filter(family & (pl.col("selector") == selector) & of_pair)
    if found.is_empty():  # a style and another style's sequential training: no question that anybody asked
        points = f"{best['accuracy'] - second['accuracy']:.1f} points"
        return f"That is {points} more than {second['generator']}; whether by chance was not tested."
    row = found.row(0, named=True)
    flip = row["first"] != best["generator"]
    low, high = (-row["high"], -row["low"]) if flip else (row["low"], row["high"])
    sure = "a difference this test set can show" if row["p_holm"] < ALPHA else "too close to call on this test set"
    return (
        f"That is {abs(row['difference']):.1f} points more than {second['generator']} "
        f"({interval} interval {_signed(low)} to {_signed(high)}, p = {row['p_holm']:.4f} after Holm): {sure}."
    )


def _signed(points: float) -> str:
    return f"{points + 0.0:.1f}".replace("-", "−")


def results_rows(evaluation: Evaluation, subset: str) -> dict[str, Any]:
    """A table for the template: its headers, and a row a generator with a cell a selector."""
    rows = evaluation.results.filter(pl.col("subset") == subset)
    headers = [name.replace("Pass@N", f"Pass@{evaluation.counts['samples_a_problem']}") for name in COLUMNS]
    body = _body(first_verifier(rows), COLUMNS)
    return {"subset": subset, "headers": headers, "rows": body, "num_problems": rows["num_problems"][0]}


def verifier_rows(evaluation: Evaluation) -> dict[str, Any] | None:
    """All verifiers of a generator side by side, as `results_rows`; None when each generator has one verifier."""
    rows = by_verifier(evaluation.results.filter(pl.col("subset") == "headline"))
    if rows.is_empty():
        return None
    sure = verdict(evaluation.comparisons, "verifiers", evaluation.choice["selector"])
    return {"headers": list(SCORED), "rows": _body(rows, SCORED), "sure_lines": sure}


def _body(rows: pl.DataFrame, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    cells = {(row["row"], row["selector"]): row for row in marked(rows).iter_rows(named=True)}
    names = rows["row"].unique(maintain_order=True).to_list()
    return [{"name": name, "cells": [cells[name, column] for column in columns]} for name in names]


def level_table(evaluation: Evaluation) -> dict[str, Any] | None:
    """Rows (selector, generator) with a cell a level, None when no problem has a level."""
    frame = evaluation.breakdowns.filter(pl.col("by") == "level").with_columns(pl.col("value").alias("level"))
    if frame.is_empty():
        return None
    levels = frame.unique("level", maintain_order=True).select("level", "num_problems").rows()
    cells = {(row["selector"], row["generator"], row["level"]): row for row in frame.iter_rows(named=True)}
    selectors = frame["selector"].unique(maintain_order=True).to_list()
    groups = [
        {
            "selector": selector,
            "rows": [
                {"name": name, "cells": [cells[selector, name, level] for level, _ in levels]}
                for name in evaluation.generators
            ],
        }
        for selector in selectors
    ]
    return {"levels": levels, "groups": groups}


def colours(evaluation: Evaluation) -> dict[str, int]:
    """Each generator's colour."""
    return {name: position % NUM_COLOURS for position, name in enumerate(evaluation.generators)}


def charts(evaluation: Evaluation) -> list[tuple[str, Markup]]:
    """(title, SVG) of accuracy against n for each selector of the curves, all on one percentage axis."""
    index, top = colours(evaluation), axis_top(evaluation.curves["high"].to_list())
    drawn = []
    for selector, title in CURVES.items():
        series = []
        for name in evaluation.generators:
            rows = evaluation.curves.filter((pl.col("selector") == selector) & (pl.col("generator") == name)).sort("n")
            points = (Point(*row) for row in rows.select("n", "accuracy", "low", "high").iter_rows())
            series.append(Series(name, index[name], tuple(points)))
        drawn.append((title, line_chart(title, series, top)))
    return drawn


def sure_lines(evaluation: Evaluation) -> list[str]:
    """Which differences between styles are significant under the chosen selector."""
    return verdict(evaluation.comparisons, "styles", evaluation.choice["selector"])
