"""Stage mix_solutions@NAME: two styles' solutions in one table, by stated weights. A mix of three is a mix of a mix."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import polars as pl

from mathtune_core.digests import hash_text
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table, write_table


@dataclass(frozen=True, slots=True, kw_only=True)
class MixSolutionsParams:
    """How much of each part enters the mix.

    `weights` are the parts' proportions by name: {original: 1, generated: 3} makes a quarter of the mix original. No
    solution enters twice, so the mix is as large as the scarcer part allows; null takes all that each part has.
    `max_solutions` makes the mix smaller in the same proportions; null sets no limit. Both speak of train problems'
    solutions: those of val problems, which only measure a loss, all enter.
    """

    weights: dict[str, float] | None = None
    max_solutions: int | None = None

    def __post_init__(self) -> None:
        for name, weight in (self.weights or {}).items():
            if not 0 < weight < math.inf:
                raise ValueError(f"weights: {name} must be above 0, got {weight}; a part without weight is no part")
        if self.max_solutions is not None and self.max_solutions < 2:
            raise ValueError(f"max_solutions: must be at least 2, or null for no limit, got {self.max_solutions}")


def counts(available: Mapping[str, int], params: MixSolutionsParams) -> dict[str, int]:
    """How many solutions of each part enter, of those `available`: never fewer in a larger mix.

    The achieved proportions are the stated ones but for rounding down to whole solutions.
    """
    weights = params.weights or available
    exact = {name: Fraction(str(weights[name])) for name in available}
    whole = sum(exact.values())
    size = min((available[name] * whole / exact[name] for name in available if exact[name]), default=Fraction(0))
    if params.max_solutions is not None:
        size = min(size, Fraction(params.max_solutions))
    return {name: int(size * exact[name] / whole) if whole else 0 for name in available}


def chosen(solutions: pl.DataFrame, count: int) -> pl.DataFrame:
    """`count` rows, by a hash of their ids: more rows hold fewer ones, whatever the order of the table."""
    order = [hash_text(i) for i in solutions["solution_id"]]
    return solutions.with_columns(pl.Series("order", order, dtype=pl.String)).sort("order").head(count).drop("order")


def run(params: MixSolutionsParams, *, item: str, problems: Path, first: Path, second: Path, out: Path) -> None:
    """Writes solutions.parquet, whose rows carry the mix's name as style and keep their ids and origins.

    Raises MathtuneError for weights that do not name the two parts, for a part of which nothing would enter, and for a
    solution that both parts hold.
    """
    section = f"params.yaml: mix_solutions.{item}"
    parts = {folder.name: read_table(folder / "solutions.parquet", SOLUTIONS) for folder in (first, second)}
    if len(parts) < 2 or (params.weights is not None and set(params.weights) != set(parts)):
        raise MathtuneError(
            f"{section}.weights: must name the parts {first.name} and {second.name}, each once, "
            f"got {', '.join(params.weights or parts)}"
        )
    table = read_table(problems / "problems.parquet", PROBLEMS)
    train = table.filter(pl.col("split") == "train").select("problem_id")
    training = {name: part.join(train, on="problem_id", how="semi") for name, part in parts.items()}
    sizes = counts({name: part.height for name, part in training.items()}, params)
    for name, size in sizes.items():
        if not size:
            raise MathtuneError(
                f"{section}: no solution of {name} would enter, of the {training[name].height} it has for train "
                "problems; raise its weight or max_solutions"
            )
    entering = {name: chosen(part, sizes[name]) for name, part in training.items()}
    rest = [part.join(train, on="problem_id", how="anti") for part in parts.values()]
    mixed = pl.concat([*entering.values(), *rest]).with_columns(pl.lit(item).alias("style")).sort("solution_id")
    repeated = mixed.filter(pl.col("solution_id").is_duplicated())["solution_id"]
    if len(repeated):
        raise MathtuneError(
            f"{section}: solution {repeated[0]} is in both {first.name} and {second.name}; mix styles that share none"
        )
    write_table(mixed, out / "solutions.parquet", SOLUTIONS)
    total = sum(sizes.values())
    covered = [set(part["problem_id"]) for part in entering.values()]
    summary = {
        "solutions": mixed.height,
        "train_solutions": sizes,
        "available": {name: part.height for name, part in training.items()},
        "achieved_weights": {name: round(size / total, 4) for name, size in sizes.items()},
        "train_problems": {
            **{name: len(ids) for name, ids in zip(entering, covered, strict=True)},
            "in both": len(covered[0] & covered[1]),
        },
    }
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
