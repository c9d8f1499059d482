"""Checkpoints that any number of processes, with FSDP2 or without, takes up from another."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import Trainer

from mathtune_training.whole_weights import (
    set_weight,
    shared_optimizer_state,
    wait_for_all,
    weights_of,
    whole_optimizer_state,
    whole_weights,
)

OPTIMIZER, SCHEDULER = "optimizer.pt", "scheduler.pt"  # as the Trainer names them


class WholeCheckpoints(Trainer):
    """The Trainer, whose checkpoints under FSDP are FSDP's alone, with those that one process writes.

    DeepSpeed's stay DeepSpeed's; see checkpoints.py.
    """

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """The weights of a checkpoint, whole and in safetensors whatever holds them."""
        if not self.is_fsdp_enabled:
            super().save_model(output_dir, _internal_call)
            return
        weights = whole_weights(self.model)
        if self.args.should_save:
            self._save(output_dir, state_dict=weights)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        if not self.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        held = weights_of(self.model)
        for file in sorted(Path(resume_from_checkpoint).glob("*.safetensors")):
            for name, weight in load_file(file).items():
                set_weight(held[name], weight)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if not self.is_fsdp_enabled:
            super()._save_optimizer_and_scheduler(output_dir)
            return
        state = whole_optimizer_state(self.optimizer.state_dict())
        if self.args.should_save:
            torch.save(state, Path(output_dir) / OPTIMIZER)
            torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / SCHEDULER)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None or not self.is_fsdp_enabled:
            super()._load_optimizer_and_scheduler(checkpoint)
            return
        # The Trainer's own format of all but weights. weights_only takes tensors and plain values, and runs nothing;
        # mapped, for each process takes only its share.
        state = torch.load(Path(checkpoint) / OPTIMIZER, map_location="cpu", weights_only=True, mmap=True)
        weights = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        self.optimizer.load_state_dict(shared_optimizer_state(state, weights))
        self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint) / SCHEDULER, weights_only=True))  # as above

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        wait_for_all()  # the main process goes on to the file that says that a checkpoint is whole
