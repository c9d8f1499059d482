"""The trainers of the verifier's three losses, each over TRL's own."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import RewardConfig, RewardTrainer, SFTTrainer
from trl.trainer.reward_trainer import DataCollatorForPreference

from mathtune_core.processes import process_count
from mathtune_training.global_batches import IGNORED, GlobalBatches, GlobalBatchTrainer, share_of
from mathtune_training.hyperparameters import Hyperparameters, shared_arguments, trainer_arguments
from mathtune_training.verdict_head import last_positions
from mathtune_training.verdict_loss import bradley_terry, verdict_cross_entropy, verdict_margin

VerifierLoss = Literal["xent", "margin", "bradley-terry"]
PairLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # logit differences of right and wrong, (pairs,): sum


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


class PairTrainer(GlobalBatches, RewardTrainer):
    """TRL's reward model trainer, with a loss over pairs on the verdict instead of a new head.

    A row is `chosen_ids` and `rejected_ids`, the verifier's prompts with a right and a wrong solution of one problem,
    and `length`, that of the longer: 0 where the pair only fills a batch.
    """

    pair_loss: PairLoss  # set before training

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The mean loss over the pairs of the batch, of all processes."""
        counts = inputs["counts"]
        given = {name: value for name, value in inputs.items() if name != "counts"}
        right, wrong = model(**given).logits[:, 0].chunk(2)
        total = self.pair_loss(right[counts], wrong[counts])
        # The sum of all processes' pairs, whose gradients are then averaged.
        return total * self.accelerator.num_processes / self.accelerator.reduce(counts.sum())


class PairCollator(DataCollatorForPreference):
    """TRL's collator (right prompts, then wrong ones, padded on the right), with the positions of the verdicts."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """`input_ids`, `attention_mask` and `verdict_mask`, each (2 × pairs, longest), and `counts` (pairs,)."""
        batch: dict[str, Any] = super().torch_call(examples)
        counts = torch.tensor([example["length"] > 0 for example in examples])
        return {**batch, "verdict_mask": last_positions(batch["attention_mask"]), "counts": counts}


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
    """The trainer of `loss` over `verdict_rows` or `pair_rows`; `model` has a verdict head, `folder` is scratch."""
    if loss == "xent":
        arguments = trainer_arguments(params, seed, folder)
        return VerdictTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    pairs = share_of(rows_per_batch(loss, params.batch_size), process_count(), "pairs of two rows")
    shared = shared_arguments(params, seed, folder) | {
        "per_device_train_batch_size": pairs,
        "max_length": None,  # rows are counted and dropped before; left to itself TRL drops long ones in silence
        "disable_dropout": False,
        "remove_unused_columns": False,  # the order of rows reads `length`
    }
    # TRL asks this of a reward model; the verdict's difference is one number.
    classes, model.config.num_labels = model.config.num_labels, 1
    try:
        trainer = PairTrainer(
            model=model,
            args=RewardConfig(**shared),
            train_dataset=rows,
            processing_class=tokenizer,
            data_collator=PairCollator(pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id),
        )
    finally:
        model.config.num_labels = classes
    trainer.pair_loss = partial(verdict_margin, margin=margin) if loss == "margin" else bradley_terry
    return trainer
