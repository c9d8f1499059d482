"""A section of params.yaml as the plan reads it: a few numbers of each stage, without importing the stage and torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mathtune_core.errors import MathtuneError


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping and what to call it in errors. Each reader raises MathtuneError for what is missing or no such value.

    Stages check their own sections in full; the plan asks only what it reads.
    """

    name: str  # `params.yaml: train_generator`
    node: Mapping[str, Any]

    def section(self, key: str) -> "Section":
        """The mapping under `key`; null and an empty one are the same."""
        value = self._value(key)
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise MathtuneError(f"{self._at(key)}: expected keys and values, got {value!r}")
        return Section(self._at(key), value)

    def number(self, key: str) -> float:
        """A number that is not negative."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise MathtuneError(f"{self._at(key)}: expected a number of at least 0, got {value!r}")
        return float(value)

    def optional(self, key: str) -> float | None:
        """A number, or None where the key is null or missing."""
        return None if self.node.get(key) is None else self.number(key)

    def text(self, key: str) -> str:
        """A text."""
        value = self._value(key)
        if not isinstance(value, str):
            raise MathtuneError(f"{self._at(key)}: expected a text, got {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._value(key)
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise MathtuneError(f"{self._at(key)}: expected a list of names, got {value!r}")
        return tuple(value)

    def _value(self, key: str) -> Any:
        if key not in self.node:
            raise MathtuneError(f"{self._at(key)}: missing; add it to the section")
        return self.node[key]

    def _at(self, key: str) -> str:
        return f"{self.name}{'.' if ': ' in self.name else ': '}{key}"
