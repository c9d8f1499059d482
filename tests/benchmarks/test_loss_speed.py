"""What two choices buy in training SmolLM2 on a CPU: holding a batch's logits, and which attention long rows get.

    pytest tests/benchmarks/test_loss_speed.py -m benchmark

MATHTUNE_DATA is a folder with gsm8k/train.jsonl and math/train.jsonl. Four steps of eight rows each way, one after the
other in every round, from the same weights; the model's loading is not timed.
"""

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from answer_pairs import data, read_jsonl
from datasets import Dataset

from mathtune_core.prompts import completion_ids, prompt_ids
from mathtune_training import sft
from mathtune_training.sft import IGNORED, train_sft
from mathtune_training.train_generator import TrainGeneratorParams
from mathtune_training.trainable import load_trainable

STEPS, ROWS_A_STEP, ROUNDS = 4, 8, 2
PARAMS = TrainGeneratorParams(
    epochs=1.0, max_examples=None, learning_rate=1e-4, batch_size=4, gradient_accumulation_steps=2,
    warmup_ratio=0.05, weight_decay=0.01, lr_scheduler="cosine", max_length=768, dtype="bfloat16",
)  # fmt: skip

pytestmark = pytest.mark.benchmark


def seconds(base: Path, texts: list[tuple[str, str]]) -> float:
    """Of training SmolLM2 on problems and their solutions."""
    model, tokenizer = load_trainable(base)
    rows: dict[str, list[list[int]]] = {"input_ids": [], "labels": []}
    for problem, solution in texts:
        prompt, completion = prompt_ids(tokenizer, problem), completion_ids(tokenizer, solution)
        rows["input_ids"].append(prompt + completion)
        rows["labels"].append([IGNORED] * len(prompt) + completion)
    started = time.perf_counter()
    train_sft(model, tokenizer, Dataset.from_dict(rows), PARAMS, 0)
    return time.perf_counter() - started


def compared(base: Path, texts: list[tuple[str, str]], setting: str, ways: dict[str, int]) -> str:
    """The median seconds under each value of a setting of sft.py, and their ratio to the first."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    with pytest.MonkeyPatch.context() as patch:
        for _ in range(ROUNDS):
            for name, value in ways.items():
                patch.setattr(sft, setting, value)
                taken[name].append(seconds(base, texts))
    medians = {name: statistics.median(values) for name, values in taken.items()}
    first = next(iter(medians.values()))
    return ", ".join(f"{name} {median:.1f} s ({median / first:.2f})" for name, median in medians.items())


@pytest.mark.parametrize(
    ("source", "setting", "ways"),
    [
        ("gsm8k", "LOGITS_AT_ONCE", {"logits held": sft.LOGITS_AT_ONCE, "in tiles": 0}),
        ("math", "PLAIN_ATTENTION_TOKENS", {"fused attention": 0, "plain": PARAMS.max_length}),
    ],
)
def test_training_smollm2(
    smollm2: Path, source: str, setting: str, ways: dict[str, int], benchmark: Any, capsys: Any
) -> None:
    problem, solution = ("question", "answer") if source == "gsm8k" else ("problem", "solution")
    texts = [(row[problem], row[solution]) for row in read_jsonl(data(source, "train.jsonl"))[: STEPS * ROWS_A_STEP]]
    result = benchmark.pedantic(compared, args=(smollm2, texts, setting, ways), rounds=1)
    with capsys.disabled():
        sys.stdout.write(f"\n{source}: {result}\n")
