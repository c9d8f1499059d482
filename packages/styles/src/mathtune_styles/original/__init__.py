"""The style *original*: each problem's own solution, as its source gives it.

Two rules make sources alike, so that styles differ in their steps and not in their format: calculator notes (GSM8K's
<<48/2=24>>) go, and a `#### 72` ending becomes the sentence that every style closes with. Where a solution ends so, its
dollar signs are money and are escaped, as in every other style.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_styles.equations import NOTE, money_escaped

MARKED_RESULT = re.compile(r"\s*####\s*(?P<answer>.+?)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Nothing to set: the original is what it is."""


def plain(solution: str) -> str:
    """The solution without calculator notes, its marked result as a closing sentence."""
    text = NOTE.sub("", solution)
    marked = MARKED_RESULT.search(text)
    if not marked:
        return text.strip()
    steps = money_escaped(text[: marked.start()])
    answer = marked["answer"].lstrip("$").strip().replace(",", "")
    return f"{steps}\nThe answer is $\\boxed{{{answer}}}$.".strip()


def build(
    params: Params, problems: pl.DataFrame, source_solutions: pl.DataFrame, base: Path, unfinished: Path
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """One solution a problem: the source's."""
    return source_solutions.with_columns(
        pl.format("{}/original", "problem_id").alias("solution_id"),
        pl.col("solution").map_elements(plain, return_dtype=pl.String),
    ), {}
