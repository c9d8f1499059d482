"""Where a training stands, kept in a folder that outlives a kill: it goes on there and ends with the same bytes.

The Trainer writes and reads a checkpoint: weights in safetensors; optimizer, schedule and random state by torch.save,
read back with `weights_only=True`, which opens no arbitrary pickle. All are this project's own and gone when the
stage is done. One process, several and FSDP2 go on from one another's (see whole_checkpoints.py).
"""

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

import mathtune_core
from mathtune_core.digests import hash_files, hash_text, hash_weights
from mathtune_core.processes import process_count, process_index
from mathtune_core.unfinished import claim, claimed_by
from mathtune_training.hyperparameters import Hyperparameters

STATE = "trainer_state.json"  # the last file that the Trainer writes of a checkpoint


class Checkpoints:
    """A folder of the Trainer's checkpoints, for one training alone.

    Checkpoints of another `key` are thrown away, and stderr says what had changed.
    """

    def __init__(self, folder: Path, key: Mapping[str, str]) -> None:
        self.folder = folder
        self._key = dict(key)
        if process_index() > 0:
            return  # the main process keeps the folder, the others read it
        claim(folder, key, "a training", "checkpoints")

    def last(self) -> Path | None:
        """The newest whole checkpoint; one that a kill cut short is deleted."""
        if process_index() > 0 and claimed_by(self.folder) != self._key:
            return None
        for path in sorted(self.folder.glob("checkpoint-*"), key=lambda path: -int(path.name.rpartition("-")[2])):
            try:
                json.loads((path / STATE).read_text())
            except (OSError, ValueError):
                if process_index() == 0:
                    shutil.rmtree(path)
                continue
            return path
        return None


class SaveAfterMinutes(TrainerCallback):
    """Asks for a checkpoint at the first logged step after `minutes` without one.

    At a logged step alone, because the Trainer's mean loss since the last log is not part of a checkpoint.
    """

    def __init__(self, minutes: float) -> None:
        self._seconds = 60 * minutes
        self._saved = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """The flow's own callback has decided about logging before this one is asked."""
        if control.should_log and time.monotonic() - self._saved >= self._seconds:
            control.should_save = True
        return control

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """The minutes count from the end of the last save."""
        self._saved = time.monotonic()


def run_key(
    base: Path,
    params: Hyperparameters,
    seed: int,
    rows: Dataset,
    val_rows: Dataset | None = None,
    max_steps: int | None = None,
) -> dict[str, str]:
    """A hash of each thing the trained weights depend on, by what a user would call it."""
    settings = dataclasses.asdict(params) | {"seed": seed, "max_steps": max_steps, "checkpoint_minutes": None}
    code = [*Path(__file__).parent.glob("*.py"), Path(mathtune_core.__file__).parent / "prompts.py"]
    libraries = [f"{name} {version(name)}" for name in ("torch", "transformers", "trl", "peft", "accelerate")]
    return {
        "base": hash_weights(base),
        "data": hash_text(hash_rows(rows) + ("" if val_rows is None else hash_rows(val_rows))),
        "params": hash_text(json.dumps(settings, sort_keys=True)),
        "code": hash_files(code),
        "machine": ", ".join([*libraries, torch.backends.cpu.get_cpu_capability()]),
        "launcher": launcher(),
    }


def launcher() -> str:
    """What a checkpoint can be read back by: DeepSpeed's by as many processes of its own, all others by one another."""
    deepspeed = os.environ.get("ACCELERATE_USE_DEEPSPEED") == "true"
    return f"DeepSpeed in {process_count()} processes" if deepspeed else "any but DeepSpeed"


def hash_rows(rows: Dataset) -> str:
    """A hash of every column's values, in order."""
    return hash_text(json.dumps({name: list(rows[name]) for name in sorted(rows.column_names)}))
