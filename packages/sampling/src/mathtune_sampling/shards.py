"""What a sampling run has finished so far, kept beside its output, so that a killed run goes on where it stopped."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mathtune_core.digests import hash_files, hash_text
from mathtune_core.errors import MathtuneError
from mathtune_core.unfinished import claim
from mathtune_sampling.provenance import code_digest, machine
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams

Key = Mapping[str, str]

_TOKENIZER_PATTERNS = ("tokenizer*", "special_tokens_map.json", "vocab.json", "merges.txt")


class Shards:
    """A folder of shards, one a process, each a line for every finished problem.

    A line is written with one call and read only when it is whole, so a kill at any moment costs at most the problems
    that were not finished. Shards of another `key` are thrown away, and stderr says what had changed.
    """

    def __init__(self, folder: Path, key: Key) -> None:
        self._folder = folder
        claim(folder, key, "a run", "finished problems")

    def finished(self) -> dict[str, list[Completion]]:
        """The completions of each finished problem. A line that a kill cut short is taken off its file."""
        found: dict[str, list[Completion]] = {}
        for path in sorted(self._folder.glob("*.jsonl")):
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                os.truncate(path, whole)
            for number, line in enumerate(content[:whole].splitlines(), 1):
                try:
                    completions = [Completion(**row) for row in json.loads(line)]
                except (ValueError, TypeError) as error:
                    raise MathtuneError(f"{path}:{number}: not a finished problem; delete {self._folder}") from error
                found[completions[0].problem_id] = completions
        return found

    def append(self, completions: Sequence[Completion]) -> None:
        """Keeps one finished problem."""
        line = json.dumps([dataclasses.asdict(completion) for completion in completions]) + "\n"
        with (self._folder / f"{os.getpid()}.jsonl").open("ab", buffering=0) as file:
            file.write(line.encode())


def run_key(
    model: Path,
    requests: Sequence[Request],
    params: SamplingParams,
    *,
    seed: int,
    purpose: str,
    decodings: Sequence[Decoding],
    sampler: str,
) -> dict[str, str]:
    """A hash of each thing the completions depend on, by what a user would call it."""
    tokenizer = {path for pattern in _TOKENIZER_PATTERNS for path in model.glob(pattern)}
    settings = {"params": dataclasses.asdict(params), "seed": seed, "purpose": purpose, "decodings": list(decodings)}
    return {
        "weights": hash_files([*model.glob("*.safetensors"), *model.glob("*config.json")]),
        "tokenizer": hash_files(tokenizer),
        "prompts": hash_text(json.dumps([dataclasses.astuple(request) for request in requests])),
        "params": hash_text(json.dumps(settings)),
        "code": code_digest(),
        "sampler": sampler,
        "machine": machine(),
    }
