"""What several processes hold in parts, made whole to save it, and put back in parts: weights and optimizer state."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import PreTrainedModel

from mathtune_core.processes import process_index


def whole_weights(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """The state dict with every weight in full, on the CPU: in the main process; in the others it is empty."""
    return whole(weights_of(model))


def weights_of(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """The state dict as this process holds it.

    Parameters, not their data: they carry the marks of what shards them. The call itself makes FSDP2 put back in shards
    what it had gathered, and maybe rounded to bfloat16, for the last forward pass.
    """
    weights: dict[str, torch.Tensor] = model.state_dict(keep_vars=True)
    return weights


def whole(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Some of `weights_of` a model in full, on the CPU: in the main process; in the others it is empty.

    All of them must call it, since a weight is gathered from all: one at a time, so that no GPU has to hold the model.
    Tied weights stay one tensor.
    """
    found: dict[str, torch.Tensor] = {}
    names: dict[int, str] = {}
    for name, value in weights.items():
        first = names.setdefault(id(value), name)
        if first != name:
            if first in found:
                found[name] = found[first]
            continue
        with gathered(value):
            full = full_tensor(value)
            if process_index() == 0:
                found[name] = full.detach().to("cpu", copy=is_partitioned(value))
    return found


def set_weight(weight: torch.Tensor, full: torch.Tensor) -> None:
    """Gives a weight of `weights_of` a model these values; all processes must call it."""
    with torch.no_grad(), gathered(weight, modifier_rank=0):
        weight.copy_(share_of_tensor(full, weight))


def whole_optimizer_state(state: dict[str, Any]) -> dict[str, Any]:
    """An optimizer's state dict as one process would have it; all must call it, and the main one gets the tensors."""
    moments = {
        index: {name: kept for name, value in of_weight.items() if (kept := _kept(value)) is not None}
        for index, of_weight in state["state"].items()
    }
    return {**state, "state": moments}


def _kept(value: Any) -> Any:
    """A tensor in full in the main process, None in the others; anything else as it is."""
    full = full_tensor(value) if isinstance(value, torch.Tensor) else value
    if not isinstance(full, torch.Tensor):
        return full
    return full.detach().to("cpu") if process_index() == 0 else None


def shared_optimizer_state(state: dict[str, Any], weights: list[torch.Tensor]) -> dict[str, Any]:
    """The reverse, in every process: the state dict of `whole_optimizer_state` for an optimizer of these weights."""
    moments = {
        index: {
            name: share_of_tensor(value, weights[index]) if value.shape == weights[index].shape else value
            for name, value in of_weight.items()
        }
        for index, of_weight in state["state"].items()
    }
    return {**state, "state": moments}


def wait_for_all() -> None:
    """Returns when every process has come here; at once where there is one."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()


def full_tensor(value: torch.Tensor) -> torch.Tensor:
    """All of a tensor that FSDP2 holds in shards; any other as it is."""
    return value.full_tensor() if isinstance(value, DTensor) else value


def share_of_tensor(full: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """This process's share of `full`, if `like` is in shards."""
    if not isinstance(like, DTensor):
        return full
    return distribute_tensor(full.to(like.device), like.device_mesh, like.placements)


def is_partitioned(value: torch.Tensor) -> bool:
    """Whether DeepSpeed ZeRO-3 holds this weight, of which outside `gathered` nothing is left."""
    return hasattr(value, "ds_id")


def gathered(value: torch.Tensor, modifier_rank: int | None = None) -> AbstractContextManager[None]:
    """ZeRO-3's partitions brought together for the time of the context; does nothing to other weights.

    What the process `modifier_rank` makes of them is then given to all.
    """
    if not is_partitioned(value):
        return nullcontext()
    import deepspeed

    context: AbstractContextManager[None] = deepspeed.zero.GatheredParameters([value], modifier_rank=modifier_rank)
    return context
