"""Which kernels run a model here."""

import sys
from typing import Any

import torch

from mathtune_sampling.engine.kernels import Kernels
from mathtune_sampling.engine.model import head_dim
from mathtune_sampling.engine.native import library
from mathtune_sampling.engine.native_kernels import NativeKernels
from mathtune_sampling.engine.torch_kernels import TorchKernels


def choose_kernels(model: Any) -> Kernels:
    """The C++ kernels where they can be had, else torch's; on a CPU a line on stderr says why not C++."""
    device: torch.device = model.device
    reason = _against_native(head_dim(model.config), device)
    if reason is None:
        return NativeKernels()
    if device.type == "cpu":
        sys.stderr.write(f"warning: sampling without the C++ kernels, several times slower: {reason}\n")
    return TorchKernels(device)


def _against_native(dim: int, device: torch.device) -> str | None:
    """Why the C++ kernels cannot run heads of `dim` dimensions on `device`; None when they can."""
    if device.type != "cpu":
        return f"the model is on {device.type}"
    if dim % 32:
        return f"its heads have {dim} dimensions, which is not a multiple of 32"
    try:
        library()
    except OSError as error:
        return str(error)
    return None
