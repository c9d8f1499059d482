"""What a stage does, as a machine must know it to say how long: tokens, FLOPs, bytes and rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["train", "read", "write", "score"]
KINDS: tuple[Kind, ...] = ("train", "write", "read", "score")
Start = Literal["table", "model", "training", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Tokens through a model: trained on, read as a prompt, written one after another, or scored."""

    kind: Kind
    tokens: float
    flops: float
    dtype: str  # float32 or bfloat16
    moved: float = 0.0  # bytes of keys, values and weights that writing reads from memory
    layer_passes: float = 0.0  # layers × forward passes in training and writing, each with a cost of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One stage: how its process starts, its loads, seconds that follow from rows alone, and bytes."""

    start: Start
    loads: tuple[Load, ...] = ()
    seconds: float = 0.0
    loaded: float = 0.0  # bytes of weights read from disk
    written: float = 0.0  # bytes of its outputs
    scratch: float = 0.0  # bytes it needs while it runs

    def tokens(self, kind: Kind) -> float:
        """Tokens of one kind."""
        return sum(load.tokens for load in self.loads if load.kind == kind)

    @property
    def flops(self) -> float:
        """FLOPs of all loads."""
        return sum(load.flops for load in self.loads)


def together(works: Sequence[Work]) -> Work:
    """Several in one process, the first of which says how it starts."""
    return Work(
        start=works[0].start,
        loads=tuple(load for work in works for load in work.loads),
        seconds=sum(work.seconds for work in works),
        loaded=sum(work.loaded for work in works),
        written=sum(work.written for work in works),
        scratch=max(work.scratch for work in works),
    )
