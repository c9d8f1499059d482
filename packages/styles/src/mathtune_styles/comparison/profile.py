"""The profile of a style's solutions: one number a measure, all measures of one style comparable with another's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from mathtune_styles.comparison.steps import Step, body, find_steps
from mathtune_styles.comparison.vocabulary import SAMPLE, expected_distinct


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the profile: its name in the tables, what it says, and how it prints.

    A measure is null where it has nothing to speak of.
    """

    name: str
    label: str
    unit: Literal["count", "share", "mean"]  # a share is of 1


MEASURES: dict[str, tuple[Measure, ...]] = {
    "size": (
        Measure("solutions", "solutions", "count"),
        Measure("problems", "problems with a solution", "count"),
        Measure("covered", "of the train problems", "share"),
        Measure("distinct_texts", "distinct texts", "share"),
    ),
    "length": (
        Measure("tokens", "tokens in all", "count"),
        Measure("tokens_a_solution", "tokens a solution", "mean"),
        Measure("characters_a_solution", "characters a solution", "mean"),
    ),
    "steps": (
        Measure("steps_a_solution", "steps a solution", "mean"),
        Measure("words_a_step", "words a step", "mean"),
        Measure("operations_a_step", "operations at once", "mean"),
        Measure("longest_step", "longest step, characters", "mean"),
    ),
    "equations": (
        Measure("equations_a_solution", "equations a solution", "mean"),
        Measure("equations_hold", "that hold", "share"),
        Measure("equations_fail", "that fail", "share"),
        Measure("equations_unchecked", "not checkable", "share"),
    ),
    "variety": (
        Measure("vocabulary", "vocabulary, words", "count"),
        Measure("distinct_words", f"distinct words in {SAMPLE:,}", "mean"),
        Measure("distinct_ngrams", f"distinct 4-grams in {SAMPLE:,}", "mean"),
    ),
    "answers": (
        Measure("no_answer", "without an answer", "share"),
        Measure("wrong_answer", "with a wrong answer", "share"),
        Measure("not_closed", "without the closing sentence", "share"),
    ),
}


_TEXT_SCHEMA: dict[str, Any] = {
    "solution": pl.String,
    "body": pl.String,
    "words": pl.List(pl.String),
    "tokens": pl.Int64,
    "characters": pl.Int64,
    "steps": pl.Int64,
    "operations": pl.Int64,
    "equation_steps": pl.Int64,
    "longest_step": pl.Int64,
    "hold": pl.Int64,
    "fail": pl.Int64,
    "unchecked": pl.Int64,
}


def read_texts(texts: pl.Series, tokens: Sequence[int]) -> pl.DataFrame:
    """What each distinct text holds; `tokens` are its lengths in tokens.

    Columns solution, body (it without its closing sentence), words (of the steps' prose, a list), tokens, characters,
    steps, operations (summed over the equation_steps that have an equation), longest_step (characters), and hold, fail
    and unchecked, which count equations.
    """
    rows = []
    for text, num_tokens in zip(texts, tokens, strict=True):
        steps = find_steps(text)
        words = [word for step in steps for word in step.words]
        operations = [step.operations for step in steps if step.operations is not None]
        longest = max((len(step.text) for step in steps), default=0)
        counts = (len(text), len(steps), sum(operations), len(operations), longest, *_verdicts(steps))
        rows.append((text, body(text), words, num_tokens, *counts))
    return pl.DataFrame(rows, schema=_TEXT_SCHEMA, orient="row")


def _verdicts(steps: Sequence[Step]) -> tuple[int, int, int]:
    """Equations that hold, that fail and that cannot be told."""
    found = [formula.equation.holds for step in steps for formula in step.formulas if formula.equation is not None]
    return found.count(True), found.count(False), found.count(None)


def profile_table(solutions: pl.DataFrame, ngrams: pl.DataFrame, num_problems: int) -> pl.DataFrame:
    """Columns style, measure and value, styles in the order of `solutions`, measures in that of MEASURES.

    `solutions` has style, problem_id, the columns of `read_texts` and those of `check_answers`, and text_index, the
    place of its text in `ngrams`, an `ngram_table`; `num_problems` are to be covered. A share of equations is one of
    all equations, a mean over steps one over all steps of the style.
    """
    equations = pl.col("hold", "fail", "unchecked").sum().truediv(pl.sum_horizontal(_totals()))
    measured = solutions.group_by("style", maintain_order=True).agg(
        pl.len().alias("solutions"),
        pl.col("problem_id").n_unique().alias("problems"),
        (pl.col("problem_id").n_unique() / num_problems).alias("covered"),
        (pl.col("solution").n_unique() / pl.len()).alias("distinct_texts"),
        pl.col("tokens").sum(),
        pl.col("tokens").mean().alias("tokens_a_solution"),
        pl.col("characters").mean().alias("characters_a_solution"),
        pl.col("steps").mean().alias("steps_a_solution"),
        (pl.col("words").list.len().sum() / pl.col("steps").sum()).alias("words_a_step"),
        (pl.col("operations").sum() / pl.col("equation_steps").sum()).alias("operations_a_step"),
        pl.col("longest_step").mean(),
        (pl.sum_horizontal(_totals()) / pl.len()).alias("equations_a_solution"),
        equations.name.prefix("equations_"),
        (~pl.col("answered")).mean().alias("no_answer"),
        (pl.col("answered") & ~pl.col("right")).mean().alias("wrong_answer"),
        (~pl.col("closed")).mean().alias("not_closed"),
    )
    variety = pl.DataFrame(
        [{"style": style[0], **_variety(rows, ngrams)} for style, rows in solutions.group_by("style")],
        schema={"style": pl.String, **dict.fromkeys(("vocabulary", "distinct_words", "distinct_ngrams"), pl.Float64)},
    )
    names = [measure.name for group in MEASURES.values() for measure in group]
    long = measured.join(variety, on="style", maintain_order="left").select(
        "style", pl.col(names).cast(pl.Float64).fill_nan(None)
    )
    order = pl.Enum(names)
    return (
        long.with_row_index("place")
        .unpivot(names, index=["place", "style"], variable_name="measure", value_name="value")
        .sort("place", pl.col("measure").cast(order))
        .select("style", "measure", "value")
    )


def _totals() -> list[pl.Expr]:
    return [pl.col("hold").sum(), pl.col("fail").sum(), pl.col("unchecked").sum()]


def _variety(rows: pl.DataFrame, ngrams: pl.DataFrame) -> dict[str, float | int | None]:
    words = rows["words"].explode().drop_nulls().value_counts()["count"].to_list()
    places = rows.select("text_index").join(ngrams, on="text_index")
    runs = places["ngram"].value_counts()["count"].to_list()
    return {
        "vocabulary": len(words),
        "distinct_words": expected_distinct(words),
        "distinct_ngrams": expected_distinct(runs),
    }
