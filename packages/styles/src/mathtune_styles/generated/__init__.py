"""The style *generated*: rejection sampling. A teacher writes several solutions a problem; the right ones stay."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_answers.cluster import cluster_samples
from mathtune_core.errors import MathtuneError
from mathtune_sampling.backend import Backend, Opened, open_sampler
from mathtune_sampling.checkpoint import Dtype
from mathtune_sampling.collect import collect, requests_of
from mathtune_sampling.requests import SamplingParams


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """The teacher's sampling: it is the base model itself, before any fine-tuning."""

    max_problems: int
    n: int
    temperature: float
    top_p: float
    max_tokens: int
    max_kept: int  # right solutions kept a problem at most
    backend: Backend
    max_num_seqs: int
    kv_cache_gib: float
    dtype: Dtype
    seed: int

    def __post_init__(self) -> None:
        """Raises ValueError for counts that keep nothing."""
        for name in ("max_problems", "n", "max_kept", "max_num_seqs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least 1")


def choose(solutions: pl.DataFrame, max_kept: int) -> pl.DataFrame:
    """Right solutions only, near-duplicates (alike but for spacing and case) once, at most `max_kept` a problem.

    Which of many stay does not depend on the order of the samples' making: those of the smallest sample index.
    """
    return (
        solutions.filter("is_correct")
        .with_columns(
            pl.col("completion").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars().alias("plain")
        )
        .sort("problem_id", "sample_index")
        .unique(["problem_id", "plain"], keep="first", maintain_order=True)
        .group_by("problem_id", maintain_order=True)
        .head(max_kept)
        .drop("plain")
    )


def sample(opened: Opened, base: Path, problems: pl.DataFrame, params: Params, unfinished: Path) -> pl.DataFrame:
    """The teacher's samples: columns problem_id, decoding, sample_index, completion, finish_reason.

    `opened` holds the checkpoint folder `base`.
    """
    requests = requests_of(problems, opened.tokenizer)
    settings = SamplingParams(
        n=params.n, temperature=params.temperature, top_p=params.top_p, max_tokens=params.max_tokens
    )
    keyed: Any = {"seed": params.seed, "purpose": "style data", "decodings": ("sampled",)}
    rows = [
        (c.problem_id, c.decoding, c.sample_index, c.text, c.finish_reason)
        for completions in collect(opened, base, requests, settings, **keyed, unfinished=unfinished)
        for c in completions
    ]
    schema = {
        "problem_id": pl.String,
        "decoding": pl.String,
        "sample_index": pl.Int32,
        "completion": pl.String,
        "finish_reason": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def build(
    params: Params, problems: pl.DataFrame, source_solutions: pl.DataFrame, base: Path, unfinished: Path
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """At most `max_kept` right solutions of each of the first `max_problems` train problems.

    Raises MathtuneError when the teacher solves none of them.
    """
    asked = problems.filter(pl.col("split") == "train").head(params.max_problems)
    opened = open_sampler(base, params.backend, params.dtype, params.max_num_seqs, params.kv_cache_gib)
    samples = sample(opened, base, asked, params, unfinished)
    graded = samples.join(cluster_samples(samples, asked), on=["problem_id", "decoding", "sample_index"])
    # A solution cut off at the length limit is not one to learn from, even where its answer was already there.
    kept = choose(graded.filter(pl.col("finish_reason") == "stop"), params.max_kept)
    if kept.is_empty():
        raise MathtuneError(
            f"build_solutions.generated: the teacher {base} solved none of {asked.height} problems; "
            "raise n or max_problems, or use a stronger base"
        )
    weights = hashlib.sha256((base / "model.safetensors").read_bytes()).hexdigest()[:12]
    solutions = kept.select(
        pl.format("{}/generated/{}", "problem_id", "sample_index").alias("solution_id"),
        "problem_id",
        pl.col("completion").str.strip_chars().alias("solution"),
        "predicted_answer",
        "is_correct",
        pl.lit(f"{base.parent.name} {weights}, temperature {params.temperature}, top-p {params.top_p}").alias("origin"),
    )
    levels = asked.select("problem_id", "level", pl.col("problem_id").is_in(kept["problem_id"].implode()).alias("kept"))
    return solutions, {
        "asked": asked.height,
        "samples": samples.height,
        "right": int(graded["is_correct"].sum()),
        "solved": kept["problem_id"].n_unique(),
        "solved_by_level": {
            str(level): round(share, 3)
            for level, share in levels.group_by("level").agg(pl.col("kept").mean()).sort("level").iter_rows()
        },
    }
