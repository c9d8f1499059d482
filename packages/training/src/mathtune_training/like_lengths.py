"""Rows of like length computed together, so that little is padding, without choosing which rows share a step.

Batches of like length would do it too, and were 98% real tokens; but a batch of short rows then weighs as much as one
of long rows, and the validation loss ended 1.6% higher (docs/results/training.md). So every step's rows are drawn at
random, as TRL draws them, and only within a step are they sorted and computed in parts.
"""

from collections.abc import Iterator, Sequence

import torch

# What a part costs besides its tokens, in tokens: each is a forward pass and a backward pass of its own. On a GPU,
# where launching a pass's kernels takes as long as computing thousands of tokens, a guess.
PART_TOKENS = {"cpu": 256}
PART_TOKENS_ELSEWHERE = 4096


class StepOrder(torch.utils.data.Sampler[int]):
    """Row numbers of one epoch after another: at random, and those of each `rows_a_step` in a row the longest first.

    An epoch's order depends on `seed` and the epoch alone, not on the global generator, so that a resumed training sees
    the rows that an uninterrupted one would.
    """

    def __init__(self, lengths: Sequence[int], rows_a_step: int, seed: int) -> None:
        self._lengths = torch.tensor(lengths)
        self._rows_a_step = rows_a_step
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of the next iteration; the Trainer calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        for step in torch.randperm(len(self), generator=generator).split(self._rows_a_step):
            yield from step[self._lengths[step].argsort(descending=True, stable=True)].tolist()


def like_length_parts(inputs: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    """A padded batch as parts of like length, each cut to its longest row: the same rows, less padding.

    `inputs` are tensors of shape (rows, longest), padded on the right, `attention_mask` among them.
    """
    mask = inputs["attention_mask"]
    lengths = mask.sum(1)
    order = lengths.argsort(descending=True, stable=True)
    sizes = part_sizes(lengths[order].tolist(), PART_TOKENS.get(mask.device.type, PART_TOKENS_ELSEWHERE))
    parts = order.split(sizes)
    return [{name: value[part, : int(lengths[part[0]])] for name, value in inputs.items()} for part in parts]


def part_sizes(lengths: Sequence[int], part_tokens: int) -> list[int]:
    """How many rows each part takes of rows sorted by falling length, so that the whole costs least.

    A part costs its rows times its longest, and `part_tokens`. Exact: the best of the first n rows is the best of some
    fewer and one part more.
    """
    best = [(0, 0)]  # of the first n rows: the cost, and where the last part starts
    for end in range(1, len(lengths) + 1):
        best.append(min((best[s][0] + (end - s) * lengths[s] + part_tokens, s) for s in range(end)))
    sizes: list[int] = []
    end = len(lengths)
    while end:
        start = best[end][1]
        sizes.insert(0, end - start)
        end = start
    return sizes
