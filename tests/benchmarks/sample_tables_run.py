"""One stage on a table of many samples, in a process of its own, so that its memory is its own.

    python sample_tables_run.py {sample_solutions|score_solutions} PROBLEMS SAMPLES

Prints one JSON object. Sampler and verifier cost next to nothing, so that what is measured is everything else: keeping
what is finished in shards, reading it back, reading and writing tables. Completions are all different and of some
300 characters, as those of the default run are.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mathtune_core.batches import write_batches
from mathtune_core.schemas import PROBLEMS, SAMPLES
from mathtune_core.tables import write_table
from mathtune_sampling import sample_solutions, score_solutions
from mathtune_sampling.backend import Opened
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sample_solutions import SampleSolutionsParams, sample_table
from mathtune_sampling.score_solutions import ScoreSolutionsParams

SAMPLING = SampleSolutionsParams(
    n=1, temperature=0.9, top_p=0.95, top_k=0, min_p=0.0, max_tokens=128, stop=(), max_problems=None, fold=None,
    purpose="benchmark", backend="torch", max_num_seqs=256, kv_cache_gib=1.0, dtype="float32",
)  # fmt: skip


class Words:
    """A tokenizer of a sort: a word is a token, its number above those that Python keeps once for all."""

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """Token ids of `text`."""
        return [1000 + len(word) for word in text.split()]


class Instant:
    """A `Sampler` whose texts are given but for the problem and the sample that they name.

    FakeSampler takes each text apart into words, which would be most of what is measured.
    """

    def generate(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding] = ("sampled",),
    ) -> Iterator[list[Completion]]:
        """See `Sampler.generate`."""
        wanted = [(d, index) for d in decodings for index in range(1 if d == "greedy" else params.n)]
        for request in requests:
            yield [completion(request.problem_id, decoding, index) for decoding, index in wanted]


class Constant:
    """A `Verifier` that reads nothing."""

    def score_rows(self, problems: Sequence[str], completions: Sequence[str]) -> NDArray[np.float64]:
        """See `Verifier.score_rows`."""
        return np.full(len(problems), 0.5)


def completion(problem_id: str, decoding: Decoding, index: int) -> Completion:
    """A text of some 300 characters, of its own."""
    text = f"We look for {problem_id}. {'We add one and check it again. ' * 8}The answer is $\\boxed{{{index}}}$."
    return Completion(problem_id, decoding, index, text, "stop", 128, -0.37 * index)


def problem_table(number: int) -> pl.DataFrame:
    """So many problems of the test split, of a hundred words."""
    text = "How many of the first ten positive integers are prime? " * 10
    rows = [(f"{row:016x}", "test", None, "main", "made", "Algebra", 1, f"{row}: {text}", "4") for row in range(number)]
    return pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row")


def write_samples(problem_ids: Sequence[str], n: int, path: Path) -> None:
    """A table such as sample_solutions makes."""
    wanted: list[tuple[Decoding, int]] = [("greedy", 0), *(("sampled", index) for index in range(n))]
    with write_batches(path, SAMPLES) as add:
        for start in range(0, len(problem_ids), 256):
            some = problem_ids[start : start + 256]
            add(sample_table([[completion(problem_id, *row) for row in wanted] for problem_id in some], 0))


def main() -> None:
    """See the module's docstring."""
    stage, problems, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    opened: Any = Opened(Instant(), Words(), "instant")
    sample_solutions.open_sampler = lambda *_: opened  # type: ignore[attr-defined]
    score_solutions.open_verifier = lambda *_: Constant()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = problem_table(problems)
        write_table(table, folder / "problems.parquet", PROBLEMS)
        if stage == "score_solutions":
            write_samples(table["problem_id"].to_list(), n, folder / "samples.parquet")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started, spent = time.perf_counter(), time.process_time()
        if stage == "sample_solutions":
            folders = {"problems": folder, "model": folder, "out": folder / "out", "unfinished": folder / "unfinished"}
            sample_solutions.run(replace(SAMPLING, n=n), item="test", seed=0, **folders)
            made = folder / "out" / "samples.parquet"
        else:
            scoring = ScoreSolutionsParams(max_num_batched_tokens=8192, dtype="float32")
            score_solutions.run(scoring, problems=folder, samples=folder, verifier=folder, out=folder / "out")
            made = folder / "out" / "scores.parquet"
        seconds, processor = time.perf_counter() - started, time.process_time() - spent
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = {
            "rows": pq.ParquetFile(made).metadata.num_rows,
            "seconds": seconds,
            "processor_seconds": processor,  # tells more on a busy machine
            "model_seconds": json.loads((folder / "out" / "timing.json").read_text())["seconds"],
            "before_mib": before / 1024,
            "peak_mib": peak / 1024,
            "table_mib": made.stat().st_size / 2**20,
            "shards_mib": sum(path.stat().st_size for path in folder.glob("unfinished/*.jsonl")) / 2**20,
        }
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
