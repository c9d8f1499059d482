"""The style *original*: each problem's own solution, as its source gives it, closed as every style is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_styles.closing import closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Nothing to set: the original is what it is."""


def build(
    params: Params, problems: pl.DataFrame, source_solutions: pl.DataFrame, base: Path, unfinished: Path
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """One solution a problem: the source's."""
    texts = [closed(*row) for row in source_solutions.select("solution", "predicted_answer").iter_rows()]
    return source_solutions.with_columns(
        pl.format("{}/original", "problem_id").alias("solution_id"),
        pl.Series("solution", texts, dtype=pl.String),
    ), {}
