"""The n-grams of solutions: runs of consecutive words, numbers and signs, as a long table."""

import polars as pl

from mathtune_styles.decontaminate import WORD

LENGTH = 4


def ngram_table(texts: pl.Series) -> pl.DataFrame:
    """Columns text and ngram (a hash), a row for each place: every run of LENGTH consecutive words, numbers and signs.

    `texts` are distinct. Case and spacing do not count; a text of fewer words is one n-gram, an empty one none. Two
    n-grams share a hash by chance about once in 10^19 pairs.
    """
    words = (
        pl.DataFrame({"text": texts})
        .with_columns(pl.col("text").str.to_lowercase().str.extract_all(WORD.pattern).alias("word"))
        .with_row_index("row")
        .with_columns(pl.col("word").list.len().alias("count"))
        .filter(pl.col("count") > 0)
        .select("row", "text", "count", "word")
        .explode("word")
    )
    place = pl.int_range(pl.len()).over("row")
    within = [
        pl.when(place + ahead < pl.col("count")).then(pl.col("word").shift(-ahead)).alias(f"word{ahead}")
        for ahead in range(LENGTH)
    ]
    return (
        words.with_columns(*within, place.alias("place"))
        .filter((pl.col("place") == 0) | (pl.col("place") <= pl.col("count").cast(pl.Int64) - LENGTH))
        .select("text", pl.struct(f"word{ahead}" for ahead in range(LENGTH)).hash(seed=0).alias("ngram"))
    )
