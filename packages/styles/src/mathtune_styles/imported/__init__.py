"""The style *imported*: solutions from outside, such as PRM800K's, matched to the problems by the problems' words.

A solution is kept where its problem is one to train or validate on, and where the answer it states grades right against
the one that the problems table expects. It goes without calculator notes and figures, as the source's own do, and ends
in the sentence that every style closes with, the answer written as in the problems table.
"""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl

from mathtune_answers.cluster import cluster_samples
from mathtune_answers.extract import extract_answer
from mathtune_styles.closing import closed_with, marked_answer
from mathtune_styles.decontaminate import content_hash
from mathtune_styles.equations import NOTE, is_gsm8k, money_escaped
from mathtune_styles.readers.figures import without_figures
from mathtune_styles.readers.inputs import Input, check_pins, read_splits
from mathtune_styles.readers.prm800k import NO_ANSWER, WRONG_ANSWER, read_trajectories
from mathtune_styles.readers.source import SourceFile
from mathtune_styles.readers.table import required_text

SETTING = "build_solutions.imported"
COLUMNS = {"problem": "problem", "solution": "solution"}
NO_PROBLEM = "problem is not in the generator's fold or in val"
DUPLICATE = "duplicate"
TOO_MANY = "more than max_kept"
_HASHED = re.compile(r"^####.*\Z", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Where the solutions lie and what they are called.

    `location` is a file, a folder or hub:NAME (with a `revision`). DVC does not watch it: what was read is on record in
    summary.json, and a `sha256` pinned here, by the names given there, is checked.
    """

    location: str
    revision: str | None = None
    format: Literal["prm800k", "table"]
    columns: dict[str, str] = field(default_factory=dict)  # of a table: its columns for `problem` and `solution`
    sha256: dict[str, str] = field(default_factory=dict)
    origin: str
    max_kept: int  # right solutions kept a problem at most

    def __post_init__(self) -> None:
        """Raises ValueError for a count that keeps nothing, no origin, and columns that are not of a table."""
        if self.max_kept < 1:
            raise ValueError("max_kept: must be at least 1")
        if not self.origin.strip():
            raise ValueError("origin: must name who wrote the solutions")
        if self.columns and self.format != "table":
            raise ValueError("columns: only for the format `table`")
        for name in self.columns:
            if name not in COLUMNS:
                raise ValueError(f"columns: {name}: unknown; known: {', '.join(COLUMNS)}")


def build(
    params: Params, problems: pl.DataFrame, source_solutions: pl.DataFrame, base: Path, unfinished: Path
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """At most `max_kept` right solutions a problem; the summary counts the rejected ones by reason.

    Raises MathtuneError for an input that cannot be read or is not the one pinned.
    """
    rows, files, skipped = read_solutions(params)
    check_pins(files, params.sha256, f"{SETTING}.sha256")
    read = pl.DataFrame(rows, schema=dict.fromkeys(("problem", "steps", "stated"), pl.String), orient="row")
    kept, rejected = choose(read, problems, params.max_kept)
    solutions = kept.select(
        pl.format("{}/imported/{}", "problem_id", pl.int_range(pl.len()).over("problem_id")).alias("solution_id"),
        "problem_id",
        pl.struct("steps", "expected_answer")
        .map_elements(lambda row: closed_with(row["steps"], row["expected_answer"]), return_dtype=pl.String)
        .alias("solution"),
        pl.col("expected_answer").alias("predicted_answer"),
        pl.lit(True).alias("is_correct"),
        pl.lit(params.origin).alias("origin"),
    )
    return solutions, {
        "inputs": [asdict(file) for file in files],
        "skipped": skipped,
        "read": read.height,
        "rejected": rejected,
    }


def read_solutions(
    params: Params,
) -> tuple[list[tuple[str, str, str | None]], tuple[SourceFile, ...], dict[str, int]]:
    """(problem, steps, the answer they state) rows, the record of the inputs, and what gave no row, by reason."""
    source = Input(params.location, params.revision, f"{SETTING}.location", COLUMNS | params.columns)
    if params.format == "prm800k":
        read = read_trajectories(source)
        rows = [(found.problem, without_figures(found.steps), found.stated) for found in read.found]
        return rows, read.files, read.skipped
    parts = read_splits(source)
    rows = []
    for part in parts:
        for where, row in part.rows:
            solution = required_text(source, "solution", row, where)
            rows.append((required_text(source, "problem", row, where), plain(solution), extract_answer(solution)))
    return rows, tuple(part.record for part in parts), {}


def plain(solution: str) -> str:
    """The steps alone: no figures, no calculator notes, no section that marks the answer.

    Where a solution is in GSM8K's manner its dollar signs are money and are escaped, as in the style `original`.
    """
    text = without_figures(solution)
    if is_gsm8k(text):
        return money_escaped(_HASHED.sub("", NOTE.sub("", text))).strip()
    return marked_answer(text)[0]


def choose(read: pl.DataFrame, problems: pl.DataFrame, max_kept: int) -> tuple[pl.DataFrame, dict[str, int]]:
    """The rows to keep (problem_id, steps, expected_answer), and the others counted by reason.

    `read` has problem, steps and stated. Copies alike but for case and spacing count once, and which of many stay
    depends on a hash of their words, not on the order of the rows.
    """
    texts = read["problem"].unique()
    ids = pl.DataFrame({"problem": texts, "problem_id": [content_hash(text) for text in texts]})
    known = read.join(ids, on="problem").join(problems.select("problem_id", "expected_answer"), on="problem_id")
    samples = known.with_columns(
        pl.lit("sampled").alias("decoding"),
        pl.int_range(pl.len(), dtype=pl.Int32).alias("sample_index"),
        pl.concat_str(pl.lit("\\boxed{"), "stated", pl.lit("}")).fill_null("").alias("completion"),
    )
    graded = samples.join(cluster_samples(samples, problems), on=["problem_id", "decoding", "sample_index"])
    right = graded.filter("is_correct").with_columns(
        pl.col("steps").map_elements(content_hash, return_dtype=pl.String).alias("words")
    )
    distinct = right.sort("problem_id", "words", "steps").unique(
        ["problem_id", "words"], keep="first", maintain_order=True
    )
    kept = distinct.group_by("problem_id", maintain_order=True).head(max_kept)
    without = graded["predicted_answer"].null_count()
    return kept.select("problem_id", "steps", "expected_answer"), {
        NO_PROBLEM: read.height - known.height,
        NO_ANSWER: without,
        WRONG_ANSWER: graded.height - without - right.height,
        DUPLICATE: right.height - distinct.height,
        TOO_MANY: distinct.height - kept.height,
    }
