"""results.csv as a table for the terminal: at most 100 columns, plain text, the same wherever it is printed."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_core.errors import MathtuneError

COLUMNS = ("Pass@1", "Maj1", "RR.All", "RR.MajK", "W.RR", "W.RR.MajK", "Pass@N")
MAX_WIDTH = 100
SIGNIFICANT = 0.05


def render(evaluation: Path) -> str:
    """The table of the stage's output folder; raises MathtuneError when a file is missing."""
    results = read_csv(evaluation / "results.csv")
    choice = read_json(evaluation / "choice.json")
    counts = read_json(evaluation / "metrics.json")["counts"]
    headline = results.filter(pl.col("subset") == "headline")
    lines = [
        f"Accuracy in percent on {counts['headline_problems']} test problems, "
        f"N = {counts['samples_a_problem']} samples a problem",
        f"K = {choice['k']} and the selector to rely on, {choice['selector']}, were chosen on validation "
        f"({counts['val_problems']} problems)",
        "",
        *_block(headline),
        "",
        "± half the interval over problems   * best of its column   Pass@N: any of N right (oracle)",
        *verdict(read_csv(evaluation / "comparisons.csv"), choice["selector"]),
    ]
    for subset in results.filter(pl.col("subset") != "headline").partition_by("subset", maintain_order=True):
        if not subset.drop("subset").equals(headline.drop("subset")):  # the headline's only subset is the headline
            problems = f"{subset['num_problems'][0]} problems"
            lines += ["", f"Subset {subset['subset'][0]} ({problems})", "", *_block(subset)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def verdict(comparisons: pl.DataFrame, selector: str) -> list[str]:
    """One line a significant difference between styles under `selector`, or the line that says there is none."""
    pairs = comparisons.filter(pl.col("selector") == selector)
    if pairs.is_empty():
        return []
    real = pairs.filter(pl.col("p_holm") < SIGNIFICANT).sort("p_holm", "first", "second")
    if real.is_empty():
        return [f"No pairwise difference between styles in {selector} is significant after Holm (p < {SIGNIFICANT})."]
    return [f"Significant in {selector} after Holm (p < {SIGNIFICANT}):", *map(_pair, real.iter_rows(named=True))]


def _pair(row: dict[str, Any]) -> str:
    first, second = (row["first"], row["second"]) if row["difference"] >= 0 else (row["second"], row["first"])
    return f"  {first} over {second} by {abs(row['difference']):.1f} points, p = {row['p_holm']:.4f}"


def _block(rows: pl.DataFrame) -> list[str]:
    styles = rows["style"].unique(maintain_order=True).to_list()
    cells = {(row["style"], row["selector"]): row for row in rows.iter_rows(named=True)}
    body = [[_cell(cells[style, column], cells, styles) for column in COLUMNS] for style in styles]
    headers = [column.replace("Pass@N", f"Pass@{cells[styles[0], column]['n']}") for column in COLUMNS]
    widths = [max(len(line[i]) for line in [headers, *body]) + 1 for i in range(len(COLUMNS))]
    name_width = max(5, min(max(map(len, [*styles, "style"])), MAX_WIDTH - sum(widths)))
    lines = [_line("style", headers, name_width, widths), "─" * (name_width + sum(widths))]
    return lines + [_line(style, line, name_width, widths) for style, line in zip(styles, body, strict=True)]


def _line(name: str, cells: list[str], name_width: int, widths: list[int]) -> str:
    short = name if len(name) <= name_width else f"{name[: name_width - 1]}…"
    return short.ljust(name_width) + "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _cell(row: dict[str, Any], cells: dict[tuple[str, str], dict[str, Any]], styles: list[str]) -> str:
    best = max(cells[style, row["selector"]]["accuracy"] for style in styles)
    mark = "*" if row["accuracy"] == best > 0.0 and len(styles) > 1 else " "  # nobody is best where all fail
    return f"{row['accuracy']:.1f} ±{(row['high'] - row['low']) / 2:.1f}{mark}"


def read_csv(path: Path) -> pl.DataFrame:
    """A CSV the stage wrote; raises MathtuneError when it is missing."""
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; `dvc repro evaluate` makes it")
    return pl.read_csv(path, infer_schema_length=None)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object the stage wrote; raises MathtuneError when it is missing."""
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; `dvc repro evaluate` makes it")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
