"""A sampler without a model, for tests of everything that sits behind one."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams


class FakeSampler:
    """Answers each problem with given texts: sample i gets text i modulo their number, greedy the first."""

    def __init__(self, texts: Mapping[str, Sequence[str]] | Callable[[str], Sequence[str]]) -> None:
        self._texts = texts

    def generate(
        self, requests: Sequence[Request], params: SamplingParams, *, seed: int, purpose: str, decoding: Decoding
    ) -> Iterator[list[Completion]]:
        """See `Sampler.generate`; the log-probability of a text is minus its number of words."""
        for request in requests:
            texts = self._texts(request.problem_id) if callable(self._texts) else self._texts[request.problem_id]
            yield [
                self._completion(request.problem_id, decoding, index, texts[index % len(texts)], params.max_tokens)
                for index in range(params.n if decoding == "sampled" else 1)
            ]

    @staticmethod
    def _completion(problem_id: str, decoding: Decoding, index: int, text: str, max_tokens: int) -> Completion:
        words = text.split(" ")
        cut = len(words) + 1 > max_tokens  # a word is a token, and the end is one more
        return Completion(
            problem_id=problem_id,
            decoding=decoding,
            sample_index=index,
            text=" ".join(words[:max_tokens]) if cut else text,
            finish_reason="length" if cut else "stop",
            num_tokens=max_tokens if cut else len(words) + 1,
            sum_logprob=-float(len(words)),
        )
