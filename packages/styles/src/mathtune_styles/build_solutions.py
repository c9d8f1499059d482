"""Stage build_solutions@STYLE: one style's training solutions, as a table and a summary of its making."""

import importlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table, write_table


class SolutionStyle(Protocol):
    """What a style's module offers."""

    Params: type  # its section of params.yaml

    def build(
        self, params: Any, problems: pl.DataFrame, source_solutions: pl.DataFrame, base: Path, unfinished: Path
    ) -> tuple[pl.DataFrame, dict[str, Any]]:
        """The solutions (columns of SOLUTIONS but style) and a summary that the same inputs always repeat.

        A table in the summary is written beside it as a CSV file of that name.
        `unfinished` is a folder that outlives a kill, for a style whose work is long.
        """
        ...


def style_module(style: str) -> SolutionStyle:
    """The module mathtune_styles.<style>, imported only when it is built: no style depends on another's code.

    Raises MathtuneError when there is none, or it is not a style.
    """
    name = f"mathtune_styles.{style}"
    module: Any = importlib.import_module(name) if style.isidentifier() and find_spec(name) else None
    if not hasattr(module, "Params") or not hasattr(module, "build"):
        raise MathtuneError(
            f"params.yaml: build_solutions.{style}: no such style; it would be {name.replace('.', '/')}/__init__.py "
            "with `Params` and `build`"
        )
    found: SolutionStyle = module
    return found


def params_type(style: str | None) -> type:
    """The dataclass of the style's params section."""
    return style_module(style or "").Params


def run(params: Any, *, item: str, problems: Path, base: Path, out: Path, unfinished: Path) -> None:
    """Writes solutions.parquet for the problems of train's generator fold and of val, and summary.json.

    Beside them NAME.csv for each table NAME in the style's summary.
    """
    table = read_table(problems / "problems.parquet", PROBLEMS)
    source = read_table(problems / "source_solutions.parquet", SOLUTIONS)
    wanted = table.filter((pl.col("fold") == "generator") | (pl.col("split") == "val")).sort("problem_id")
    source = source.filter(pl.col("problem_id").is_in(wanted["problem_id"].implode())).sort("problem_id")
    solutions, summary = style_module(item).build(params, wanted, source, base, unfinished)
    tables = {name: value for name, value in summary.items() if isinstance(value, pl.DataFrame)}
    summary = {name: value for name, value in summary.items() if name not in tables}
    if solutions.is_empty():
        none = "; the problem source gives none to start from" if source.is_empty() else ""
        raise MathtuneError(f"params.yaml: build_solutions.{item}: no solution was kept ({summary}){none}")
    solutions = solutions.with_columns(pl.lit(item).alias("style")).select(*SOLUTIONS.schema)
    write_table(solutions, out / "solutions.parquet", SOLUTIONS)
    for name, frame in tables.items():
        frame.write_csv(out / f"{name}.csv")
    summary |= {
        "solutions": solutions.height,
        "problems": solutions["problem_id"].n_unique(),
        "mean_characters": round(float(solutions["solution"].str.len_chars().mean() or 0), 1),  # type: ignore[arg-type]
    }
    (out / "summary.json").write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n")
