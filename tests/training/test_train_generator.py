import hashlib
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from ruamel.yaml import YAML
from transformers import PreTrainedTokenizerBase

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import write_table
from mathtune_training.sft import mean_completion_loss, tokenize_solutions
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
    unfinished = out.with_name(f"{out.name}.unfinished")
    run(params, seed=seed, base=base, out=out, unfinished=unfinished, **tables)
    report: dict[str, float] = json.loads((out / "training.json").read_text())
    return report


def files(folder: Path) -> dict[str, bytes]:
    """All that later stages read: out/live holds timings."""
    found = {file.relative_to(folder): file for file in folder.rglob("*") if file.is_file()}
    return {str(name): file.read_bytes() for name, file in found.items() if name.parts[0] != "live"}


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
    first, second = files(tmp_path / "first"), files(tmp_path / "second")
    card = "model/README.md"  # names the table by its hash
    assert first.pop(card) != second.pop(card)
    assert first == second


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
    tables: dict[str, Path], base: Path, tmp_path: Path, solutions: pl.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(solutions.head(30), tables["solutions"] / "solutions.parquet", SOLUTIONS)
    assert "val_loss" not in trained(PARAMS, tables, base, tmp_path / "out")
    assert (tmp_path / "out/val_loss.csv").read_text() == "step,val_loss\n"
    trained(replace(PARAMS, eval_steps=1, patience=1), tables, base, tmp_path / "other")
    assert "no solution of a val problem: trains to the end" in capsys.readouterr().err
    for name in ("model/model.safetensors", "training.json"):
        assert (tmp_path / "other" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_timings_are_in_live_and_nowhere_else(tables: dict[str, Path], base: Path, tmp_path: Path) -> None:
    trained(PARAMS, tables, base, tmp_path / "out")
    live = json.loads((tmp_path / "out/live/metrics.json").read_text())
    assert live["tokens_per_second"] > 0
    assert 0 < live["matmul_share"] < 1
    assert live["peak_memory_gib"] > 0.1
    assert live["step"] == 3
    assert [path.name for path in tmp_path.rglob("dvc.yaml")] == []
    assert not any(b"per_second" in content for content in files(tmp_path / "out").values())


def test_the_best_weights_are_saved_and_the_curve_beside_the_loss(
    tables: dict[str, Path], base: Path, tmp_path: Path, problems: pl.DataFrame, solutions: pl.DataFrame
) -> None:
    """The learning rate warms up almost to the end, far too high: the lowest loss is not the last."""
    params = replace(PARAMS, epochs=4.0, learning_rate=2.0, warmup_ratio=0.9, eval_steps=2)
    report = trained(params, tables, base, tmp_path / "out")
    curve = pl.read_csv(tmp_path / "out/val_loss.csv")
    assert curve["step"].to_list() == [2, 4, 6, 8, 10, 12]
    assert report["val_loss"] == curve["val_loss"].min() < curve["val_loss"][-1]
    assert report["best_step"] == curve["step"][curve["val_loss"].arg_min()]
    model, tokenizer = load_trainable(tmp_path / "out/model")
    val_rows, _ = tokenize_solutions(tokenizer, problems, choose_solutions(problems, solutions, "val", None, None), 128)
    assert mean_completion_loss(model, val_rows, params) == pytest.approx(report["val_loss"], rel=1e-5)

    stopped = trained(replace(params, patience=2), tables, base, tmp_path / "stopped")
    assert stopped["steps"] == report["best_step"] + 4 < 12
    model_file = "model/model.safetensors"
    assert files(tmp_path / "stopped")[model_file] == files(tmp_path / "out")[model_file]


def test_the_model_card_names_data_base_params_and_results(tables: dict[str, Path], base: Path, tmp_path: Path) -> None:
    report = trained(PARAMS, tables, base, tmp_path / "out")
    text = (tmp_path / "out/model/README.md").read_text()
    front = YAML(typ="safe").load(text.split("---\n")[1])
    assert front["library_name"] == "transformers"
    assert front["base_model"] == base.as_posix()
    for file in (tables["problems"] / "problems.parquet", tables["solutions"] / "solutions.parquet"):
        assert hashlib.sha256(file.read_bytes()).hexdigest() in text
    assert hashlib.sha256((base / "model.safetensors").read_bytes()).hexdigest() in text
    assert f"| val_loss | {report['val_loss']} |" in text
    assert '"learning_rate": 0.005' in text
    assert "train_generator@solutions, seed 0" in text  # the folder of the style


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
