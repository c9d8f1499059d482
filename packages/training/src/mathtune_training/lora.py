"""Low-rank adapters through PEFT, trained beside frozen weights and then merged into them (arXiv 2106.09685)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from transformers import PreTrainedModel

from mathtune_core.errors import MathtuneError

if TYPE_CHECKING:
    from peft import LoraModel

ADAPTER = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """An adapter's sizes: each module named in `target_modules` gets a matrix of `rank`, scaled by `alpha / rank`."""

    rank: int
    alpha: float
    dropout: float = 0.0
    target_modules: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"rank: must be at least 1, got {self.rank}")
        if not self.alpha > 0:
            raise ValueError(f"alpha: must be more than 0, got {self.alpha}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout: must be at least 0 and less than 1, got {self.dropout}")
        if not self.target_modules:
            raise ValueError("target_modules: name at least one module, such as q_proj")


def add_lora(model: PreTrainedModel, lora: Lora, seed: int) -> "LoraModel":
    """Puts adapters into `model` in place, in float32, and freezes everything else; the handle that merges them.

    The model stays of its own class, so that trainers and losses need not know. Raises MathtuneError when the
    model has no module of a name in `target_modules`, or one of them is not a linear layer.
    """
    from peft import LoraConfig, LoraModel

    linear = {name.rpartition(".")[2] for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    head = {
        name.rpartition(".")[2] for name, module in model.named_modules() if module is model.get_output_embeddings()
    }
    for target in lora.target_modules:
        # The losses project hidden states by the LM head's own weight.
        if target not in linear - head:
            known = ", ".join(sorted(linear - head))
            raise MathtuneError(
                f"params.yaml: lora.target_modules: {target}: no such linear layer; choose from {known}"
            )
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=list(lora.target_modules),
    )
    torch.manual_seed(seed)
    return LoraModel(model, {ADAPTER: config}, ADAPTER)


def merge_lora(adapted: "LoraModel", model: PreTrainedModel) -> None:
    """Adds the adapters' products to the weights they stand beside and takes them out of `model`, in place."""
    adapted.merge_and_unload()
    model.requires_grad_(True)
