"""A sampler that counts what it generates and how long it takes."""

import time
from collections.abc import Iterator, Sequence

from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sampler import Sampler


class TimedSampler:
    """Another sampler with the tokens that it has generated and the seconds that they took.

    What its caller does between two problems is not counted, nor what an earlier, killed run had generated.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self.tokens = 0
        self.seconds = 0.0

    def generate(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding] = ("sampled",),
    ) -> Iterator[list[Completion]]:
        """As `Sampler.generate`."""
        drawn = self._sampler.generate(requests, params, seed=seed, purpose=purpose, decodings=decodings)
        while True:
            started = time.perf_counter()
            completions = next(drawn, None)
            self.seconds += time.perf_counter() - started
            if completions is None:
                return
            self.tokens += sum(completion.num_tokens for completion in completions)
            yield completions
