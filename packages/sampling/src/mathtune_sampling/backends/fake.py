"""A sampler without a model, for tests of everything that sits behind one."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sampler import check_requests


class FakeSampler:
    """Answers each problem with given texts: sample i gets text i modulo their number, greedy the first.

    A word is a token and the end is one more; the log-probability of a text is minus its number of words.
    """

    def __init__(self, texts: Mapping[str, Sequence[str]] | Callable[[str], Sequence[str]]) -> None:
        self._texts = texts

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
        check_requests(requests, params, None)
        return (
            [
                self._completion(request, decoding, index, params)
                for decoding in decodings
                for index in _indices(request, decoding, params)
            ]
            for request in requests
        )

    def _completion(self, request: Request, decoding: Decoding, index: int, params: SamplingParams) -> Completion:
        texts = self._texts(request.problem_id) if callable(self._texts) else self._texts[request.problem_id]
        text = texts[index % len(texts)]
        cut = min((place for stop in params.stop if (place := text.find(stop)) >= 0), default=None)
        words = text[:cut].split()
        too_long = len(words) + 1 > params.max_tokens
        return Completion(
            problem_id=request.problem_id,
            decoding=decoding,
            sample_index=index,
            text=" ".join(words[: params.max_tokens]) if too_long else text[:cut].strip(),
            finish_reason="length" if too_long else "stop",
            num_tokens=params.max_tokens if too_long else len(words) + 1,
            sum_logprob=-float(len(words)),
        )


def _indices(request: Request, decoding: Decoding, params: SamplingParams) -> range:
    return range(1) if decoding == "greedy" else range(request.first_sample, request.first_sample + params.n)
