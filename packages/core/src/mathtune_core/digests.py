"""Hashes of what a result depends on: texts, files, weights. All are SHA-256 in hexadecimal."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def hash_text(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_lines(lines: Iterable[str]) -> str:
    """SHA-256 of the text that the lines make, a line feed after each; one is held at a time."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def hash_files(paths: Iterable[Path]) -> str:
    """One hash over the names and contents of `paths`, whatever their order."""
    return hash_lines(f"{path.name} {hash_file(path)}" for path in sorted(paths))


def hash_weights(checkpoint: Path) -> str:
    """SHA-256 of a checkpoint folder's weights: the file's own where there is one, else over all of them."""
    weights = sorted(checkpoint.glob("*.safetensors"))
    return hash_file(weights[0]) if len(weights) == 1 else hash_files(weights)


def draw_by_key(seed: int, key: tuple[object, ...]) -> str:
    """A row's draw, to sort by: random by its key and the seed, whatever the other rows and their order."""
    return hash_text(repr((seed, *key)))
