"""Continuous batching: who gets the row and the cache blocks that another sample has just left."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from mathtune_core.errors import MathtuneError
from mathtune_sampling.engine.kv_cache import KVCache, blocks_for
from mathtune_sampling.noise import row_key
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams


@dataclass(slots=True, eq=False)
class Prompt:
    """A request at work: its tokens' cache blocks, shared by its samples, and what has come of it so far."""

    request: Request
    block: int
    samples: list[tuple[Decoding, int]]
    started: int = 0
    logits: torch.Tensor | None = None  # after the last prompt token, until every sample has drawn its first
    finished: dict[tuple[Decoding, int], Completion] = field(default_factory=dict)

    @property
    def blocks(self) -> int:
        """How many cache blocks the prompt's tokens take."""
        return blocks_for(len(self.request.prompt_ids))


class Rows:
    """What is known of each row in use; arrays are (rows,), and a row keeps its number from first to last token."""

    def __init__(self, number: int, max_tokens: int) -> None:
        self.prompt: list[Prompt | None] = [None] * number
        self.sample: list[tuple[Decoding, int]] = [("greedy", 0)] * number
        self.greedy = np.zeros(number, dtype=np.bool_)
        self.key = np.zeros(number, dtype=np.uint64)
        self.block = np.zeros(number, dtype=np.int32)
        self.prompt_block = np.zeros(number, dtype=np.int32)
        self.prompt_length = np.zeros(number, dtype=np.int32)
        self.length = np.zeros(number, dtype=np.int64)  # tokens drawn
        self.logprob = np.zeros(number, dtype=np.float64)
        self.tokens = np.zeros((number, max_tokens), dtype=np.int64)

    def table(self, live: NDArray[np.int64]) -> NDArray[np.int32]:
        """The row table of `Kernels` for the rows' latest tokens."""
        columns = (self.prompt_block, self.prompt_length, self.block, self.length)
        return np.stack([column[live].astype(np.int32) for column in columns], axis=1)


class Scheduler:
    """Hands out `max_num_seqs` rows and the cache's blocks, request after request and sample after sample.

    A prompt is opened only together with its first sample, so that whatever has begun can go on.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding],
        max_num_seqs: int,
        cache: KVCache,
    ) -> None:
        self.rows = Rows(max_num_seqs, params.max_tokens)
        self._waiting = deque(requests)
        self._params = params
        self._noise = (seed, purpose)
        self._decodings = tuple(decodings)
        self.cache = cache
        self._own_blocks = blocks_for(params.max_tokens)
        self._free = list(range(max_num_seqs))[::-1]
        self._current: Prompt | None = None
        self._live: list[int] = []

    @property
    def live(self) -> NDArray[np.int64]:
        """The rows in use, those of one prompt side by side."""
        return np.array(self._live, dtype=np.int64)

    def admit(self) -> tuple[list[Prompt], list[int]]:
        """The prompts to prefill now and the rows that start, as many as there are rows and blocks for."""
        opened: list[Prompt] = []
        rows: list[int] = []
        while self._free:
            fresh = self._current is None
            prompt = self._current or self._open()
            block = None if prompt is None else self.cache.take(self._own_blocks)
            if prompt is None or block is None:
                if prompt is not None and fresh:
                    self.cache.give_back(prompt.block, prompt.blocks)
                    self._waiting.appendleft(prompt.request)
                break
            if fresh:
                opened.append(prompt)
            rows.append(self._start(prompt, block))
            self._current = prompt if prompt.started < len(prompt.samples) else None
        if not (self._live or rows) and self._waiting:
            raise MathtuneError(
                f"problem {self._waiting[0].problem_id}: no room in the key-value cache; raise kv_cache_gib"
            )
        self._live += rows
        return opened, rows

    def forget_logits(self) -> None:
        """Lets go of the prompts' logits but for the one that has samples to start: a row of them is a vocabulary."""
        for row in self._live:
            prompt = self.rows.prompt[row]
            if prompt is not None and prompt is not self._current:
                prompt.logits = None

    def finish(self, row: int, completion: Completion) -> Prompt | None:
        """Frees the row; gives its prompt when that was the last of its samples."""
        prompt = self.rows.prompt[row]
        assert prompt is not None
        prompt.finished[self.rows.sample[row]] = completion
        self.cache.give_back(int(self.rows.block[row]), self._own_blocks)
        self.rows.prompt[row] = None
        self._free.append(row)
        self._live.remove(row)
        if len(prompt.finished) < len(prompt.samples):
            return None
        self.cache.give_back(prompt.block, prompt.blocks)
        return prompt

    def _open(self) -> Prompt | None:
        if not self._waiting:
            return None
        block = self.cache.take(blocks_for(len(self._waiting[0].prompt_ids)))
        if block is None:
            return None
        request = self._waiting.popleft()
        first = request.first_sample
        samples: list[tuple[Decoding, int]] = []
        for decoding in self._decodings:
            indices = [0] if decoding == "greedy" else range(first, first + self._params.n)
            samples += [(decoding, index) for index in indices]
        return Prompt(request, block, samples)

    def _start(self, prompt: Prompt, block: int) -> int:
        row, rows = self._free.pop(), self.rows
        decoding, index = prompt.samples[prompt.started]
        prompt.started += 1
        rows.prompt[row] = prompt
        rows.sample[row] = (decoding, index)
        rows.greedy[row] = decoding == "greedy"
        rows.key[row] = row_key(*self._noise, prompt.request.problem_id, index)
        rows.block[row], rows.prompt_block[row] = block, prompt.block
        rows.prompt_length[row] = len(prompt.request.prompt_ids)
        rows.length[row], rows.logprob[row] = 0, 0.0
        return row
