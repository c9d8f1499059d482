import ast
from dataclasses import replace
from pathlib import Path

import pytest

from mathtune_cli.plan.machine import CPU, MACHINES, Machine, chosen_machine
from mathtune_cli.plan.work import Load, Work, together
from mathtune_core.errors import MathtuneError

ROOT = Path(__file__).parents[2]
ROUND = Machine(
    name="round",
    peak={"bfloat16": 1000.0, "float32": 100.0},
    bandwidth=50.0,
    memory=None,
    mfu={"train": 0.5, "read": 0.5, "write": 0.25, "score": 0.5},
    reach=0.5,
    layer_pass={"train": 2.0},
    starts={"table": 1.0, "model": 5.0},
    disk=10.0,
)


def test_products_memory_and_passes_add_up() -> None:
    train = Load(kind="train", tokens=7, flops=1000, dtype="bfloat16", layer_passes=3)
    assert ROUND.seconds(train) == 1000 / 500 + 3 * 2
    write = Load(kind="write", tokens=7, flops=1000, dtype="float32", moved=100, layer_passes=3)
    assert ROUND.seconds(write) == 1000 / 25 + 100 / 25, "a pass through a layer costs training alone here"


def test_a_measured_rate_of_writing_stands_in_for_all_of_it() -> None:
    write = Load(kind="write", tokens=70, flops=1e9, dtype="float32", moved=1e9)
    assert replace(ROUND, written_rate=10.0).seconds(write) == 7
    read = Load(kind="read", tokens=70, flops=500, dtype="bfloat16")
    assert replace(ROUND, written_rate=10.0).seconds(read) == 1


def test_a_stage_starts_loads_and_handles_rows() -> None:
    read = Load(kind="read", tokens=1, flops=500, dtype="bfloat16")
    first = Work(start="model", loads=(read,), seconds=3.0, loaded=20.0, written=4.0, scratch=8.0)
    assert (ROUND.computing(first), ROUND.around(first)) == (1, 5 + 2 + 3)
    both = together([first, Work(start="table", loads=(read,), seconds=1.0, written=1.0, scratch=2.0)])
    assert both == Work(start="model", loads=(read, read), seconds=4.0, loaded=20.0, written=5.0, scratch=8.0)


def test_what_the_user_knows_better_replaces_the_data_sheet() -> None:
    machine = chosen_machine("h100", 1e15, 0.3, 5e4)
    assert set(machine.peak.values()) == {1e15}
    assert set(machine.mfu.values()) == {0.3}
    assert machine.written_rate == 5e4
    assert machine.memory == MACHINES["h100"].memory
    assert machine.name.endswith(", --flops 1e+15, --mfu 0.3, --decode-tokens-per-second 50000")
    assert chosen_machine("cpu", None, None, None) == CPU


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("z80", None, None, None), r"--device z80: must be one of cpu, .*, here"),
        (("cpu", 0.0, None, None), r"--flops: must be above 0, got 0"),
        (("cpu", None, 1.5, None), r"--mfu: must be above 0 and at most 1, got 1\.5"),
        (("cpu", None, 0.0, None), r"--mfu: must be above 0"),
        (("cpu", None, None, -1.0), r"--decode-tokens-per-second: must be above 0, got -1"),
    ],
)
def test_a_value_at_fault_names_its_option(arguments: tuple[str, float, float, float], complaint: str) -> None:
    with pytest.raises(MathtuneError, match=complaint):
        chosen_machine(*arguments)


def test_the_peaks_are_those_that_training_divides_by() -> None:
    # Read, not imported, for that would take torch and transformers along.
    source = ast.parse((ROOT / "packages/training/src/mathtune_training/throughput.py").read_text())
    [table] = [n.value for n in source.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "PEAK_FLOPS"]
    peaks = ast.literal_eval(table)
    assert len(MACHINES) > 5
    for name, machine in MACHINES.items():
        if name != "cpu":
            assert machine.peak["bfloat16"] == peaks[name.upper()]


def test_this_machine_is_measured() -> None:
    machine = chosen_machine("here", None, None, None)
    assert all(1e8 < peak < 1e16 for peak in machine.peak.values())
    assert 1e8 < machine.bandwidth < 1e14
    assert (machine.mfu, machine.reach) == (CPU.mfu, CPU.reach)
    assert machine.name.startswith("this machine, ")
