"""Which training problems a test problem gives away: the same words, or a long run of them."""

import hashlib
import re
from collections.abc import Iterable

WORD = re.compile(r"\d+|[a-z]+|\\[a-z]+|[^\s\da-z]")


def words(text: str) -> tuple[str, ...]:
    """The words, numbers and signs of a text, without case or spacing: what two copies of a problem share."""
    return tuple(WORD.findall(text.lower()))


def content_hash(*parts: str) -> str:
    """Sixteen hexadecimal digits that depend on the words of the parts alone, not on case or spacing."""
    return hashlib.sha256("\n".join(" ".join(words(part)) for part in parts).encode()).hexdigest()[:16]


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """All runs of `length` consecutive words; the whole text where it is shorter."""
    found = words(text)
    return {found[i : i + length] for i in range(max(1, len(found) - length + 1))}


def overlapping(candidates: Iterable[str], protected: Iterable[str], length: int) -> list[bool]:
    """For each candidate, whether it shares a run of `length` words with any protected text."""
    known = {run for text in protected for run in runs(text, length)}
    return [not known.isdisjoint(runs(text, length)) for text in candidates]
