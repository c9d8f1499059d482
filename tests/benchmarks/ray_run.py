"""One way to sample a workload, in a process of its own: it alone, or Ray workers.

    python ray_run.py WORKLOAD.json WORKERS THREADS

Prints one JSON object; the digest is of all completions, log-probabilities to the last bit.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

from mathtune_sampling.backend import EngineParams, open_sampler
from mathtune_sampling.requests import Completion, Request, SamplingParams


def main() -> None:
    """See the module's docstring."""
    workload, workers, threads = json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(workers * threads)  # of which each worker gets its share
    engine = EngineParams(
        backend="torch", dtype="float32", max_num_seqs=256, kv_cache_gib=2.0, data_parallel_size=workers
    )
    requests = [Request(name, tuple(ids)) for name, ids in workload["requests"].items()]
    params = SamplingParams(**workload["params"])
    started = time.perf_counter()
    sampler = open_sampler(Path(workload["model"]), engine).sampler
    if workers > 1:
        pool: Any = sampler._pool  # type: ignore[attr-defined]
        while any(slot.step != "idle" for slot in pool._slots):  # the first is open, and would begin alone
            pool._await()
    warm = SamplingParams(n=1, temperature=params.temperature, top_p=params.top_p, max_tokens=8)
    list(sampler.generate(requests[: 4 * workers], warm, seed=0, purpose="warming"))  # what only happens once
    opened = time.perf_counter()
    done: list[list[Completion]] = list(sampler.generate(requests, params, seed=0, purpose="benchmark"))
    finished = time.perf_counter()
    done.sort(key=lambda rows: rows[0].problem_id)
    tokens = sum(completion.num_tokens for rows in done for completion in rows)
    result = {
        "tokens": tokens,
        "seconds": finished - opened,
        "start_seconds": opened - started,
        "tokens_per_second": tokens / (finished - opened),
        "digest": hashlib.sha256(repr(done).encode()).hexdigest(),
    }
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
