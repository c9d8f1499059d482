"""The static key-value cache: one pool of blocks, of which each prompt and each sample has a run of its own."""

from pathlib import Path

import torch

from mathtune_core.errors import MathtuneError
from mathtune_sampling.engine.kernels import BLOCK


def blocks_for(positions: int) -> int:
    """How many blocks hold so many positions."""
    return -(-positions // BLOCK)


class KVCache:
    """`blocks` blocks of BLOCK positions in every layer; a run is given out whole and given back whole.

    Raises MathtuneError when the machine has not the memory free.
    """

    def __init__(
        self, *, layers: int, kv_heads: int, dim: int, blocks: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        shape = (layers, 2, kv_heads, blocks, BLOCK * dim)
        size = layers * 2 * kv_heads * blocks * BLOCK * dim * dtype.itemsize
        free = _free_memory(device)
        if free is not None and size > free:
            raise MathtuneError(
                f"the key-value cache needs {size / 2**30:.2f} GiB and {free / 2**30:.2f} GiB of memory are free; "
                "lower kv_cache_gib, max_num_seqs or max_num_batched_tokens"
            )
        # Zeros, for what a run has not yet been written with is multiplied by zero, and must be a number.
        self._pool = torch.zeros(shape, dtype=dtype, device=device)
        self._free: list[tuple[int, int]] = [(0, blocks)]  # (first, number) of each free run, in order, none touching
        self.blocks = blocks

    def layer(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of a layer, each (kv_heads, blocks, BLOCK · dim)."""
        return self._pool[index, 0], self._pool[index, 1]

    def take(self, number: int) -> int | None:
        """The first of `number` blocks in a row that are now the caller's; None when there is no such run."""
        for place, (first, length) in enumerate(self._free):
            if length >= number:
                self._free[place : place + 1] = [(first + number, length - number)] if length > number else []
                return first
        return None

    def give_back(self, first: int, number: int) -> None:
        """Frees a run that `take` gave."""
        place = next((i for i, (start, _) in enumerate(self._free) if start > first), len(self._free))
        if place < len(self._free) and self._free[place][0] == first + number:
            number += self._free.pop(place)[1]
        if place and sum(self._free[place - 1]) == first:
            place -= 1
            before, length = self._free.pop(place)
            first, number = before, length + number
        self._free.insert(place, (first, number))


def _free_memory(device: torch.device) -> int | None:
    """Bytes free for use on `device`; None where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    meminfo = Path("/proc/meminfo")
    if not meminfo.is_file():
        return None
    sizes = dict(line.split(":") for line in meminfo.read_text().splitlines())
    return int(sizes["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in sizes else None
