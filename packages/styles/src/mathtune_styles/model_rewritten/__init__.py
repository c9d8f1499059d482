"""The style *model_rewritten*: a model is shown a problem with its own solution and writes the solution out in full.

A rewriting is kept if the answer survives, every equation that can be checked holds, and it is no copy of the original
and no shortening of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_answers.cluster import cluster_samples
from mathtune_core.digests import hash_file
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import SAMPLE_KEY
from mathtune_sampling.requests import Request
from mathtune_styles.closing import closed
from mathtune_styles.model_rewritten.faults import STYLE_FAULTS, fault
from mathtune_styles.model_rewritten.prompt import read_prompt, rendered_ids
from mathtune_styles.rejection import FAULTS, judge, yield_report
from mathtune_styles.teacher import TeacherParams, draw, open_teacher

REASONS: Mapping[str, pl.Expr] = {**FAULTS, **{reason: pl.col("fault") == reason for reason in STYLE_FAULTS}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(TeacherParams):
    """The model and its sampling, and how it is asked."""

    prompt: str  # a text file with {problem} and {solution}, worked examples of rewriting before them
    chat: bool = False  # put the prompt into the tokenizer's chat template, as a user's message


def build(
    params: Params, problems: pl.DataFrame, source_solutions: pl.DataFrame, base: Path, unfinished: Path
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """At most `max_kept` rewritings of each of the first `max_problems` train problems whose original is right.

    Raises MathtuneError when the model or the prompt cannot be read, and when no rewriting is kept.
    """
    prompt = read_prompt(Path(params.prompt))
    originals = source_solutions.filter(pl.col("is_correct")).select(
        "problem_id", pl.col("predicted_answer").alias("original_answer"), "solution"
    )
    asked = problems.filter(pl.col("split") == "train").join(originals, on="problem_id").head(params.max_problems)
    texts = [closed(*row) for row in asked.select("solution", "original_answer").iter_rows()]
    asked = asked.with_columns(pl.Series("original", texts, dtype=pl.String))
    teacher = open_teacher(params, base)
    requests = [
        Request(problem_id, tuple(rendered_ids(teacher.tokenizer, prompt.render(problem, original), params.chat)))
        for problem_id, problem, original in asked.select("problem_id", "problem", "original").iter_rows()
    ]
    drawn = draw(teacher, requests, params, prompt.stops, unfinished)
    graded = drawn.samples.join(cluster_samples(drawn.samples, asked), on=SAMPLE_KEY).join(
        asked.select("problem_id", "solution", "original_answer"), on="problem_id"
    )
    compared = graded.select("completion", "predicted_answer", "solution", "original_answer").iter_rows()
    faults = [fault(*row) if right else None for right, row in zip(graded["is_correct"], compared, strict=True)]
    judged = judge(graded.with_columns(pl.Series("fault", faults, dtype=pl.String)), REASONS, params.max_kept)
    report = yield_report(judged, asked)
    if judged.kept.is_empty():
        raise MathtuneError(
            f"build_solutions.model_rewritten: no rewriting by {teacher.folder} was kept (rejected: "
            f"{report['rejected']}); raise n or max_problems, mend the prompt {params.prompt}, or use a stronger model"
        )
    digest = hash_file(Path(params.prompt))
    origin = (
        f"rewritten by {teacher.name}, temperature {params.temperature}, top-p {params.top_p}, "
        f"prompt {Path(params.prompt).name} {digest[:12]}"
    )
    texts = [closed(*row) for row in judged.kept.select("completion", "predicted_answer").iter_rows()]
    solutions = judged.kept.select(
        pl.format("{}/model_rewritten/{}", "problem_id", "sample_index").alias("solution_id"),
        "problem_id",
        pl.Series("solution", texts, dtype=pl.String),
        "predicted_answer",
        "is_correct",
        pl.lit(origin).alias("origin"),
    )
    return solutions, report | {
        "prompts_too_long": len(drawn.too_long),
        "teacher": {"folder": str(teacher.folder), "sha256": teacher.weights},
        "prompt": {"file": params.prompt, "sha256": digest},
    }
