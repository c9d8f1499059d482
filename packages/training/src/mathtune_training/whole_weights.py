"""The whole weights of a model that several processes hold in parts, for its checkpoint."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel

from mathtune_core.processes import process_index


def whole_weights(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """The state dict with every weight in full, on the CPU: in the main process; in the others it is empty.

    All of them must call it, since a weight is gathered from all: one at a time, so that no GPU has to hold the model.
    Tied weights stay one tensor.
    """
    whole: dict[str, torch.Tensor] = {}
    names: dict[int, str] = {}
    # Parameters, not their data: they carry the marks of what shards them. The call itself makes FSDP2 put back in
    # shards what it had gathered, and maybe rounded to bfloat16, for the last forward pass.
    for name, value in model.state_dict(keep_vars=True).items():
        first = names.setdefault(id(value), name)
        if first != name:
            if first in whole:
                whole[name] = whole[first]
            continue
        with gathered(value):
            full = value.full_tensor() if isinstance(value, DTensor) else value
            if process_index() == 0:
                whole[name] = full.detach().to("cpu", copy=is_partitioned(value))
    return whole


def is_partitioned(value: torch.Tensor) -> bool:
    """Whether DeepSpeed ZeRO-3 holds this weight, of which outside `gathered` nothing is left."""
    return hasattr(value, "ds_id")


def gathered(value: torch.Tensor) -> AbstractContextManager[None]:
    """ZeRO-3's partitions brought together for the time of the context; does nothing to other weights."""
    if not is_partitioned(value):
        return nullcontext()
    import deepspeed

    context: AbstractContextManager[None] = deepspeed.zero.GatheredParameters([value])
    return context
