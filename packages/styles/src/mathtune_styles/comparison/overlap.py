"""How much of one style's wording another style shares: n-grams in common."""

from itertools import product

import polars as pl


def overlap_table(solutions: pl.DataFrame, ngrams: pl.DataFrame, styles: tuple[str, ...]) -> pl.DataFrame:
    """Columns first, second, num_problems, share, corpus_share, a row for each ordered pair and each style with itself.

    share: over the solutions of `first` whose problem `second` solves as well (num_problems of them), the mean share
    of a solution's distinct n-grams that the solutions of `second` to the same problem hold; null where there is none.
    corpus_share: the same over all solutions of `first` and all of `second`, which grows with the size of `second`.
    `solutions` has style, problem_id and text_index, `ngrams` is the `ngram_table` of their texts, in which
    the closing sentence, which all share, is best left out.
    """
    # Numbers for the strings that a million n-grams are joined by.
    numbered = solutions.select("style", "text_index", pl.col("problem_id").rank("dense")).with_row_index("solution")
    rows = numbered.join(ngrams.unique(), on="text_index")
    by_style = {style: rows.filter(pl.col("style") == style) for style in styles}
    pairs = [
        {"first": first, "second": second, **_shares(by_style[first], by_style[second])}
        for first, second in product(styles, styles)
    ]
    schema = {
        "first": pl.String,
        "second": pl.String,
        "num_problems": pl.Int64,
        "share": pl.Float64,
        "corpus_share": pl.Float64,
    }
    return pl.DataFrame(pairs, schema=schema)


def _shares(first: pl.DataFrame, second: pl.DataFrame) -> dict[str, float | int | None]:
    common = first.join(second, on="problem_id", how="semi")
    return {
        "num_problems": common["problem_id"].n_unique(),
        "share": _mean_share(common, second, ["problem_id", "ngram"]),
        "corpus_share": _mean_share(first, second, ["ngram"]),
    }


def _mean_share(rows: pl.DataFrame, others: pl.DataFrame, key: list[str]) -> float | None:
    """The mean over solutions of the share of their n-grams whose `key` is among `others`."""
    known = others.select(key).unique().with_columns(pl.lit(value=True).alias("known"))
    shares = (
        rows.join(known, on=key, how="left")
        .group_by("solution")
        .agg(pl.col("known").fill_null(value=False).mean().alias("share"))
    )
    # Sorted: the order of a group_by must not show in the last digit of the mean.
    return shares.select(pl.col("share").sort().mean()).item()
