"""How fast a training is, logged with DVCLive: tokens a second, the share of what the machine could do, and memory."""

import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from dvclive.live import Live
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mathtune_training.validation import Validation

LIMIT_ROWS = 1024  # at which a matrix product of these sizes is as fast as it gets
LIMIT_ROUNDS = 3
# Dense bfloat16 products, FLOP/s, from NVIDIA's data sheets; the first name found in the device's counts.
PEAK_FLOPS = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "A10G": 70e12,
    "RTX 4090": 165e12,
}


class Throughput(TrainerCallback):
    """Logs loss and throughput of every stretch between two logged steps into `folder`, and their mean at the end.

    tokens_per_second counts no padding, and no time spent in validation or saving. On a CPU matmul_share is that rate
    by the one at which the model's matrix products alone would run, forward and backward; on a GPU it is
    model_flops_utilisation, six FLOPs a weight and token by the device's peak, and null when the peak is not known.
    Timings stay in this folder: no later stage reads it, so runs of the same inputs stay the same to the byte.
    """

    def __init__(self, folder: Path, validation: Validation | None) -> None:
        self._folder = folder
        self._validation = validation
        self._limit: float | None = None

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel,
        **kwargs: Any,
    ) -> None:
        """Measures the limit and starts the clock."""
        if not state.is_world_process_zero:
            return
        self._share = "matmul_share" if model.device.type == "cpu" else "model_flops_utilisation"
        self._limit = tokens_limit(model, torch.bfloat16 if args.bf16 else torch.float32)
        # A stage has its metrics in its own dvc.yaml and DVC its experiments: nothing is written but the numbers.
        self._live = Live(str(self._folder), save_dvc_exp=False, dvcyaml=None, report=None)
        self._tokens, self._seconds = 0, 0.0
        self._restart(state)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float],
        **kwargs: Any,
    ) -> None:
        """One point of every curve."""
        if "loss" not in logs or not state.is_world_process_zero:
            return
        tokens, seconds = self._count(state)
        self._live.step = state.global_step
        self._live.log_metric("loss", logs["loss"])
        for name, value in self._rates(tokens / seconds).items():
            if value is not None:
                self._live.log_metric(name, value)
        self._live.make_summary()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Saving is no training; it comes right after a log."""
        if state.is_world_process_zero:
            self._restart(state)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The summary holds the whole training's rates, not the last stretch's."""
        if not state.is_world_process_zero:
            return
        self._count(state)
        # The last step need not be a logged one, and DVCLive ends at the step of its summary.
        self._live.step = self._live.summary["step"] = state.global_step
        self._live.summary.update(self._rates(self._tokens / self._seconds))
        self._live.end()

    def _rates(self, tokens_per_second: float) -> dict[str, float | None]:
        return {
            "tokens_per_second": tokens_per_second,
            self._share: tokens_per_second / self._limit if self._limit else None,
            "peak_memory_gib": peak_memory() / 2**30,
        }

    def _count(self, state: TrainerState) -> tuple[int, float]:
        """Tokens and seconds since the last count, which are added to the training's own."""
        tokens = int(state.num_input_tokens_seen) - self._seen
        seconds = time.perf_counter() - self._started - (self._pauses() - self._paused)
        self._tokens, self._seconds = self._tokens + tokens, self._seconds + seconds
        self._restart(state)
        return tokens, seconds

    def _restart(self, state: TrainerState) -> None:
        self._seen, self._started, self._paused = int(state.num_input_tokens_seen), time.perf_counter(), self._pauses()

    def _pauses(self) -> float:
        return self._validation.seconds if self._validation else 0.0


def tokens_limit(model: PreTrainedModel, dtype: torch.dtype) -> float | None:
    """Tokens a second at which the matrix products alone of training `model` would run here; None when not known."""
    if model.device.type == "cpu":
        return matmul_limit(model, dtype)
    peak = peak_flops(torch.cuda.get_device_name(model.device)) if model.device.type == "cuda" else None
    weights = sum(layer.weight.numel() for layer in linear_layers(model))
    return peak / (6 * weights) if peak else None


def matmul_limit(model: PreTrainedModel, dtype: torch.dtype) -> float:
    """Tokens a second through the products of every linear layer, forward and backward, measured shape by shape.

    A frozen layer has no product for its gradient.
    """
    shapes: dict[tuple[int, int, bool], int] = {}
    for layer in linear_layers(model):
        shape = (layer.in_features, layer.out_features, layer.weight.requires_grad)
        shapes[shape] = shapes.get(shape, 0) + 1
    seconds = 0.0
    for (inputs, outputs, trained), count in shapes.items():
        # Ones, for random numbers would be drawn from the training's own.
        weight = torch.ones(outputs, inputs, dtype=dtype)
        rows, gradients = torch.ones(LIMIT_ROWS, inputs, dtype=dtype), torch.ones(LIMIT_ROWS, outputs, dtype=dtype)
        rounds = []
        for _ in range(LIMIT_ROUNDS + 1):  # the first warms up
            started = time.perf_counter()
            _ = rows @ weight.T
            _ = gradients @ weight
            if trained:
                _ = gradients.T @ rows
            rounds.append(time.perf_counter() - started)
        seconds += count * min(rounds[1:])
    return LIMIT_ROWS / seconds


def linear_layers(model: PreTrainedModel) -> list[torch.nn.Linear]:
    """Every linear layer of the model, its LM head included."""
    return [module for module in model.modules() if isinstance(module, torch.nn.Linear)]


def peak_flops(device: str) -> float | None:
    """The peak of a GPU by its name, FLOP/s in dense bfloat16; None when it is not in the table."""
    return next((peak for name, peak in PEAK_FLOPS.items() if name in device), None)


def peak_memory() -> int:
    """Bytes: the most that the GPU has held for this process, or without one the most it has had resident."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return resident if sys.platform == "darwin" else resident * 1024  # macOS counts bytes, Linux KiB
