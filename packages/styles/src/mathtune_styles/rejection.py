"""Rejection sampling: each sample is kept or has one reason why not, and the reasons add up to a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from mathtune_styles.near_duplicates import steps_key

CUT = "cut at max_tokens"
NO_ANSWER = "no answer"
WRONG = "wrong answer"
NEAR_DUPLICATE = "near-duplicate"
OVER = "over max_kept"
# What graded samples (columns of CLUSTERS and finish_reason) are rejected for whatever the style. A solution that was
# cut is not one to learn from, even where its answer was already there.
FAULTS: Mapping[str, pl.Expr] = {
    CUT: pl.col("finish_reason") == "length",
    NO_ANSWER: pl.col("predicted_answer").is_null(),
    WRONG: ~pl.col("is_correct"),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """All samples, sorted by problem and index, with `rejection`: a reason, or null for a sample that is kept."""

    samples: pl.DataFrame

    @property
    def kept(self) -> pl.DataFrame:
        """The samples that are kept."""
        return self.samples.filter(pl.col("rejection").is_null())

    @property
    def right(self) -> pl.DataFrame:
        """The samples without a fault: kept, or rejected only because there are others like them or enough."""
        return self.samples.filter(pl.col("rejection").is_null() | pl.col("rejection").is_in([NEAR_DUPLICATE, OVER]))


def judge(samples: pl.DataFrame, faults: Mapping[str, pl.Expr], max_kept: int) -> Judged:
    """`samples` (columns problem_id, sample_index, completion and what the faults read), each with its verdict.

    The reason is the first of `faults` that is true. Of a problem's samples without one, those that take the steps of
    an earlier one are near-duplicates, and of the others the first `max_kept` by index stay: a larger number keeps what
    a smaller one keeps, whatever the order of the samples' making.
    """
    reasons = [pl.when(fault).then(pl.lit(reason)) for reason, fault in faults.items()]
    ordered = samples.sort("problem_id", "sample_index").with_columns(pl.coalesce(reasons).alias("rejection"))
    sound = pl.col("rejection").is_null()
    steps = pl.when(sound).then(pl.col("completion")).map_elements(steps_key, return_dtype=pl.String)
    new = pl.struct("problem_id", "steps").is_first_distinct() & sound
    return Judged(
        ordered.with_columns(steps.alias("steps"))
        .with_columns(new.alias("new"))
        .with_columns(
            pl.when(~sound)
            .then("rejection")
            .when(~pl.col("new"))
            .then(pl.lit(NEAR_DUPLICATE))
            .when(pl.col("new").cum_sum().over("problem_id") > max_kept)
            .then(pl.lit(OVER))
            .alias("rejection")
        )
        .drop("steps", "new")
    )


def yield_report(judged: Judged, asked: pl.DataFrame) -> dict[str, Any]:
    """What the samples of the problems `asked` came to and cost; `unsolved` is a table.

    `right` counts samples without a fault, `solved` problems with one. Tokens are generated ones, end tokens included.
    """
    samples, kept, right = judged.samples, judged.kept, judged.right
    tokens = int(samples["num_tokens"].sum())
    rejected = samples["rejection"].drop_nulls().value_counts().sort("rejection")
    marked = asked.with_columns(
        pl.col("problem_id").is_in(right["problem_id"].implode()).alias("solved"),
    )
    return {
        "asked": asked.height,
        "solved": int(marked["solved"].sum()),
        "samples": samples.height,
        "right": right.height,
        "kept": kept.height,
        "share_right": round(right.height / max(samples.height, 1), 4),
        "share_kept": round(kept.height / max(samples.height, 1), 4),
        "rejected": dict(rejected.iter_rows()),
        "generated_tokens": tokens,
        "tokens_per_kept": round(tokens / kept.height, 1) if kept.height else None,
        "solved_by_level": _coverage(marked, "level"),
        "solved_by_subject": _coverage(marked, "subject"),
        "unsolved": marked.filter(~pl.col("solved")).select("problem_id", "level", "subject").sort("problem_id"),
    }


def _coverage(marked: pl.DataFrame, column: str) -> dict[str, dict[str, int | float]]:
    """The problems asked and solved for each value of `column`, `not stated` where it is null."""
    counted = (
        marked.group_by(pl.col(column).cast(pl.String).fill_null("not stated"))
        .agg(pl.len().alias("asked"), pl.col("solved").sum())
        .sort(column)
    )
    return {
        value: {"asked": asked, "solved": solved, "share": round(solved / asked, 3)}
        for value, asked, solved in counted.iter_rows()
    }
