"""The `torch` backend, ours and the default: continuous batching over a Llama-family model.

A sample is the same in whatever company it is drawn: its noise is keyed (noise.py), and no row of a step depends on
another (kernels.py, model.py), in float32 and in bfloat16, on one machine and one set of kernels.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mathtune_core.errors import MathtuneError
from mathtune_sampling.checkpoint import context_length
from mathtune_sampling.detokeniser import Detokeniser, end_tokens
from mathtune_sampling.engine.kernels import Kernels
from mathtune_sampling.engine.kv_cache import KVCache, blocks_for
from mathtune_sampling.engine.model import LlamaFamily
from mathtune_sampling.engine.scheduler import Prompt, Scheduler
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sampler import check_requests

_PREFILL_ROWS = 256  # prompt tokens a forward pass: enough for full speed


class TorchSampler:
    """A `Sampler` over `model` (a Hugging Face causal LM that is not `unsupported`), run by `kernels`.

    Up to `max_num_seqs` completions are written at once, as long as their cache keeps within `kv_cache_gib`: both
    are for speed and memory, and change no sample.
    """

    def __init__(self, model: Any, tokenizer: Any, *, kernels: Kernels, max_num_seqs: int, kv_cache_gib: float) -> None:
        if max_num_seqs < 1:
            raise ValueError(f"max_num_seqs: must be at least 1, got {max_num_seqs}")
        self._context = context_length(model)
        self._end_tokens = end_tokens(model, tokenizer)
        self._tokenizer = tokenizer
        self._model = LlamaFamily(model, kernels)
        self._kernels = kernels
        self._max_num_seqs = max_num_seqs
        self._kv_cache_gib = kv_cache_gib

    def generate(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding] = ("sampled",),
    ) -> Iterator[list[Completion]]:
        """See `Sampler.generate`. Raises MathtuneError when the cache cannot hold one sample of the longest prompt."""
        check_requests(requests, params, self._context)
        if not requests:
            return iter(())
        scheduler = Scheduler(
            requests,
            params,
            seed=seed,
            purpose=purpose,
            decodings=decodings,
            max_num_seqs=self._max_num_seqs,
            cache=self._cache(requests, params, decodings),
        )
        return self._run(scheduler, params)

    def _cache(self, requests: Sequence[Request], params: SamplingParams, decodings: Sequence[Decoding]) -> KVCache:
        """As many blocks as the requests can use at once, within the budget."""
        each = sum(1 if decoding == "greedy" else params.n for decoding in decodings)
        rows = min(self._max_num_seqs, each * len(requests))
        own = blocks_for(params.max_tokens)
        prompts = sorted((blocks_for(len(request.prompt_ids)) for request in requests), reverse=True)
        # As many prompts are open as it takes to fill the rows, and one begun and one ending; any may be the longest.
        useful = rows * own + sum(prompts[: -(-rows // each) + 2])
        least = prompts[0] + 2 * own  # with one prompt anywhere in the pool a run of `own` is left beside it
        affordable = int(self._kv_cache_gib * 2**30 / self._model.block_bytes())
        if affordable < least:
            raise MathtuneError(
                f"kv_cache_gib: {self._kv_cache_gib} GiB cannot hold the longest prompt and its samples, which needs "
                f"{least * self._model.block_bytes() / 2**30:.4f} GiB; raise it or lower max_tokens"
            )
        return self._model.cache(max(least, min(useful, affordable)))

    @torch.inference_mode()
    def _run(self, scheduler: Scheduler, params: SamplingParams) -> Iterator[list[Completion]]:
        detokeniser = Detokeniser(self._tokenizer, self._end_tokens, params.stop)
        while True:
            opened, started = scheduler.admit()
            self._prefill(opened, scheduler)
            rows = np.array(started, dtype=np.int64)
            if len(rows):
                logits = torch.stack([_first_logits(scheduler.rows.prompt[row]) for row in started])
                scheduler.forget_logits()
                yield from self._draw(rows, logits, scheduler, params, detokeniser)
            live = scheduler.live
            if not len(live) and not started:
                return
            if len(live):
                latest = scheduler.rows.tokens[live, scheduler.rows.length[live] - 1]
                hidden = self._model.hidden(latest, scheduler.rows.table(live), scheduler.cache)
                logits = self._model.logits(hidden[: len(live)])
                yield from self._draw(live, logits, scheduler, params, detokeniser)

    def _prefill(self, prompts: Sequence[Prompt], scheduler: Scheduler) -> None:
        """Runs the prompts' tokens, packed, and leaves in each the logits after its last."""
        if not prompts:
            return
        ids = np.concatenate([np.array(prompt.request.prompt_ids, dtype=np.int64) for prompt in prompts])
        lengths = [len(prompt.request.prompt_ids) for prompt in prompts]
        table = np.zeros((len(ids), 4), dtype=np.int32)
        table[:, 0] = np.repeat([prompt.block for prompt in prompts], lengths)
        table[:, 1] = np.concatenate([np.arange(1, length + 1) for length in lengths])
        lasts = np.cumsum(lengths) - 1
        for start in range(0, len(ids), _PREFILL_ROWS):
            end = min(start + _PREFILL_ROWS, len(ids))
            hidden = self._model.hidden(ids[start:end], table[start:end], scheduler.cache)
            inside = np.flatnonzero((lasts >= start) & (lasts < end))
            if len(inside):
                logits = self._model.logits(hidden[torch.from_numpy(lasts[inside] - start).to(hidden.device)])
                for place, index in enumerate(inside.tolist()):
                    prompts[index].logits = logits[place]

    def _draw(
        self,
        rows: NDArray[np.int64],
        logits: torch.Tensor,
        scheduler: Scheduler,
        params: SamplingParams,
        detokeniser: Detokeniser,
    ) -> Iterator[list[Completion]]:
        """Gives each of `rows` its next token; yields the completions of the requests that are done with it."""
        state = scheduler.rows
        positions = state.length[rows]
        tokens, logprobs = self._kernels.draw(logits, state.key[rows], positions, state.greedy[rows], params)
        if (tokens < 0).any():
            prompt = state.prompt[rows[int((tokens < 0).argmax())]]
            assert prompt is not None
            raise MathtuneError(
                f"problem {prompt.request.problem_id}: the model's logits are not finite numbers; its weights are "
                "damaged, or too large for the dtype"
            )
        state.tokens[rows, positions] = tokens
        state.logprob[rows] += logprobs
        state.length[rows] += 1
        done = detokeniser.ended(tokens) | (state.length[rows] == params.max_tokens)
        if params.stop:
            done |= detokeniser.stopped(state.tokens[rows], state.length[rows])
        for row in rows[done].tolist():
            prompt = scheduler.finish(row, _completion(row, scheduler, detokeniser))
            if prompt is not None:
                yield [prompt.finished[sample] for sample in prompt.samples]


def _first_logits(prompt: Prompt | None) -> torch.Tensor:
    assert prompt is not None
    assert prompt.logits is not None
    return prompt.logits


def _completion(row: int, scheduler: Scheduler, detokeniser: Detokeniser) -> Completion:
    state = scheduler.rows
    prompt, length = state.prompt[row], int(state.length[row])
    assert prompt is not None
    decoding, index = state.sample[row]
    text, ended = detokeniser.text(state.tokens[row, :length])
    return Completion(
        problem_id=prompt.request.problem_id,
        decoding=decoding,
        sample_index=index,
        text=text,
        finish_reason="stop" if ended else "length",
        num_tokens=length,
        sum_logprob=float(state.logprob[row]),
    )
