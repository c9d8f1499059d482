"""Stage: one greedy and n sampled solutions for each problem of a split."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl
from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import prompt_ids
from mathtune_core.schemas import PROBLEMS, SAMPLES, SPLITS
from mathtune_core.tables import read_table, write_table
from mathtune_sampling.checkpoint import Dtype, load_causal_lm
from mathtune_sampling.engine import TorchSampler
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sampler import Sampler

_ORDER: tuple[Decoding, ...] = ("greedy", "sampled")


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSolutionsParams:
    """Section `sample_solutions.<split>` of params.yaml. Raises ValueError("field: reason")."""

    n: int
    temperature: float
    top_p: float
    max_tokens: int
    max_problems: int | None  # the first so many by problem_id, which is a hash; null takes all
    fold: Literal["generator", "verifier"] | None  # of the train split only
    purpose: str  # names the use of the samples, so that two uses never share noise
    seed: int
    max_num_seqs: int  # rows decoded at once: speed and memory, never the samples
    dtype: Dtype

    def __post_init__(self) -> None:
        self.sampling()  # checks its own four
        if self.max_problems is not None and self.max_problems < 1:
            raise ValueError(f"max_problems: must be at least 1 or null, got {self.max_problems}")
        if not self.purpose:
            raise ValueError("purpose: must not be empty")
        if self.max_num_seqs < 1:
            raise ValueError(f"max_num_seqs: must be at least 1, got {self.max_num_seqs}")

    def sampling(self) -> SamplingParams:
        """The part a sampler reads."""
        return SamplingParams(self.n, self.temperature, self.top_p, self.max_tokens)


def run(params: SampleSolutionsParams, *, item: str, problems: Path, model: Path, out: Path) -> None:
    """problems/problems.parquet, its split `item`, and the checkpoint `model` → out/samples.parquet."""
    chosen = select_problems(read_table(problems / "problems.parquet", PROBLEMS), item, params)
    language_model, tokenizer = load_causal_lm(model, params.dtype)
    sampler = TorchSampler(language_model, tokenizer, max_num_seqs=params.max_num_seqs)
    started = time.monotonic()
    samples = sample_table(chosen, sampler, tokenizer, params)
    seconds = time.monotonic() - started
    write_table(samples, out / "samples.parquet", SAMPLES)
    tokens = int(samples["num_tokens"].sum())
    sys.stderr.write(
        f"sample_solutions@{item}: {len(chosen)} problems, {len(samples)} solutions, {tokens} tokens "
        f"in {seconds:.1f} s ({tokens / max(seconds, 1e-9):.0f} tokens/s)\n"
    )


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


def sample_table(
    problems: pl.DataFrame, sampler: Sampler, tokenizer: Any, params: SampleSolutionsParams
) -> pl.DataFrame:
    """A SAMPLES table: for each problem, in order, one greedy completion and `params.n` sampled ones."""
    requests = [
        Request(problem_id, tuple(prompt_ids(tokenizer, problem)))
        for problem_id, problem in problems.select("problem_id", "problem").iter_rows()
    ]
    by_problem: dict[str, list[Completion]] = {request.problem_id: [] for request in requests}
    with tqdm(total=len(requests) * (1 + params.n), desc="sample", unit="solution") as progress:
        for completions in _all_completions(requests, sampler, params):
            by_problem[completions[0].problem_id].extend(completions)
            progress.update(len(completions))
    rows = [completion for completions in by_problem.values() for completion in completions]
    return pl.DataFrame(
        {
            "problem_id": [row.problem_id for row in rows],
            "decoding": [row.decoding for row in rows],
            "sample_index": [row.sample_index for row in rows],
            "completion": [row.text for row in rows],
            "finish_reason": [row.finish_reason for row in rows],
            "num_tokens": [row.num_tokens for row in rows],
            "sum_logprob": [row.sum_logprob for row in rows],
            "seed": [params.seed] * len(rows),
        },
        schema=SAMPLES.schema,
    )


def _all_completions(
    requests: list[Request], sampler: Sampler, params: SampleSolutionsParams
) -> Iterator[list[Completion]]:
    for decoding in _ORDER:
        yield from sampler.generate(
            requests, params.sampling(), seed=params.seed, purpose=params.purpose, decoding=decoding
        )
