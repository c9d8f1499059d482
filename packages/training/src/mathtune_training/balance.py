"""Which graded solutions a verifier learns from: duplicates collapsed, a cap a problem, the classes balanced.

Every choice is random by a hash of the row's key and the seed, so it depends neither on row order nor on a library's
random generator.
"""

import hashlib
from typing import Literal

import polars as pl

Balance = Literal["none", "downsample"]
POLICIES: dict[Balance, str] = {
    "none": "at random, at most max_examples_per_problem a problem; right and wrong stay as frequent as they are",
    "downsample": (
        "at most max_examples_per_problem a problem, taken in turn from right and wrong; then the more frequent class "
        "is thinned to the size of the other, its rows beyond the first of each problem going before any problem loses "
        "its last"
    ),
}


def collapse_duplicates(examples: pl.DataFrame) -> pl.DataFrame:
    """The first of every set of rows with the same problem and completion, as the verifier reads it (stripped)."""
    return examples.filter(pl.struct("problem_id", pl.col("completion").str.strip_chars()).is_first_distinct())


def balance_examples(examples: pl.DataFrame, policy: Balance, max_examples_per_problem: int, seed: int) -> pl.DataFrame:
    """The rows of `examples` (verifier_examples) that `policy` keeps, in their order.

    The policies are stated in `POLICIES`.
    """
    keys = examples.select("style", "problem_id", "decoding", "sample_index").iter_rows()
    shuffled = (
        examples.with_row_index("row")
        .with_columns(draw=pl.Series([_draw(seed, key) for key in keys], dtype=pl.String))
        .sort("draw")
        .with_columns(turn=pl.int_range(pl.len()).over("problem_id", "is_correct"))
    )
    if policy == "none":
        return _first_of_each_problem(shuffled, max_examples_per_problem).sort("row").select(examples.columns)
    capped = _first_of_each_problem(shuffled.sort("turn", "draw"), max_examples_per_problem)
    size = min(capped["is_correct"].sum(), (~capped["is_correct"]).sum())
    thinned = capped.sort("turn", "draw").filter(pl.int_range(pl.len()).over("is_correct") < size)
    return thinned.sort("row").select(examples.columns)


def _first_of_each_problem(frame: pl.DataFrame, limit: int) -> pl.DataFrame:
    return frame.filter(pl.int_range(pl.len()).over("problem_id") < limit)


def _draw(seed: int, key: tuple[object, ...]) -> str:
    return hashlib.sha256(repr((seed, *key)).encode()).hexdigest()
