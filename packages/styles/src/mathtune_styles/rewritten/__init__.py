"""The style *rewritten*: each problem's own solution with its computations in explicit, checked steps."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_styles.rewritten.rewrite import rewrite_solution


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """`only_expanded`: leave out the solutions in which there was nothing to expand."""

    only_expanded: bool = False


def build(
    params: Params, problems: pl.DataFrame, source_solutions: pl.DataFrame, base: Path, unfinished: Path
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The rewritten solutions; the summary counts the rejected ones by reason."""
    outcomes = [rewrite_solution(solution) for solution in source_solutions["solution"]]
    rejected = Counter(outcome.rejection for outcome in outcomes if outcome.rejection)
    expanded = [outcome.expanded for outcome in outcomes]
    rewritten = source_solutions.with_columns(
        pl.format("{}/rewritten", "problem_id").alias("solution_id"),
        pl.Series("solution", [outcome.text for outcome in outcomes], dtype=pl.String),
        pl.format("{}, rewritten symbolically", "origin").alias("origin"),
        pl.Series("expanded", expanded),
    ).filter(pl.col("solution").is_not_null() & ((pl.col("expanded") > 0) | (not params.only_expanded)))
    return rewritten.drop("expanded"), {
        "rejected": dict(sorted(rejected.items())),
        "unchanged": sum(1 for outcome in outcomes if outcome.text is not None and outcome.expanded == 0),
        "computations_expanded": sum(expanded),
    }
