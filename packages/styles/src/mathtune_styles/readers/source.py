"""What every reader makes: the rows of a source in one form, and the record of the files they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """One problem as its source gives it. `group` names a part that is reported apart ("easy"), None the rest.

    `solution` is None where the source has none; such a problem serves wherever no style needs a written solution.
    """

    split: str
    problem: str
    solution: str | None
    answer: str
    subject: str | None
    level: int | None
    group: str | None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An input that was read, for the record: a file, a folder of small files, or a split of a hub dataset."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Source:
    """All rows of a source. `group_is_apart`: the group's problems are never counted among the main ones.

    `skipped` counts, by reason, the rows that by the reader's rules are no problem.
    """

    problems: tuple[SourceProblem, ...]
    files: tuple[SourceFile, ...]
    group_is_apart: bool
    skipped: Mapping[str, int] = field(default_factory=dict)
