"""The `torch` backend: batched sampling through any Hugging Face causal LM's own forward pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import end_token
from mathtune_sampling.checkpoint import context_length
from mathtune_sampling.kv_cache import growing_cache
from mathtune_sampling.noise import row_key, uniforms
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.selection import draw_top_p, token_logprobs

_COMPACT_BELOW = 0.75  # drop finished rows once fewer than this share of the rows is still being written
_MIN_ROWS = 4  # matrix kernels of one or two rows sum in another order, and a row would depend on how many are left


@dataclass(frozen=True, slots=True)
class _Group:
    """Requests that are decoded together, each with the samples `first` … `last` − 1 of its n."""

    members: tuple[int, ...]
    first: int
    last: int


class TorchSampler:
    """A `Sampler` over `model` (a Hugging Face causal LM) that decodes up to `max_num_seqs` rows at once."""

    def __init__(self, model: Any, tokenizer: Any, *, max_num_seqs: int) -> None:
        if max_num_seqs < 1:
            raise ValueError(f"max_num_seqs: must be at least 1, got {max_num_seqs}")
        self._model = model
        self._tokenizer = tokenizer
        self._max_num_seqs = max_num_seqs
        self._pad = end_token(tokenizer)
        self._end_tokens = torch.tensor(sorted(_end_tokens(model, tokenizer)), device=model.device)

    def generate(
        self, requests: Sequence[Request], params: SamplingParams, *, seed: int, purpose: str, decoding: Decoding
    ) -> Iterator[list[Completion]]:
        """See `Sampler.generate`."""
        self._check(requests, params)
        return self._generate(requests, params, seed, purpose, decoding)

    def _check(self, requests: Sequence[Request], params: SamplingParams) -> None:
        context = context_length(self._model)
        for request in requests:
            length = len(request.prompt_ids)
            if not length:
                raise MathtuneError(f"problem {request.problem_id}: the prompt is empty; there is nothing to complete")
            if context is not None and length + params.max_tokens > context:
                raise MathtuneError(
                    f"problem {request.problem_id}: prompt of {length} tokens + max_tokens {params.max_tokens} exceeds "
                    f"the model's context of {context}; lower max_tokens or leave the problem out"
                )

    def _generate(
        self, requests: Sequence[Request], params: SamplingParams, seed: int, purpose: str, decoding: Decoding
    ) -> Iterator[list[Completion]]:
        n = params.n if decoding == "sampled" else 1
        finished: dict[int, list[Completion]] = {}
        next_out = 0
        for group in _groups([len(request.prompt_ids) for request in requests], n, self._max_num_seqs):
            for index, completions in self._decode(group, requests, params, seed, purpose, decoding):
                finished.setdefault(index, []).extend(completions)
            while len(finished.get(next_out, ())) == n:
                yield finished.pop(next_out)
                next_out += 1

    @torch.inference_mode()
    def _decode(
        self,
        group: _Group,
        requests: Sequence[Request],
        params: SamplingParams,
        seed: int,
        purpose: str,
        decoding: Decoding,
    ) -> list[tuple[int, list[Completion]]]:
        """The completions of one group's requests, by request index."""
        device = self._model.device
        samples = range(group.first, group.last)
        members = [requests[index] for index in group.members]
        keys = np.array([row_key(seed, purpose, m.problem_id, s) for m in members for s in samples], dtype=np.uint64)
        logits, cache, mask = self._prefill([member.prompt_ids for member in members], len(samples), params.max_tokens)

        # Rows are numbered as in `keys`; `rows` says which of them each line of the current batch is.
        written = torch.full((len(keys), params.max_tokens), self._pad, device=device)
        lengths = torch.zeros(len(keys), dtype=torch.int64, device=device)
        logprobs = torch.zeros(len(keys), dtype=torch.float64, device=device)
        rows = torch.arange(len(keys), device=device)
        active = torch.ones(len(keys), dtype=torch.bool, device=device)
        width = mask.shape[1] - params.max_tokens
        positions = mask.sum(dim=1, keepdim=True) - params.max_tokens
        if len(keys) < _MIN_ROWS:
            keep = torch.arange(_MIN_ROWS, device=device).clamp(max=len(keys) - 1)
            active = torch.arange(_MIN_ROWS, device=device) < len(keys)
            rows, logits, mask, positions = rows[keep], logits[keep], mask[keep], positions[keep]
            cache.batch_select_indices(keep)

        for step in range(params.max_tokens):
            if decoding == "greedy":
                tokens = logits.argmax(dim=1)
            else:
                row_keys = keys[rows.cpu().numpy()]
                tokens = draw_top_p(
                    logits,
                    params.temperature,
                    params.top_p,
                    lambda draw, at: uniforms(row_keys[at], step, draw),  # noqa: B023  (used at once)
                )
            live = rows[active]
            written[live, step] = tokens[active]
            lengths[live] = step + 1
            logprobs[live] += token_logprobs(logits, tokens)[active]
            active = active & ~torch.isin(tokens, self._end_tokens)
            num_active = int(active.sum())
            if num_active == 0 or step + 1 == params.max_tokens:
                break
            if max(num_active, _MIN_ROWS) < _COMPACT_BELOW * len(rows):
                # Rows still being written come first; finished ones fill up to the least number of rows.
                keep = torch.argsort(~active, stable=True)[: max(num_active, _MIN_ROWS)]
                rows, active, tokens, mask, positions = (t[keep] for t in (rows, active, tokens, mask, positions))
                cache.batch_select_indices(keep)
            logits = self._forward(tokens[:, None], mask[:, : width + step + 1], positions + step, cache)
        return self._completions(group, members, written, lengths, logprobs, decoding)

    def _prefill(
        self, prompts: Sequence[tuple[int, ...]], repeats: int, max_tokens: int
    ) -> tuple[torch.Tensor, Any, torch.Tensor]:
        """Each prompt run once and repeated: logits (rows, vocab), cache, mask (rows, longest + max_tokens)."""
        width = max(len(prompt) for prompt in prompts)
        ids = torch.full((len(prompts), width), self._pad)
        mask = torch.zeros((len(prompts), width + max_tokens), dtype=torch.int64)
        for row, prompt in enumerate(prompts):
            ids[row, width - len(prompt) :] = torch.tensor(prompt)
            mask[row, width - len(prompt) :] = 1
        ids, mask = ids.to(self._model.device), mask.to(self._model.device)
        cache = growing_cache(self._model)
        positions = (mask[:, :width].cumsum(dim=1) - 1).clamp(min=0)
        logits = self._forward(ids, mask[:, :width], positions, cache)
        if repeats > 1:
            cache.batch_repeat_interleave(repeats)
        return logits.repeat_interleave(repeats, dim=0), cache, mask.repeat_interleave(repeats, dim=0)

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: Any) -> torch.Tensor:
        """Float32 logits (rows, vocab) after the last of `ids` (rows, new), whose cache is extended in place."""
        output = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = output.logits[:, -1].float()
        return logits

    def _completions(
        self,
        group: _Group,
        members: Sequence[Request],
        written: torch.Tensor,
        lengths: torch.Tensor,
        logprobs: torch.Tensor,
        decoding: Decoding,
    ) -> list[tuple[int, list[Completion]]]:
        ids, counts, sums = written.tolist(), lengths.tolist(), logprobs.tolist()
        end_tokens = set(self._end_tokens.tolist())
        per_member = group.last - group.first
        results: list[tuple[int, list[Completion]]] = []
        for slot, (index, member) in enumerate(zip(group.members, members, strict=True)):
            completions = []
            for offset in range(per_member):
                row = slot * per_member + offset
                tokens = ids[row][: counts[row]]
                ended = tokens[-1] in end_tokens
                # An end token of the model's own need not be a special one, so it is taken off by hand.
                text = self._tokenizer.decode(
                    tokens[:-1] if ended else tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
                )
                completions.append(
                    Completion(
                        problem_id=member.problem_id,
                        decoding=decoding,
                        sample_index=group.first + offset,
                        text=text.strip(),
                        finish_reason="stop" if ended else "length",
                        num_tokens=counts[row],
                        sum_logprob=sums[row],
                    )
                )
            results.append((index, completions))
        return results


def _end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """The token training ends a solution with, and those the model itself says end a text."""
    ends = {end_token(tokenizer)}
    generation = getattr(model, "generation_config", None)
    stated = getattr(generation, "eos_token_id", None)
    if stated is not None:
        ends.update(stated if isinstance(stated, list) else [stated])
    return ends


def _groups(prompt_lengths: Sequence[int], n: int, max_num_seqs: int) -> list[_Group]:
    """All samples of all requests in groups of at most `max_num_seqs` rows, prompts of like length together."""
    order = sorted(range(len(prompt_lengths)), key=lambda index: prompt_lengths[index])
    members_each = max(1, max_num_seqs // n)
    samples_each = min(n, max_num_seqs)  # a problem with more samples than rows is taken in several goes
    return [
        _Group(tuple(order[start : start + members_each]), first, min(first + samples_each, n))
        for start in range(0, len(order), members_each)
        for first in range(0, n, samples_each)
    ]
