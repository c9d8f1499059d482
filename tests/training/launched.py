"""Runs a stage as stage.py does, on CPUs but with what GPUs bring: FSDP2, TRL's fused loss, random states that part.

Accelerate shards nothing on CPUs (its MULTI_CPU is plain data parallelism), though PyTorch does, over gloo. So it is
told here that these are GPUs.
"""

import os
import sys
from pathlib import Path
from typing import Any

os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packages/core/src"))

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel

from mathtune_core.stage import main
from mathtune_training import sft, trainable
from mathtune_training.like_lengths import StepOrder

torch.distributed.init_process_group("gloo")
PartialState._prepare_backend = lambda *_, **__: ("gloo", DistributedType.MULTI_GPU)
sft.LOGITS_AT_ONCE = 0
drawn_order = StepOrder.__iter__
all_weights = trainable.whole_weights


def order_after_dropout(self: StepOrder) -> Any:
    """The other processes have drawn more random numbers than the main one."""
    torch.rand(torch.distributed.get_rank())
    return drawn_order(self)


def weights_of_shards(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Fails unless every weight was sharded."""
    weights = all_weights(model)
    assert {(type(weight), str(weight.placements)) for weight in model.parameters()} == {(DTensor, "(Shard(dim=0),)")}
    return weights


StepOrder.__iter__ = order_after_dropout
trainable.whole_weights = weights_of_shards

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
