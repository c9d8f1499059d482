"""Batches that several processes share: the steps they take together are those that one process takes alone."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from datasets import Dataset, concatenate_datasets
from torch.utils.data import DataLoader, Sampler
from transformers.trainer_pt_utils import LengthGroupedSampler
from trl import SFTTrainer

from mathtune_core.errors import MathtuneError

IGNORED = -100  # the label of a position without loss, in every Hugging Face collator


def share_of(batch_size: int, processes: int) -> int:
    """How many rows of a batch each process takes. Raises MathtuneError unless all take as many."""
    if batch_size % processes:
        raise MathtuneError(
            f"params.yaml: batch_size: {batch_size} rows do not share out among {processes} processes; "
            f"choose a multiple of {processes}, or another --num_processes"
        )
    return batch_size // processes


class GlobalBatchTrainer(SFTTrainer):
    """TRL's trainer, where each of several processes takes its share of the very batches that one would take.

    The Trainer's own sampler groups rows by length within one process's batches, and fills an epoch's last batch by
    repeating rows: with the number of processes other rows would meet in a step, and some would count twice.
    """

    def get_train_dataloader(self) -> DataLoader[Any]:
        """This process's share of every batch; what a single process gets is the Trainer's own."""
        if self.args.world_size == 1:
            return super().get_train_dataloader()
        rows = self.train_dataset
        batch_size = self.args.train_batch_size * self.args.world_size
        lengths = [len(ids) for ids in rows["input_ids"]]
        order = LengthGroupedSampler(batch_size * self.args.gradient_accumulation_steps, lengths=lengths)
        return self._get_dataloader(
            dataset=concatenate_datasets([rows, filler(rows, lengths)]),
            description="Training",
            batch_size=self._train_batch_size,
            sampler_fn=lambda _: WholeBatches(order, batch_size, self.args.device),
            is_training=True,
        )


def filler(rows: Dataset, lengths: Sequence[int]) -> Dataset:
    """One row that no loss is taken of: the shortest, with its labels ignored."""
    row = rows[min(range(len(lengths)), key=lengths.__getitem__)]
    return Dataset.from_list([{**row, "labels": [IGNORED] * len(row["labels"])}], features=rows.features)


class WholeBatches(Sampler[int]):
    """Row numbers in the main process's order, in every process, until they are through and the last batch is full.

    What fills it is the number after the last row's.
    """

    def __init__(self, order: Sampler[int], batch_size: int, device: torch.device) -> None:
        self.order = order
        self.rows = len(order)  # type: ignore[arg-type]
        self.batch_size = batch_size
        self.device = device

    def __len__(self) -> int:
        return math.ceil(self.rows / self.batch_size) * self.batch_size

    def __iter__(self) -> Iterator[int]:
        order = torch.tensor(list(self.order), device=self.device)
        # Each process has drawn its own: the same only as long as nothing else, dropout say, drew before them.
        torch.distributed.broadcast(order, src=0)
        yield from order.tolist()
        yield from [self.rows] * (len(self) - self.rows)
