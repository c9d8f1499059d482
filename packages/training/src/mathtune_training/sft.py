"""Supervised solution fine-tuning: minimise −log p(X | P) over the solution's tokens (Liu et al., section 3.1)."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import completion_ids, prompt_ids
from mathtune_training.checkpoints import Checkpoints, SaveAfterMinutes
from mathtune_training.global_batches import IGNORED, GlobalBatchTrainer, row_lengths
from mathtune_training.hyperparameters import Hyperparameters, computes_in_bfloat16, trainer_arguments
from mathtune_training.lora import add_lora, merge_lora
from mathtune_training.throughput import Throughput
from mathtune_training.validation import Validation, validation_curve

# Up to so many logits of a batch, a GiB in float32, computing them twice to save memory is a loss: with SmolLM2's
# vocabulary of 49,152 training takes 1.47 times as long (docs/results/training.md).
LOGITS_AT_ONCE = 2**28


# On a CPU torch's fused attention is slower than plain products for rows up to about this long (docs/log.md), and
# the plain one's memory grows with their square.
PLAIN_ATTENTION_TOKENS = 384


class CompletionTrainer(GlobalBatchTrainer):
    """The loss over the solution's tokens alone, projected where there are any.

    TRL's loss projects tokens in tiles, recomputes them backward and takes every token's entropy and accuracy along:
    right on a GPU, but on a CPU it costs a tenth of a training step with a vocabulary of a thousand, and a third
    with one of fifty thousand.
    """

    @cached_property
    def at_once(self) -> bool:
        """Whether the logits of a batch are all held: on a CPU, and few enough. The same in every process."""
        longest_batch = self.args.per_device_train_batch_size * max(row_lengths(self.train_dataset))
        return self.args.device.type == "cpu" and longest_batch * self.model.config.vocab_size <= LOGITS_AT_ONCE

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The mean of −log p over the completion tokens of the (accumulated) batch."""
        if num_items_in_batch is None:
            num_items_in_batch = (inputs["labels"][:, 1:] != IGNORED).sum()
        if not self.at_once:
            whole = super().compute_loss
            return sum(whole(model, part, num_items_in_batch=num_items_in_batch) for part in self.parts(inputs))
        total = sum(completion_loss(model, self.model, part)[0] for part in self.parts(inputs))
        # The count spans all processes, whose gradients are then averaged.
        return total * self.accelerator.num_processes / num_items_in_batch


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCurve:
    """How a training went: optimizer steps, the mean loss of each logged stretch of them, and the validation loss."""

    steps: int
    losses: pl.DataFrame  # step: Int64, loss: Float64
    val_losses: pl.DataFrame  # step: Int64, val_loss: Float64; empty without validation

    @property
    def final_loss(self) -> float:
        """The mean training loss over the last logged steps."""
        return float(self.losses["loss"][-1])

    @property
    def best_step(self) -> int:
        """The step of the lowest validation loss, the earliest of equals."""
        return int(self.val_losses.sort("val_loss", "step")["step"][0])

    @property
    def best_val_loss(self) -> float:
        """The lowest validation loss."""
        return float(self.val_losses.sort("val_loss", "step")["val_loss"][0])


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
    *,
    max_steps: int | None = None,
    val_rows: Dataset | None = None,
    live: Path | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainingCurve:
    """Fine-tunes `model` in place on tokenized `rows`; the same inputs give the same weights.

    `max_steps` optimizer steps are taken, where given, instead of `params.epochs`.

    With `params.lora` adapters are trained and merged. `val_rows` give the validation curve, and with
    `params.eval_steps` the weights are those of its lowest loss; without it those of the last step. `live` is for
    DVCLive; `checkpoints`, where they are kept and a killed training goes on.
    """
    measured = val_rows is not None and len(val_rows) > 0
    return fine_tune(
        model,
        params,
        seed,
        lambda folder: CompletionTrainer(
            model=model,
            args=trainer_arguments(params, seed, folder, max_steps),
            train_dataset=rows,
            processing_class=tokenizer,
        ),
        measure=(lambda: mean_completion_loss(model, val_rows, params)) if measured else None,
        live=live,
        checkpoints=checkpoints,
    )


