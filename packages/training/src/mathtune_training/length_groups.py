"""The order of rows in training: batches of like length, so that little is padding."""

from collections.abc import Iterator, Sequence

import torch


class LengthGroups(torch.utils.data.Sampler[int]):
    """Row numbers of one epoch after another, each `batch_size` in turn of like length, batches in random order.

    transformers' own sampler sorts among fewer batches where there are few rows (an eighth of a small set's tokens
    stays padding), and draws from the global generator, so that a resumed training would see other batches. Here an
    epoch's order depends on `seed` and the epoch alone. Rows are sorted among `batches_sorted_together` batches, which
    must be few where a row's label shows in its length: sorted among many, every batch would hold one kind.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, batches_sorted_together: int, seed: int) -> None:
        self._lengths = torch.tensor(lengths)
        self._batch_size = batch_size
        self._group_size = batches_sorted_together * batch_size
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of the next iteration; the Trainer calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        order = torch.randperm(len(self), generator=generator)
        # Rows that fill no batch are the last ones, and drawn before sorting: not always the shortest.
        whole = len(self) // self._batch_size * self._batch_size
        groups = order[:whole].split(self._group_size)
        batches = [batch for group in groups for batch in self._by_length(group).split(self._batch_size)]
        for number in torch.randperm(len(batches), generator=generator).tolist():
            yield from batches[number].tolist()
        yield from order[whole:].tolist()

    def _by_length(self, rows: torch.Tensor) -> torch.Tensor:
        return rows[self._lengths[rows].argsort(descending=True, stable=True)]
