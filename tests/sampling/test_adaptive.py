"""The stopping rule by simulation, and that an adaptive run draws the first of the samples a full one would."""

from collections import Counter

import numpy as np
import pytest

from mathtune_sampling.adaptive import AdaptiveSampler, StoppingRule, chance_of_catching_up
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.backends.torch import TorchSampler
from mathtune_sampling.requests import Request, SamplingParams

N = 32


def leaders(votes):
    counts = Counter(vote for vote in votes if vote is not None)
    return {vote for vote, count in counts.items() if count == max(counts.values())}


def stopped_at(rule, votes):
    return next(m for m in [*range(rule.wave, rule.n, rule.wave), rule.n] if rule.decided(votes[:m]))


def simulate(distributions, rule, seed=0):
    """Share of problems whose whole vote leads elsewhere than the stopped one, and share of samples saved."""
    rng = np.random.default_rng(seed)
    wrong = drawn = 0
    for shares in distributions:
        votes = [None if vote == 0 else int(vote) for vote in rng.choice(len(shares), size=rule.n, p=shares)]
        m = stopped_at(rule, votes)
        drawn += m
        wrong += m < rule.n and leaders(votes[:m]) != leaders(votes)
    return wrong / len(distributions), 1 - drawn / rule.n / len(distributions)


def mixed(problems, seed=1):
    """Easy and hard problems: answers' shares from a Dirichlet with few large ones, the first being no answer."""
    return np.random.default_rng(seed).dirichlet([0.3] * 8, size=problems)


@pytest.mark.parametrize("error_rate", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("wave", [2, 4, 8])
def test_the_error_rate_is_kept_and_samples_are_saved(error_rate, wave):
    wrong, saved = simulate(mixed(3000), StoppingRule(N, wave, error_rate))
    assert wrong <= error_rate
    assert saved > 0.15


@pytest.mark.parametrize(
    "shares",
    [[0, 0.5, 0.5], [0, 0.51, 0.49], [0.1, 0.3, 0.3, 0.3], [0, 0.4, 0.3, 0.3], [0.9, 0.05, 0.05], [0, *[0.02] * 50]],
)
def test_the_error_rate_is_kept_where_answers_are_close_too(shares):
    """Where no prior helps: every problem a near tie."""
    wrong, _ = simulate([shares] * 2000, StoppingRule(N, 4, 0.05))
    assert wrong <= 0.05


def test_an_error_rate_of_zero_changes_no_vote_and_still_saves():
    wrong, saved = simulate(mixed(3000), StoppingRule(N, 2, 0.0))
    assert wrong == 0
    assert saved > 0.15


@pytest.mark.parametrize(
    ("leader", "rival", "remaining", "expected"),
    [
        (3, 0, 2, 0.0),  # cannot be caught
        (1, 0, 1, 1 / 3),  # the next one is the rival's with probability (0 + 1) / (1 + 2)
        (2, 0, 2, 1 / 10),  # both the rival's: 1/4 · 2/5
        (1, 1, 1, 1 / 2 + 0.0),
        (2, 1, 1, 2 / 5),
    ],
)
def test_chances_worked_out_by_hand(leader, rival, remaining, expected):
    assert chance_of_catching_up(leader, rival, remaining) == pytest.approx(expected)


def test_a_vote_without_answers_is_never_decided_early():
    assert not StoppingRule(8, 2, 0.4).decided([None] * 6)
    assert StoppingRule(8, 2, 0.4).decided([None] * 8)


@pytest.mark.parametrize(
    ("field", "values"), [("wave", (8, 0, 0.1)), ("wave", (8, 9, 0.1)), ("error_rate", (8, 2, 0.5))]
)
def test_a_rule_refuses_by_name(field, values):
    with pytest.raises(ValueError, match=rf"^{field}: "):
        StoppingRule(*values)


def test_a_decided_problem_is_asked_no_more_and_the_others_go_on():
    texts = {"sure": ["7"], "torn": ["1", "2"], "mute": [""]}
    params = SamplingParams(n=8, temperature=1.0, top_p=1.0, max_tokens=9)
    sampler = AdaptiveSampler(
        FakeSampler(texts), lambda given: [text or None for text in given], StoppingRule(8, 2, 0.2)
    )
    requests = [Request(name, (1,)) for name in texts]
    done = {rows[0].problem_id: rows for rows in sampler.generate(requests, params, seed=0, purpose="test")}
    counts = {name: len(rows) for name, rows in done.items()}
    assert counts["sure"] < 8
    assert counts["torn"] == counts["mute"] == 8
    assert all([row.sample_index for row in rows] == list(range(len(rows))) for rows in done.values())


def test_the_samples_are_the_first_of_a_full_runs(model, tokenizer, requests, kernels):
    params = SamplingParams(n=12, temperature=0.3, top_p=0.9, max_tokens=3)
    inner = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=8, kv_cache_gib=0.1)
    settings = {"seed": 0, "purpose": "test", "decodings": ("greedy", "sampled")}
    full = {rows[0].problem_id: rows for rows in inner.generate(requests, params, **settings)}
    adaptive = AdaptiveSampler(inner, list, StoppingRule(12, 3, 0.49))
    sizes = set()
    for rows in adaptive.generate(requests, params, **settings):
        assert rows == full[rows[0].problem_id][: len(rows)]
        sizes.add(len(rows))
    assert min(sizes) < 13
