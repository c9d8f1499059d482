"""Right and wrong solutions of one problem in pairs, for the losses that compare."""

from collections.abc import Iterator
from math import lcm

import polars as pl

from mathtune_core.digests import draw_by_key


def pairs_of(examples: pl.DataFrame, max_pairs_per_problem: int, seed: int) -> list[tuple[int, int]]:
    """(right row, wrong row) of `examples` (verifier_examples), at most so many a problem and style.

    Both are of one style, so that a verifier cannot tell them apart by the style. Each right and each wrong solution
    is used as evenly as the numbers allow, in an order by the hash of its key and the seed.
    """
    keys = examples.select("style", "problem_id", "decoding", "sample_index").iter_rows()
    drawn = (
        examples.select("style", "problem_id", "is_correct")
        .with_row_index("row")
        .with_columns(draw=pl.Series([draw_by_key(seed, key) for key in keys]))
        .sort("problem_id", "style", "draw")
    )
    grouped = drawn.group_by("problem_id", "style", maintain_order=True).agg(
        pl.col("row").filter("is_correct").alias("right"), pl.col("row").filter(~pl.col("is_correct")).alias("wrong")
    )
    pairs: list[tuple[int, int]] = []
    for right, wrong in grouped.select("right", "wrong").iter_rows():
        every = evenly(len(right), len(wrong))
        pairs += [(right[i], wrong[j]) for (i, j), _ in zip(every, range(max_pairs_per_problem), strict=False)]
    return pairs


def evenly(rights: int, wrongs: int) -> Iterator[tuple[int, int]]:
    """Every (i, j) with i < rights and j < wrongs once, both sides gone through in turn."""
    round_trip = lcm(rights, wrongs)
    for turn in range(rights * wrongs):
        # After a round trip the same pairs would come again, so the wrongs move on by one.
        yield turn % rights, (turn + turn // round_trip) % wrongs
