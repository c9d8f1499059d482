"""Which of the graded samples cross-entropy learns from, so that right and wrong are balanced.

Every choice is random by a hash of the row's key and the seed, so it depends neither on row order nor on a library's
random generator.
"""

from typing import Literal

import polars as pl

from mathtune_core.digests import draw_by_key

Balance = Literal["none", "within_style", "within_problem"]
# Balanced over all styles together, a verifier learns which style a solution is written in: one style's samples are
# mostly right and another's mostly wrong. So both policies balance inside each style.
POLICIES: dict[Balance, str] = {
    "none": "at random, at most max_examples_per_problem a problem and style; right and wrong as frequent as they are",
    "within_style": (
        "at most max_examples_per_problem a problem and style, taken in turn from right and wrong; then in each style "
        "the more frequent class is thinned to the size of the other, its rows beyond the first of each problem going "
        "before any problem loses its last"
    ),
    "within_problem": (
        "of each problem and style as many right as wrong samples, at most max_examples_per_problem together; problems "
        "whose samples are all right or all wrong are left out"
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
        .with_columns(draw=pl.Series([draw_by_key(seed, key) for key in keys], dtype=pl.String))
        .sort("draw")
        .with_columns(turn=pl.int_range(pl.len()).over("problem_id", "style", "is_correct"))
    )
    if policy == "none":
        kept = _first_of_each_problem(shuffled, max_examples_per_problem)
    elif policy == "within_style":
        capped = _first_of_each_problem(shuffled.sort("turn", "draw"), max_examples_per_problem).sort("turn", "draw")
        right, wrong = pl.col("is_correct").sum(), (~pl.col("is_correct")).sum()
        size = pl.min_horizontal(right, wrong).over("style")
        kept = capped.filter(pl.int_range(pl.len()).over("style", "is_correct") < size)
    else:
        place = ("problem_id", "style")
        right, wrong = pl.col("is_correct").sum().over(place), (~pl.col("is_correct")).sum().over(place)
        size = pl.min_horizontal(right, wrong, pl.lit(max_examples_per_problem // 2))
        kept = shuffled.filter(pl.col("turn") < size)
    return kept.sort("row").select(examples.columns)


def _first_of_each_problem(frame: pl.DataFrame, limit: int) -> pl.DataFrame:
    return frame.filter(pl.int_range(pl.len()).over("problem_id", "style") < limit)
