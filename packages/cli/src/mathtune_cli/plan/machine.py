"""How fast a machine does a stage's work."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mathtune_cli.plan.work import Kind, Load, Work
from mathtune_core.errors import MathtuneError

GB = 1e9  # data sheets count so
HERE = "here"  # this machine's CPU, measured
MEASURED_ROUNDS = 8  # of each product, the fastest counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One device. Raises ValueError("field: reason")."""

    name: str
    peak: Mapping[str, float]  # FLOP/s in matrix products, by dtype
    bandwidth: float  # bytes/s
    memory: float | None  # bytes; None where it is not the limit
    mfu: Mapping[Kind, float]  # share of the peak
    reach: float  # share of the bandwidth
    layer_pass: Mapping[Kind, float]  # seconds of a pass through a layer, backward included, beside its products
    starts: Mapping[str, float] = field(default_factory=dict)  # seconds of a process until its work begins
    disk: float = 1 * GB  # bytes/s
    written_rate: float | None = None  # tokens/s, as the user measured

    def __post_init__(self) -> None:
        for name, value in (("flops", min(self.peak.values())), ("decode_tokens_per_second", self.written_rate)):
            if value is not None and not value > 0:
                raise ValueError(f"{name}: must be above 0, got {value}")
        if not all(0 < share <= 1 for share in self.mfu.values()):
            raise ValueError(f"mfu: must be above 0 and at most 1, got {max(self.mfu.values())}")

    def seconds(self, load: Load) -> float:
        """Seconds of one load. Writing reads keys, values and weights between its products, so their times add up."""
        if load.kind == "write" and self.written_rate is not None:
            return load.tokens / self.written_rate
        products = load.flops / (self.peak[load.dtype] * self.mfu[load.kind])
        return (
            products
            + load.moved / (self.bandwidth * self.reach)
            + load.layer_passes * self.layer_pass.get(load.kind, 0.0)
        )

    def computing(self, work: Work) -> float:
        """Seconds of a stage's loads."""
        return sum(self.seconds(load) for load in work.loads)

    def around(self, work: Work) -> float:
        """Seconds of a stage's process beside them: its start, its weights from disk and its work on rows."""
        return self.starts.get(work.start, 0.0) + work.loaded / self.disk + work.seconds


def _gpu(name: str, bfloat16: float, float32: float, gigabytes_a_second: float, gigabytes: float) -> Machine:
    return Machine(
        name=f"{name}, data sheet; assumed and not measured: 40% of its peak in products, 60% of its bandwidth, "
        "0.15 ms to start a layer's kernels, no communication between devices",
        peak={"bfloat16": bfloat16 * 1e12, "float32": float32 * 1e12},
        bandwidth=gigabytes_a_second * GB,
        memory=gigabytes * GB,
        mfu={"train": 0.4, "read": 0.4, "write": 0.4, "score": 0.4},
        reach=0.6,
        layer_pass={"train": 5e-4, "write": 1.5e-4},
        starts=STARTS,
    )


# Seconds, imports included, on one core of the machine below.
STARTS = {"table": 0.6, "model": 5.0, "training": 7.5}
# DVC's own work for a stage: it reads and writes the whole of dvc.lock for each.
DVC_SECONDS_A_STAGE = 0.016
# The machine of docs/results: products as SmolLM2's at 256 rows ran on it; the shares fitted to the default run and
# to the sampler's benchmark with SmolLM2 (docs/results/plan.md).
CPU = Machine(
    name="two cores of an AMD EPYC with AVX512-BF16, as measured in docs/results/plan.md",
    peak={"bfloat16": 400e9, "float32": 200e9},
    bandwidth=42 * GB,
    memory=None,
    mfu={"train": 0.55, "read": 0.85, "write": 0.95, "score": 0.6},
    reach=0.42,
    layer_pass={"train": 0.026},
    starts=STARTS,
)
# Dense products without sparsity, SXM where there are several kinds; float32 without TF32, which torch leaves off.
MACHINES: dict[str, Machine] = {
    "cpu": CPU,
    "b200": _gpu("B200", 2250, 75, 8000, 180),
    "h200": _gpu("H200", 989, 67, 4800, 141),
    "h100": _gpu("H100", 989, 67, 3350, 80),
    "a100": _gpu("A100 80 GB", 312, 19.5, 2039, 80),
    "l40s": _gpu("L40S", 362, 91.6, 864, 48),
    "l4": _gpu("L4", 121, 30.3, 300, 24),
}


def chosen_machine(
    device: str, flops: float | None, mfu: float | None, decode_tokens_per_second: float | None
) -> Machine:
    """The device, and of it what the user knows better. Raises MathtuneError for an unknown one and for bad values."""
    if device != HERE and device not in MACHINES:
        raise MathtuneError(f"--device {device}: must be one of {', '.join([*MACHINES, HERE])}")
    machine = measured() if device == HERE else MACHINES[device]
    changes = []
    try:
        if flops is not None:
            machine = replace(machine, peak={"bfloat16": flops, "float32": flops})
            changes.append(f"--flops {flops:g}")
        if mfu is not None:
            machine = replace(machine, mfu=dict.fromkeys(machine.mfu, mfu))
            changes.append(f"--mfu {mfu:g}")
        if decode_tokens_per_second is not None:
            machine = replace(machine, written_rate=decode_tokens_per_second)
            changes.append(f"--decode-tokens-per-second {decode_tokens_per_second:g}")
    except ValueError as error:
        raise MathtuneError(f"mathtune plan: --{str(error).replace('_', '-')}") from error
    return replace(machine, name=", ".join([machine.name, *changes])) if changes else machine


def measured() -> Machine:
    """This machine's CPU: the best of some matrix products of a small model's shape, and a copy in memory.

    The shares of them that a run gets are taken from `CPU`. Takes a few seconds, most of them torch's import.
    """
    import torch  # nothing else of the plan needs it

    peak = {}
    for dtype in ("bfloat16", "float32"):
        rows, weight = (torch.ones(size, 576, dtype=getattr(torch, dtype)) for size in (1024, 1536))
        peak[dtype] = 2 * 1024 * 576 * 1536 / _fastest(lambda rows=rows, weight=weight: rows @ weight.T)  # type: ignore[misc]
    numbers = torch.ones(2**25)
    bandwidth = 2 * numbers.nbytes / _fastest(numbers.clone)
    threads = torch.get_num_threads()
    return replace(CPU, name=f"this machine, {threads} threads, measured", peak=peak, bandwidth=bandwidth)


def _fastest(call: Callable[[], object]) -> float:
    rounds = []
    for _ in range(MEASURED_ROUNDS):
        started = time.perf_counter()
        call()
        rounds.append(time.perf_counter() - started)
    return min(rounds)
