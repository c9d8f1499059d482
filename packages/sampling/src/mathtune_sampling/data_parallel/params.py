"""The settings that say how many processes share the work. Imports nothing heavy."""

import os
import re
import secrets
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from mathtune_core.errors import MathtuneError


@dataclass(frozen=True, slots=True, kw_only=True)
class DataParallelParams:
    """How many processes share the work, in vLLM's words, and where they run: speed alone, never the results.

    Raises ValueError("field: reason").
    """

    data_parallel_size: int = 1  # 1 is this process alone, without Ray; more are as many Ray actors
    ray_address: str | None = None  # null starts a Ray on this machine; auto or host:port joins a running cluster

    def __post_init__(self) -> None:
        if self.data_parallel_size < 1:
            raise ValueError(f"data_parallel_size: must be at least 1, got {self.data_parallel_size}")
        if self.ray_address is None:
            return
        if self.data_parallel_size == 1:
            raise ValueError("ray_address: nothing runs on Ray while data_parallel_size is 1; raise that or set null")
        if self.ray_address != "auto" and not re.fullmatch(r"[^\s/]+:\d+", self.ray_address):
            raise ValueError(f"ray_address: must be null, auto or host:port, got {self.ray_address!r}")


def prepare_ray(params: DataParallelParams) -> None:
    """Sets what Ray reads when it is imported, unless the user has. Raises MathtuneError where it is not installed."""
    if find_spec("ray") is None:
        raise MathtuneError("data_parallel_size: Ray is not installed; pip install ray, or set data_parallel_size to 1")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # a dead worker is one line of ours, not a page of Ray's
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # without it a FutureWarning
    if params.ray_address is None and "RAY_AUTH_MODE" not in os.environ and "ray" not in sys.modules:
        # Ray's ports are open to the network, and whoever reaches one can run code: nobody without this token.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
