"""What int8 weights would cost and bring, and why the engine does not offer them: quality by KL, speed by product.

MATHTUNE_DATA is a folder with gsm8k/test.jsonl; the model is SmolLM2-135M-Instruct (see conftest.py).
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from answer_pairs import data, read_jsonl

from mathtune_core.prompts import completion_ids, prompt_ids
from mathtune_sampling.checkpoint import load_causal_lm
from mathtune_sampling.engine.model import Linear

TEXTS = 16
ROWS = 256

pytestmark = pytest.mark.benchmark


def rounded(weight: torch.Tensor) -> torch.Tensor:
    """`weight` (out, in) through int8 with a scale for each row, the finest that int8 products take."""
    scale = weight.abs().amax(dim=1, keepdim=True) / 127
    return (weight / scale).round() * scale


@torch.inference_mode()
def distributions(model: Any, texts: list[list[int]]) -> list[torch.Tensor]:
    """Log-probabilities of the next token after each token of each text, float64 (tokens, vocabulary)."""
    return [torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), dim=1) for ids in texts]


def divergence(exact: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    """The mean over all tokens of KL(exact ‖ other), in nats."""
    pairs = zip(exact, other, strict=True)
    return torch.cat([(p.exp() * (p - q)).sum(dim=1) for p, q in pairs]).mean().item()


def test_divergence_from_float32(smollm2: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, tokenizer = load_causal_lm(smollm2, "float32")
    rows = read_jsonl(data("gsm8k", "test.jsonl"))[:TEXTS]
    texts = [prompt_ids(tokenizer, row["question"]) + completion_ids(tokenizer, row["answer"]) for row in rows]
    exact = distributions(model, texts)
    narrow, _ = load_causal_lm(smollm2, "bfloat16")
    by_bfloat16 = divergence(exact, distributions(narrow, texts))
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and name != "lm_head":
            module.weight.data = rounded(module.weight.data)
    by_int8 = divergence(exact, distributions(model, texts))
    with capsys.disabled():
        print(
            f"\nKL from float32, {sum(map(len, texts))} tokens: bfloat16 {by_bfloat16:.5f}, int8 weights {by_int8:.5f}"
        )


def seconds(product: Callable[[], torch.Tensor]) -> float:
    """The median of ten calls after three."""
    times = []
    for _ in range(13):
        started = time.perf_counter()
        product()
        times.append(time.perf_counter() - started)
    return sorted(times[3:])[5]


@torch.inference_mode()
def test_speed_of_the_products(capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for name, inputs, outputs in (("qkv", 576, 960), ("gate and up", 576, 3072), ("down", 1536, 576)):
        weight = torch.randn(outputs, inputs)
        rows = torch.randn(ROWS, inputs).bfloat16()
        packed = Linear(weight.bfloat16())
        scale = (weight.abs().amax(dim=1) / 127).bfloat16()
        whole = (weight / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
        ours = seconds(lambda packed=packed, rows=rows: packed(rows))
        theirs = seconds(lambda rows=rows, whole=whole, scale=scale: torch._weight_int8pack_mm(rows, whole, scale))
        lines.append(f"{name}: packed bfloat16 {ours * 1e3:.2f} ms, int8 weights {theirs * 1e3:.2f} ms")
    with capsys.disabled():
        print(f"\n{ROWS} rows:", *lines, sep="\n  ")
