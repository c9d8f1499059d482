"""What the styles' solutions are like: the files of the stage `compare_styles` as charts and tables."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from mathtune_core.schemas import SOLUTIONS
from mathtune_core.tables import read_table
from mathtune_ranking.page.axes import Axis
from mathtune_ranking.page.evaluation import read_columns
from mathtune_ranking.page.row_charts import Box, box_chart

PERCENTILES = ("p5", "p25", "p50", "p75", "p95")
# Measure, its words, its format: those of profile.csv that tell styles apart.
MEASURES = (
    ("solutions", "Solutions", "{:,.0f}"),
    ("covered", "Train problems with a solution", "{:.0%}"),
    ("tokens_a_solution", "Tokens a solution", "{:.0f}"),
    ("steps_a_solution", "Steps a solution", "{:.1f}"),
    ("words_a_step", "Words a step", "{:.1f}"),
    ("operations_a_step", "Operations at once", "{:.1f}"),
    ("equations_a_solution", "Equations a solution", "{:.1f}"),
    ("equations_hold", "Equations that hold", "{:.0%}"),
    ("equations_fail", "Equations that fail", "{:.0%}"),
    ("distinct_words", "Distinct words in 1,000", "{:.0f}"),
    ("distinct_ngrams", "Distinct 4-grams in 1,000", "{:.0f}"),
    ("wrong_answer", "Wrong answer", "{:.0%}"),
)


@dataclass(frozen=True, slots=True)
class StyleProfiles:
    """What the section shows; tables as (headers, rows of name and cells)."""

    lengths: Markup
    profile: tuple[list[str], list[tuple[str, list[str]]]]
    overlap: tuple[list[str], list[tuple[str, list[str]]]]
    coverage: tuple[list[str], list[tuple[str, list[str]]]]


def read_style_profiles(folder: Path, colours: dict[str, int]) -> StyleProfiles:
    """Raises MathtuneError, naming it, for a file or column that is missing."""
    lengths = read_columns(folder / "lengths.csv", ("style", *PERCENTILES))
    profile = read_columns(folder / "profile.csv", ("style", "measure", "value"))
    overlap = read_columns(folder / "overlap.csv", ("first", "second", "share"))
    coverage = read_columns(folder / "coverage.csv", ("style", "kind", "value", "num_problems", "covered"))
    boxes = [
        Box(row["style"], colours.get(row["style"], 0), tuple(row[name] for name in PERCENTILES))
        for row in lengths.iter_rows(named=True)
    ]
    longest = max(max(box.percentiles) for box in boxes)
    axis = Axis("tokens a solution", 0.0, max(longest * 1.05, 1.0))
    return StyleProfiles(
        box_chart("Length of the training solutions in tokens", boxes, axis),
        _profile(profile),
        _overlap(overlap),
        _coverage(coverage),
    )


def _profile(frame: pl.DataFrame) -> tuple[list[str], list[tuple[str, list[str]]]]:
    styles = frame["style"].unique(maintain_order=True).to_list()
    cells = {(row["style"], row["measure"]): row["value"] for row in frame.iter_rows(named=True)}
    rows = [
        (words, [_formatted(form, cells.get((style, measure))) for style in styles])
        for measure, words, form in MEASURES
        if any((style, measure) in cells for style in styles)
    ]
    return styles, rows


def _formatted(form: str, value: float | None) -> str:
    return "–" if value is None else form.format(value)


def _overlap(frame: pl.DataFrame) -> tuple[list[str], list[tuple[str, list[str]]]]:
    styles = frame["first"].unique(maintain_order=True).to_list()
    cells = {(row["first"], row["second"]): row["share"] for row in frame.iter_rows(named=True)}
    return styles, [(one, [_formatted("{:.0%}", cells.get((one, other))) for other in styles]) for one in styles]


def _coverage(frame: pl.DataFrame) -> tuple[list[str], list[tuple[str, list[str]]]]:
    styles = frame["style"].unique(maintain_order=True).to_list()
    cells = {
        (row["style"], row["kind"], row["value"]): row["covered"] / row["num_problems"] if row["num_problems"] else None
        for row in frame.iter_rows(named=True)
    }
    rows = []
    for kind, value, count in (
        frame.group_by("kind", "value", maintain_order=True).agg(pl.col("num_problems").max()).rows()
    ):
        name = "all problems" if kind == "all" else f"{kind} {value}" if kind == "level" else str(value)
        shown = [_formatted("{:.0%}", cells.get((style, kind, value))) for style in styles]
        rows.append((f"{name} ({count})", shown))
    return styles, rows


def side_by_side(styles: tuple[str, ...], solutions: Path, problems: pl.DataFrame) -> dict[str, Any] | None:
    """One problem with its training solution in every style that has one: the problem most styles share, first by id.

    `solutions` holds <style>/solutions.parquet; a style without the file is left out. None when no style has any.
    """
    paths = {style: solutions / style / "solutions.parquet" for style in styles}
    tables = {style: read_table(path, SOLUTIONS) for style, path in paths.items() if path.is_file()}
    if not tables or not any(table.height for table in tables.values()):
        return None
    # The paths follow the styles' names; a mix holds rows of its parts, so the file counts, not the style column.
    everything = pl.concat(
        [table.sort("problem_id", "solution_id").with_columns(file=pl.lit(style)) for style, table in tables.items()]
    )
    shared = (
        everything.group_by("problem_id")
        .agg(pl.col("file").n_unique())
        .sort("file", "problem_id", descending=[True, False])
    )
    problem_id = shared["problem_id"][0]
    chosen = everything.filter(pl.col("problem_id") == problem_id).unique("file", keep="first", maintain_order=True)
    texts = problems.filter(pl.col("problem_id") == problem_id)["problem"].to_list()
    columns = [(row["file"], row["solution"], row["origin"]) for row in chosen.iter_rows(named=True)]
    return {"problem": texts[0] if texts else problem_id, "columns": columns}
