"""The `transformers` backend: plain `generate`, for any causal LM, and the baseline our own engine is measured against.

Its random numbers are drawn for a whole batch, so a sample depends on the requests that share its batch.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from mathtune_core.prompts import end_token
from mathtune_sampling.checkpoint import context_length
from mathtune_sampling.detokeniser import Detokeniser, end_tokens
from mathtune_sampling.noise import row_key
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sampler import check_requests


class TransformersSampler:
    """A `Sampler` over any Hugging Face causal LM; `max_num_seqs` completions a batch."""

    def __init__(self, model: Any, tokenizer: Any, *, max_num_seqs: int) -> None:
        if max_num_seqs < 1:
            raise ValueError(f"max_num_seqs: must be at least 1, got {max_num_seqs}")
        self._model = model
        self._tokenizer = tokenizer
        self._max_num_seqs = max_num_seqs
        self._pad = end_token(tokenizer)
        self._end_tokens = end_tokens(model, tokenizer)

    def generate(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding] = ("sampled",),
    ) -> Iterator[list[Completion]]:
        """See `Sampler.generate`."""
        check_requests(requests, params, context_length(self._model))
        return self._run(requests, params, seed, purpose, tuple(decodings))

    def _run(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        seed: int,
        purpose: str,
        decodings: tuple[Decoding, ...],
    ) -> Iterator[list[Completion]]:
        together = max(1, self._max_num_seqs // params.n)
        for start in range(0, len(requests), together):
            batch = requests[start : start + together]
            results: list[list[Completion]] = [[] for _ in batch]
            for decoding in decodings:
                for result, completions in zip(
                    results, self._batch(batch, params, seed, purpose, decoding), strict=True
                ):
                    result.extend(completions)
            yield from results

    @torch.inference_mode()
    def _batch(
        self, batch: Sequence[Request], params: SamplingParams, seed: int, purpose: str, decoding: Decoding
    ) -> list[list[Completion]]:
        n = params.n if decoding == "sampled" else 1
        width = max(len(request.prompt_ids) for request in batch)
        ids = torch.full((len(batch), width), self._pad)
        mask = torch.zeros_like(ids)
        for row, request in enumerate(batch):
            ids[row, width - len(request.prompt_ids) :] = torch.tensor(request.prompt_ids)
            mask[row, width - len(request.prompt_ids) :] = 1
        drawn: dict[str, Any] = {"do_sample": False}
        if decoding == "sampled":
            drawn = {
                "do_sample": True,
                "temperature": params.temperature,
                "top_p": params.top_p,
                "top_k": params.top_k,
                "min_p": params.min_p or None,
                "num_return_sequences": n,
            }
        config = GenerationConfig(
            max_new_tokens=params.max_tokens,
            eos_token_id=sorted(self._end_tokens),
            pad_token_id=self._pad,
            stop_strings=list(params.stop) or None,
            **drawn,
        )
        logprobs = _Logprobs()
        with torch.random.fork_rng(devices=[self._model.device] if self._model.device.type == "cuda" else []):
            torch.manual_seed(row_key(seed, purpose, batch[0].problem_id, batch[0].first_sample) % 2**63)
            output = self._model.generate(
                ids.to(self._model.device),
                attention_mask=mask.to(self._model.device),
                generation_config=config,
                logits_processor=LogitsProcessorList([logprobs]),
                tokenizer=self._tokenizer if params.stop else None,
            )
        per_token = logprobs.of(output).cpu().numpy()
        written = output[:, width:].cpu().numpy()
        detokeniser = Detokeniser(self._tokenizer, self._end_tokens, params.stop)
        return [
            [
                self._completion(
                    request,
                    decoding,
                    offset + (request.first_sample if decoding == "sampled" else 0),
                    written[row * n + offset],
                    per_token[row * n + offset],
                    detokeniser,
                )
                for offset in range(n)
            ]
            for row, request in enumerate(batch)
        ]

    def _completion(
        self,
        request: Request,
        decoding: Decoding,
        index: int,
        tokens: Any,
        logprobs: Any,
        detokeniser: Detokeniser,
    ) -> Completion:
        length = _length(tokens, detokeniser)
        text, ended = detokeniser.text(tokens[:length])
        return Completion(
            problem_id=request.problem_id,
            decoding=decoding,
            sample_index=index,
            text=text,
            finish_reason="stop" if ended else "length",
            num_tokens=length,
            sum_logprob=float(logprobs[:length].sum()),
        )


def _length(tokens: Any, detokeniser: Detokeniser) -> int:
    """How many of a row's tokens were its own, before the padding that its longer neighbours gave it."""
    ends = np.flatnonzero(detokeniser.ended(tokens))
    longest = int(ends[0]) + 1 if len(ends) else len(tokens)
    # A row that met a stop text is padded with end tokens too: it ended where the text first came up.
    for length in range(1, longest) if detokeniser.stops else ():
        if detokeniser.stopped(tokens[None, :length], np.array([length]))[0]:
            return length
    return longest


class _Logprobs(LogitsProcessor):  # type: ignore[misc, unused-ignore]
    """Notes the log-probability of each token at temperature 1; changes nothing. One step's logits are held."""

    def __init__(self) -> None:
        self._chosen: list[torch.Tensor] = []
        self._last: torch.Tensor | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._note(input_ids)
        self._last = torch.log_softmax(scores.float(), dim=1)
        return scores

    def of(self, output: torch.Tensor) -> torch.Tensor:
        """(rows, generated tokens), float64, after generation."""
        self._note(output)
        return torch.stack(self._chosen, dim=1)

    def _note(self, ids: torch.Tensor) -> None:
        if self._last is not None:
            self._chosen.append(self._last.gather(1, ids[:, -1:])[:, 0].double())
