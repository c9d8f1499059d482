import pytest
import torch
from transformers import LlamaForCausalLM

from mathtune_training import throughput
from mathtune_training.throughput import linear_layers, matmul_limit, peak_flops, tokens_limit


def test_gpus_are_known_by_their_names() -> None:
    assert peak_flops("NVIDIA H100 80GB HBM3") == 989e12
    assert peak_flops("NVIDIA H100 PCIe") == 756e12
    assert peak_flops("NVIDIA L40S") == 362e12
    assert peak_flops("NVIDIA L4") == 121e12
    assert peak_flops("Imaginary GPU") is None


def test_the_limit_counts_each_layers_products(model: LlamaForCausalLM, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that stands still but for a second a reading, each shape takes one second a round."""
    assert len(linear_layers(model)) == 2 * 7 + 1
    clock = iter(range(10_000))
    monkeypatch.setattr(throughput.time, "perf_counter", lambda: float(next(clock)))
    assert matmul_limit(model, torch.float32) == throughput.LIMIT_ROWS / 15


def test_a_real_limit_is_a_plausible_rate(model: LlamaForCausalLM) -> None:
    """The tiny model's 0.1 MFLOP a token at between 0.1 GFLOP/s and 10 TFLOP/s."""
    limit = tokens_limit(model, torch.float32)
    assert limit is not None
    assert 1e3 < limit < 1e8
