"""What every fine-tuning stage sets, the checks on it, and its translation to TRL's arguments."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from trl import SFTConfig

from mathtune_core.processes import process_count
from mathtune_training.global_batches import share_of

Dtype = Literal["float32", "bfloat16"]
Schedule = Literal["cosine", "linear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameters:
    """The fields that every fine-tuning section of params.yaml has. Raises ValueError("field: reason").

    `batch_size` is what all processes together take in a forward pass.
    """

    epochs: float
    learning_rate: float
    batch_size: int
    gradient_accumulation_steps: int
    warmup_ratio: float
    weight_decay: float
    lr_scheduler: Schedule
    max_length: int
    dtype: Dtype

    def __post_init__(self) -> None:
        for field in ("epochs", "learning_rate", "batch_size", "gradient_accumulation_steps"):
            if not getattr(self, field) > 0:
                raise ValueError(f"{field}: must be more than 0, got {getattr(self, field)}")
        if not 0 <= self.warmup_ratio < 1:
            raise ValueError(f"warmup_ratio: must be at least 0 and less than 1, got {self.warmup_ratio}")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay: must not be negative, got {self.weight_decay}")
        if self.max_length < 2:
            raise ValueError(f"max_length: must be at least 2 tokens, got {self.max_length}")


def shared_arguments(params: Hyperparameters, seed: int, folder: Path) -> dict[str, Any]:
    """What every one of TRL's configurations gets; `folder` is scratch, since nothing is written there.

    Every default of TRL's that would change the data or the numbers unasked is overridden here.
    """
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        # The Trainer's own `full_determinism` would also make every kernel launch wait.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    return {
        "output_dir": str(folder),
        "num_train_epochs": params.epochs,
        "learning_rate": params.learning_rate,
        "per_device_train_batch_size": share_of(params.batch_size, process_count()),
        "gradient_accumulation_steps": params.gradient_accumulation_steps,
        "warmup_steps": params.warmup_ratio,  # less than 1 is a share of all steps
        "weight_decay": params.weight_decay,
        "lr_scheduler_type": params.lr_scheduler,
        "optim": "adamw_torch_fused",
        "seed": seed,
        "train_sampling_strategy": "group_by_length",
        # Autocast over float32 master weights; TRL's default is bf16 everywhere.
        "bf16": params.dtype == "bfloat16",
        "use_cpu": not on_gpu,
        # TRL's default saves memory that models of this size do not need, at a third more compute.
        "activation_checkpointing": False,
        # The trainers pass use_cache=False themselves; False here would be written into the model's config.json.
        "use_cache": True,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": on_gpu,
        "logging_steps": 10,
        "logging_first_step": True,
        "disable_tqdm": False,
        "report_to": "none",
        # A causal language model uses every weight in every step, so no process looks for unused ones.
        "ddp_find_unused_parameters": False,
        "eval_strategy": "no",
        "save_strategy": "no",  # a checkpoint would pickle the optimizer
    }


def trainer_arguments(params: Hyperparameters, seed: int, folder: Path) -> SFTConfig:
    """TRL's configuration for tokenized rows with labels, none too long; `folder` is scratch."""
    return SFTConfig(
        **shared_arguments(params, seed, folder),
        # Left to itself TRL cuts rows at 1,024 tokens.
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
        # Packing needs an attention that keeps the packed rows apart, which CPUs lack; grouping by length also
        # spares the padding.
        packing=False,
    )
