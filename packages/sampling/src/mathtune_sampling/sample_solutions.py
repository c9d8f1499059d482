"""Stage: one greedy and n sampled solutions for each problem of a split."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import polars as pl

from mathtune_core.batches import write_batches
from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import END_OF_SHOT
from mathtune_core.schemas import PROBLEMS, SAMPLES, SPLITS
from mathtune_core.shots import Shot, read_shots
from mathtune_core.tables import read_table
from mathtune_sampling.backend import EngineParams, open_sampler
from mathtune_sampling.collect import collect, requests_of
from mathtune_sampling.requests import Completion, Decoding, SamplingParams
from mathtune_sampling.timing import write_timing

DECODINGS: tuple[Decoding, ...] = ("greedy", "sampled")
PROBLEMS_AT_ONCE = 256  # on their way into the table: with 64 samples of each some 20 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSolutionsParams(EngineParams):
    """Section `sample_solutions.<split>` of params.yaml. Raises ValueError("field: reason")."""

    n: int
    temperature: float
    top_p: float
    top_k: int  # 0 takes every token
    min_p: float
    max_tokens: int
    stop: tuple[str, ...]  # a completion ends before the first of these texts
    max_problems: int | None  # the first so many by problem_id, which is a hash; null takes all
    fold: Literal["generator", "verifier"] | None  # of the train split only
    purpose: str  # names the use of the samples, so that two uses never share noise

    def __post_init__(self) -> None:
        EngineParams.__post_init__(self)
        self.sampling()  # checks its own
        if self.max_problems is not None and self.max_problems < 1:
            raise ValueError(f"max_problems: must be at least 1 or null, got {self.max_problems}")
        if not self.purpose:
            raise ValueError("purpose: must not be empty")

    def sampling(self, after_shots: bool = False) -> SamplingParams:
        """The part a sampler reads; `after_shots`, a completion also ends where the next example would begin."""
        return SamplingParams(
            n=self.n,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            max_tokens=self.max_tokens,
            stop=(*self.stop, END_OF_SHOT) if after_shots else self.stop,
        )


def run(
    params: SampleSolutionsParams,
    *,
    item: str,
    seed: int,
    problems: Path,
    model: Path,
    out: Path,
    unfinished: Path,
) -> None:
    """problems/problems.parquet, its split `item`, and the checkpoint `model` → out/samples.parquet.

    Beside it timing.json has the tokens that this process generated and the seconds they took, loading apart.
    Where the checkpoint's folder holds shots.jsonl, these worked examples stand before each problem. `unfinished` is
    the folder for what is done so far; see shards.py.
    """
    chosen = select_problems(read_table(problems / "problems.parquet", PROBLEMS), item, params)
    shots = read_shots_of(model)
    opened = open_sampler(model, params)
    collected = collect(
        opened,
        model,
        requests_of(chosen, opened.tokenizer, shots),
        params.sampling(after_shots=bool(shots)),
        seed=seed,
        purpose=params.purpose,
        decodings=DECODINGS,
        unfinished=unfinished,
    )
    rows = write_samples(collected.completions(), seed, out / "samples.parquet")
    write_timing(out / "timing.json", "tokens", collected.tokens, collected.seconds)
    sys.stderr.write(
        f"sample_solutions@{item}: {len(chosen)} problems, {rows} solutions, {collected.tokens} tokens "
        f"in {collected.seconds:.1f} s ({collected.tokens / max(collected.seconds, 1e-9):.0f} tokens/s)\n"
    )


def read_shots_of(model: Path) -> tuple[Shot, ...]:
    """The worked examples that come with a checkpoint; fine-tuned ones have none."""
    path = model / "shots.jsonl"
    return read_shots(path) if path.is_file() else ()


def select_problems(problems: pl.DataFrame, split: str, params: SampleSolutionsParams) -> pl.DataFrame:
    """The problems of `split` (and fold), sorted by problem_id, at most `params.max_problems`.

    Raises MathtuneError for an unknown split, a fold asked of a split that has none, and when nothing is left.
    """
    section = f"params.yaml: sample_solutions.{split}"
    if split not in SPLITS:
        raise MathtuneError(f"{section}: no such split; must be one of {', '.join(SPLITS)}")
    if params.fold is not None and split != "train":
        raise MathtuneError(f"{section}.fold: only the train split has folds; set it to null")
    chosen = problems.filter(pl.col("split") == split)
    if params.fold is not None:
        chosen = chosen.filter(pl.col("fold") == params.fold)
    if chosen.is_empty():
        fold = f" in fold {params.fold}" if params.fold else ""
        raise MathtuneError(f"{section}: problems.parquet has no problem of split {split}{fold}")
    chosen = chosen.sort("problem_id")
    return chosen if params.max_problems is None else chosen.head(params.max_problems)


def write_samples(completions: Iterator[Sequence[Completion]], seed: int, path: Path) -> int:
    """Writes a SAMPLES table of the completions of each problem, in their order; gives the number of its rows."""
    rows = 0
    with write_batches(path, SAMPLES) as add:
        while some := list(islice(completions, PROBLEMS_AT_ONCE)):
            table = sample_table(some, seed)
            add(table)
            rows += table.height
    return rows


def sample_table(completions: Sequence[Sequence[Completion]], seed: int) -> pl.DataFrame:
    """A SAMPLES table of the completions of each problem, in their order."""
    rows = [completion for of_problem in completions for completion in of_problem]
    return pl.DataFrame(
        {
            "problem_id": [row.problem_id for row in rows],
            "decoding": [row.decoding for row in rows],
            "sample_index": [row.sample_index for row in rows],
            "completion": [row.text for row in rows],
            "finish_reason": [row.finish_reason for row in rows],
            "num_tokens": [row.num_tokens for row in rows],
            "sum_logprob": [row.sum_logprob for row in rows],
            "seed": [seed] * len(rows),
        },
        schema=SAMPLES.schema,
    )
