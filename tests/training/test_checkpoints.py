"""A training that is killed goes on from its last checkpoint and ends with the bytes of one left alone."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import write_table
from mathtune_training import sft
from mathtune_training.checkpoints import Checkpoints, launcher
from mathtune_training.lora import Lora
from mathtune_training.train_generator import TrainGeneratorParams, run
from mathtune_training.validation import Validation

# 20 rows are 3 steps an epoch: logged at 1, 10, 20 and 24, evaluated every fourth step, saved at each logged one.
PARAMS = TrainGeneratorParams(
    epochs=8.0,
    max_examples=None,
    learning_rate=5e-3,
    batch_size=8,
    gradient_accumulation_steps=1,
    warmup_ratio=0.1,
    weight_decay=0.01,
    lr_scheduler="linear",
    max_length=128,
    dtype="float32",
    eval_steps=4,
    checkpoint_minutes=0.0,
)
LORA = Lora(rank=4, alpha=8.0, dropout=0.2, target_modules=("q_proj", "v_proj"))


@pytest.fixture
def tables(tmp_path: Path, problems: pl.DataFrame, solutions: pl.DataFrame) -> dict[str, Path]:
    write_table(problems, tmp_path / "problems/problems.parquet", PROBLEMS)
    write_table(solutions, tmp_path / "solutions/solutions.parquet", SOLUTIONS)
    return {"problems": tmp_path / "problems", "solutions": tmp_path / "solutions"}


class StoppedError(Exception):
    """What stands for a kill within one process."""


def trained(params: TrainGeneratorParams, tables: dict[str, Path], base: Path, out: Path, unfinished: Path) -> None:
    out.mkdir()
    run(params, seed=0, base=base, out=out, unfinished=unfinished, **tables)


def files(folder: Path) -> dict[str, bytes]:
    found = {file.relative_to(folder): file for file in folder.rglob("*") if file.is_file()}
    return {str(name): file.read_bytes() for name, file in found.items() if name.parts[0] != "live"}


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends the training by an exception when `step` is to be evaluated."""
    measure = Validation.on_step_end

    def stopping(self: Validation, args: object, state: object, control: object, **given: object) -> object:
        if state.global_step == step:  # type: ignore[attr-defined]
            raise StoppedError
        return measure(self, args, state, control, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(Validation, "on_step_end", stopping)


@pytest.mark.parametrize(("step", "lora"), [(13, None), (22, LORA)], ids=["every weight", "adapters with dropout"])
def test_a_stopped_training_ends_with_the_same_bytes(
    step: int,
    lora: Lora | None,
    tables: dict[str, Path],
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    params = replace(PARAMS, lora=lora)
    trained(params, tables, base, tmp_path / "whole", tmp_path / "unfinished-whole")
    with monkeypatch.context() as patch:
        stop_at(step, patch)
        with pytest.raises(StoppedError):
            trained(params, tables, base, tmp_path / "stopped", tmp_path / "unfinished")
    assert [path.name for path in (tmp_path / "unfinished").glob("checkpoint-*")] == [f"checkpoint-{step // 10 * 10}"]
    evaluated: list[int] = []
    measured = sft.mean_completion_loss
    monkeypatch.setattr(sft, "mean_completion_loss", lambda *given: evaluated.append(1) or measured(*given))
    trained(params, tables, base, tmp_path / "resumed", tmp_path / "unfinished")
    assert len(evaluated) == 6 - step // 10 * 10 // 4
    assert files(tmp_path / "resumed") == files(tmp_path / "whole")


@pytest.mark.slow
def test_a_killed_process_leaves_what_the_next_one_needs(tables: dict[str, Path], base: Path, tmp_path: Path) -> None:
    """SIGKILL while the weights of the next checkpoint are being written."""
    trained(PARAMS, tables, base, tmp_path / "whole", tmp_path / "unfinished-whole")
    program = (
        "import os, signal, sys, torch\n"
        "from pathlib import Path\n"
        "import test_checkpoints as t\n"
        "from transformers import Trainer\n"
        "save = Trainer._save_optimizer_and_scheduler\n"
        "def killed(self, folder):\n"
        "    if self.state.global_step == 20: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    save(self, folder)\n"
        "Trainer._save_optimizer_and_scheduler = killed\n"
        "torch.set_num_threads(1)\n"
        "base, problems, solutions, out, unfinished = map(Path, sys.argv[1:])\n"
        "t.trained(t.PARAMS, {'problems': problems, 'solutions': solutions}, base, out, unfinished)\n"
    )
    paths = [base, tables["problems"], tables["solutions"], tmp_path / "killed", tmp_path / "unfinished"]
    search = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, paths)], env=os.environ | {"PYTHONPATH": search}, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    left = sorted(path.name for path in (tmp_path / "unfinished").glob("checkpoint-*"))
    assert left == ["checkpoint-10", "checkpoint-20"]
    trained(PARAMS, tables, base, tmp_path / "resumed", tmp_path / "unfinished")
    assert files(tmp_path / "resumed") == files(tmp_path / "whole")


def test_another_trainings_checkpoints_are_thrown_away_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = {"base": "b", "data": "d", "params": "p"}
    before = Checkpoints(tmp_path / "unfinished", key)
    saved = before.folder / "checkpoint-10"
    saved.mkdir()
    (saved / "trainer_state.json").write_text("{}")
    assert Checkpoints(tmp_path / "unfinished", key).last() == saved
    assert capsys.readouterr().err == ""
    assert Checkpoints(tmp_path / "unfinished", key | {"data": "other", "params": "other"}).last() is None
    assert "of a training with other data, params; its checkpoints are thrown away\n" in capsys.readouterr().err


def test_a_checkpoint_of_deepspeed_is_for_as_many_processes_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """All others go on from one another's, which tests/training/test_launch.py shows."""
    for processes in ("1", "2"):
        monkeypatch.setenv("WORLD_SIZE", processes)
        monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "false")
        assert launcher() == "any but DeepSpeed"
        monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
        assert launcher() == f"DeepSpeed in {processes} processes"


def test_the_newest_whole_checkpoint_counts(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "unfinished", {"data": "d"})
    assert checkpoints.last() is None
    for step, state in ((90, "{}"), (100, "{}"), (110, '{"global_st'), (120, None)):
        folder = checkpoints.folder / f"checkpoint-{step}"
        folder.mkdir()
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert checkpoints.last() == checkpoints.folder / "checkpoint-100"
    assert sorted(path.name for path in checkpoints.folder.glob("checkpoint-*")) == ["checkpoint-100", "checkpoint-90"]
    assert json.loads((checkpoints.folder / "key.json").read_text()) == {"data": "d"}
