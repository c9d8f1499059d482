"""The trainers of the verifier's three losses, each over TRL's own."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import RewardConfig, RewardTrainer, SFTTrainer
from trl.trainer.reward_trainer import DataCollatorForPreference

from mathtune_core.errors import MathtuneError
from mathtune_core.processes import process_count
from mathtune_training.global_batches import IGNORED, GlobalBatchTrainer, row_lengths
from mathtune_training.hyperparameters import Hyperparameters, shared_arguments, trainer_arguments
from mathtune_training.like_lengths import StepOrder
from mathtune_training.verdict_head import last_positions
from mathtune_training.verdict_loss import verdict_cross_entropy, verdict_margin

VerifierLoss = Literal["xent", "margin", "bradley-terry"]


class VerdictTrainer(GlobalBatchTrainer):
    """TRL's trainer with the paper's cross-entropy on the verdict.

    A row is `input_ids` (the verifier's prompt) and `labels`: ignored everywhere but at the last token, where it is 1
    for a right solution and 0 for a wrong one. TRL's collator pads both, and its count of labels is then the
    number of examples, also over accumulated batches.
    """

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The mean verdict loss over the (accumulated) batch."""
        loss, examples = torch.tensor(0.0, device=inputs["labels"].device), (inputs["labels"] != IGNORED).sum()
        for part in self.parts(inputs):
            mask = part["labels"] != IGNORED
            output = model(input_ids=part["input_ids"], attention_mask=part["attention_mask"], verdict_mask=mask)
            loss = loss + verdict_cross_entropy(output.logits[:, 0], part["labels"][mask])
        if num_items_in_batch is None:
            return loss / examples
        # The count spans all processes, whose gradients are then averaged.
        return loss * self.accelerator.num_processes / num_items_in_batch


class PairTrainer(RewardTrainer):
    """TRL's reward model trainer, whose loss is Bradley–Terry's, on the verdict instead of a new head.

    A row is `chosen_ids` and `rejected_ids`, the verifier's prompts with a right and a wrong solution of one problem,
    and `length`, that of the longer.
    """

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> StepOrder:
        a_step = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return StepOrder(row_lengths(self.train_dataset), a_step, self.args.seed)

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        super(RewardTrainer, self)._save_checkpoint(model, trial)  # without TRL's model card


class MarginTrainer(PairTrainer):
    """The paper's hinge on log S in place of Bradley–Terry's loss; `margin` (λ) is set before training."""

    margin: float

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The mean hinge over the batch's pairs."""
        right, wrong = model(**inputs).logits[:, 0].chunk(2)
        return verdict_margin(right, wrong, self.margin) / right.numel()


class PairCollator(DataCollatorForPreference):
    """TRL's collator (right prompts, then wrong ones, padded on the right), with the positions of the verdicts."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """`input_ids`, `attention_mask` and `verdict_mask`, each (2 × pairs, longest)."""
        batch: dict[str, Any] = super().torch_call(examples)
        return {**batch, "verdict_mask": last_positions(batch["attention_mask"])}


def verdict_rows(token_ids: Iterable[list[int]], is_correct: Iterable[bool]) -> Dataset:
    """Rows as `VerdictTrainer` takes them, from the verifier's prompts and their verdicts."""
    rows: dict[str, list[list[int]]] = {"input_ids": [], "labels": []}
    for ids, right in zip(token_ids, is_correct, strict=True):
        rows["input_ids"].append(ids)
        rows["labels"].append([IGNORED] * (len(ids) - 1) + [int(right)])
    return Dataset.from_dict(rows)


def pair_rows(token_ids: Sequence[list[int]], pairs: Iterable[tuple[int, int]]) -> Dataset:
    """Rows as `PairTrainer` takes them; `pairs` are (right, wrong) positions in `token_ids`."""
    rows: dict[str, list[Any]] = {"chosen_ids": [], "rejected_ids": [], "length": []}
    for right, wrong in pairs:
        rows["chosen_ids"].append(token_ids[right])
        rows["rejected_ids"].append(token_ids[wrong])
        rows["length"].append(max(len(token_ids[right]), len(token_ids[wrong])))
    return Dataset.from_dict(rows)


def rows_per_batch(loss: VerifierLoss, batch_size: int) -> int:
    """Half as many where a row is a pair, so that a step sees as many solutions whatever the loss."""
    return batch_size if loss == "xent" else max(1, batch_size // 2)


def verdict_trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Dataset,
    params: Hyperparameters,
    loss: VerifierLoss,
    margin: float,
    seed: int,
    folder: Path,
) -> SFTTrainer | RewardTrainer:
    """The trainer of `loss` over `verdict_rows` or `pair_rows`; `model` has a verdict head, `folder` is scratch.

    Raises MathtuneError for a loss that compares in several processes.
    """
    if loss == "xent":
        arguments = trainer_arguments(params, seed, folder)
        return VerdictTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    if process_count() > 1:
        raise MathtuneError(
            f"params.yaml: train_verifier: loss: {loss} compares the pairs of a whole batch and trains in one process; "
            "start it by python, not by a launcher"
        )
    shared = shared_arguments(params, seed, folder) | {
        "per_device_train_batch_size": rows_per_batch(loss, params.batch_size),
        "max_length": None,  # rows are counted and dropped before; left to itself TRL drops long ones in silence
        "disable_dropout": False,
        "remove_unused_columns": False,  # the order of rows reads `length`
    }
    kind = MarginTrainer if loss == "margin" else PairTrainer
    # TRL asks this of a reward model; the verdict's difference is one number.
    classes, model.config.num_labels = model.config.num_labels, 1
    try:
        trainer = kind(
            model=model,
            args=RewardConfig(**shared),
            train_dataset=rows,
            processing_class=tokenizer,
            data_collator=PairCollator(pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id),
        )
    finally:
        model.config.num_labels = classes
    trainer.margin = margin
    return trainer
