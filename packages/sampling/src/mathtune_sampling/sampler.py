"""The seam every backend fits: requests in, the completions of one problem at a time out."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams


class Sampler(Protocol):
    """Draws completions from some language model."""

    def generate(
        self, requests: Sequence[Request], params: SamplingParams, *, seed: int, purpose: str, decoding: Decoding
    ) -> Iterator[list[Completion]]:
        """The completions of each request, in request order: `params.n` when sampled, one when greedy.

        A completion depends on the model, its own request, `params`, `seed` and `purpose` only. Raises MathtuneError,
        before any work, for a prompt that is empty or leaves no room for `params.max_tokens` in the model's context.
        """
        ...
