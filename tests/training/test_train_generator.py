import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from transformers import PreTrainedTokenizerBase

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import write_table
from mathtune_training.sft import tokenize_solutions
from mathtune_training.train_generator import TrainGeneratorParams, choose_solutions, run
from mathtune_training.trainable import load_trainable

PARAMS = TrainGeneratorParams(
    epochs=1.0,
    max_examples=None,
    learning_rate=5e-3,
    batch_size=8,
    gradient_accumulation_steps=1,
    warmup_ratio=0.1,
    weight_decay=0.01,
    lr_scheduler="linear",
    max_length=128,
    dtype="float32",
)


@pytest.fixture
def tables(tmp_path: Path, problems: pl.DataFrame, solutions: pl.DataFrame) -> dict[str, Path]:
    write_table(problems, tmp_path / "problems/problems.parquet", PROBLEMS)
    write_table(solutions, tmp_path / "solutions/solutions.parquet", SOLUTIONS)
    return {"problems": tmp_path / "problems", "solutions": tmp_path / "solutions"}


def trained(
    params: TrainGeneratorParams, tables: dict[str, Path], base: Path, out: Path, seed: int = 0
) -> dict[str, float]:
    out.mkdir()
    run(params, seed=seed, base=base, out=out, **tables)
    report: dict[str, float] = json.loads((out / "training.json").read_text())
    return report


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_same_run_twice_writes_the_same_bytes(tables: dict[str, Path], base: Path, tmp_path: Path) -> None:
    trained(PARAMS, tables, base, tmp_path / "first")
    trained(PARAMS, tables, base, tmp_path / "second")
    trained(PARAMS, tables, base, tmp_path / "third", seed=1)
    first, second, third = (files(tmp_path / name) for name in ("first", "second", "third"))
    assert "model/model.safetensors" in first
    assert not [name for name in first if name.endswith((".bin", ".pt", ".pth"))]
    assert first == second
    assert first["model/model.safetensors"] != third["model/model.safetensors"]


def test_the_order_of_the_table_does_not_matter(
    tables: dict[str, Path], base: Path, tmp_path: Path, solutions: pl.DataFrame
) -> None:
    limited = replace(PARAMS, max_examples=9)
    trained(limited, tables, base, tmp_path / "first")
    write_table(solutions.reverse(), tables["solutions"] / "solutions.parquet", SOLUTIONS)
    trained(limited, tables, base, tmp_path / "second")
    assert files(tmp_path / "first") == files(tmp_path / "second")


def test_the_report_counts_what_was_trained_on(
    tables: dict[str, Path],
    base: Path,
    tmp_path: Path,
    tokenizer: PreTrainedTokenizerBase,
    problems: pl.DataFrame,
    solutions: pl.DataFrame,
) -> None:
    report = trained(PARAMS, tables, base, tmp_path / "out")
    used = choose_solutions(problems, solutions, "train", "generator", None)
    rows, _ = tokenize_solutions(tokenizer, problems, used, 128)
    assert (report["examples"], report["dropped"], report["val_examples"]) == (20, 0, 5)
    assert report["tokens"] == sum(map(len, rows["input_ids"]))
    assert report["steps"] == 3
    curve = pl.read_csv(tmp_path / "out/loss.csv")
    assert curve.columns == ["step", "loss"]
    assert curve["loss"][-1] == report["train_loss"]


def test_only_the_generators_fold_of_train_is_trained_on(problems: pl.DataFrame, solutions: pl.DataFrame) -> None:
    chosen = choose_solutions(problems, solutions, "train", "generator", None)
    by_problem = problems.join(chosen, on="problem_id", how="semi")
    assert set(by_problem["split"]) == {"train"}
    assert set(by_problem["fold"]) == {"generator"}
    assert chosen.height == 20
    assert choose_solutions(problems, solutions, "train", "generator", 4).equals(chosen.head(4))


def test_without_val_solutions_there_is_no_val_loss(
    tables: dict[str, Path], base: Path, tmp_path: Path, solutions: pl.DataFrame
) -> None:
    write_table(solutions.head(30), tables["solutions"] / "solutions.parquet", SOLUTIONS)
    assert "val_loss" not in trained(PARAMS, tables, base, tmp_path / "out")


def test_nothing_left_to_train_on_is_one_line(tables: dict[str, Path], base: Path, tmp_path: Path) -> None:
    with pytest.raises(MathtuneError, match="20 of them over max_length = 3 tokens") as error:
        trained(replace(PARAMS, max_length=3), tables, base, tmp_path / "out")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0.0),
        ("max_examples", 0),
        ("learning_rate", -1.0),
        ("batch_size", 0),
        ("warmup_ratio", 1.0),
        ("weight_decay", -0.1),
        ("max_length", 1),
        ("max_eval_examples", -1),
    ],
)
def test_params_out_of_range_are_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        replace(PARAMS, **{field: value})


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_an_incomplete_checkpoint_is_one_line(missing: str, base: Path, tmp_path: Path) -> None:
    with pytest.raises(MathtuneError, match="no such folder"):
        load_trainable(tmp_path / "nowhere")
    for file in base.iterdir():
        if file.name != missing and not (missing == "tokenizer.json" and file.name.startswith("tokenizer")):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(MathtuneError, match=missing.removeprefix("model")) as error:
        load_trainable(tmp_path)
    assert "\n" not in str(error.value)


def test_broken_weights_are_one_line(base: Path, tmp_path: Path) -> None:
    for file in base.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(MathtuneError, match="the model does not load") as error:
        load_trainable(tmp_path)
    assert "\n" not in str(error.value)
