"""Supervised solution fine-tuning: minimise −log p(X | P) over the solution's tokens (Liu et al., section 3.1)."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer
from trl import SFTTrainer

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import completion_ids, prompt_ids
from mathtune_training.global_batches import GlobalBatchTrainer
from mathtune_training.hyperparameters import Hyperparameters, trainer_arguments

IGNORED = -100  # the label of a position without loss, in every Hugging Face collator
# Up to here a batch's logits are small beside its activations, and computing them twice to save memory is a loss.
SMALL_VOCABULARY = 8192


class CompletionTrainer(GlobalBatchTrainer):
    """TRL's trainer, with the model's own cross-entropy where that is faster and as exact.

    TRL's loss projects tokens in tiles, recomputes them backward and takes every token's entropy and accuracy along:
    right on a GPU, but on a CPU and a vocabulary of a thousand it costs a tenth of a training step.
    """

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The mean of −log p over the completion tokens of the (accumulated) batch."""
        if self.args.device.type != "cpu" or self.model.config.vocab_size > SMALL_VOCABULARY:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        return Trainer.compute_loss(self, model, {**inputs, "use_cache": False}, return_outputs, num_items_in_batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCurve:
    """How a training went: optimizer steps and the mean loss of each logged stretch of them."""

    steps: int
    losses: pl.DataFrame  # step: Int64, loss: Float64

    @property
    def final_loss(self) -> float:
        """The mean training loss over the last logged steps."""
        return float(self.losses["loss"][-1])


def tokenize_solutions(
    tokenizer: PreTrainedTokenizerBase, problems: pl.DataFrame, solutions: pl.DataFrame, max_length: int
) -> tuple[Dataset, int]:
    """One row a solution (`input_ids`, `labels`), in the order of `solutions`, and how many were too long.

    `input_ids` are the prompt's ids followed by the completion's, the end token included; `labels` are the same with
    the prompt ignored. A row of more than `max_length` tokens is dropped and counted, never cut.

    Raises MathtuneError when a solution's problem is not among `problems`.
    """
    texts = dict(problems.select("problem_id", "problem").iter_rows())
    prompts: dict[str, list[int]] = {}
    rows: dict[str, list[list[int]]] = {"input_ids": [], "labels": []}
    dropped = 0
    for solution_id, problem_id, solution in solutions.select("solution_id", "problem_id", "solution").iter_rows():
        if problem_id not in texts:
            raise MathtuneError(f"solutions: solution_id {solution_id}: its problem {problem_id} is not in problems")
        if problem_id not in prompts:
            prompts[problem_id] = prompt_ids(tokenizer, texts[problem_id])
        prompt, completion = prompts[problem_id], completion_ids(tokenizer, solution)
        if len(prompt) + len(completion) > max_length:
            dropped += 1
            continue
        rows["input_ids"].append(prompt + completion)
        rows["labels"].append([IGNORED] * len(prompt) + completion)
    return Dataset.from_dict(rows), dropped


def train_sft(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Dataset,
    params: Hyperparameters,
    seed: int,
    max_steps: int | None = None,
) -> TrainingCurve:
    """Fine-tunes every weight of `model` in place on tokenized `rows`; the same inputs give the same weights.

    `max_steps` optimizer steps are taken, where given, instead of `params.epochs`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        arguments = trainer_arguments(params, seed, Path(scratch))
        arguments.max_steps = -1 if max_steps is None else max_steps
        trainer = CompletionTrainer(
            model=model,
            args=arguments,
            train_dataset=rows,
            processing_class=tokenizer,
        )
        return run_trainer(trainer)


def run_trainer(trainer: SFTTrainer) -> TrainingCurve:
    """Trains to the end and returns the logged losses."""
    trainer.train()
    logged = [(entry["step"], entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
    losses = pl.DataFrame(logged, schema={"step": pl.Int64, "loss": pl.Float64}, orient="row")
    return TrainingCurve(steps=trainer.state.global_step, losses=losses)


def mean_completion_loss(model: PreTrainedModel, rows: Dataset, params: Hyperparameters) -> float:
    """The mean of −log p over every completion token of `rows`, each token counting once.

    (The Trainer's own evaluation averages batch means, which depends on how rows fall into batches.)
    """
    model.eval()
    total, tokens = 0.0, 0
    for batch in length_batches(rows["input_ids"], params.batch_size):
        input_ids, attention_mask = pad_right([rows[i]["input_ids"] for i in batch], 0, model.device)
        labels, _ = pad_right([rows[i]["labels"] for i in batch], IGNORED, model.device)
        with torch.inference_mode(), compute_dtype(model, params):
            logits = model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits
        targets = labels[:, 1:]
        wanted = targets != IGNORED
        losses = torch.nn.functional.cross_entropy(logits[:, :-1][wanted].float(), targets[wanted], reduction="sum")
        total += float(losses)
        tokens += int(wanted.sum())
    return total / tokens


def length_batches(rows: Sequence[Sequence[int]], size: int) -> list[list[int]]:
    """Row numbers in batches of at most `size`, the longest rows first, so that little is padding."""
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
    return [order[start : start + size] for start in range(0, len(order), size)]


def pad_right(rows: Sequence[Sequence[int]], value: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """`rows` as one (rows, longest) tensor padded with `value`, and its attention mask."""
    longest = max(map(len, rows))
    padded = torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows], device=device)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    return padded, (torch.arange(longest, device=device) < lengths[:, None]).long()


def compute_dtype(model: PreTrainedModel, params: Hyperparameters) -> torch.autocast:
    """The autocast that training computed under, for evaluation to do the same."""
    return torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=params.dtype == "bfloat16")
