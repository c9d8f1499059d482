"""Scores candidate solutions: S(X|P), the probability of " correct" against " incorrect" as the next token."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import verdict_tokens, verifier_ids
from mathtune_sampling.checkpoint import context_length


class Verifier(Protocol):
    """An outcome reward model over whole solutions."""

    def score(self, problem: str, completions: Sequence[str]) -> NDArray[np.float64]:
        """S(X|P) in 0 … 1 for each completion X of `problem`, (completions,)."""
        ...


class TorchVerifier:
    """A `Verifier` over `model` (a Hugging Face causal LM), at most `max_num_batched_tokens` tokens a forward pass.

    Raises MathtuneError when a verdict is not one token.
    """

    def __init__(self, model: Any, tokenizer: Any, *, max_num_batched_tokens: int) -> None:
        if max_num_batched_tokens < 1:
            raise ValueError(f"max_num_batched_tokens: must be at least 1, got {max_num_batched_tokens}")
        self._model = model
        self._tokenizer = tokenizer
        self._max_num_batched_tokens = max_num_batched_tokens
        self._verdicts = torch.tensor(verdict_tokens(tokenizer), device=model.device)

    def score(self, problem: str, completions: Sequence[str]) -> NDArray[np.float64]:
        """See `Verifier.score`."""
        return self.score_rows([problem] * len(completions), completions)

    def score_rows(self, problems: Sequence[str], completions: Sequence[str]) -> NDArray[np.float64]:
        """S(completions[i] | problems[i]) in 0 … 1, (rows,); a text that comes up again is scored once.

        Raises MathtuneError naming the row, before any work, for one whose prompt does not fit the model's context.
        """
        places: dict[tuple[int, ...], int] = {}
        rows = np.empty(len(problems), dtype=np.int64)
        context = context_length(self._model)
        texts: dict[tuple[str, str], int] = {}
        for row, text in enumerate(zip(problems, completions, strict=True)):
            if text not in texts:
                ids = tuple(verifier_ids(self._tokenizer, *text))
                if context is not None and len(ids) > context:
                    raise MathtuneError(
                        f"row {row}: the verifier's prompt has {len(ids)} tokens and its context is {context}; "
                        "sample with a lower max_tokens or take a verifier with a longer context"
                    )
                texts[text] = places.setdefault(ids, len(places))
            rows[row] = texts[text]
        return self._score_prompts(list(places))[rows]

    @torch.inference_mode()
    def _score_prompts(self, prompts: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
        scores = np.empty(len(prompts), dtype=np.float64)
        with tqdm(total=len(prompts), desc="score", unit="solution", disable=not prompts) as progress:
            for batch in _batches([len(prompt) for prompt in prompts], self._max_num_batched_tokens):
                margins = self._margins([prompts[index] for index in batch])
                scores[batch] = torch.sigmoid(margins.double()).cpu().numpy()
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
