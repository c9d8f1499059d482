"""Our sampler against transformers' own `generate`, on the same prompts and settings, in turn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from mathtune_core.prompts import GENERATOR_PROMPT, prompt_ids
from mathtune_sampling.checkpoint import load_causal_lm
from mathtune_sampling.engine import TorchSampler
from mathtune_sampling.requests import Request, SamplingParams

ROOT = Path(__file__).resolve().parents[2]
PARAMS = SamplingParams(n=16, temperature=0.9, top_p=0.95, max_tokens=128)
PROBLEMS = 32
ROWS = 256
SPEEDS: dict[str, float] = {}

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any, list[str]]:
    model, tokenizer = load_causal_lm(ROOT / "artifacts" / "pretrain_base" / "model", "float32")
    rows = pl.read_ndjson(ROOT / "data" / "problems.jsonl").filter(pl.col("split") == "train")
    return model, tokenizer, rows["problem"].head(PROBLEMS).to_list()


def ours(model: Any, tokenizer: Any, problems: list[str]) -> int:
    sampler = TorchSampler(model, tokenizer, max_num_seqs=ROWS)
    requests = [Request(str(i), tuple(prompt_ids(tokenizer, problem))) for i, problem in enumerate(problems)]
    done = sampler.generate(requests, PARAMS, seed=0, purpose="benchmark", decoding="sampled")
    return sum(completion.num_tokens for completions in done for completion in completions)


def transformers_generate(model: Any, tokenizer: Any, problems: list[str]) -> int:
    tokenizer.padding_side = "left"
    torch.manual_seed(0)
    total = 0
    for start in range(0, len(problems), ROWS // PARAMS.n):
        prompts = [GENERATOR_PROMPT.format(problem=problem) for problem in problems[start : start + ROWS // PARAMS.n]]
        batch = tokenizer(prompts, return_tensors="pt", padding=True, return_token_type_ids=False)
        output = model.generate(
            **batch, do_sample=True, temperature=PARAMS.temperature, top_p=PARAMS.top_p, top_k=0,
            num_return_sequences=PARAMS.n, max_new_tokens=PARAMS.max_tokens, pad_token_id=tokenizer.eos_token_id,
        )  # fmt: skip
        written = output[:, batch["input_ids"].shape[1] :] != tokenizer.eos_token_id
        total += int(written.sum()) + len(output)
    return total


@pytest.mark.parametrize("sampler", [ours, transformers_generate], ids=["mathtune", "transformers"])
def test_tokens_per_second(
    benchmark: Any, loaded: tuple[Any, Any, list[str]], sampler: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = benchmark.pedantic(sampler, args=loaded, rounds=3, warmup_rounds=1)
    speed = tokens / benchmark.stats.stats.median
    benchmark.extra_info["tokens_per_second"] = SPEEDS[sampler.__name__] = speed
    with capsys.disabled():
        print(
            f"\n{sampler.__name__}: {speed:,.0f} generated tokens/s at {ROWS} rows, {torch.get_num_threads()} threads"
        )
        if len(SPEEDS) == 2:
            print(f"ratio: {SPEEDS['ours'] / SPEEDS['transformers_generate']:.2f}")
