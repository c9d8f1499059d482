"""What a sampler is asked and what it gives back, in vLLM's words. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Literal

Decoding = Literal["greedy", "sampled"]
FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How completions are drawn; greedy decoding reads `max_tokens` and `stop` only.

    Raises ValueError("field: reason") for a value that makes no sense.
    """

    n: int  # completions a problem
    temperature: float
    top_p: float
    max_tokens: int  # generated at most, the end token included
    top_k: int = 0  # 0 takes every token
    min_p: float = 0.0  # the share of the most probable token's probability that a token needs
    stop: tuple[str, ...] = ()  # a completion ends before the first of these texts

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n: must be at least 1, got {self.n}")
        if not 0.0 < self.temperature < float("inf"):
            raise ValueError(f"temperature: must be above 0 (greedy is a decoding of its own), got {self.temperature}")
        if not 0.0 < self.top_p <= 1.0:
            raise ValueError(f"top_p: must be above 0 and at most 1, got {self.top_p}")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens: must be at least 1, got {self.max_tokens}")
        if self.top_k < 0:
            raise ValueError(f"top_k: must be at least 1, or 0 for no limit, got {self.top_k}")
        if not 0.0 <= self.min_p < 1.0:
            raise ValueError(f"min_p: must be at least 0 and below 1, got {self.min_p}")
        if "" in self.stop:
            raise ValueError("stop: a text must not be empty")


@dataclass(frozen=True, slots=True)
class Request:
    """One problem to be completed."""

    problem_id: str
    prompt_ids: tuple[int, ...]
    first_sample: int = 0  # samples first_sample … first_sample + n − 1 are drawn


@dataclass(frozen=True, slots=True)
class Completion:
    """One completion of one problem."""

    problem_id: str
    decoding: Decoding
    sample_index: int  # within a decoding
    text: str  # without special tokens, and without the white space around it (prompts put their own)
    finish_reason: FinishReason  # stop: the model or a stop text ended it; length: cut at max_tokens
    num_tokens: int  # generated, the end token included
    sum_logprob: float  # natural log, under the model's own distribution (temperature 1)
