"""Stage: the verifier's score of every sampled solution, the greedy ones included."""

import sys
import time
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl

from mathtune_core.batches import read_batches, write_batches
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SAMPLE_KEY, SAMPLES, SCORES
from mathtune_core.tables import read_table
from mathtune_sampling.checkpoint import Dtype, check_files, load_causal_lm
from mathtune_sampling.data_parallel.params import DataParallelParams, prepare_ray
from mathtune_sampling.engine.kernel_choice import choose_kernels
from mathtune_sampling.engine.model import unsupported
from mathtune_sampling.packed_verifier import PackedVerifier
from mathtune_sampling.padded_verifier import PaddedVerifier
from mathtune_sampling.timing import write_timing
from mathtune_sampling.verifier import PromptTooLongError, Verifier

ROWS_AT_ONCE = 2**14  # for the verifier: passes are full but for a batch's last; some 300 MB of token ids


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSolutionsParams(DataParallelParams):
    """Section `score_solutions` of params.yaml. Raises ValueError("field: reason")."""

    max_num_batched_tokens: int  # tokens a forward pass: speed and memory, never the scores
    dtype: Dtype

    def __post_init__(self) -> None:
        DataParallelParams.__post_init__(self)
        if self.max_num_batched_tokens < 1:
            raise ValueError(f"max_num_batched_tokens: must be at least 1, got {self.max_num_batched_tokens}")


def run(params: ScoreSolutionsParams, *, problems: Path, samples: Path, verifier: Path, out: Path) -> None:
    """problems/problems.parquet, samples/samples.parquet and the checkpoint `verifier` → out/scores.parquet.

    Beside it timing.json has the verifier's calls, one a solution, and the seconds they took, loading apart. A solution
    that comes up again takes a call too, though none of its time. Raises MathtuneError naming the row for a solution
    that does not fit the verifier's context, when it is its turn.
    """
    table, problem_table = samples / "samples.parquet", read_table(problems / "problems.parquet", PROBLEMS)
    frames = (join_problems(frame, problem_table) for frame in read_batches(table, SAMPLES, ROWS_AT_ONCE))
    first = next(frames)  # what is wrong with the tables is said before a model is loaded
    scorer = open_verifiers(verifier, params)
    calls, seconds = 0, 0.0
    with write_batches(out / "scores.parquet", SCORES) as add:
        for joined in chain([first], frames):
            started = time.perf_counter()
            try:
                scores = score_table(joined, scorer)
            except PromptTooLongError as error:
                raise MathtuneError(f"{table}: row {calls + error.row}: {error.reason}") from error
            seconds += time.perf_counter() - started
            add(scores)
            calls += len(scores)
    write_timing(out / "timing.json", "calls", calls, seconds)
    sys.stderr.write(
        f"score_solutions: {calls} solutions in {seconds:.1f} s ({calls / max(seconds, 1e-9):.0f} solutions/s)\n"
    )


def open_verifiers(path: Path, params: ScoreSolutionsParams) -> Verifier:
    """The checkpoint in folder `path` as `params` say: in this process, or in several. Raises as `open_verifier`."""
    if params.data_parallel_size == 1:
        return open_verifier(path, params.dtype, params.max_num_batched_tokens)
    prepare_ray(params)
    from mathtune_sampling.ray_verifier import RayVerifier

    check_files(path)
    return RayVerifier(
        params, path, partial(open_verifier, path.resolve(), params.dtype, params.max_num_batched_tokens)
    )


def open_verifier(path: Path, dtype: Dtype, max_num_batched_tokens: int) -> Verifier:
    """The checkpoint in folder `path` as a verifier. Raises MathtuneError for one that cannot be loaded, or whose
    tokenizer splits a verdict.
    """
    model, tokenizer = load_causal_lm(path, dtype)
    reason = unsupported(model.config)
    if reason:
        sys.stderr.write(f"warning: {path}: {reason}; scoring falls back to transformers' own forward pass, slower\n")
        return PaddedVerifier(model, tokenizer, max_num_batched_tokens=max_num_batched_tokens)
    kernels = choose_kernels(model)
    return PackedVerifier(model, tokenizer, kernels=kernels, max_num_batched_tokens=max_num_batched_tokens)


def join_problems(samples: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    """`samples` in their order, with a column `problem`. Raises MathtuneError for a sample of an unknown problem."""
    joined = samples.join(
        problems.select("problem_id", "problem"), on="problem_id", how="left", maintain_order="left", validate="m:1"
    )
    if joined["problem"].null_count():
        lost = joined.filter(pl.col("problem").is_null())["problem_id"][0]
        raise MathtuneError(f"samples.parquet: problem_id {lost!r} is not in problems.parquet; run `dvc repro`")
    return joined


def score_table(joined: pl.DataFrame, scorer: Verifier) -> pl.DataFrame:
    """A SCORES table, row for row the samples of `joined` (columns of SAMPLES, and `problem`)."""
    scores = scorer.score_rows(joined["problem"].to_list(), joined["completion"].to_list())
    return joined.select(*SAMPLE_KEY).with_columns(pl.Series("verifier_score", scores, dtype=pl.Float64))
