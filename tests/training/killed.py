"""Runs a stage as stage.py does, or of several processes with FSDP2 as launched.py does, and kills it after a save.

SIGKILL, right after the checkpoint of step 10.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

if os.environ.get("ACCELERATE_USE_FSDP") == "true":
    import launched  # noqa: F401  (its folder, this one, is on the path)
else:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packages/core/src"))

from transformers import TrainerControl, TrainerState, TrainingArguments

from mathtune_core.stage import main
from mathtune_training.checkpoints import SaveAfterMinutes


def die(
    self: SaveAfterMinutes, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
) -> None:
    if state.global_step == 10 and state.is_world_process_zero:
        os.kill(os.getpid(), signal.SIGKILL)


SaveAfterMinutes.on_save = die

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
