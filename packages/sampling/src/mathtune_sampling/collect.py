"""Draws the completions of all requests with a progress bar, each finished problem kept in shards on the way."""

import sys
import time
from collections.abc import Sequence
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
    """The completions of each request, in request order, and what this process did for them.

    `tokens` and `seconds` leave out what an earlier, killed run had generated, and all but the sampler's own work.
    """

    completions: list[list[Completion]]
    tokens: int
    seconds: float


def requests_of(problems: pl.DataFrame, tokenizer: Any, shots: Sequence[Shot] = ()) -> list[Request]:
    """A request for each of `problems` (columns problem_id, problem), in their order, after `shots` where given."""
    return [
        Request(problem_id, tuple(prompt_ids(tokenizer, problem, shots)))
        for problem_id, problem in problems.select("problem_id", "problem").iter_rows()
    ]


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
    finished = shards.finished()
    remaining = [request for request in requests if request.problem_id not in finished]
    if finished:
        sys.stderr.write(f"resumes a killed run: {len(finished)} of {len(requests)} problems were finished\n")
    each = sum(1 if decoding == "greedy" else params.n for decoding in decodings)
    tokens, seconds = 0, 0.0
    drawn = opened.sampler.generate(remaining, params, seed=seed, purpose=purpose, decodings=decodings)
    with tqdm(total=len(requests) * each, initial=len(finished) * each, desc="sample", unit="solution") as progress:
        while True:
            started = time.perf_counter()
            completions = next(drawn, None)
            seconds += time.perf_counter() - started
            if completions is None:
                break
            shards.append(completions)
            finished[completions[0].problem_id] = completions
            tokens += sum(completion.num_tokens for completion in completions)
            progress.update(len(completions))
    return Collected([finished[request.problem_id] for request in requests], tokens, seconds)
