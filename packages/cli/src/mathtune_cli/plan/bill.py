"""The bill of a run: every entry of dvc.yaml with its tokens, FLOPs, time and disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from mathtune_cli.plan.costs import work_of
from mathtune_cli.plan.machine import DVC_SECONDS_A_STAGE, Machine
from mathtune_cli.plan.setting import Setting
from mathtune_cli.plan.stages import Stage
from mathtune_cli.plan.work import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All stages of one entry of dvc.yaml, or all that run at all."""

    entry: str
    addresses: tuple[str, ...]
    tokens: dict[str, float]  # by kind of load
    flops: float
    computing: float  # seconds on the device
    around: float  # seconds of starts, tables and DVC
    disk: float  # bytes of outputs
    scratch: float  # bytes, the most that one needs while it runs
    frozen: bool = False  # not run by `dvc repro`
    unknown: bool = False  # no work is known of it

    @property
    def seconds(self) -> float:
        """From its first process to the last one's end."""
        return self.computing + self.around


def rows_of(stages: Sequence[Stage], setting: Setting, machine: Machine) -> list[Row]:
    """A row for each entry of dvc.yaml that has a stage, in its order."""
    dvc = DVC_SECONDS_A_STAGE * sum(not stage.frozen for stage in stages)
    rows: dict[str, Row] = {}
    for stage in stages:
        work = work_of(stage, setting)
        row = Row(
            entry=stage.entry,
            addresses=(stage.address,),
            tokens={kind: work.tokens(kind) if work else 0.0 for kind in KINDS},
            flops=work.flops if work else 0.0,
            computing=machine.computing(work) if work else 0.0,
            around=dvc + (machine.around(work) if work else machine.starts.get("table", 0.0)),
            disk=work.written if work else 0.0,
            scratch=work.scratch if work else 0.0,
            frozen=stage.frozen,
            unknown=work is None,
        )
        rows[stage.entry] = _sum(stage.entry, [rows[stage.entry], row]) if stage.entry in rows else row
    return list(rows.values())


def total(rows: Sequence[Row]) -> Row:
    """What `dvc repro` runs, frozen stages left out."""
    return _sum("total", [row for row in rows if not row.frozen])


def _sum(entry: str, rows: Sequence[Row]) -> Row:
    return Row(
        entry=entry,
        addresses=tuple(address for row in rows for address in row.addresses),
        tokens={kind: sum(row.tokens[kind] for row in rows) for kind in KINDS},
        flops=sum(row.flops for row in rows),
        computing=sum(row.computing for row in rows),
        around=sum(row.around for row in rows),
        disk=sum(row.disk for row in rows),
        scratch=max((row.scratch for row in rows), default=0.0),
        frozen=any(row.frozen for row in rows),
        unknown=any(row.unknown for row in rows),
    )
