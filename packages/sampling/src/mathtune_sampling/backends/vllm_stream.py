"""Problems in and whole problems out, over an engine that takes single completions and ends them in any order.

This is the part of the `vllm` backend that needs no vLLM, and is tested without it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any, Protocol

import numpy as np

from mathtune_core.errors import MathtuneError
from mathtune_sampling.detokeniser import Detokeniser
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams


class Engine(Protocol):
    """What is used of vLLM's `LLMEngine`."""

    def add_request(self, request_id: str, prompt: Any, params: Any) -> Any:
        """Queues one."""
        ...

    def step(self) -> Sequence[Any]:
        """The RequestOutputs of those that have ended since."""
        ...

    def abort_request(self, request_ids: list[str]) -> Any:
        """Forgets them."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion to be drawn."""

    request: Request
    decoding: Decoding
    index: int  # within a decoding


def samples_of(request: Request, params: SamplingParams, decodings: Sequence[Decoding]) -> list[Sample]:
    """The completions that `Sampler.generate` gives for `request`, in its order."""
    first = request.first_sample
    return [
        Sample(request, decoding, index)
        for decoding in decodings
        for index in (range(1) if decoding == "greedy" else range(first, first + params.n))
    ]


def stream(
    engine: Engine,
    requests: Sequence[Request],
    params: SamplingParams,
    decodings: Sequence[Decoding],
    *,
    settings: Callable[[Sample], Any],
    detokeniser: Detokeniser,
    names: Iterator[str],
    in_flight: int,
) -> Iterator[list[Completion]]:
    """The completions of each request, as soon as all of them are finished.

    A sample is a request of the engine's own with its `settings` and one of `names` (which no other has), and there
    are at most `in_flight` of them at a time. An iterator that is dropped half-way leaves none behind in the engine.
    Raises MathtuneError as `completion_of` does.
    """
    waiting = (sample for request in requests for sample in samples_of(request, params, decodings))
    drawn: dict[str, Sample] = {}
    gathered: dict[str, dict[Sample, Completion]] = {}
    try:
        while True:
            for sample in islice(waiting, in_flight - len(drawn)):
                name = next(names)
                drawn[name] = sample
                # The type is the engine's own: without it vLLM takes the prompt for one that it has yet to tokenize.
                prompt = {"type": "token", "prompt_token_ids": list(sample.request.prompt_ids)}
                engine.add_request(name, prompt, settings(sample))
            if not drawn:
                return
            for output in engine.step():
                sample = drawn.pop(output.request_id)
                problem_id = sample.request.problem_id
                of_problem = gathered.setdefault(problem_id, {})
                of_problem[sample] = completion_of(sample, output.outputs[0], detokeniser)
                wanted = samples_of(sample.request, params, decodings)
                if len(of_problem) == len(wanted):
                    del gathered[problem_id]
                    yield [of_problem[one] for one in wanted]
    finally:
        if drawn:
            engine.abort_request(list(drawn))


def completion_of(sample: Sample, output: Any, detokeniser: Detokeniser) -> Completion:
    """`sample` as vLLM's CompletionOutput has it; its text is decoded as every other backend's, from its tokens.

    Raises MathtuneError when vLLM gave it up, and when its log-probability is not a number.
    """
    problem = f"problem {sample.request.problem_id}"
    if output.finish_reason not in ("stop", "length"):
        raise MathtuneError(
            f"{problem}: vLLM gave up a completion ({output.finish_reason}); its own messages above say why, and the "
            "same command goes on from the problems that are finished"
        )
    if not isfinite(output.cumulative_logprob):
        raise MathtuneError(
            f"{problem}: the model's logits are not finite numbers; its weights are damaged, or too large for the dtype"
        )
    text, ended = detokeniser.text(np.array(output.token_ids, dtype=np.int64))
    return Completion(
        problem_id=sample.request.problem_id,
        decoding=sample.decoding,
        sample_index=sample.index,
        text=text,
        finish_reason="stop" if ended or output.finish_reason == "stop" else "length",
        num_tokens=len(output.token_ids),
        sum_logprob=float(output.cumulative_logprob),
    )
