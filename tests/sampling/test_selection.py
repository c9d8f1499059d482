"""Token selection against a reference that sorts token by token in plain Python."""

import numpy as np
import pytest
import torch

from mathtune_sampling.noise import uniforms
from mathtune_sampling.selection import draw_top_p, nucleus, token_logprobs


def reference_nucleus(logits, temperature, top_p):
    weights = np.exp((np.array(logits, dtype=np.float64) - max(logits)) / temperature)
    weights /= weights.sum()
    kept = [w if sum(v for v in weights if v > w) < top_p else 0.0 for w in weights]
    return np.array(kept) / sum(kept)


def keyed_noise(rows):
    keys = np.arange(rows, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return lambda draw, at: uniforms(keys[at], 0, draw)


@pytest.mark.parametrize("top_p", [0.02, 0.3, 0.7, 0.95, 1.0])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
def test_tokens_come_as_often_as_the_nucleus_says(temperature, top_p):
    logits = [0.0, 2.0, 1.0, 1.0, -3.0, 2.5, -1.0, 0.5]
    rows = 40_000
    drawn = draw_top_p(torch.tensor([logits] * rows), temperature, top_p, keyed_noise(rows))
    share = np.bincount(drawn.numpy(), minlength=len(logits)) / rows
    expected = reference_nucleus(logits, temperature, top_p)
    assert not share[expected == 0].any()
    np.testing.assert_allclose(share, expected, atol=0.01)  # four standard deviations at the most


def test_the_draw_past_all_rejections_is_exact_too():
    """With p tiny and the distribution flat nearly every draw is rejected, so most rows end in the sorted nucleus."""
    logits = torch.linspace(0, 1, 50)
    rows = 20_000
    drawn = draw_top_p(logits.repeat(rows, 1), 1.0, 0.1, keyed_noise(rows))
    share = np.bincount(drawn.numpy(), minlength=50) / rows
    np.testing.assert_allclose(share, reference_nucleus(logits.tolist(), 1.0, 0.1), atol=0.015)


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


def test_a_token_of_no_probability_is_never_drawn():
    logits = torch.full((4, 5), float("-inf"))
    logits[:, 2] = 0.0
    for value in (1e-16, 1.0 - 1e-16):
        drawn = draw_top_p(logits, 1.0, 1.0, lambda _draw, at, value=value: np.full(len(at), value))
        assert drawn.tolist() == [2] * 4


def test_logprobs_are_those_of_log_softmax():
    generator = torch.Generator().manual_seed(1)
    logits, tokens = torch.randn(6, 40, generator=generator) * 5, torch.arange(6)
    expected = torch.log_softmax(logits.double(), dim=1)[torch.arange(6), tokens]
    torch.testing.assert_close(token_logprobs(logits, tokens), expected, atol=1e-5, rtol=0)
