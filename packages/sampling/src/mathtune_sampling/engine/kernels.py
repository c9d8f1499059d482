"""The seam between the model and the code that runs it: C++ on a CPU, plain torch anywhere."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from mathtune_sampling.requests import SamplingParams

BLOCK = 16  # positions in a cache block

KernelName = Literal["native", "torch"]


@dataclass(frozen=True, slots=True)
class Attention:
    """One layer's attention: its sizes and, where the model norms each head (Qwen3), those gains, float32 (dim,)."""

    heads: int
    kv_heads: int
    dim: int
    window: int  # positions seen, the token's own included; 0 sees all
    epsilon: float
    query_gain: torch.Tensor | None
    key_gain: torch.Tensor | None


class Kernels(Protocol):
    """What a forward pass needs beside its matrix products.

    Row tables are int32 (rows, 4): first block and length of the prompt's run, first block and length of the row's own
    run, the new token included, which is the last of the own run or, when that is empty, of the prompt's.
    """

    @property
    def name(self) -> KernelName:
        """What a run records as having made its samples."""
        ...

    def plan(self, rows: NDArray[np.int32]) -> Any:
        """What `attention` needs of a row table, made once a step."""
        ...

    def attention(
        self,
        qkv: torch.Tensor,
        cache: tuple[torch.Tensor, torch.Tensor],
        plan: Any,
        rotary: tuple[torch.Tensor, torch.Tensor],
        layer: Attention,
    ) -> torch.Tensor:
        """(padded rows, heads · dim) of `qkv` (padded rows, (heads + 2 kv_heads) · dim); writes keys and values.

        `cache` is keys and values of the layer, each (kv_heads, blocks, BLOCK · dim), laid out as the kernels like;
        `rotary` is cosine and sine, float32 (positions, dim / 2). Rows past the plan's give zeros.
        """
        ...

    def add_rms_norm(
        self, residual: torch.Tensor, delta: torch.Tensor | None, gain: torch.Tensor, epsilon: float, dtype: torch.dtype
    ) -> torch.Tensor:
        """Adds `delta` to the float32 `residual` (rows, width) in place; returns its norm times `gain`, in `dtype`."""
        ...

    def gated_silu(self, gate_up: torch.Tensor) -> torch.Tensor:
        """silu(gate) · up, (rows, width), of (rows, 2 width)."""
        ...

    def draw(
        self,
        logits: torch.Tensor,
        row_keys: NDArray[np.uint64],
        positions: NDArray[np.int64],
        greedy: NDArray[np.bool_],
        params: SamplingParams,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The next token of each row of `logits` (rows, vocabulary) and its log-probability at temperature 1.

        Rows marked `greedy` take the most probable token. A row whose logits are not finite gets the token −1.
        """
        ...
