"""Single problems with their solution in every style, one under the other."""

import re

import polars as pl


def choose_problems(solutions: pl.DataFrame, num_examples: int) -> list[str]:
    """Ids of the problems that most styles share; among those, the ones whose texts differ most often come first.

    Equals go by problem_id, a hash: a random choice that stays. `solutions` has style, problem_id and solution.
    """
    ranked = (
        solutions.group_by("problem_id")
        .agg(pl.col("style").n_unique().alias("styles"), pl.col("solution").n_unique().alias("texts"))
        .with_columns(pl.min_horizontal("styles", "texts").alias("texts"))
        .sort("styles", "texts", "problem_id", descending=[True, True, False])
    )
    return ranked["problem_id"].head(num_examples).to_list()


def solutions_of(solutions: pl.DataFrame, problem_id: str, styles: tuple[str, ...]) -> dict[str, list[str]]:
    """Each style's solutions of one problem, by solution_id; an empty list where it has none."""
    own = solutions.filter(pl.col("problem_id") == problem_id).sort("solution_id")
    return {style: own.filter(pl.col("style") == style)["solution"].to_list() for style in styles}


def examples_page(problems: pl.DataFrame, solutions: pl.DataFrame, styles: tuple[str, ...], chosen: list[str]) -> str:
    """A Markdown page of the problems `chosen`. Texts stand as they are, to the character, so in fences."""
    lines = ["# The same problems in every style", ""]
    for problem_id in chosen:
        problem = problems.row(by_predicate=pl.col("problem_id") == problem_id, named=True)
        about = [problem["subject"], problem["level"] and f"level {problem['level']}", problem["source"]]
        lines += [f"## {problem_id}", "", ", ".join(part for part in about if part), "", *_fenced(problem["problem"])]
        lines += [f"Expected answer: `{problem['expected_answer']}`", ""]
        for style, texts in solutions_of(solutions, problem_id, styles).items():
            lines += [f"### {style}", ""]
            lines += [line for text in texts for line in _fenced(text)] or ["No solution.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _fenced(text: str) -> list[str]:
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", text.strip(), fence, ""]
