"""Accuracy by kind of problem: its subject, its level, the type of its answer, how long its solutions are."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl

from mathtune_ranking.answer_types import TYPES, answer_type
from mathtune_ranking.intervals import intervals
from mathtune_ranking.outcomes import Outcomes, percent
from mathtune_ranking.selectors import Bools, Floats

SHOWN = ("Pass@1", "Maj1", "W.RR")
NONE = "none"  # the value of problems without a subject or a level

SCHEMA = {
    "by": pl.String,  # subject, level, answer type, solution length
    "value": pl.String,
    "generator": pl.String,
    "selector": pl.String,
    "accuracy": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "num_problems": pl.Int64,
}


def breakdowns(
    found: Outcomes, problems: pl.DataFrame, mean_tokens: Floats, headline: Bools, confidence: float
) -> pl.DataFrame:
    """The headline problems (mask (P,)) in groups, with the columns of `SCHEMA`, values in their natural order.

    `problems` are the P rows of the PROBLEMS table and `mean_tokens` (P,) the length of a problem's sampled solutions,
    all in the order of the outcomes. Problems without a subject or a level are the value "none", last; where no problem
    has one, there is nothing to break down by.
    """
    names = [(row, selector) for row in found.headline for selector in SHOWN]
    values = np.stack([found.mean(row, selector) for row, selector in names], axis=1)
    lines = []
    for by, value, group in _groups(problems, mean_tokens, headline):
        low, high = intervals(values[group], confidence)
        means = values[group].mean(axis=0)
        for column, (row, selector) in enumerate(names):
            accuracy = (percent(number[column]) for number in (means, low, high))
            lines.append((by, value, row.generator, selector, *accuracy, int(group.sum())))
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def _groups(problems: pl.DataFrame, mean_tokens: Floats, headline: Bools) -> Iterator[tuple[str, str, Bools]]:
    """(by, value, mask (P,)) of every group that has a headline problem."""
    types = pl.Series([answer_type(answer) for answer in problems["expected_answer"]], dtype=pl.Enum(TYPES))
    parts = {"subject": problems["subject"], "level": problems["level"], "answer type": types}
    for by, column in parts.items():
        present = column.filter(pl.Series(headline)).unique().sort()
        for value in present.drop_nulls():
            yield by, str(value), headline & (column == value).fill_null(False).to_numpy()
        if 0 < present.null_count() < len(present):
            yield by, NONE, headline & column.is_null().to_numpy()
    for value, member in _length_groups(mean_tokens, headline):
        yield "solution length", value, member


def _length_groups(mean_tokens: Floats, headline: Bools) -> Iterator[tuple[str, Bools]]:
    """The quarters of the headline problems by length, with bounds in whole tokens; fewer where lengths are equal.

    Groups are of problems, the same for all generators, so that these stay comparable within one.
    """
    inner = np.unique(np.quantile(mean_tokens[headline], [0.25, 0.5, 0.75]).round())
    bounds = [-np.inf, *inner, np.inf]
    for low, high in pairwise(bounds):
        member = headline & (mean_tokens > low) & (mean_tokens <= high)
        if not member.any():
            continue
        if np.isinf(low):
            yield f"≤ {high:.0f} tokens", member
        else:
            yield f"> {low:.0f} tokens" if np.isinf(high) else f"{low:.0f}–{high:.0f} tokens", member
