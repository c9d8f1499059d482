"""Weights carried through generator, verifier and generator, and the control with as many steps."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from safetensors.torch import load_file

from mathtune_core.schemas import PROBLEMS, SOLUTIONS, VERIFIER_EXAMPLES
from mathtune_core.tables import write_table
from mathtune_training.train_generator import TrainGeneratorParams
from mathtune_training.train_sequential import TrainSequentialParams, run
from mathtune_training.train_verifier import TrainVerifierParams

COMMON: dict[str, Any] = {
    "epochs": 1.0,
    "learning_rate": 5e-3,
    "batch_size": 8,
    "gradient_accumulation_steps": 1,
    "warmup_ratio": 0.1,
    "weight_decay": 0.0,
    "lr_scheduler": "cosine",
    "max_length": 128,
    "dtype": "float32",
}
PARAMS = TrainSequentialParams(
    verifier=TrainVerifierParams(**COMMON, loss="xent", margin=0.1, max_pairs_per_problem=10, validation_share=0.2),
    generator=TrainGeneratorParams(**COMMON, max_examples=None),
)


@pytest.fixture
def tables(tmp_path: Path, problems: pl.DataFrame, solutions: pl.DataFrame) -> dict[str, Path]:
    write_table(problems, tmp_path / "problems/problems.parquet", PROBLEMS)
    write_table(solutions, tmp_path / "solutions/solutions.parquet", SOLUTIONS)
    rows = [
        (f"p{n:02}", "sampled", i, "original", "?", f"{'correct' if right else 'it'} {i}", right, True)
        for n in range(2, 30, 3)
        for i in range(6)
        for right in [(n + i) % 2 == 0]
    ]
    examples = pl.DataFrame(rows, schema=VERIFIER_EXAMPLES.schema, orient="row")
    write_table(examples, tmp_path / "examples/verifier_examples.parquet", VERIFIER_EXAMPLES)
    return {name: tmp_path / name for name in ("problems", "solutions", "examples")}


def trained(item: str, tables: dict[str, Path], base: Path, out: Path, params: TrainSequentialParams = PARAMS) -> Any:
    out.mkdir()
    unfinished = out.with_name(f"{out.name}.unfinished")
    run(params, item=item, seed=0, generator=base, out=out, unfinished=unfinished, **tables)
    return json.loads((out / "training.json").read_text())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize("loss", ["xent", "margin", "bradley-terry"])
def test_the_control_takes_as_many_steps(loss: str, tables: dict[str, Path], base: Path, tmp_path: Path) -> None:
    verifier = replace(PARAMS.verifier, loss=loss, epochs=2.0, gradient_accumulation_steps=2)
    params = replace(PARAMS, verifier=verifier)
    sequential = trained("sequential", tables, base, tmp_path / "sequential", params)
    control = trained("control", tables, base, tmp_path / "control", params)
    assert sequential["middle"]["loss"] == loss
    assert "val_loss" in control["middle"]
    assert sequential["middle"]["steps"] == control["middle"]["steps"] > 1
    assert sequential["generator"]["steps"] == control["generator"]["steps"]


def test_the_weights_are_carried_through(tables: dict[str, Path], base: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    trained("sequential", tables, base, out)
    first, middle, last = weights(base), weights(out / "middle"), weights(out / "model")
    assert set(first) == set(middle) == set(last)
    name = "model.layers.0.mlp.up_proj.weight"
    assert not torch.equal(first[name], middle[name])
    assert not torch.equal(middle[name], last[name])
    # With no rate to speak of in the last training, its weights are those of the middle one.
    still = replace(PARAMS, generator=replace(PARAMS.generator, learning_rate=1e-12))
    trained("sequential", tables, base, tmp_path / "still", still)
    assert torch.allclose(weights(tmp_path / "still" / "model")[name], middle[name], atol=1e-7)
    curve = pl.read_csv(out / "loss.csv")
    assert curve["stage"].unique(maintain_order=True).to_list() == ["middle", "generator"]
    assert curve["step"].is_sorted()


def test_the_same_run_twice_writes_the_same_bytes(tables: dict[str, Path], base: Path, tmp_path: Path) -> None:
    for item in ("sequential", "control"):
        trained(item, tables, base, tmp_path / f"{item}1")
        trained(item, tables, base, tmp_path / f"{item}2")
        for file in (file for file in (tmp_path / f"{item}1").rglob("*") if file.is_file()):
            if "live" in file.parts:
                continue  # timings
            assert file.read_bytes() == (tmp_path / f"{item}2" / file.relative_to(tmp_path / f"{item}1")).read_bytes()
