"""Batches that several processes share: the steps they take together are those that one process takes alone."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from datasets import Dataset, concatenate_datasets
from torch.utils.data import DataLoader, Sampler
from transformers import Trainer
from trl import SFTTrainer

from mathtune_core.errors import MathtuneError
from mathtune_training.like_lengths import StepOrder, like_length_parts
from mathtune_training.whole_checkpoints import WholeCheckpoints

IGNORED = -100  # the label of a position without loss, in every Hugging Face collator


def share_of(batch_size: int, processes: int, what: str = "rows") -> int:
    """How many rows of a batch each process takes. Raises MathtuneError unless all take as many."""
    if batch_size % processes:
        raise MathtuneError(
            f"params.yaml: batch_size: {batch_size} {what} do not share out among {processes} processes; "
            f"choose a multiple of {processes} {what}, or another --num_processes"
        )
    return batch_size // processes


class GlobalBatches(WholeCheckpoints):
    """What comes before TRL's trainers: rows in an order that a resume repeats and several processes share.

    The Trainer fills an epoch's last batch by repeating rows: with the number of processes other rows would meet in a
    step, and some would count twice.
    """

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> StepOrder:
        a_step = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        return StepOrder(row_lengths(self.train_dataset), a_step, self.args.seed)

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        Trainer._save_checkpoint(self, model, trial)  # without TRL's model card, which is not the stage's

    def _epoch(self) -> int:
        return int(self.state.epoch or 0)  # the Trainer's is a fraction, and whole when an epoch is through

    def parts(self, inputs: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        """A batch in parts of like length; whole where processes must make as many forward passes as one another."""
        return like_length_parts(inputs) if self.accelerator.num_processes == 1 else [inputs]

    def get_train_dataloader(self) -> DataLoader[Any]:
        """This process's share of every batch; what a single process gets is the Trainer's own."""
        if self.args.world_size == 1:
            return super().get_train_dataloader()
        rows, order = self.train_dataset, self._get_train_sampler()
        batch_size = self.args.train_batch_size * self.args.world_size
        return self._get_dataloader(
            dataset=concatenate_datasets([rows, filler(rows, row_lengths(rows))]),
            description="Training",
            batch_size=self._train_batch_size,
            sampler_fn=lambda _: WholeBatches(order, batch_size, self._epoch),
            is_training=True,
        )


class GlobalBatchTrainer(GlobalBatches, SFTTrainer):
    """TRL's trainer of tokenized rows with labels, over such batches."""


def row_lengths(rows: Dataset) -> list[int]:
    """Tokens in each row; of a pair, in the longer of the two."""
    return list(rows["length"]) if "length" in rows.column_names else [len(ids) for ids in rows["input_ids"]]


def filler(rows: Dataset, lengths: Sequence[int]) -> Dataset:
    """One row that no loss is taken of: the shortest, with its labels ignored, or as a pair with a length of 0."""
    row = rows[min(range(len(lengths)), key=lengths.__getitem__)]
    without = {"labels": [IGNORED] * len(row["labels"])} if "labels" in row else {"length": 0}
    return Dataset.from_list([{**row, **without}], features=rows.features)


class WholeBatches(Sampler[int]):
    """Row numbers in the order of one process, until they are through and the last batch is full.

    What fills it is the number after the last row's. `epoch` is asked for the epoch whenever one begins: accelerate
    tells it to no sampler as deep down as this one lies where a training goes on in the middle of an epoch.
    """

    def __init__(self, order: StepOrder, batch_size: int, epoch: Callable[[], int]) -> None:
        self._order = order
        self._batch_size = batch_size
        self._epoch = epoch

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._batch_size) * self._batch_size

    def __iter__(self) -> Iterator[int]:
        self._order.set_epoch(self._epoch())
        yield from self._order
        yield from [len(self._order)] * (len(self) - len(self._order))
