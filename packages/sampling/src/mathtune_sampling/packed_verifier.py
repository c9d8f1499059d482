"""Scores candidates on the sampler's own forward pass: each problem's part run once, no padding, two logits a row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

from mathtune_core.prompts import verdict_tokens
from mathtune_sampling.checkpoint import context_length
from mathtune_sampling.engine.kernels import Kernels
from mathtune_sampling.engine.kv_cache import KVCache, blocks_for
from mathtune_sampling.engine.model import LlamaFamily
from mathtune_sampling.verifier import VerifierPrompts, sigmoid, verifier_prompts


@dataclass(frozen=True, slots=True)
class _Candidate:
    prompt: int  # its number among the distinct prompts
    start: tuple[int, ...]  # tokens it shares with its problem's other candidates
    own: tuple[int, ...]


class PackedVerifier:
    """A `Verifier` over `model` (a Hugging Face causal LM that is not `unsupported`), run by `kernels`.

    A forward pass takes `max_num_batched_tokens` tokens at most, unless a candidate alone is longer. A
    score depends on nothing but its own problem and candidate. Raises MathtuneError when a verdict is not one token.
    """

    def __init__(self, model: Any, tokenizer: Any, *, kernels: Kernels, max_num_batched_tokens: int) -> None:
        if max_num_batched_tokens < 1:
            raise ValueError(f"max_num_batched_tokens: must be at least 1, got {max_num_batched_tokens}")
        self._tokenizer = tokenizer
        self._context = context_length(model)
        self._max_num_batched_tokens = max_num_batched_tokens
        head = model.get_output_embeddings()
        verdicts = torch.tensor(verdict_tokens(tokenizer), device=model.device)
        self._verdicts = head.weight.detach()[verdicts].float()
        self._model = LlamaFamily(model, kernels)

    def score_rows(self, problems: Sequence[str], completions: Sequence[str]) -> NDArray[np.float64]:
        """See `Verifier.score_rows`."""
        prompts = verifier_prompts(self._tokenizer, problems, completions, self._context)
        return self._score(prompts)[prompts.rows]

    @torch.inference_mode()
    def _score(self, prompts: VerifierPrompts) -> NDArray[np.float64]:
        scores = np.empty(len(prompts.ids), dtype=np.float64)
        passes = list(self._passes(prompts))
        if not passes:
            return scores
        cache = self._model.cache(_blocks_needed(passes))
        starts: dict[tuple[int, ...], int] = {}  # of the problems at work: their first cache block
        with tqdm(total=len(scores), desc="score", unit="solution") as progress:
            for number, candidates in enumerate(passes):
                self._open(candidates, starts, cache)
                scores[[candidate.prompt for candidate in candidates]] = self._scores(candidates, starts, cache)
                later = {candidate.start for candidate in passes[number + 1]} if number + 1 < len(passes) else set()
                for start in [start for start in starts if start not in later]:
                    cache.give_back(starts.pop(start), blocks_for(len(start)))
                progress.update(len(candidates))
        return scores

    def _passes(self, prompts: VerifierPrompts) -> Iterator[list[_Candidate]]:
        """The candidates a forward pass takes, those of one problem after one another."""
        by_start: dict[tuple[int, ...], list[_Candidate]] = {}
        for prompt, (ids, shared) in enumerate(zip(prompts.ids, prompts.shared, strict=True)):
            by_start.setdefault(ids[:shared], []).append(_Candidate(prompt, ids[:shared], ids[shared:]))
        taken: list[_Candidate] = []
        room = self._max_num_batched_tokens
        for candidate in (candidate for candidates in by_start.values() for candidate in candidates):
            if taken and len(candidate.own) > room:
                yield taken
                taken, room = [], self._max_num_batched_tokens
            taken.append(candidate)
            room -= len(candidate.own)
        if taken:
            yield taken

    def _open(self, candidates: Sequence[_Candidate], starts: dict[tuple[int, ...], int], cache: KVCache) -> None:
        """Runs what the candidates share with others of their problems, where it has not been run."""
        fresh = [start for start in dict.fromkeys(c.start for c in candidates) if start and start not in starts]
        for start in fresh:
            block = cache.take(blocks_for(len(start)))
            assert block is not None
            starts[start] = block
        if not fresh:
            return
        tokens = np.concatenate([np.array(start) for start in fresh])
        table = np.concatenate([_table(starts[s], np.arange(1, len(s) + 1), 0, np.array([0])) for s in fresh])
        for first in range(0, len(tokens), self._max_num_batched_tokens):
            some = slice(first, first + self._max_num_batched_tokens)
            self._model.hidden(tokens[some], table[some], cache)

    def _scores(
        self, candidates: Sequence[_Candidate], starts: dict[tuple[int, ...], int], cache: KVCache
    ) -> NDArray[np.float64]:
        """S of each candidate, (candidates,)."""
        blocks = [cache.take(blocks_for(len(candidate.own))) for candidate in candidates]
        tables = []
        for candidate, block in zip(candidates, blocks, strict=True):
            assert block is not None
            lengths = np.arange(1, len(candidate.own) + 1)
            tables.append(_table(starts.get(candidate.start, 0), np.array([len(candidate.start)]), block, lengths))
        tokens = np.concatenate([np.array(candidate.own) for candidate in candidates])
        hidden = self._model.hidden(tokens, np.concatenate(tables), cache)
        lasts = torch.from_numpy(np.cumsum([len(candidate.own) for candidate in candidates]) - 1)
        # An elementwise sum, for a matrix product's rows may depend on how many there are.
        logits = (hidden[lasts.to(hidden.device)].float()[:, None] * self._verdicts[None]).double().sum(dim=2)
        for candidate, block in zip(candidates, blocks, strict=True):
            assert block is not None
            cache.give_back(block, blocks_for(len(candidate.own)))
        return sigmoid((logits[:, 0] - logits[:, 1]).tolist())


def _table(prompt_block: int, prompt: NDArray[np.int64], block: int, own: NDArray[np.int64]) -> NDArray[np.int32]:
    """Rows of `Kernels`, as many as the longer of `prompt` and `own` lengths."""
    columns = np.broadcast_arrays(np.array([prompt_block]), prompt, np.array([block]), own)
    return np.stack(columns, axis=1).astype(np.int32)


def _blocks_needed(passes: Sequence[Sequence[_Candidate]]) -> int:
    most = 0
    longest = 0
    for candidates in passes:
        runs = [blocks_for(len(candidate.own)) for candidate in candidates]
        runs += [blocks_for(len(start)) for start in {candidate.start for candidate in candidates}]
        most, longest = max(most, sum(runs)), max(longest, *runs)
    # What a problem leaves for the next pass may lie anywhere, with a gap on either side that is too short for a run.
    return most + 2 * longest
