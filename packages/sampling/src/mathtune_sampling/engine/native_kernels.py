"""The C++ kernels, called through their plain C functions."""

import ctypes
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mathtune_sampling.engine.kernels import Attention, KernelName
from mathtune_sampling.engine.native import library
from mathtune_sampling.engine.selection import REJECTIONS, top_k_floors
from mathtune_sampling.requests import SamplingParams

_P, _I, _F, _D = ctypes.c_void_p, ctypes.c_int64, ctypes.c_float, ctypes.c_double
_ARGUMENTS: dict[str, list[Any]] = {
    "attention": [_P] * 9 + [_I] * 6 + [_F, _F, _I],
    "add_rms_norm": [_P] * 4 + [_I, _I, _F, _I],
    "gated_silu": [_P, _P, _I, _I, _I],
    "draw": [_P, _I, _I, _P, _P, _P, _F, _D, _F, _P, _I, _P, _P, _I],
}


class NativeKernels:
    """`Kernels` in C++ for float32 and bfloat16 on a CPU. Raises OSError when they cannot be built here."""

    name: KernelName = "native"

    def __init__(self) -> None:
        loaded = library()
        self._functions = {}
        for name, arguments in _ARGUMENTS.items():
            for dtype, suffix in ((torch.float32, "float32"), (torch.bfloat16, "bfloat16")):
                function = getattr(loaded, f"{name}_{suffix}")
                function.argtypes, function.restype = arguments, None
                self._functions[name, dtype] = function

    def plan(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """See `Kernels.plan`."""
        return np.ascontiguousarray(rows, dtype=np.int32)

    def attention(
        self,
        qkv: torch.Tensor,
        cache: tuple[torch.Tensor, torch.Tensor],
        plan: NDArray[np.int32],
        rotary: tuple[torch.Tensor, torch.Tensor],
        layer: Attention,
    ) -> torch.Tensor:
        """See `Kernels.attention`."""
        keys, values = cache
        width = layer.heads * layer.dim
        out = torch.empty(len(qkv), width, dtype=qkv.dtype)
        out[len(plan) :] = 0
        self._functions["attention", qkv.dtype](
            qkv.data_ptr(),
            out.data_ptr(),
            keys.data_ptr(),
            values.data_ptr(),
            plan.ctypes.data,
            rotary[0].data_ptr(),
            rotary[1].data_ptr(),
            _pointer(layer.query_gain),
            _pointer(layer.key_gain),
            len(plan),
            layer.heads,
            layer.kv_heads,
            layer.dim,
            keys.shape[1],
            layer.window,
            layer.dim**-0.5,
            layer.epsilon,
            torch.get_num_threads(),
        )
        return out

    def add_rms_norm(
        self, residual: torch.Tensor, delta: torch.Tensor | None, gain: torch.Tensor, epsilon: float, dtype: torch.dtype
    ) -> torch.Tensor:
        """See `Kernels.add_rms_norm`."""
        out = torch.empty(residual.shape, dtype=dtype)
        self._functions["add_rms_norm", dtype](
            residual.data_ptr(),
            _pointer(delta),
            gain.data_ptr(),
            out.data_ptr(),
            *residual.shape,
            epsilon,
            torch.get_num_threads(),
        )
        return out

    def gated_silu(self, gate_up: torch.Tensor) -> torch.Tensor:
        """See `Kernels.gated_silu`."""
        rows, width = len(gate_up), gate_up.shape[1] // 2
        out = torch.empty(rows, width, dtype=gate_up.dtype)
        self._functions["gated_silu", gate_up.dtype](
            gate_up.data_ptr(), out.data_ptr(), rows, width, torch.get_num_threads()
        )
        return out

    def draw(
        self,
        logits: torch.Tensor,
        row_keys: NDArray[np.uint64],
        positions: NDArray[np.int64],
        greedy: NDArray[np.bool_],
        params: SamplingParams,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """See `Kernels.draw`."""
        logits = logits.contiguous()
        floors = top_k_floors(logits, params.top_k) if params.top_k else None
        tokens, logprobs = np.empty(len(logits), dtype=np.int64), np.empty(len(logits), dtype=np.float64)
        row_keys, positions = np.ascontiguousarray(row_keys), np.ascontiguousarray(positions)
        greedy = np.ascontiguousarray(greedy)
        self._functions["draw", logits.dtype](
            logits.data_ptr(),
            *logits.shape,
            row_keys.ctypes.data,
            positions.ctypes.data,
            greedy.ctypes.data,
            params.temperature,
            params.top_p,
            params.min_p,
            _pointer(floors),
            REJECTIONS,
            tokens.ctypes.data,
            logprobs.ctypes.data,
            torch.get_num_threads(),
        )
        return tokens, logprobs


def _pointer(tensor: torch.Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()
