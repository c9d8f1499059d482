import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from safetensors.torch import load_file

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import VERIFIER_EXAMPLES
from mathtune_core.tables import write_table
from mathtune_training.lora import Lora
from mathtune_training.train_verifier import TrainVerifierParams, held_out_problems, run
from mathtune_training.verifier_trainer import VerifierLoss

PARAMS = TrainVerifierParams(
    loss="xent",
    margin=0.1,
    max_pairs_per_problem=10,
    epochs=3.0,
    learning_rate=5e-3,
    batch_size=16,
    gradient_accumulation_steps=1,
    warmup_ratio=0.1,
    weight_decay=0.0,
    lr_scheduler="cosine",
    max_length=128,
    dtype="float32",
    validation_share=0.25,
)


def example(problem: int, index: int) -> tuple[object, ...]:
    """A right solution says so, and one in three is right: to be learned from the words alone."""
    right = (problem + index) % 3 == 0
    return (
        f"p{problem:02}",
        "sampled",
        index,
        "s",
        f"{problem}?",
        f"{'correct' if right else 'it'} {index}",
        right,
        True,
    )


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    rows = [example(problem, index) for problem in range(24) for index in range(8)]
    table = pl.DataFrame(rows, schema=VERIFIER_EXAMPLES.schema, orient="row")
    write_table(table, tmp_path / "examples/verifier_examples.parquet", VERIFIER_EXAMPLES)
    return tmp_path / "examples"


def trained(params: TrainVerifierParams, examples: Path, base: Path, out: Path) -> dict[str, float]:
    out.mkdir()
    unfinished = out.with_name(f"{out.name}.unfinished")
    run(params, item="xent", seed=0, examples=examples, base=base, out=out, unfinished=unfinished)
    report: dict[str, float] = json.loads((out / "training.json").read_text())
    return report


def test_a_learnable_verdict_is_learned_on_unseen_problems(examples: Path, base: Path, tmp_path: Path) -> None:
    report = trained(PARAMS, examples, base, tmp_path / "out")
    assert (report["examples"], report["problems"], report["validation_examples"]) == (144, 18, 48)
    assert report["validation_base_rate"] == pytest.approx(1 / 3, abs=0.03)
    assert report["validation_auc"] > 0.95
    assert report["validation_accuracy"] > 0.9
    assert report["validation_loss"] < 0.4
    assert report["steps"] == 27
    curve = pl.read_csv(tmp_path / "out/loss.csv")
    assert curve["loss"][-1] == report["train_loss"] < curve["loss"][0]
    # The base is one checkpoint among others: what sampling and scoring load has every weight of it, changed.
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "out/model"))
    assert set(before) == set(after)
    assert not (before["model.embed_tokens.weight"] == after["model.embed_tokens.weight"]).all()


def test_cross_entropy_reads_the_balanced_examples_and_pairs_all_of_them(
    examples: Path, base: Path, tmp_path: Path
) -> None:
    file = examples / "verifier_examples.parquet"
    table = pl.read_parquet(file).with_columns(balanced=pl.col("sample_index") < 4)
    write_table(table, file, VERIFIER_EXAMPLES)
    short = replace(PARAMS, epochs=0.1, validation_share=0.0)
    assert trained(short, examples, base, tmp_path / "xent")["examples"] == 24 * 4
    report = trained(replace(short, loss="margin", max_pairs_per_problem=99), examples, base, tmp_path / "margin")
    assert report["examples"] == 24 * 8
    assert report["pairs"] == sum(r * (8 - r) for r in (3, 2, 3)) * 8  # 3, 2 or 3 of 8 are right, as problem % 3 goes


@pytest.mark.parametrize("loss", ["margin", "bradley-terry"])
def test_the_losses_that_compare_learn_the_order(
    loss: VerifierLoss, examples: Path, base: Path, tmp_path: Path
) -> None:
    report = trained(replace(PARAMS, loss=loss, max_pairs_per_problem=6), examples, base, tmp_path / "out")
    # 8 solutions of 18 problems: 2 or 3 right ones, so at least 12 pairs, of which 6 stay; 8 pairs a step.
    assert (report["pairs"], report["steps"]) == (18 * 6, 3 * 14)
    assert report["validation_auc_within"] > 0.95
    assert report["validation_mixed"] == 6
    assert report["validation_loss"] < report["train_loss"] + 0.2


