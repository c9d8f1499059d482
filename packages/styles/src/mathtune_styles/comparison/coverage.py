"""Which problems a style has solutions for, by level and by subject."""

import polars as pl

KINDS = ("level", "subject", "all")


def coverage_table(problems: pl.DataFrame, solutions: pl.DataFrame, styles: tuple[str, ...]) -> pl.DataFrame:
    """Columns style, kind, value, num_problems, covered, for kind level, subject and all, whose value is all.

    `problems` are those to cover, `solutions` has style and problem_id. A problem without a level or a subject is left
    out of that kind.
    """
    blocks = []
    for style in styles:
        own = solutions.filter(pl.col("style") == style)["problem_id"].unique()
        marked = problems.with_columns(pl.col("problem_id").is_in(own.implode()).alias("covered"))
        marked = marked.with_columns(pl.lit("all").alias("all"))
        blocks += [_counted(marked, style, kind) for kind in KINDS]
    return pl.concat(blocks)


def _counted(marked: pl.DataFrame, style: str, kind: str) -> pl.DataFrame:
    return (
        marked.drop_nulls(kind)
        .group_by(pl.col(kind).cast(pl.String).alias("value"))
        .agg(pl.len().cast(pl.Int64).alias("num_problems"), pl.col("covered").sum().cast(pl.Int64))
        .sort("value")
        .select(pl.lit(style).alias("style"), pl.lit(kind).alias("kind"), "value", "num_problems", "covered")
    )
