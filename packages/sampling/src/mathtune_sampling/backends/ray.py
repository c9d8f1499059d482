"""The `Sampler` over several processes (an extra: `pip install ray`): Ray actors, each with another backend inside.

A sample is what that backend would have drawn in this process, as far as it does not depend on its company: with ours
to the last bit, whatever the number of workers.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from mathtune_sampling.backend import EngineParams, open_sampler
from mathtune_sampling.checkpoint import configured_context
from mathtune_sampling.data_parallel.pool import Pool
from mathtune_sampling.data_parallel.worker import check_reachable
from mathtune_sampling.requests import Completion, Decoding, Request, SamplingParams
from mathtune_sampling.sampler import Sampler, check_requests


class RaySampler:
    """A `Sampler` over the workers of `pool`, each of them with one that writes `max_num_seqs` completions at once."""

    def __init__(self, pool: Pool, *, context: int | None, max_num_seqs: int) -> None:
        self._pool = pool
        self._context = context
        self._max_num_seqs = max_num_seqs

    def generate(
        self,
        requests: Sequence[Request],
        params: SamplingParams,
        *,
        seed: int,
        purpose: str,
        decodings: Sequence[Decoding] = ("sampled",),
    ) -> Iterator[list[Completion]]:
        """See `Sampler.generate`. No two requests may be of one problem."""
        check_requests(requests, params, self._context)
        by_problem = {request.problem_id: request for request in requests}
        assert len(by_problem) == len(requests)
        each = sum(1 if decoding == "greedy" else params.n for decoding in decodings)
        task = partial(_generate, params=params, seed=seed, purpose=purpose, decodings=tuple(decodings))
        # A quarter of the rows that fit runs at most of the speed of all of them.
        return self._pool.run(task, by_problem, least=max(1, self._max_num_seqs // 4 // each))


def open_ray_sampler(path: Path, engine: EngineParams) -> tuple[RaySampler, str]:
    """`engine.data_parallel_size` workers over the checkpoint folder `path`, and the name of what runs in each.

    Raises MathtuneError as `Pool` does, and where a node does not see the folder.
    """
    opening = partial(_open, path.resolve(), engine.alone())
    pool = Pool(engine, opening, gpus_each=engine.tensor_parallel_size, threads=torch.get_num_threads())
    sampler = RaySampler(pool, context=configured_context(path), max_num_seqs=engine.max_num_seqs)
    return sampler, pool.name


def _open(path: Path, engine: EngineParams) -> tuple[Sampler, str]:
    check_reachable(path)
    opened = open_sampler(path, engine)
    return opened.sampler, opened.name


def _generate(
    sampler: Any,
    requests: Sequence[Request],
    params: SamplingParams,
    seed: int,
    purpose: str,
    decodings: tuple[Decoding, ...],
) -> Iterator[tuple[str, list[Completion]]]:
    for completions in sampler.generate(requests, params, seed=seed, purpose=purpose, decodings=decodings):
        yield completions[0].problem_id, completions
