"""Scores candidates by any causal LM's own forward pass, for models that packed_verifier.py cannot run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

from mathtune_core.prompts import verdict_tokens
from mathtune_sampling.checkpoint import context_length
from mathtune_sampling.verifier import sigmoid, verifier_prompts


class PaddedVerifier:
    """A `Verifier` over `model`, at most `max_num_batched_tokens` tokens, padding counted, a forward pass.

    Raises MathtuneError when a verdict is not one token.
    """

    def __init__(self, model: Any, tokenizer: Any, *, max_num_batched_tokens: int) -> None:
        if max_num_batched_tokens < 1:
            raise ValueError(f"max_num_batched_tokens: must be at least 1, got {max_num_batched_tokens}")
        self._model = model
        self._tokenizer = tokenizer
        self._max_num_batched_tokens = max_num_batched_tokens
        self._verdicts = torch.tensor(verdict_tokens(tokenizer), device=model.device)

    def score_rows(self, problems: Sequence[str], completions: Sequence[str]) -> NDArray[np.float64]:
        """See `Verifier.score_rows`."""
        prompts = verifier_prompts(self._tokenizer, problems, completions, context_length(self._model))
        return self._score_prompts(prompts.ids)[prompts.rows]

    @torch.inference_mode()
    def _score_prompts(self, prompts: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
        scores = np.empty(len(prompts), dtype=np.float64)
        with tqdm(total=len(prompts), desc="score", unit="solution", disable=not prompts) as progress:
            for batch in _batches([len(prompt) for prompt in prompts], self._max_num_batched_tokens):
                margins = self._margins([prompts[index] for index in batch])
                scores[batch] = sigmoid(margins.tolist())
                progress.update(len(batch))
        return scores

    def _margins(self, prompts: Sequence[tuple[int, ...]]) -> torch.Tensor:
        """z_correct − z_incorrect after each prompt, float32 (prompts,)."""
        lengths = torch.tensor([len(prompt) for prompt in prompts])
        ids = torch.zeros((len(prompts), int(lengths.max())), dtype=torch.int64)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt)] = torch.tensor(prompt)
        # Padding is on the right, where causal attention keeps every real token from seeing it: no mask is needed.
        hidden = self._model.base_model(input_ids=ids.to(self._model.device), use_cache=False).last_hidden_state
        last = hidden[torch.arange(len(prompts), device=hidden.device), (lengths - 1).to(hidden.device)]
        head = self._model.get_output_embeddings()
        logits = torch.nn.functional.linear(
            last.float(),
            head.weight[self._verdicts].float(),
            None if head.bias is None else head.bias[self._verdicts].float(),
        )
        return logits[:, 0] - logits[:, 1]


def _batches(lengths: Sequence[int], max_num_batched_tokens: int) -> list[list[int]]:
    """All indices in batches of like length, longest first, each within the budget of tokens (padding counted)."""
    batches: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if not room:
            batches.append([])
            room = max(1, max_num_batched_tokens // lengths[index])  # the first is the longest: rows of that many fit
        batches[-1].append(index)
        room -= 1
    return batches
