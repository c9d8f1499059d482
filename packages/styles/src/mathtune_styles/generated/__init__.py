"""The style *generated*: rejection sampling. A teacher writes several solutions a problem; the right ones stay."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_answers.cluster import cluster_samples
from mathtune_core.digests import hash_file
from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import END_OF_SHOT
from mathtune_core.schemas import SAMPLE_KEY
from mathtune_core.shots import read_shots
from mathtune_sampling.collect import requests_of
from mathtune_styles.closing import closed
from mathtune_styles.rejection import FAULTS, judge, yield_report
from mathtune_styles.teacher import TeacherParams, draw, open_teacher


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(TeacherParams):
    """The teacher and its sampling. A model that was not fine-tuned on solutions needs worked examples to follow."""

    shots: str | None = None  # a file of worked examples, one {"problem": …, "solution": …} a line


def build(
    params: Params, problems: pl.DataFrame, source_solutions: pl.DataFrame, base: Path, unfinished: Path
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """At most `max_kept` right solutions of each of the first `max_problems` train problems.

    Raises MathtuneError when the teacher or the worked examples cannot be read, and when no problem is solved.
    """
    shots = () if params.shots is None else read_shots(Path(params.shots))
    asked = problems.filter(pl.col("split") == "train").head(params.max_problems)
    teacher = open_teacher(params, base)
    requests = requests_of(asked, teacher.tokenizer, shots)
    drawn = draw(teacher, requests, params, (END_OF_SHOT,) if shots else (), unfinished)
    graded = drawn.samples.join(cluster_samples(drawn.samples, asked), on=SAMPLE_KEY)
    judged = judge(graded, FAULTS, params.max_kept)
    report = yield_report(judged, asked)
    if judged.kept.is_empty():
        raise MathtuneError(
            f"build_solutions.generated: the teacher {teacher.folder} solved none of {asked.height} problems "
            f"(rejected: {report['rejected']}); raise n or max_problems, give it worked examples (shots), or use a "
            "stronger one"
        )
    origin = f"{teacher.name}, temperature {params.temperature}, top-p {params.top_p}"
    summary = report | {
        "prompts_too_long": len(drawn.too_long),
        "teacher": {"folder": str(teacher.folder), "sha256": teacher.weights},
    }
    if params.shots is not None:
        digest = hash_file(Path(params.shots))
        origin += f", {len(shots)} shots of {Path(params.shots).name} {digest[:12]}"
        summary["shots"] = {"file": params.shots, "sha256": digest, "examples": len(shots)}
    texts = [closed(*row) for row in judged.kept.select("completion", "predicted_answer").iter_rows()]
    solutions = judged.kept.select(
        pl.format("{}/generated/{}", "problem_id", "sample_index").alias("solution_id"),
        "problem_id",
        pl.Series("solution", texts, dtype=pl.String),
        "predicted_answer",
        "is_correct",
        pl.lit(origin).alias("origin"),
    )
    return solutions, summary