def test_auc_within_is_of_one_problem_at_a_time(examples: Path, base: Path, tmp_path: Path) -> None:
    report = trained(replace(PARAMS, learning_rate=1e-12), examples, base, tmp_path / "out")
    assert report["validation_mixed"] == 6
    assert report["validation_auc_within"] != report["validation_auc"]


@pytest.mark.parametrize("loss", ["xent", "margin"])
def test_the_same_run_twice_writes_the_same_bytes(
    loss: VerifierLoss, examples: Path, base: Path, tmp_path: Path
) -> None:
    short = replace(PARAMS, loss=loss, epochs=1.0)
    trained(short, examples, base, tmp_path / "first")
    trained(short, examples, base, tmp_path / "second")
    for file in (file for file in (tmp_path / "first").rglob("*") if file.is_file() and "live" not in file.parts):
        assert file.read_bytes() == (tmp_path / "second" / file.relative_to(tmp_path / "first")).read_bytes()


def test_adapters_and_the_best_weights_are_the_verifiers_too(examples: Path, base: Path, tmp_path: Path) -> None:
    lora = Lora(rank=2, alpha=4.0, target_modules=("q_proj",))
    report = trained(replace(PARAMS, eval_steps=10, lora=lora), examples, base, tmp_path / "out")
    curve = pl.read_csv(tmp_path / "out/val_loss.csv")
    assert curve["step"].to_list() == [10, 20, 27]
    assert report["validation_loss"] == pytest.approx(curve["val_loss"].min(), rel=1e-6)
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "out/model"))
    changed = {name for name in before if not (before[name] == after[name]).all()}
    assert changed == {f"model.layers.{layer}.self_attn.q_proj.weight" for layer in (0, 1)}
    with pytest.raises(MathtuneError, match="validation_share: no example is held out"):
        trained(replace(PARAMS, eval_steps=10, validation_share=0.0), examples, base, tmp_path / "other")


def test_held_out_problems_are_a_share_that_ignores_the_row_order() -> None:
    names = pl.Series([f"p{number % 40}" for number in range(120)])
    held_out = held_out_problems(names, 0.25)
    assert len(held_out) == len(set(held_out)) == 10
    assert held_out == held_out_problems(names.reverse(), 0.25)
    assert held_out_problems(names, 0.0) == []


def test_an_overlong_example_is_dropped_and_counted(examples: Path, base: Path, tmp_path: Path) -> None:
    file = examples / "verifier_examples.parquet"
    table = pl.read_parquet(file)
    long = (pl.col("problem_id") == "p00") & (pl.col("sample_index") < 3)
    longer = table.with_columns(
        completion=pl.when(long).then(pl.lit("x" * 200)).otherwise("completion"),
    )
    write_table(longer, file, VERIFIER_EXAMPLES)
    report = trained(replace(PARAMS, validation_share=0.0, epochs=0.2), examples, base, tmp_path / "out")
    assert (report["examples"], report["dropped"]) == (189, 3)
    assert "validation_auc" not in report


def test_without_a_pair_the_losses_that_compare_say_so(examples: Path, base: Path, tmp_path: Path) -> None:
    file = examples / "verifier_examples.parquet"
    table = pl.read_parquet(file).filter(pl.col("is_correct") == pl.col("problem_id").str.ends_with("2"))
    write_table(table, file, VERIFIER_EXAMPLES)
    with pytest.raises(MathtuneError, match="in 0 pairs; both kinds are needed, and for pairs both in one problem"):
        trained(replace(PARAMS, loss="margin"), examples, base, tmp_path / "out")


def test_one_class_alone_is_one_line(examples: Path, base: Path, tmp_path: Path) -> None:
    file = examples / "verifier_examples.parquet"
    write_table(pl.read_parquet(file).filter("is_correct"), file, VERIFIER_EXAMPLES)
    with pytest.raises(MathtuneError, match="and 0 wrong solutions are left") as error:
        trained(PARAMS, examples, base, tmp_path / "out")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("validation_share", 1.0), ("epochs", -1.0), ("batch_size", 0), ("margin", -0.1), ("max_pairs_per_problem", 0)],
)
def test_params_out_of_range_are_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        replace(PARAMS, **{field: value})
