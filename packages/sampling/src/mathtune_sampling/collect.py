"""Draws the completions of all requests with a progress bar, each finished problem kept in shards on the way."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

from mathtune_core.prompts import prompt_ids
from mathtune_core.shots import Shot
from mathtune_sampling.backend import Opened
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.shards import Shards, run_key


@dataclass(frozen=True, slots=True)
class Collected:
    """What has been drawn, in its shards, and what this process did for it.

    `tokens` and `seconds` leave out what an earlier, killed run had generated, and all but the sampler's own work.
    """

    shards: Shards
    problem_ids: tuple[str, ...]  # of the requests, in their order
    tokens: int
    seconds: float

    def completions(self) -> Iterator[list[Completion]]:
        """The completions of each request, in request order; a problem's are read when it is its turn."""
        return map(self.shards.read, self.problem_ids)


def requests_of(problems: pl.DataFrame, tokenizer: Any, shots: Sequence[Shot] = ()) -> list[Request]:
    """A request for each of `problems` (columns problem_id, problem), in their order, after `shots` where given."""
    same: dict[int, int] = {}  # one object for a token id wherever it comes up: a quarter of the memory
    requests = []
    for problem_id, problem in problems.select("problem_id", "problem").iter_rows():
        ids = prompt_ids(tokenizer, problem, shots)
        requests.append(Request(problem_id, tuple(map(same.setdefault, ids, ids))))
    return requests


def collect(
    opened: Opened,
    model: Path,
    requests: Sequence[Request],
    params: SamplingParams,
    *,
    seed: int,
    purpose: str,
    decodings: Sequence[Decoding],
    unfinished: Path,
) -> Collected:
    """Draws the completions of each request from `opened`, which holds the checkpoint folder `model`.

    What a killed run of the same model, requests, params and code left in `unfinished` is taken over.
    """
    key = run_key(model, requests, params, seed=seed, purpose=purpose, decodings=decodings, sampler=opened.name)
    shards = Shards(unfinished, key)
    remaining = [request for request in requests if request.problem_id not in shards]
    if len(shards):
        sys.stderr.write(f"resumes a killed run: {len(shards)} of {len(requests)} problems were finished\n")
    each = sum(1 if decoding == "greedy" else params.n for decoding in decodings)
    tokens, seconds = 0, 0.0
    drawn = opened.sampler.generate(remaining, params, seed=seed, purpose=purpose, decodings=decodings)
    with tqdm(total=len(requests) * each, initial=len(shards) * each, desc="sample", unit="solution") as progress:
        while True:
            started = time.perf_counter()
            completions = next(drawn, None)
            seconds += time.perf_counter() - started
            if completions is None:
                break
            shards.append(completions)
            tokens += sum(completion.num_tokens for completion in completions)
            progress.update(len(completions))
    return Collected(shards, tuple(request.problem_id for request in requests), tokens, seconds)
