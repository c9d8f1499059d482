"""Token selection against a reference that sorts token by token in plain Python."""

import numpy as np
import pytest
import torch

from mathtune_sampling.engine.native_kernels import NativeKernels
from mathtune_sampling.engine.selection import draw, nucleus, token_logprobs
from mathtune_sampling.engine.torch_kernels import TorchKernels
from mathtune_sampling.requests import SamplingParams


def reference_nucleus(logits, temperature, top_p, top_k=0, min_p=0.0):
    weights = np.exp((np.array(logits, dtype=np.float64) - max(logits)) / temperature)
    weights[weights < min_p * weights.max()] = 0
    if top_k:
        weights[weights < sorted(weights)[-top_k]] = 0
    weights /= weights.sum()
    kept = [w if sum(v for v in weights if v > w) < top_p else 0.0 for w in weights]
    return np.array(kept) / sum(kept)


def draws(kernels, logits, rows, **params):
    """Tokens of `rows` rows of the same logits, by the kernels' own noise."""
    keys = np.arange(rows, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    settings = SamplingParams(**({"n": 1, "temperature": 1.0, "top_p": 1.0, "max_tokens": 1} | params))
    positions, greedy = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.bool_)
    return kernels.draw(torch.tensor([logits] * rows), keys, positions, greedy, settings)[0]


LOGITS = [0.0, 2.0, 1.0, 1.0, -3.0, 2.5, -1.0, 0.5]


@pytest.mark.parametrize("filters", [{}, {"top_k": 3}, {"min_p": 0.2}, {"top_k": 5, "min_p": 0.1}])
@pytest.mark.parametrize("top_p", [0.02, 0.3, 0.7, 0.95, 1.0])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
def test_tokens_come_as_often_as_the_filters_say(kernels, temperature, top_p, filters):
    rows = 40_000
    drawn = draws(kernels, LOGITS, rows, temperature=temperature, top_p=top_p, **filters)
    share = np.bincount(drawn, minlength=len(LOGITS)) / rows
    expected = reference_nucleus(LOGITS, temperature, top_p, **filters)
    assert not share[expected == 0].any()
    np.testing.assert_allclose(share, expected, atol=0.01)  # four standard deviations at the most


def test_the_draw_past_all_rejections_is_exact_too(kernels):
    """With p tiny and the distribution flat nearly every draw is rejected, so most rows end in the sorted nucleus."""
    logits = torch.linspace(0, 1, 50).tolist()
    rows = 20_000
    share = np.bincount(draws(kernels, logits, rows, top_p=0.1), minlength=50) / rows
    np.testing.assert_allclose(share, reference_nucleus(logits, 1.0, 0.1), atol=0.015)


def test_both_kernels_draw_the_same_tokens():
    """From the same counters: a vocabulary of no round size, and logits in which hardly any draw is a close call."""
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(300, 1237, generator=generator) * 3
    keys, positions = np.arange(300, dtype=np.uint64) << np.uint64(40), np.arange(300, dtype=np.int64)
    greedy = positions % 3 == 0
    settings = SamplingParams(n=1, temperature=0.8, top_p=0.9, max_tokens=1)
    try:
        native = NativeKernels().draw(logits, keys, positions, greedy, settings)
    except OSError as error:
        pytest.skip(str(error))
    plain = TorchKernels(torch.device("cpu")).draw(logits, keys, positions, greedy, settings)
    assert (native[0] == plain[0]).mean() > 0.99
    assert (native[0][greedy] == logits.argmax(dim=1).numpy()[greedy]).all()
    expected = torch.log_softmax(logits.double(), dim=1)[torch.arange(300), torch.from_numpy(native[0])]
    np.testing.assert_allclose(native[1], expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.9, 1.0])
def test_nucleus_mass_equals_the_reference(top_p):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(20, 60, generator=generator) * 2
    logits[:, 7] = logits[:, 3]  # equals stand or fall together
    kept = nucleus(torch.softmax(logits, dim=1), top_p)
    for row in range(len(logits)):
        expected = reference_nucleus(logits[row].tolist(), 1.0, top_p)
        assert (kept[row].numpy() > 0).tolist() == (expected > 0).tolist()
        np.testing.assert_allclose(kept[row].numpy() / kept[row].sum().item(), expected, atol=1e-6)


def test_a_token_of_no_probability_is_never_drawn(kernels):
    logits = [float("-inf")] * 40
    logits[21] = 0.0
    assert set(draws(kernels, logits, 1000)) == {21}
    settings = SamplingParams(n=1, temperature=1.0, top_p=1.0, max_tokens=1)
    for value in (1e-16, 1.0 - 1e-16):
        drawn = draw(torch.tensor([logits]), settings, lambda _draw, at, value=value: np.full(len(at), value))
        assert drawn.tolist() == [21]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_row_that_is_not_finite_is_marked_and_alone(kernels, bad):
    logits = torch.zeros(3, 20)
    logits[1, 7] = bad
    settings = SamplingParams(n=1, temperature=1.0, top_p=0.9, max_tokens=1)
    tokens, _ = kernels.draw(logits, *(np.zeros(3, dtype=kind) for kind in (np.uint64, np.int64, np.bool_)), settings)
    assert (tokens == -1).tolist() == [False, True, False]


def test_logprobs_are_those_of_log_softmax():
    generator = torch.Generator().manual_seed(1)
    logits, tokens = torch.randn(6, 40, generator=generator) * 5, torch.arange(6)
    expected = torch.log_softmax(logits.double(), dim=1)[torch.arange(6), tokens]
    torch.testing.assert_close(token_logprobs(logits, tokens), expected, atol=1e-5, rtol=0)
