"""One backend on one workload, in a process of its own, so that its memory and its imports are its own.

    python sampler_run.py WORKLOAD.json BACKEND DTYPE MAX_NUM_SEQS [KERNELS]

Prints one JSON object. vLLM wants an environment of its own, so nothing but the sampling package is imported here.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped, unused-ignore]

from mathtune_sampling.requests import Request, SamplingParams
from mathtune_sampling.sampler import Sampler

LIMIT_ROWS = 256  # at which a matrix product of these sizes is as fast as it gets


def opened(path: Path, backend: str, dtype: str, max_num_seqs: int, kernels: str) -> tuple[Sampler, Any]:
    """The sampler, and the model of ours behind it for the torch backend."""
    if backend == "vllm":
        from mathtune_sampling.backend import EngineParams, open_sampler

        engine = EngineParams(backend="vllm", dtype=dtype, max_num_seqs=max_num_seqs, kv_cache_gib=4.0)  # type: ignore[arg-type]
        return open_sampler(path, engine).sampler, None
    import torch

    from mathtune_sampling.backends.torch import TorchSampler
    from mathtune_sampling.backends.transformers import TransformersSampler
    from mathtune_sampling.checkpoint import load_causal_lm
    from mathtune_sampling.engine.kernel_choice import choose_kernels
    from mathtune_sampling.engine.torch_kernels import TorchKernels

    model, tokenizer = load_causal_lm(path, dtype)  # type: ignore[arg-type]
    if backend == "transformers":
        return TransformersSampler(model, tokenizer, max_num_seqs=max_num_seqs), None
    chosen = TorchKernels(torch.device("cpu")) if kernels == "torch" else choose_kernels(model)
    sampler = TorchSampler(model, tokenizer, kernels=chosen, max_num_seqs=max_num_seqs, kv_cache_gib=2.0)
    return sampler, sampler._model


def seconds_of(sampler: Sampler, requests: Sequence[Request], params: SamplingParams) -> tuple[float, int, int]:
    """Wall seconds, generated tokens and completions."""
    started = time.perf_counter()
    done = [one for rows in sampler.generate(requests, params, seed=0, purpose="benchmark") for one in rows]
    return time.perf_counter() - started, sum(one.num_tokens for one in done), len(done)


def peak_bytes() -> int:
    """The most memory this process and those it started (vLLM's engine) have each had resident, added up."""
    me = psutil.Process()
    total = 0
    for process in (me, *me.children(recursive=True)):
        status = Path(f"/proc/{process.pid}/status").read_text()
        total += int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return total


def matmul_limit(model: Any) -> float:
    """Rows a second through all of the model's matrix products, each layer's own weights in turn, and nothing else."""
    import torch

    def one_pass() -> None:
        for layer in model._layers:
            for linear, width in zip((layer.qkv, layer.out, layer.gate_up, layer.down), widths, strict=True):
                linear(inputs[width])
        model._head(inputs[widths[0]])

    first = model._layers[0]
    hidden = model._embedding.shape[1]
    widths = (hidden, first.attention.heads * first.attention.dim, hidden, first.down.inputs)
    inputs = {width: torch.randn(LIMIT_ROWS, width).to(model.dtype) for width in widths}
    with torch.inference_mode():
        one_pass()
        rounds = []
        for _ in range(5):
            started = time.perf_counter()
            one_pass()
            rounds.append(time.perf_counter() - started)
    return LIMIT_ROWS / sorted(rounds)[len(rounds) // 2]


def main() -> None:
    """See the module's docstring."""
    workload = json.loads(Path(sys.argv[1]).read_text())
    backend, dtype, max_num_seqs = sys.argv[2], sys.argv[3], int(sys.argv[4])
    kernels = sys.argv[5] if len(sys.argv) > 5 else "native"
    requests = [Request(name, tuple(ids)) for name, ids in workload["requests"].items()]
    params = SamplingParams(**workload["params"])
    sampler, model = opened(Path(workload["model"]), backend, dtype, max_num_seqs, kernels)
    short = SamplingParams(n=1, temperature=params.temperature, top_p=params.top_p, max_tokens=1)
    seconds_of(sampler, requests[:2], short)  # what only happens once: compiling, loading, filling caches
    first = sorted(seconds_of(sampler, [request], short)[0] for request in requests[:5])[2]
    seconds, tokens, completions = seconds_of(sampler, requests, params)
    result = {
        "tokens": tokens,
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "requests_per_second": completions / seconds,
        "first_token_seconds": first,
        "peak_gib": peak_bytes() / 2**30,
        "limit": None if model is None else matmul_limit(model),
    }
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
