"""The seam every backend fits: requests in, the completions of one problem at a time out."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from mathtune_core.errors import MathtuneError
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams


class Sampler(Protocol):
    """Draws completions from some language model."""

    def generate(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding] = ("sampled",),
    ) -> Iterator[list[Completion]]:
        """The completions of each request, one request at a time, in the order in which they are finished.

        For each of `decodings` in turn: one completion when greedy, `params.n` when sampled. A completion depends on
        the model, its own request, `params`, `seed` and `purpose` only, as far as the backend can (each says so).
        Raises MathtuneError, before any work, for a prompt that is empty or leaves no room for `params.max_tokens`
        in the model's context.
        """
        ...


def check_requests(requests: Sequence[Request], params: SamplingParams, context: int | None) -> None:
    """Raises the MathtuneError of `Sampler.generate` for a model that takes `context` positions (None: any number)."""
    for request in requests:
        length = len(request.prompt_ids)
        if not length:
            raise MathtuneError(f"problem {request.problem_id}: the prompt is empty; there is nothing to complete")
        if context is not None and length + params.max_tokens > context:
            raise MathtuneError(
                f"problem {request.problem_id}: prompt of {length} tokens + max_tokens {params.max_tokens} exceeds "
                f"the model's context of {context}; lower max_tokens or leave the problem out"
            )
