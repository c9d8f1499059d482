"""An input: a local file or folder, or a dataset of the hub at a pinned revision, read into rows with places."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mathtune_core.errors import MathtuneError
from mathtune_styles.readers.files import SUFFIXES, file_record, file_rows
from mathtune_styles.readers.hub import ALL_CONFIGS, HUB, hub_rows
from mathtune_styles.readers.source import SourceFile

__all__ = ["ALL_CONFIGS", "SPLITS", "Input", "Rows", "check_pins", "read_file", "read_splits", "split_of"]

SPLITS = ("train", "test")
_NAMED_SPLIT = re.compile(r"(?:\A|[_-])(train|test)\Z")


@dataclass(frozen=True, slots=True)
class Input:
    """Where an input lies: a path, or `hub:NAME` (`hub:NAME:CONFIG`) at a `revision`.

    `setting` is the key of params.yaml that says so, for the error messages. `columns` maps our fields to a table's
    columns, where a table's columns are free.
    """

    location: str
    revision: str | None
    setting: str
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_hub(self) -> bool:
        """Whether it is a dataset of the hub."""
        return self.location.startswith(HUB)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one file or hub split, each with its place, and the split that the name says (None: it says none)."""

    split: str | None
    rows: tuple[tuple[str, dict[str, Any]], ...]
    record: SourceFile


def read_file(path: Path, setting: str) -> Rows:
    """One file. A file called `train`, `phase1_train` or `my-train` is of the train split; so with test.

    Raises MathtuneError when there is no such file, it is not of its format, or it has no rows.
    """
    rows = tuple(file_rows(path, setting))
    if not rows:
        raise MathtuneError(f"{path}: empty; set {setting} to a file or folder with rows in it")
    named = _NAMED_SPLIT.search(path.stem)
    return Rows(named[1] if named else None, rows, file_record(path, len(rows)))


def read_splits(source: Input, splits: tuple[str, ...] = SPLITS, config: str | None = None) -> list[Rows]:
    """The splits of an input: a folder with train.* and test.*, one file, or what the hub has of `splits`.

    `config` is the configuration of a hub dataset that is meant where the location names none: None for the only one.
    Raises MathtuneError for a missing or second file of a split, and for whatever the file or the hub refuses.
    """
    if source.is_hub:
        if source.revision is None:
            setting = source.setting.replace("location", "revision")
            raise MathtuneError(f"params.yaml: {setting}: missing; a hub dataset needs a pinned commit")
        read = hub_rows(source.location, source.revision, source.setting, splits, config)
        return [Rows(split, rows, record) for split, rows, record in read]
    path = Path(source.location)
    if path.is_file() or path.suffix in SUFFIXES:
        return [read_file(path, source.setting)]
    return [read_file(_only_file(path, split), source.setting) for split in splits]


def split_of(part: Rows, source: Input) -> str:
    """The split that the name of a file says. Raises MathtuneError where it says none."""
    if part.split is None:
        raise MathtuneError(
            f"{part.record.name}: of which split? name it train.* or test.*, or set {source.setting} to a folder"
        )
    return part.split


def _only_file(folder: Path, split: str) -> Path:
    found = [file for suffix in SUFFIXES if (file := folder / f"{split}{suffix}").is_file()]
    if len(found) > 1:
        raise MathtuneError(f"{folder}: {' and '.join(file.name for file in found)}: keep one of them")
    return found[0] if found else folder / f"{split}.jsonl"  # which the reading then misses


def check_pins(files: Iterable[SourceFile], pins: Mapping[str, str], setting: str) -> None:
    """Raises MathtuneError when an input's sha256 is not the one pinned, or a pin is of no input that was read."""
    found = {file.name: file.sha256 for file in files}
    for name, pinned in pins.items():
        if name not in found:
            raise MathtuneError(f"params.yaml: {setting}.{name}: no such input; read were {', '.join(found)}")
        if found[name] != pinned:
            raise MathtuneError(
                f"{name}: sha256 is {found[name]}, params.yaml ({setting}) expects {pinned}; nothing was written"
            )
