"""What every fine-tuning stage sets, the checks on it, and its translation to TRL's arguments."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from trl import SFTConfig

from mathtune_core.processes import process_count
from mathtune_training.global_batches import share_of
from mathtune_training.lora import Lora

Dtype = Literal["float32", "bfloat16"]
Schedule = Literal["cosine", "linear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameters:
    """The fields that every fine-tuning section of params.yaml has, those with defaults only where it wants others.

    Weights are trained in float32; `dtype` is what is computed in, where the hardware has it (`computes_in_bfloat16`).
    `lora: null` trains every weight. `eval_steps` measures the validation loss that often and keeps the best weights;
    `patience` stops after so many evaluations without a better one. `checkpoint_minutes: null` saves no checkpoints.
    `batch_size` is what all processes together take in a forward pass.
    Raises ValueError("field: reason").
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
    gradient_checkpointing: bool = False
    lora: Lora | None = None
    eval_steps: int | None = None
    patience: int | None = None
    checkpoint_minutes: float | None = 10.0

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
        for field in ("eval_steps", "patience"):
            if getattr(self, field) is not None and getattr(self, field) < 1:
                raise ValueError(f"{field}: must be at least 1, or null for none, got {getattr(self, field)}")
        if self.patience is not None and self.eval_steps is None:
            raise ValueError("patience: counts evaluations, so set eval_steps too")
        if self.checkpoint_minutes is not None and self.checkpoint_minutes < 0:
            raise ValueError(f"checkpoint_minutes: must not be negative, got {self.checkpoint_minutes}")


def computes_in_bfloat16(params: Hyperparameters) -> bool:
    """Whether a training computes in bfloat16: asked for, and not slower than float32 for want of instructions.

    Without them it is float32, and `trainer_arguments` says so: the same experiment on every machine, at its own speed.
    """
    return params.dtype == "bfloat16" and bfloat16_hardware()


def bfloat16_hardware() -> bool:
    """Whether the GPU, or without one the processor, has bfloat16 products."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # oneDNN's own answer, the one that torch's bfloat16 products go by.
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def shared_arguments(params: Hyperparameters, seed: int, folder: Path) -> dict[str, Any]:
    """What every one of TRL's configurations gets; `folder` is where checkpoints go, if any are asked for.

    Every default of TRL's that would change the data or the numbers unasked is overridden here.
    """
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        # The Trainer's own `full_determinism` would also make every kernel launch wait.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    bfloat16 = computes_in_bfloat16(params)
    if params.dtype == "bfloat16" and not bfloat16:
        sys.stderr.write("dtype: this machine computes no bfloat16, so this training computes in float32\n")
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
        # Autocast over float32 master weights; TRL's default is bf16 everywhere.
        "bf16": bfloat16,
        "use_cpu": not on_gpu,
        # TRL's default is to, which saves memory that small models do not need, at a third more compute.
        "activation_checkpointing": params.gradient_checkpointing,
        "activation_checkpointing_kwargs": {"use_reentrant": False} if params.gradient_checkpointing else None,
        # The trainers pass use_cache=False themselves; False here would be written into the model's config.json.
        "use_cache": True,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": on_gpu,
        "logging_steps": 10,
        "logging_first_step": True,
        "disable_tqdm": False,
        "include_num_input_tokens_seen": "non_padding",
        "report_to": "none",  # Throughput logs with DVCLive
        # A causal language model uses every weight in every step, so no process looks for unused ones.
        "ddp_find_unused_parameters": False,
        "eval_strategy": "no",
        "save_strategy": "no",  # SaveAfterMinutes asks for checkpoints
        "save_total_limit": 1,
    }


def trainer_arguments(params: Hyperparameters, seed: int, folder: Path, max_steps: int | None = None) -> SFTConfig:
    """TRL's configuration for tokenized rows with labels, none too long; `max_steps` replaces the epochs."""
    return SFTConfig(
        **shared_arguments(params, seed, folder),
        max_steps=-1 if max_steps is None else max_steps,
        # Left to itself TRL cuts rows at 1,024 tokens.
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
        # Packing wants an attention that keeps the packed rows apart, which CPUs lack, and could win little:
        # batches are computed in parts of like length (like_lengths.py).
        packing=False,
    )
