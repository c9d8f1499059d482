"""Stage mix_solutions@FIRST+SECOND: two styles' solutions in one table. A mix of three is a mix of a mix."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mathtune_core.schemas import SOLUTIONS
from mathtune_core.tables import read_table, write_table


@dataclass(frozen=True, slots=True, kw_only=True)
class MixSolutionsParams:
    """The share of each component's solutions that enters the mix, from 0 to 1."""

    first_share: float = 1.0
    second_share: float = 1.0

    def __post_init__(self) -> None:
        """Raises ValueError for a share outside 0 … 1."""
        for name in ("first_share", "second_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: must be above 0 and at most 1")


def part(solutions: pl.DataFrame, share: float) -> pl.DataFrame:
    """The given share of the rows, chosen by a hash of their ids: a larger share holds every smaller one."""
    order = [hashlib.sha256(i.encode()).hexdigest() for i in solutions["solution_id"]]
    return solutions.with_columns(pl.Series("order", order)).sort("order").head(round(share * len(order))).drop("order")


def run(params: MixSolutionsParams, *, item: str, first: Path, second: Path, out: Path) -> None:
    """Writes solutions.parquet, whose rows carry the mix's name as style and keep their ids and origins."""
    parts = [
        part(read_table(folder / "solutions.parquet", SOLUTIONS), share)
        for folder, share in ((first, params.first_share), (second, params.second_share))
    ]
    mixed = pl.concat(parts).with_columns(pl.lit(item).alias("style")).sort("solution_id")
    write_table(mixed, out / "solutions.parquet", SOLUTIONS)
    summary = {"solutions": mixed.height, first.name: parts[0].height, second.name: parts[1].height}
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
