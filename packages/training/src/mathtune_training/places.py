"""Where one training reads and writes, for stages that train once or twice."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a training reads and writes: `base` is the checkpoint it starts from, `name` the file of its data."""

    base: Path
    name: str
    live: Path  # for DVCLive
    unfinished: Path  # for checkpoints
