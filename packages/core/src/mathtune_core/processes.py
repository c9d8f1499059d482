"""Which of several processes this one is: `accelerate launch` and torchrun tell each by its environment."""

import os


def process_index() -> int:
    """This process's rank: 0 for the main one, which alone writes, and for one that runs alone."""
    return int(os.environ.get("RANK", "0"))


def process_count() -> int:
    """How many processes share the work, on all machines together."""
    return int(os.environ.get("WORLD_SIZE", "1"))
