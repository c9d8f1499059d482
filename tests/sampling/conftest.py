"""A tiny random Llama with a sharp distribution, a tokenizer made on the spot, and problems to sample."""

import os
from collections.abc import Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # tests reach no network
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import polars as pl
import pytest
import torch
from families import tiny_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from mathtune_core.prompts import VERIFIER_PROMPT
from mathtune_core.schemas import PROBLEMS
from mathtune_sampling.data_parallel.params import DataParallelParams, prepare_ray
from mathtune_sampling.engine.kernels import Kernels
from mathtune_sampling.engine.native_kernels import NativeKernels
from mathtune_sampling.engine.torch_kernels import TorchKernels
from mathtune_sampling.requests import Request

SENTENCES = [VERIFIER_PROMPT, "Problem: What is 1 + 2?\nSolution: 1 + 2 = 3", *[" correct", " incorrect"] * 50]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The model is too small to share out: more threads only wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """A Ray that tests share, for it takes seconds to start: in it each opens and leaves workers of its own."""
    pytest.importorskip("ray", reason="Ray is an extra and is not installed here")
    params = DataParallelParams(data_parallel_size=4)
    prepare_ray(params)
    from mathtune_sampling.data_parallel.cluster import join

    session = join(params, gpus_each=1, threads=1)
    yield
    session.leave()


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
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|end|>")


@pytest.fixture(params=["native", "torch"])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    if request.param == "torch":
        return TorchKernels(torch.device("cpu"))
    try:
        return NativeKernels()
    except OSError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def model(tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    return tiny_model(tokenizer)


@pytest.fixture(scope="session")
def checkpoint(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def requests(tokenizer: PreTrainedTokenizerBase) -> list[Request]:
    """Prompts of many lengths, one token among them, in no order of length."""
    lengths = [9, 1, 30, 4, 17, 2, 23, 9]
    generator = torch.Generator().manual_seed(7)
    return [
        Request(f"q{i}", tuple(torch.randint(1, len(tokenizer), (length,), generator=generator).tolist()))
        for i, length in enumerate(lengths)
    ]


@pytest.fixture(scope="session")
def problems() -> pl.DataFrame:
    """Sums: 12 train problems (folds in turn), 4 val, 5 test, in falling order of problem_id."""
    rows = []
    for number in reversed(range(21)):
        split = "train" if number < 12 else "val" if number < 16 else "test"
        fold = None if split != "train" else ("generator", "verifier")[number % 2]
        text = f"What is {number} + {number % 3}?"
        rows.append((f"p{number:02}", split, fold, "easy", "toy", None, None, text, str(number + number % 3)))
    return pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row")
