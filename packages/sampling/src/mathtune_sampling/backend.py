"""Opens a checkpoint with the backend that the params name."""

import sys
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from transformers import AutoTokenizer

from mathtune_core.errors import MathtuneError
from mathtune_sampling.backends.torch import TorchSampler
from mathtune_sampling.backends.transformers import TransformersSampler
from mathtune_sampling.checkpoint import Dtype, check_files, load_causal_lm
from mathtune_sampling.data_parallel.params import DataParallelParams, prepare_ray
from mathtune_sampling.engine.kernel_choice import choose_kernels
from mathtune_sampling.engine.model import unsupported
from mathtune_sampling.sampler import Sampler

Backend = Literal["torch", "transformers", "vllm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineParams(DataParallelParams):
    """What runs a checkpoint, and on how much of the machines there are; a stage's params are these and its own.

    Raises ValueError("field: reason").
    """

    backend: Backend
    dtype: Dtype
    max_num_seqs: int  # rows decoded at once in each process: speed and memory, never the samples
    kv_cache_gib: float  # at most, of each process; as max_num_seqs
    tensor_parallel_size: int = 1  # GPUs over which vllm lays each copy of the model

    def __post_init__(self) -> None:
        DataParallelParams.__post_init__(self)
        if self.max_num_seqs < 1:
            raise ValueError(f"max_num_seqs: must be at least 1, got {self.max_num_seqs}")
        if not self.kv_cache_gib > 0:
            raise ValueError(f"kv_cache_gib: must be above 0, got {self.kv_cache_gib}")
        if self.tensor_parallel_size < 1:
            raise ValueError(f"tensor_parallel_size: must be at least 1, got {self.tensor_parallel_size}")
        if self.tensor_parallel_size > 1 and self.backend != "vllm":
            raise ValueError(f"tensor_parallel_size: only backend vllm takes more than 1, not {self.backend}")

    def alone(self) -> "EngineParams":
        """One of the data-parallel processes, without what a stage's own params add."""
        kept = {field.name: getattr(self, field.name) for field in fields(EngineParams)}
        return EngineParams(**kept | {"data_parallel_size": 1, "ray_address": None})


@dataclass(frozen=True, slots=True)
class Opened:
    """A sampler, its tokenizer, and what its samples depend on beside weights, prompts and params."""

    sampler: Sampler
    tokenizer: Any
    name: str


def open_sampler(path: Path, engine: EngineParams) -> Opened:
    """The checkpoint in folder `path` behind what `engine` says; one line on stderr says what will run.

    A model that our engine cannot run goes to `transformers`, with a warning. Raises MathtuneError for a checkpoint
    that cannot be loaded, for a backend that is not installed, and where Ray finds no room for the workers.
    """
    if engine.data_parallel_size > 1:
        return _open_ray(path, engine)
    if engine.backend == "vllm":
        return _open_vllm(path, engine)
    model, tokenizer = load_causal_lm(path, engine.dtype)
    reason = unsupported(model.config)
    if engine.backend == "torch" and reason:
        sys.stderr.write(f"warning: {path}: {reason}; sampling falls back to the transformers backend, far slower\n")
    if engine.backend == "transformers" or reason:
        name = f"transformers on {model.device.type}, {engine.dtype}"
        sampler: Sampler = TransformersSampler(model, tokenizer, max_num_seqs=engine.max_num_seqs)
    else:
        kernels = choose_kernels(model)
        name = f"torch with {kernels.name} kernels on {model.device.type}, {engine.dtype}"
        sampler = TorchSampler(
            model, tokenizer, kernels=kernels, max_num_seqs=engine.max_num_seqs, kv_cache_gib=engine.kv_cache_gib
        )
    sys.stderr.write(f"sampler: {name}\n")
    return Opened(sampler, tokenizer, name)


def _open_ray(path: Path, engine: EngineParams) -> Opened:
    prepare_ray(engine)
    from mathtune_sampling.backends.ray import open_ray_sampler

    tokenizer = _tokenizer_alone(path)
    sampler, name = open_ray_sampler(path, engine)
    return Opened(sampler, tokenizer, name)


def _open_vllm(path: Path, engine: EngineParams) -> Opened:
    if find_spec("vllm") is None:
        raise MathtuneError("backend vllm: vLLM is not installed; pip install vllm, or take backend torch")
    from mathtune_sampling.backends.vllm import VllmSampler

    tokenizer = _tokenizer_alone(path)
    sampler = VllmSampler(
        path,
        tokenizer,
        dtype=engine.dtype,
        max_num_seqs=engine.max_num_seqs,
        kv_cache_gib=engine.kv_cache_gib,
        tensor_parallel_size=engine.tensor_parallel_size,
    )
    sys.stderr.write(f"sampler: {sampler.name}, tensor_parallel_size {engine.tensor_parallel_size}\n")
    return Opened(sampler, tokenizer, sampler.name)


def _tokenizer_alone(path: Path) -> Any:
    check_files(path)
    return AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
