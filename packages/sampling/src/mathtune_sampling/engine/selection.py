"""Picks the next token of each row: an exact draw, without a sort, from what top-k, min-p and top-p leave."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from mathtune_sampling.requests import SamplingParams

# draw number, indices of rows → one uniform a row
Noise = Callable[[int, NDArray[np.int64]], NDArray[np.float64]]

REJECTIONS = 8  # then the nucleus is built by sorting, which always gives a token


def token_logprobs(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """log p(token) a row, float64 (rows,), of float32 `logits` (rows, vocabulary) at temperature 1."""
    chosen = logits.gather(1, tokens[:, None])[:, 0]
    return chosen.double() - torch.logsumexp(logits, dim=1).double()


def top_k_floors(logits: torch.Tensor, top_k: int) -> torch.Tensor:
    """The k-th largest logit of each row, float32 (rows,); its equals are as good as it is."""
    return logits.topk(min(top_k, logits.shape[1]), dim=1).values[:, -1].float().contiguous()


def draw(logits: torch.Tensor, params: SamplingParams, noise: Noise) -> torch.Tensor:
    """One token a row, int64 (rows,), from float32 `logits` (rows, vocabulary), in vLLM's order of filters.

    Temperature; min-p, which drops what is less probable than that share of the most probable; top-k; then the nucleus
    of what is left, which holds each token whose strictly more probable rivals weigh less than `top_p` together.
    Equals stand or fall together in each. A draw from the whole distribution, kept when it falls in the nucleus, is a
    draw from the nucleus: that needs no sort, and hardly ever a second draw when `top_p` is near 1.
    """
    tempered = logits / params.temperature if params.temperature != 1.0 else logits
    if params.top_k:
        tempered = tempered.masked_fill(logits < top_k_floors(logits, params.top_k)[:, None], float("-inf"))
    probabilities = torch.softmax(tempered, dim=1)
    if params.min_p:
        top = probabilities.amax(dim=1, keepdim=True)
        probabilities = torch.where(probabilities >= params.min_p * top, probabilities, 0.0)
        probabilities = probabilities / probabilities.sum(dim=1, keepdim=True)
    cumulative = probabilities.cumsum(dim=1)
    tokens = _invert(cumulative, noise(0, np.arange(len(logits))))
    if params.top_p >= 1.0:
        return tokens
    pending = torch.nonzero(~_in_nucleus(probabilities, tokens, params.top_p))[:, 0]
    for number in range(1, REJECTIONS):
        if not len(pending):
            return tokens
        redrawn = _invert(cumulative[pending], noise(number, pending.cpu().numpy()))
        tokens[pending] = redrawn
        pending = pending[~_in_nucleus(probabilities[pending], redrawn, params.top_p)]
    if len(pending):
        kept = nucleus(probabilities[pending], params.top_p).cumsum(dim=1)
        tokens[pending] = _invert(kept, noise(REJECTIONS, pending.cpu().numpy()))
    return tokens


def nucleus(probabilities: torch.Tensor, top_p: float) -> torch.Tensor:
    """`probabilities` (rows, vocabulary) with zeros outside each row's nucleus; not normalised."""
    ordered = probabilities.sort(dim=1, descending=True).values
    above = ordered.cumsum(dim=1) - ordered
    # The least probable token within; its equals further down the order belong with it.
    last = (above < top_p).sum(dim=1, keepdim=True) - 1
    return torch.where(probabilities >= ordered.gather(1, last.clamp(min=0)), probabilities, 0.0)


def _in_nucleus(probabilities: torch.Tensor, tokens: torch.Tensor, top_p: float) -> torch.Tensor:
    chosen = probabilities.gather(1, tokens[:, None])
    return torch.where(probabilities > chosen, probabilities, 0.0).sum(dim=1) < top_p


def _invert(cumulative: torch.Tensor, uniforms: NDArray[np.float64]) -> torch.Tensor:
    """The first token at which the row reaches the uniform's share of its total; never one of weight zero."""
    share = torch.from_numpy(uniforms).to(device=cumulative.device, dtype=cumulative.dtype)
    target = share[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, target)[:, 0]
