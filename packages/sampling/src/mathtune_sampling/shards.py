"""What a sampling run has finished so far, kept beside its output, so that a killed run goes on where it stopped."""

import dataclasses
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import mathtune_core
import mathtune_sampling
from mathtune_core.errors import MathtuneError
from mathtune_sampling.engine import native
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
        self._discard_others(key)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "key.json.partial"
        partial.write_text(json.dumps(dict(key), indent=2) + "\n")
        partial.replace(folder / "key.json")

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

    def _discard_others(self, key: Key) -> None:
        stated = self._folder / "key.json"
        if not self._folder.exists():
            return
        try:
            before = json.loads(stated.read_text())
        except (OSError, ValueError):
            before = {}
        if before == dict(key):
            return
        changed = ", ".join(name for name in key if before.get(name) != key[name])
        sys.stderr.write(f"{self._folder}: of a run with other {changed}; its finished problems are thrown away\n")
        shutil.rmtree(self._folder)


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
    package = Path(mathtune_sampling.__file__).parent
    code = [path for kind in ("*.py", "*.cpp", "*.h") for path in package.rglob(kind)]
    return {
        "weights": _hash_files([*model.glob("*.safetensors"), *model.glob("*config.json")]),
        "tokenizer": _hash_files(tokenizer),
        "prompts": _hash(json.dumps([dataclasses.astuple(request) for request in requests])),
        "params": _hash(json.dumps(settings)),
        "code": _hash_files([*code, Path(mathtune_core.__file__).parent / "prompts.py"]),
        "sampler": sampler,
        "machine": f"{native.digest()}, torch {version('torch')}",
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hash_files(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        with path.open("rb") as file:
            digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()
