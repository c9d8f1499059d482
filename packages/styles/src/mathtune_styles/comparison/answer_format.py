"""Whether solutions state their answer, rightly, and in the sentence that every style closes with."""

import polars as pl

from mathtune_answers import extract_answer, grade
from mathtune_styles.closing import SENTENCE


def check_answers(solutions: pl.DataFrame) -> pl.DataFrame:
    """`solutions` (columns solution, expected_answer and others) with the columns answered, right and closed added.

    The answer is what `extract_answer` finds in the text, whatever the table says; without one, right is False.
    """
    texts = solutions["solution"].unique()
    read = pl.DataFrame(
        {
            "solution": texts,
            "found": [extract_answer(text) for text in texts],
            "closed": [SENTENCE.search(text) is not None for text in texts],
        },
        schema={"solution": pl.String, "found": pl.String, "closed": pl.Boolean},
    )
    rows = solutions.join(read, on="solution", how="left", maintain_order="left")
    pairs = rows.select("expected_answer", "found").drop_nulls().unique()
    graded = pairs.with_columns(
        pl.Series("right", [grade(expected, found) for expected, found in pairs.iter_rows()], dtype=pl.Boolean)
    )
    return rows.join(graded, on=["expected_answer", "found"], how="left", maintain_order="left").select(
        *solutions.columns,
        pl.col("found").is_not_null().alias("answered"),
        pl.col("right").fill_null(value=False),
        "closed",
    )
