import random

import pytest
import torch

from mathtune_core.prompts import CORRECT, INCORRECT
from mathtune_training.base_model import (
    Architecture,
    Schedule,
    batches,
    mean_loss,
    new_model,
    padded,
    pretrain,
    train_tokenizer,
)

TEXTS = [
    rf"Problem: What is ${a} \cdot {b}$?{chr(10)}Solution: It is ${a} \cdot {b} = {a * b}$."
    for a in range(2, 30)
    for b in range(2, 9)
]
VERDICTS = [f"The solution is{word}" for word in (CORRECT, INCORRECT)] * 20


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([*TEXTS, *VERDICTS], 400, 128)


def test_every_digit_is_one_token_and_nothing_is_lost(tokenizer) -> None:
    text = r"It is $12 \cdot 708 = -8496$, é."
    assert [piece for piece in tokenizer.tokenize(text) if any(c.isdigit() for c in piece)] == list("127088496")
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_operators_keep_their_spaces_in_one_token(tokenizer) -> None:
    assert len(tokenizer.encode(r"12 \cdot 7 = 84")) == 7


def test_the_verdicts_are_one_token_each(tokenizer) -> None:
    assert [len(tokenizer.encode(word)) for word in (CORRECT, INCORRECT)] == [1, 1]


def test_batches_hold_every_document_once_within_the_budget() -> None:
    documents = [[0] * random.Random(i).randint(1, 40) for i in range(200)]
    packed = batches(documents, 100, random.Random(0))
    assert sorted(len(row) for batch in packed for row in batch) == sorted(map(len, documents))
    assert all(max(map(len, batch)) * len(batch) <= 100 for batch in packed)


def test_padding_carries_no_loss() -> None:
    ids, labels = padded([[5, 6, 7], [8]], pad=0)
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert labels.tolist() == [[5, 6, 7], [8, -100, -100]]


def test_pretraining_learns_and_repeats_itself(tokenizer) -> None:
    documents = [[*ids, tokenizer.eos_token_id] for ids in tokenizer(TEXTS)["input_ids"]]
    architecture = Architecture(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64
    )
    schedule = Schedule(
        max_tokens=30_000,
        tokens_per_batch=512,
        warmup_steps=5,
        muon_learning_rate=0.02,
        adamw_learning_rate=0.01,
        weight_decay=0.0,
    )
    runs = []
    for _ in range(2):
        model = new_model(architecture, len(tokenizer), tokenizer.eos_token_id, seed=0)
        before = mean_loss(model, documents, 512)
        curve = pretrain(model, documents, schedule, seed=0)
        runs.append((model, curve, before, mean_loss(model, documents, 512)))
    (first, curve, before, after), (second, again, _, _) = runs
    assert after < 0.4 * before
    assert curve == again
    assert curve[-1][0] >= schedule.max_tokens
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
