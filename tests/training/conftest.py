"""A tiny random Llama and a tokenizer trained on a few sentences: a checkpoint folder made in a second."""

import os
from collections.abc import Iterator
from pathlib import Path

# Before TRL is imported: tests reach no network.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import polars as pl
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from mathtune_core.prompts import VERIFIER_PROMPT, verifier_ids
from mathtune_core.schemas import PROBLEMS, SOLUTIONS

SENTENCES = [VERIFIER_PROMPT, "Problem: What is 1 + 2?\nSolution: 1 + 2 = 3", *[" correct", " incorrect"] * 50]


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerBase:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|end|>", pad_token="<|end|>")


@pytest.fixture(autouse=True)
def outside_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVCLive opens the Git repository that it is started in and leaves it open, which is an error in a test."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The model is too small to share out: more threads only wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def tiny_model(tokenizer: PreTrainedTokenizerBase, **changes: object) -> LlamaForCausalLM:
    """A random Llama of some 30 thousand weights, the same at every call."""
    torch.manual_seed(0)
    settings: dict[str, object] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 256,
        "tie_word_embeddings": True,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.eos_token_id,
    }
    return LlamaForCausalLM(LlamaConfig(**(settings | changes)))


@pytest.fixture
def model(tokenizer: PreTrainedTokenizerBase) -> LlamaForCausalLM:
    return tiny_model(tokenizer)


@pytest.fixture(scope="session")
def base(tokenizer: PreTrainedTokenizerBase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint folder of the tiny model."""
    folder = tmp_path_factory.mktemp("base")
    tiny_model(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def problems() -> pl.DataFrame:
    """Sums of two digits: problems 0 … 29 train (every third in the verifier's fold), 30 … 34 val, 35 … 39 test."""
    rows = []
    for number in range(40):
        split = "train" if number < 30 else "val" if number < 35 else "test"
        fold = None if split != "train" else "verifier" if number % 3 == 2 else "generator"
        text, answer = f"What is {number % 7} + {number % 3}?", str(number % 7 + number % 3)
        rows.append((f"p{number:02}", split, fold, "easy", "toy", None, None, text, answer))
    return pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row")


@pytest.fixture(scope="session")
def solutions(problems: pl.DataFrame) -> pl.DataFrame:
    """One solution for every problem, train, val and test."""
    rows = [
        (f"s{problem_id}", problem_id, "original", f"{text[8:-1]} = {answer}", answer, True, "toy")
        for problem_id, text, answer in problems.select("problem_id", "problem", "expected_answer").iter_rows()
    ]
    return pl.DataFrame(rows, schema=SOLUTIONS.schema, orient="row")


@pytest.fixture(scope="session")
def rows_of_ids(tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    pairs = [("What is 1 + 2?", "1 + 2 = 3"), ("What is 4 + 4 + 1?", "the answer is 9, as 4 + 4 = 8"), ("1 + 1?", "3")]
    return [verifier_ids(tokenizer, problem, completion) for problem, completion in pairs]
