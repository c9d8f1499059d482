"""`mathtune styles compare`: the solution styles side by side, their overlap, and one problem in every style.

It measures the folders it is given, so it needs no run of the stage `compare_styles`, whose functions these are.
"""

import argparse
import shutil
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.params import read_params_file
from mathtune_styles.compare_styles import StyleComparison, compare
from mathtune_styles.comparison.coverage import KINDS
from mathtune_styles.comparison.examples import choose_problems, solutions_of
from mathtune_styles.comparison.profile import MEASURES, Measure

MAX_WIDTH = 100  # of the tables
MAX_NAME = 24
MIN_COLUMN = 44  # below it a solution is hard to read, so fewer stand side by side
GAP = 3

Row = tuple[str, Sequence[str]]  # a label and a cell for each style


def compare_styles(chosen: argparse.Namespace) -> str:
    """Runs the command and returns what it prints.

    Raises MathtuneError when there is no style, for an unknown problem, and as `compare` does.
    """
    styles = find_styles(chosen.solutions)
    comparison = compare(chosen.problems, chosen.solutions, chosen.base or base_of(Path("params.yaml")), styles)
    known = set(comparison.problems["problem_id"])
    if chosen.problem is not None and chosen.problem not in known:
        raise MathtuneError(f"mathtune styles compare: --problem {chosen.problem}: no train problem to generate from")
    problem = chosen.problem or choose_problems(comparison.solutions, 1)[0]
    width = shutil.get_terminal_size((MAX_WIDTH, 24)).columns
    return "\n\n".join([profile_text(comparison), overlap_text(comparison), problem_text(comparison, problem, width)])


def find_styles(folder: Path) -> tuple[str, ...]:
    """The styles under `folder`: *original* first, for the others are read against it, and mixes last."""
    found = [file.parent.name for file in folder.glob("*/solutions.parquet")]
    if not found:
        raise MathtuneError(f"{folder}: no STYLE/solutions.parquet here; `dvc repro build_solutions` makes them")
    return tuple(sorted(found, key=lambda name: (name.count("+"), name != "original", name)))


def base_of(params: Path) -> Path:
    """The checkpoint that params.yaml names. Raises MathtuneError where it names none."""
    study = read_params_file(params).get("study")
    base = study.get("base") if isinstance(study, dict) else None
    if not isinstance(base, str):
        raise MathtuneError(f"{params}: study.base: missing; name a checkpoint folder there or with --base")
    return Path(base)


def profile_text(comparison: StyleComparison) -> str:
    """The table of measures, and of coverage by level and subject: styles are columns."""
    values = {(style, measure): value for style, measure, value in comparison.profile.iter_rows()}
    rows: list[Row] = []
    for group in MEASURES.values():
        for measure in group:
            rows.append((measure.label, [_cell(measure, values[style, measure.name]) for style in comparison.styles]))
            if measure.name == "tokens_a_solution":
                rows.append(("  from 5% to 95% of them", _spreads(comparison)))
        rows.append(("", [""] * len(comparison.styles)))
    heading = f"Solutions of the {comparison.problems.height:,} problems that generators train on"
    return "\n".join([heading, "", *_table([*rows, *_coverage_rows(comparison)], comparison.styles)])


def overlap_text(comparison: StyleComparison) -> str:
    """The matrix of overlaps: row against column."""
    shares = {(first, second): share for first, second, _, share, _ in comparison.overlap.iter_rows()}
    rows = [(first, [_percent(shares[first, second]) for second in comparison.styles]) for first in comparison.styles]
    heading = "Of a solution's 4-grams (row), the share found in the other style's (column) for the same problem"
    return "\n".join([heading, "", *_table(rows, comparison.styles)])


def problem_text(comparison: StyleComparison, problem_id: str, width: int) -> str:
    """One problem and its solutions in every style, as many side by side as `width` columns hold."""
    problem = comparison.problems.row(by_predicate=pl.col("problem_id") == problem_id, named=True)
    about = [problem["subject"], problem["level"] and f"level {problem['level']}"]
    found = solutions_of(comparison.solutions, problem_id, comparison.styles)
    per_line = min(len(found), max(1, (width + GAP) // (MIN_COLUMN + GAP)))
    column = (width + GAP) // per_line - GAP
    blocks = [_solution_block(style, texts, column) for style, texts in found.items()]
    lines = [", ".join([f"Problem {problem_id}", *(part for part in about if part)]), ""]
    lines += [*_wrapped(problem["problem"], min(width, MAX_WIDTH)), "", f"Answer: {problem['expected_answer']}"]
    for start in range(0, len(blocks), per_line):
        lines.append("")
        for cells in zip_longest(*blocks[start : start + per_line], fillvalue=""):
            lines.append((" " * GAP).join(cell.ljust(column) for cell in cells).rstrip())
    return "\n".join(lines)


def _solution_block(style: str, texts: Sequence[str], width: int) -> list[str]:
    lines = [_shortened(style, width), "─" * width]
    for number, text in enumerate(texts, 1):
        lines += [*([f"({number} of {len(texts)})"] if len(texts) > 1 else []), *_wrapped(text, width)]
    return lines if texts else [*lines, "no solution"]


def _wrapped(text: str, width: int) -> list[str]:
    return [
        piece
        for line in text.strip().splitlines()
        for piece in textwrap.wrap(line, width, break_on_hyphens=False) or [""]
    ]


def _spreads(comparison: StyleComparison) -> list[str]:
    bounds = {row["style"]: row for row in comparison.lengths.iter_rows(named=True)}
    return [f"{bounds[style]['p5']:.0f}–{bounds[style]['p95']:.0f}" for style in comparison.styles]


def _coverage_rows(comparison: StyleComparison) -> list[Row]:
    rows: list[Row] = []
    for kind in KINDS[:2]:
        cells: dict[str, list[str]] = {}
        for value, problems, covered in (
            comparison.coverage.filter(pl.col("kind") == kind).select("value", "num_problems", "covered").iter_rows()
        ):
            cells.setdefault(value, []).append(_percent(covered / problems))
        rows += [(f"covered, level {value}" if kind == "level" else f"  {value}", row) for value, row in cells.items()]
    return rows


def _cell(measure: Measure, value: float | None) -> str:
    if value is None:
        return "–"
    if measure.unit == "share":
        return _percent(value)
    return f"{value:,.0f}" if measure.unit == "count" else f"{value:,.{1 if value >= 10 else 2}f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"


def _table(rows: Sequence[Row], styles: Sequence[str]) -> list[str]:
    """Rows under the styles' names; styles that do not fit within MAX_WIDTH follow in a table below."""
    label_width = max(len(_shortened(label, MAX_NAME + 8)) for label, _ in rows)
    names = [_shortened(style, MAX_NAME) for style in styles]
    widths = [GAP + max(len(name), *(len(cells[i]) for _, cells in rows)) for i, name in enumerate(names)]
    lines: list[str] = []
    start = 0
    while start < len(names):
        end = start + 1
        while end < len(names) and label_width + sum(widths[start : end + 1]) <= MAX_WIDTH:
            end += 1
        block = slice(start, end)
        if lines:
            lines.append("")
        lines += [_line("", names[block], label_width, widths[block])]
        lines += ["─" * (label_width + sum(widths[block]))]
        lines += [_line(label, cells[block], label_width, widths[block]) for label, cells in rows]
        start = end
    return [line.rstrip() for line in lines]


def _line(label: str, cells: Sequence[str], label_width: int, widths: Sequence[int]) -> str:
    short = _shortened(label, label_width).ljust(label_width)
    return short + "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _shortened(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"
