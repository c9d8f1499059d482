"""Draws the completions of all requests with a progress bar, each finished problem kept in shards on the way."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

from mathtune_core.prompts import prompt_ids
from mathtune_core.shots import Shot
from mathtune_sampling.backend import Opened
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.shards import Shards, run_key


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
) -> list[list[Completion]]:
    """The completions of each request, in request order, from `opened`, which holds the checkpoint folder `model`.

    What a killed run of the same model, requests, params and code left in `unfinished` is taken over.
    """
    key = run_key(model, requests, params, seed=seed, purpose=purpose, decodings=decodings, sampler=opened.name)
    shards = Shards(unfinished, key)
    finished = shards.finished()
    remaining = [request for request in requests if request.problem_id not in finished]
    if finished:
        sys.stderr.write(f"resumes a killed run: {len(finished)} of {len(requests)} problems were finished\n")
    each = sum(1 if decoding == "greedy" else params.n for decoding in decodings)
    with tqdm(total=len(requests) * each, initial=len(finished) * each, desc="sample", unit="solution") as progress:
        for completions in opened.sampler.generate(remaining, params, seed=seed, purpose=purpose, decodings=decodings):
            shards.append(completions)
            finished[completions[0].problem_id] = completions
            progress.update(len(completions))
    return [finished[request.problem_id] for request in requests]
