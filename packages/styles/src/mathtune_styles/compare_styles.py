"""Stage compare_styles: the solution styles' datasets side by side, before any model is trained on them.

Compared is what SSFT may learn from: the solutions of the problems in train's generator fold.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.study import Study
from mathtune_core.tables import read_table
from mathtune_styles.comparison.answer_format import check_answers
from mathtune_styles.comparison.coverage import coverage_table
from mathtune_styles.comparison.examples import choose_problems, examples_page
from mathtune_styles.comparison.lengths import count_tokens, load_tokenizer, summarise_lengths
from mathtune_styles.comparison.ngrams import ngram_table
from mathtune_styles.comparison.overlap import overlap_table
from mathtune_styles.comparison.profile import profile_table, read_texts

# What metrics.json holds of the profile; profile.csv has the rest.
HEADLINE = ("solutions", "covered", "tokens_a_solution", "steps_a_solution", "operations_a_step", "equations_hold")
DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareStylesParams:
    """The section `compare_styles:` of params.yaml."""

    num_examples: int  # problems shown in every style

    def __post_init__(self) -> None:
        """Refuses, as `field: reason`, what would fail later."""
        if self.num_examples < 0:
            raise ValueError(f"num_examples: must not be negative, got {self.num_examples}")


@dataclass(frozen=True, slots=True)
class StyleComparison:
    """Everything measured. `problems` are those of the generator fold, `solutions` theirs in all styles."""

    styles: tuple[str, ...]
    problems: pl.DataFrame
    solutions: pl.DataFrame
    profile: pl.DataFrame
    lengths: pl.DataFrame
    overlap: pl.DataFrame
    coverage: pl.DataFrame


def compare(problems: Path, solutions: Path, base: Path, styles: tuple[str, ...]) -> StyleComparison:
    """Compares `solutions`/STYLE/solutions.parquet, lengths in tokens of the checkpoint folder `base`.

    Raises MathtuneError for a file that is missing or unreadable, and for a style without a solution to compare.
    """
    tokenizer = load_tokenizer(base)
    table = read_table(problems / "problems.parquet", PROBLEMS)
    wanted = table.filter((pl.col("split") == "train") & (pl.col("fold") == "generator"))
    rows = pl.concat([_read_style(solutions, style, table, wanted) for style in styles])
    texts = rows["solution"].unique().sort()
    read = read_texts(texts, count_tokens(tokenizer, texts.to_list()))
    full = check_answers(rows.join(read, on="solution", how="left", maintain_order="left"))
    bodies = full.select("body").unique().with_row_index("text_index")
    full = full.join(bodies, on="body", how="left", maintain_order="left")
    ngrams = ngram_table(bodies["body"])
    return StyleComparison(
        styles=styles,
        problems=wanted,
        solutions=rows,
        profile=profile_table(full, ngrams, wanted.height),
        lengths=summarise_lengths(full.select("style", "tokens")),
        overlap=overlap_table(full, ngrams, styles),
        coverage=coverage_table(wanted, full, styles),
    )


def _read_style(folder: Path, style: str, table: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """The style's solutions of the problems `wanted`, with expected_answer."""
    file = folder / style / "solutions.parquet"
    rows = read_table(file, SOLUTIONS)
    unknown = rows.join(table, on="problem_id", how="anti")
    if unknown.height:
        raise MathtuneError(
            f"{file}: solutions.problem_id: {unknown['problem_id'][0]!r} is none of the problems; build both again"
        )
    rows = rows.join(wanted.select("problem_id", "expected_answer"), on="problem_id")
    if rows.is_empty():
        raise MathtuneError(f"{file}: no solution of a train problem in the generator's fold; compare another style")
    return rows.select(pl.lit(style).alias("style"), "solution_id", "problem_id", "solution", "expected_answer")


def metrics(comparison: StyleComparison) -> dict[str, dict[str, Any]]:
    """The headline measures of each style, and its mean overlap with the others (null for a style alone)."""
    found: dict[str, dict[str, Any]] = {}
    for style in comparison.styles:
        own = dict(comparison.profile.filter(pl.col("style") == style).select("measure", "value").iter_rows())
        others = comparison.overlap.filter((pl.col("first") == style) & (pl.col("second") != style))
        found[style] = {name: _rounded(own[name]) for name in HEADLINE}
        found[style]["solutions"] = int(own["solutions"])
        found[style]["overlap"] = _rounded(others["share"].mean())
    return found


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), DIGITS)


def run(params: CompareStylesParams, *, study: Study, problems: Path, solutions: Path, base: Path, out: Path) -> None:
    """Writes metrics.json, profile.csv, lengths.csv, overlap.csv, coverage.csv and examples.md.

    `solutions` holds <style>/solutions.parquet. Raises MathtuneError as `compare` does.
    """
    comparison = compare(problems, solutions, base, study.styles)
    for name in ("profile", "lengths", "overlap", "coverage"):
        table: pl.DataFrame = getattr(comparison, name)
        table.with_columns(cs.float().round(DIGITS)).write_csv(out / f"{name}.csv")
    chosen = choose_problems(comparison.solutions, params.num_examples)
    page = examples_page(comparison.problems, comparison.solutions, study.styles, chosen)
    (out / "examples.md").write_text(page, encoding="utf-8")
    (out / "metrics.json").write_text(json.dumps(metrics(comparison), indent=2) + "\n")
