"""What a sampling run has finished so far, kept beside its output, so that a killed run goes on where it stopped."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mathtune_core.digests import hash_files, hash_lines, hash_text
from mathtune_core.errors import MathtuneError
from mathtune_core.unfinished import claim
from mathtune_sampling.provenance import code_digest, machine
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams

Key = Mapping[str, str]

_FIELDS = [field.name for field in dataclasses.fields(Completion)]
_TOKENIZER_PATTERNS = ("tokenizer*", "special_tokens_map.json", "vocab.json", "merges.txt")


class Shards:
    """A folder of shards, one a process, each a line for every finished problem.

    A line is written with one call and counts only when it is whole, so a kill at any moment costs at most the problems
    that were not finished. Memory holds where each problem's line begins, not what is in it. Shards of another `key`
    are thrown away, and stderr says what had changed; a line that a kill cut short is taken off its file.
    """

    def __init__(self, folder: Path, key: Key) -> None:
        """Raises MathtuneError naming file and line for a whole line that is not a finished problem."""
        claim(folder, key, "a run", "finished problems")
        self._own = folder / f"{os.getpid()}.jsonl"
        self._lines: dict[str, tuple[Path, int]] = {}  # of each finished problem: its shard and its line's first byte
        for path in sorted(folder.glob("*.jsonl")):
            self._find_lines(path)

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, problem_id: str) -> bool:
        return problem_id in self._lines

    def append(self, completions: Sequence[Completion]) -> None:
        """Keeps one finished problem."""
        line = json.dumps([{name: getattr(row, name) for name in _FIELDS} for row in completions]) + "\n"
        with self._own.open("ab") as file:
            start = file.tell()
            file.write(line.encode())
        self._lines[completions[0].problem_id] = (self._own, start)

    def read(self, problem_id: str) -> list[Completion]:
        """The completions of a finished problem. Raises KeyError for any other."""
        path, start = self._lines[problem_id]
        with path.open("rb") as file:
            file.seek(start)
            return _completions(file.readline())

    def _find_lines(self, path: Path) -> None:
        start = 0
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                try:
                    problem_id = _completions(line)[0].problem_id
                except (ValueError, TypeError, IndexError) as error:
                    raise MathtuneError(f"{path}:{number}: not a finished problem; delete {path.parent}") from error
                self._lines[problem_id] = (path, start)
                start += len(line)
        if start < path.stat().st_size:
            os.truncate(path, start)


def _completions(line: bytes) -> list[Completion]:
    return [Completion(**row) for row in json.loads(line)]


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
        "prompts": hash_lines(map(repr, requests)),
        "params": hash_text(json.dumps(settings)),
        "code": code_digest(),
        "sampler": sampler,
        "machine": machine(),
    }
