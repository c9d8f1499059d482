"""Validation while training: the loss curve, the best weights, and when to stop."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mathtune_core.processes import process_index
from mathtune_training.whole_weights import set_weight, wait_for_all, weights_of, whole

CURVE = {"step": pl.Int64, "val_loss": pl.Float64}


class Validation(TrainerCallback):
    """Measures the validation loss every `eval_steps` optimizer steps and at the last one.

    The weights of the lowest loss are kept in `folder`, which must outlive a kill when the training does. After
    `patience` evaluations in a row without a lower one training stops. With `eval_steps` None only the last step is
    measured, and its weights stay. What has been measured lies in the Trainer's log history, and so in its
    checkpoints: a resumed training decides as an uninterrupted one would.
    """

    def __init__(
        self, measure: Callable[[], float], *, eval_steps: int | None, patience: int | None, folder: Path
    ) -> None:
        self._measure = measure
        self._eval_steps = eval_steps
        self._patience = patience
        self._best = folder / "best.safetensors"
        self.seconds = 0.0  # spent here rather than in training

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel,
        **kwargs: Any,
    ) -> TrainerControl:
        """Measures where it is time to."""
        started = time.perf_counter()
        last = state.global_step >= state.max_steps or control.should_training_stop
        if last or (self._eval_steps is not None and state.global_step % self._eval_steps == 0):
            before = [entry["val_loss"] for entry in state.log_history if "val_loss" in entry]
            loss = self._measure()
            state.log_history.append({"step": state.global_step, "val_loss": loss})
            if self._eval_steps is not None and loss < min(before, default=float("inf")):
                self._keep(model)
            elif self._patience is not None and stagnant([*before, loss]) >= self._patience:
                control.should_training_stop = True
                # The stretch since the last logged step belongs to the curve.
                control.should_log = True
        self.seconds += time.perf_counter() - started
        return control

    def restore_best(self, model: PreTrainedModel) -> None:
        """Gives `model` the weights of the lowest validation loss, where evaluations chose among several."""
        if self._eval_steps is None:
            return
        wait_for_all()  # the main process may still be writing them
        weights = load_file(self._best)
        for name, parameter in trained_parameters(model).items():
            set_weight(parameter, weights[name])

    def _keep(self, model: PreTrainedModel) -> None:
        held = weights_of(model)
        weights = whole({name: held[name] for name in trained_parameters(model)})
        if process_index() > 0:
            return
        partial = self._best.with_suffix(".partial")
        self._best.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: weight.contiguous() for name, weight in weights.items()}, partial)
        partial.replace(self._best)


def trained_parameters(model: PreTrainedModel) -> dict[str, torch.nn.Parameter]:
    """The parameters that training changes, each once however many layers share it."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def stagnant(losses: list[float]) -> int:
    """How many evaluations at the end of `losses` came since the lowest, the earliest of equals."""
    return len(losses) - 1 - losses.index(min(losses))


def validation_curve(state: TrainerState) -> pl.DataFrame:
    """What was measured, in order: step, val_loss."""
    measured = [(entry["step"], entry["val_loss"]) for entry in state.log_history if "val_loss" in entry]
    return pl.DataFrame(measured, schema=CURVE, orient="row")
