"""What the readers' tests share: rows written to a file, and an error read as a user reads it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mathtune_core.errors import MathtuneError
from mathtune_styles.readers.inputs import Input
from mathtune_styles.readers.source import Source

Reader = Callable[[Input], Source]


@pytest.fixture
def read() -> Callable[..., Source]:
    """Calls a reader on a path, or on a hub location with its revision."""

    def call(reader: Reader, location: Path | str, revision: str | None = None, **columns: str) -> Source:
        return reader(Input(str(location), revision, "build_problems.location", columns))

    return call


@pytest.fixture
def refusal(read: Callable[..., Source]) -> Callable[..., str]:
    """The message with which a reader refuses a location: one line, the folder's name left out."""

    def call(reader: Reader, location: Path | str, revision: str | None = None, **columns: str) -> str:
        with pytest.raises(MathtuneError) as caught:
            read(reader, location, revision, **columns)
        message = str(caught.value)
        assert "\n" not in message
        return message.replace(f"{location}/", "")

    return call


@pytest.fixture
def write_lines() -> Callable[[Path, Sequence[dict[str, Any]]], None]:
    def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    return write


Configs = dict[str, dict[str, list[dict[str, Any]]]]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A hub of one's own: `hub.datasets[name][config][split]` are rows, `hub.asked` is what was loaded."""
    import datasets  # heavy, and few tests need it

    state = SimpleNamespace(datasets={}, asked=[])

    def configs_of(name: str, revision: str) -> list[str]:
        if name not in state.datasets:
            raise FileNotFoundError(f"Dataset '{name}' doesn't exist\non the Hub")
        return list(state.datasets[name])

    def load(name: str, config: str, *, split: str, revision: str) -> list[dict[str, Any]]:
        state.asked.append((name, config, split, revision))
        rows: list[dict[str, Any]] = state.datasets[name][config][split]
        return rows

    monkeypatch.setattr(datasets, "get_dataset_config_names", configs_of)
    monkeypatch.setattr(
        datasets, "get_dataset_split_names", lambda name, config, revision: list(state.datasets[name][config])
    )
    monkeypatch.setattr(datasets, "load_dataset", load)
    return state
