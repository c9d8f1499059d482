"""Opens a checkpoint with the backend that the params name."""

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from transformers import AutoTokenizer

from mathtune_core.errors import MathtuneError
from mathtune_sampling.backends.torch import TorchSampler
from mathtune_sampling.backends.transformers import TransformersSampler
from mathtune_sampling.checkpoint import Dtype, check_files, load_causal_lm
from mathtune_sampling.engine.kernel_choice import choose_kernels
from mathtune_sampling.engine.model import unsupported
from mathtune_sampling.sampler import Sampler

Backend = Literal["torch", "transformers", "vllm"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A sampler, its tokenizer, and what its samples depend on beside weights, prompts and params."""

    sampler: Sampler
    tokenizer: Any
    name: str


def open_sampler(
    path: Path,
    backend: Backend,
    dtype: Dtype,
    max_num_seqs: int,
    kv_cache_gib: float,
    tensor_parallel_size: int = 1,
) -> Opened:
    """The checkpoint in folder `path` behind `backend`; one line on stderr says what will run.

    A model that our engine cannot run goes to `transformers`, with a warning. `tensor_parallel_size` is for vllm alone.
    Raises MathtuneError for a checkpoint that cannot be loaded and for a backend that is not installed.
    """
    if backend == "vllm":
        return _open_vllm(path, dtype, max_num_seqs, kv_cache_gib, tensor_parallel_size)
    model, tokenizer = load_causal_lm(path, dtype)
    reason = unsupported(model.config)
    if backend == "torch" and reason:
        sys.stderr.write(f"warning: {path}: {reason}; sampling falls back to the transformers backend, far slower\n")
    if backend == "transformers" or reason:
        name = f"transformers on {model.device.type}, {dtype}"
        sampler: Sampler = TransformersSampler(model, tokenizer, max_num_seqs=max_num_seqs)
    else:
        kernels = choose_kernels(model)
        name = f"torch with {kernels.name} kernels on {model.device.type}, {dtype}"
        sampler = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=max_num_seqs, kv_cache_gib=kv_cache_gib)
    sys.stderr.write(f"sampler: {name}\n")
    return Opened(sampler, tokenizer, name)


def _open_vllm(path: Path, dtype: Dtype, max_num_seqs: int, kv_cache_gib: float, tensor_parallel_size: int) -> Opened:
    if find_spec("vllm") is None:
        raise MathtuneError("backend vllm: vLLM is not installed; pip install vllm, or take backend torch")
    from mathtune_sampling.backends.vllm import VllmSampler

    check_files(path)
    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    sampler = VllmSampler(
        path,
        tokenizer,
        dtype=dtype,
        max_num_seqs=max_num_seqs,
        kv_cache_gib=kv_cache_gib,
        tensor_parallel_size=tensor_parallel_size,
    )
    sys.stderr.write(f"sampler: {sampler.name}, tensor_parallel_size {tensor_parallel_size}\n")
    return Opened(sampler, tokenizer, sampler.name)
