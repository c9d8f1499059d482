"""The n-grams of solutions: runs of consecutive words, numbers and signs, as a long table."""

import polars as pl

from mathtune_styles.decontaminate import WORD

LENGTH = 4


def ngram_table(texts: pl.Series) -> pl.DataFrame:
    """Columns text_index and ngram (a hash), a row for each run of LENGTH consecutive words, numbers and signs.

    text_index is the place of its text in `texts`, from 0. Case and spacing do not count; a text of fewer words is one
    n-gram, an empty one none. Two n-grams share a hash by chance about once in 10^19 pairs.
    """
    words = (
        texts.str.to_lowercase()
        .str.extract_all(WORD.pattern)
        .alias("word")
        .to_frame()
        .with_row_index("text_index")
        .with_columns(pl.col("word").list.len().alias("count"))
        .filter(pl.col("count") > 0)
        .explode("word")
    )
    place = pl.int_range(pl.len()).over("text_index")
    within = [
        pl.when(place + ahead < pl.col("count")).then(pl.col("word").shift(-ahead)).alias(f"word{ahead}")
        for ahead in range(LENGTH)
    ]
    return (
        words.with_columns(*within, place.alias("place"))
        .filter((pl.col("place") == 0) | (pl.col("place") <= pl.col("count").cast(pl.Int64) - LENGTH))
        .select("text_index", pl.struct(f"word{ahead}" for ahead in range(LENGTH)).hash(seed=0).alias("ngram"))
    )
