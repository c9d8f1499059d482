"""Picks the next token of each row from its logits: the arg max, or an exact draw from the top-p nucleus."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

# draw number, indices of rows → one uniform a row
Noise = Callable[[int, NDArray[np.int64]], NDArray[np.float64]]

_REJECTIONS = 8  # then the nucleus is built by sorting, which always gives a token


def token_logprobs(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """log p(token) a row, float64 (rows,), of float32 `logits` (rows, vocab) at temperature 1."""
    chosen = logits.gather(1, tokens[:, None])[:, 0]
    return chosen.double() - torch.logsumexp(logits, dim=1).double()


def draw_top_p(logits: torch.Tensor, temperature: float, top_p: float, noise: Noise) -> torch.Tensor:
    """One token a row, int64 (rows,), drawn from float32 `logits` (rows, vocab) tempered and cut to their nucleus.

    The nucleus holds each token whose strictly more probable rivals weigh less than `top_p` together, so equals stand
    or fall together. A draw from the whole distribution, kept when it falls in the nucleus, is a draw from
    the nucleus: that needs no sort, and hardly ever a second draw when `top_p` is near 1.
    """
    probabilities = torch.softmax(logits / temperature if temperature != 1.0 else logits, dim=1)
    cumulative = probabilities.cumsum(dim=1)
    tokens = _invert(cumulative, noise(0, np.arange(len(logits))))
    if top_p >= 1.0:
        return tokens
    pending = torch.nonzero(~_in_nucleus(probabilities, tokens, top_p))[:, 0]
    for draw in range(1, _REJECTIONS):
        if not len(pending):
            return tokens
        redrawn = _invert(cumulative[pending], noise(draw, pending.cpu().numpy()))
        tokens[pending] = redrawn
        pending = pending[~_in_nucleus(probabilities[pending], redrawn, top_p)]
    if len(pending):
        kept = nucleus(probabilities[pending], top_p).cumsum(dim=1)
        tokens[pending] = _invert(kept, noise(_REJECTIONS, pending.cpu().numpy()))
    return tokens


def nucleus(probabilities: torch.Tensor, top_p: float) -> torch.Tensor:
    """`probabilities` (rows, vocab) with zeros outside each row's nucleus; not normalised."""
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
