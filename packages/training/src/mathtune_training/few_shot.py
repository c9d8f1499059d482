"""The stage that makes a generator of the base as it is: its weights, and worked examples for its prompt."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from mathtune_core.errors import MathtuneError
from mathtune_core.shots import read_shots
from mathtune_training.trainable import check_checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShotParams:
    """`prompt`: a file of the folder prompts/, without .jsonl; `shots`: how many of its examples, from the first on."""

    prompt: str
    shots: int  # 0 asks the bare problem

    def __post_init__(self) -> None:
        if self.shots < 0:
            raise ValueError(f"shots: must not be negative, got {self.shots}")
        if not self.prompt or "/" in self.prompt:
            raise ValueError(f"prompt: must be the name of a file in prompts/, without .jsonl, got {self.prompt!r}")


def run(params: FewShotParams, *, base: Path, prompts: Path, out: Path) -> None:
    """Writes out/model: a copy of the checkpoint `base`, and with examples their file, shots.jsonl.

    Raises MathtuneError when the file has fewer examples than asked for.
    """
    check_checkpoint(base)
    path = prompts / f"{params.prompt}.jsonl"
    shots = read_shots(path)
    if len(shots) < params.shots:
        raise MathtuneError(f"{path}: holds {len(shots)} examples; params.yaml: few_shot.shots asks for {params.shots}")
    shutil.copytree(base, out / "model")
    if params.shots:
        lines = [json.dumps(asdict(shot), ensure_ascii=False) + "\n" for shot in shots[: params.shots]]
        (out / "model" / "shots.jsonl").write_text("".join(lines), encoding="utf-8")
