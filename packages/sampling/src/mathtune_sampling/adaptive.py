"""Adaptive sampling: no more samples of a problem once the leader of its vote cannot plausibly be overtaken.

The rule. After m of n samples let the leader have a votes, a rival b. Were all r = n − m samples to come for one of
the two, the leader's share of them unknown with a flat prior, the number for the rival is beta-binomial with
b + 1 and a + 1; the rival catches up when that is at least (a − b + r) / 2. The chances of all rivals, one that has no
vote yet among them, are added up, and sampling stops when the sum is at most the error rate over the number of looks.
So the chance that the whole vote would have ended otherwise is at most the error rate, a union over rivals and looks,
as far as the prior is fair; tests/sampling/test_adaptive.py checks it by simulation. An error rate of 0 stops only
when no rival can catch up any more, and changes no vote.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import ceil, exp, lgamma

from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sampler import Sampler

# The texts of one problem's samples → what each votes for, None for no answer; equal votes are equal answers.
Votes = Callable[[Sequence[str]], Sequence[Hashable | None]]


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """When a vote of `n` samples, looked at after every `wave` of them, is decided.

    Raises ValueError("field: reason") for values that make no sense.
    """

    n: int
    wave: int
    error_rate: float

    def __post_init__(self) -> None:
        if not 1 <= self.wave <= self.n:
            raise ValueError(f"wave: must be at least 1 and at most n, got {self.wave}")
        if not 0.0 <= self.error_rate < 0.5:
            raise ValueError(f"error_rate: must be at least 0 and below 0.5, got {self.error_rate}")

    def decided(self, votes: Sequence[Hashable | None]) -> bool:
        """Whether no more samples are needed after these."""
        remaining = self.n - len(votes)
        if remaining <= 0:
            return True
        counts = sorted(Counter(vote for vote in votes if vote is not None).values(), reverse=True)
        if not counts:
            return False
        leader, *rivals = counts
        chance = sum(chance_of_catching_up(leader, rival, remaining) for rival in (*rivals, 0))
        looks = ceil(self.n / self.wave) - 1
        return chance <= self.error_rate / looks


@cache
def chance_of_catching_up(leader: int, rival: int, remaining: int) -> float:
    """The chance that `rival` votes become at least as many as `leader`'s, all `remaining` being for one of them."""
    least = ceil((leader - rival + remaining) / 2)
    return sum(_beta_binomial(k, remaining, rival + 1, leader + 1) for k in range(least, remaining + 1))


class AdaptiveSampler:
    """A `Sampler` that draws from another in waves, as many samples of a problem as its vote needs.

    The samples it draws are the first ones of those that the other would draw of the problem, if that keeps its
    promise that a sample does not depend on its company. A problem's completions are one greedy one where asked for,
    and `rule.wave` to `params.n` sampled ones. `params.n` must be the rule's n.
    """

    def __init__(self, sampler: Sampler, votes: Votes, rule: StoppingRule) -> None:
        self._sampler = sampler
        self._votes = votes
        self._rule = rule

    def generate(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding] = ("sampled",),
    ) -> Iterator[list[Completion]]:
        """See `Sampler.generate`. Raises ValueError when `params.n` is not the rule's."""
        if params.n != self._rule.n:
            raise ValueError(f"n: the rule is for {self._rule.n} samples, the params ask for {params.n}")
        return self._run(requests, params, seed, purpose, tuple(decodings))

    def _run(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        seed: int,
        purpose: str,
        decodings: tuple[Decoding, ...],
    ) -> Iterator[list[Completion]]:
        drawn: dict[str, list[Completion]] = {request.problem_id: [] for request in requests}
        waiting, start = list(requests), 0
        while waiting:
            size = min(self._rule.wave, params.n - start)
            wave = [replace(request, first_sample=request.first_sample + start) for request in waiting]
            now = decodings if not start else ("sampled",) if "sampled" in decodings else ()
            for completions in self._sampler.generate(
                wave, replace(params, n=size), seed=seed, purpose=purpose, decodings=now
            ):
                drawn[completions[0].problem_id] += completions
            start += size
            undecided = []
            for request in waiting:
                sampled = [c.text for c in drawn[request.problem_id] if c.decoding == "sampled"]
                if "sampled" not in decodings or self._rule.decided(self._votes(sampled)):
                    yield drawn.pop(request.problem_id)
                else:
                    undecided.append(request)
            waiting = undecided


def _beta_binomial(k: int, n: int, alpha: float, beta: float) -> float:
    return exp(
        lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        + lgamma(k + alpha) + lgamma(n - k + beta) - lgamma(n + alpha + beta)
        + lgamma(alpha + beta) - lgamma(alpha) - lgamma(beta)
    )  # fmt: skip