def fine_tune(
    model: PreTrainedModel,
    params: Hyperparameters,
    seed: int,
    trainer_of: Callable[[Path], Trainer],
    *,
    measure: Callable[[], float] | None = None,
    live: Path | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainingCurve:
    """Runs the trainer that `trainer_of` makes of `model`, whatever its loss, as `params` ask; it gets the folder for
    checkpoints.

    `measure` gives the validation loss of `model` as it stands; the others are as for `train_sft`.
    """
    adapted = add_lora(model, params.lora, seed) if params.lora else None
    with tempfile.TemporaryDirectory() as scratch:
        folder = checkpoints.folder if checkpoints else Path(scratch)
        validation = None
        if measure is not None:
            validation = Validation(measure, eval_steps=params.eval_steps, patience=params.patience, folder=folder)
        curve = run_trainer(
            trainer_of(folder),
            live=live,
            validation=validation,
            checkpoints=checkpoints,
            checkpoint_minutes=params.checkpoint_minutes,
        )
    if adapted is not None:
        merge_lora(adapted, model)
    return curve


def run_trainer(
    trainer: Trainer,
    *,
    live: Path | None = None,
    validation: Validation | None = None,
    checkpoints: Checkpoints | None = None,
    checkpoint_minutes: float | None = None,
) -> TrainingCurve:
    """Trains to the end, from the last of `checkpoints` where there is one, and returns the logged losses.

    The model ends with the best weights that `validation` kept.
    """
    choose_attention(trainer.model, max(row_lengths(trainer.train_dataset)))
    if live is not None:
        trainer.add_callback(Throughput(live, validation))
    if validation is not None:
        trainer.add_callback(validation)
    if checkpoints is not None and checkpoint_minutes is not None:
        trainer.add_callback(SaveAfterMinutes(checkpoint_minutes))
    last = checkpoints.last() if checkpoints else None
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    if validation is not None:
        validation.restore_best(trainer.model)
    logged = [(entry["step"], entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
    losses = pl.DataFrame(logged, schema={"step": pl.Int64, "loss": pl.Float64}, orient="row")
    return TrainingCurve(steps=trainer.state.global_step, losses=losses, val_losses=validation_curve(trainer.state))


def choose_attention(model: PreTrainedModel, longest: int) -> None:
    """The quicker of the two for rows of at most `longest` tokens on a CPU; a GPU keeps the fused one."""
    if model.device.type == "cpu" and longest <= PLAIN_ATTENTION_TOKENS:
        model.set_attn_implementation("eager")


def completion_loss(
    call: torch.nn.Module, model: PreTrainedModel, inputs: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The sum of −log p over the labelled tokens, and their number.

    `inputs` are `input_ids`, `attention_mask` and `labels`, each of shape (rows, longest). `call` is `model` or what
    wraps it. Only positions before a labelled token meet the LM head.
    """
    targets = inputs["labels"][:, 1:]
    wanted = targets != IGNORED
    before = torch.nn.functional.pad(wanted, (0, 1))
    with head_at(model, before):
        logits = call(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.float(), targets[wanted], reduction="sum"), wanted.sum()


@contextmanager
def head_at(model: PreTrainedModel, positions: torch.Tensor) -> Iterator[None]:
    """Within, the model's logits are of shape (wanted, vocabulary): those at the boolean mask `positions` alone.

    They are picked before the LM head, so that whatever a model does to its logits afterwards is done to these.
    """
    hook = model.get_output_embeddings().register_forward_pre_hook(lambda head, given: (given[0][positions],))
    try:
        yield
    finally:
        hook.remove()


def mean_completion_loss(model: PreTrainedModel, rows: Dataset, params: Hyperparameters) -> float:
    """The mean of −log p over every completion token of `rows`, each token counting once.

    (The Trainer's own evaluation averages batch means, which depends on how rows fall into batches.)
    """
    model.eval()
    total, tokens = 0.0, 0
    for batch in length_batches(rows["input_ids"], params.batch_size):
        input_ids, attention_mask = pad_right([rows[i]["input_ids"] for i in batch], 0, model.device)
        labels, _ = pad_right([rows[i]["labels"] for i in batch], IGNORED, model.device)
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask, "labels": labels}
        with torch.inference_mode(), compute_dtype(model, params):
            loss, number = completion_loss(model, model, inputs)
        total += float(loss)
        tokens += int(number)
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
    return torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=computes_in_bfloat16(params))
