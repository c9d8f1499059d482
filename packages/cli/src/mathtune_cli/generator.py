"""The generator that answers on the command line: a checkpoint, opened as the default run samples it."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import END_OF_SHOT
from mathtune_core.shots import Shot
from mathtune_sampling.backend import EngineParams, Opened, open_sampler
from mathtune_sampling.requests import SamplingParams

# The evaluation's: a problem of its test split gets the very samples that it got there.
PURPOSE = "evaluation"


def sampling_params(chosen: argparse.Namespace, shots: Sequence[Shot]) -> SamplingParams:
    """What the sampling flags say; after worked examples a completion also ends where the next one would begin.

    Raises ValueError("field: reason") for a value that makes no sense.
    """
    stop = (END_OF_SHOT,) if shots else ()
    return SamplingParams(chosen.n, chosen.temperature, chosen.top_p, chosen.max_tokens, stop=stop)


def flag_error(command: str, error: ValueError) -> MathtuneError:
    """The error of a dataclass that refused a flag's value, for the user."""
    return MathtuneError(f"mathtune {command}: --{str(error).replace('_', '-')}")


def open_generator(model: Path) -> Opened:
    """The checkpoint in folder `model` behind our engine. Raises MathtuneError as `open_sampler` does."""
    return open_sampler(model, EngineParams(backend="torch", dtype="float32", max_num_seqs=256, kv_cache_gib=2.0))
