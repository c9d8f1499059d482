"""Training on two processes, over gloo on the CPU, ends where training on one does."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import torch
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import launch_command_parser
from accelerate.utils import DeepSpeedPlugin
from datasets import Dataset
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

import mathtune_core
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS, VERIFIER_EXAMPLES
from mathtune_core.stage import run_stage
from mathtune_core.tables import write_table
from mathtune_training.global_batches import IGNORED, WholeBatches, filler, share_of
from mathtune_training.like_lengths import StepOrder

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "accelerate").glob("*.yaml"))
STAGE = ROOT / "packages/core/src/mathtune_core/stage.py"
AS_ON_GPUS = Path(__file__).with_name("launched.py")
KILLED = Path(__file__).with_name("killed.py")
# 20 solutions in batches of 8: the last batch of an epoch has 4 rows, all of them the first process's.
PARAMS = """
train_generator:
  original: {epochs: 3.0, max_examples: null, learning_rate: 0.005, batch_size: 8, gradient_accumulation_steps: 1,
    warmup_ratio: 0.1, weight_decay: 0.01, lr_scheduler: linear, max_length: 128, dtype: float32}
  accumulated: {epochs: 3.0, max_examples: null, learning_rate: 0.005, batch_size: 4, gradient_accumulation_steps: 2,
    warmup_ratio: 0.1, weight_decay: 0.01, lr_scheduler: linear, max_length: 128, dtype: float32}
  odd: {epochs: 3.0, max_examples: null, learning_rate: 0.005, batch_size: 9, gradient_accumulation_steps: 1,
    warmup_ratio: 0.1, weight_decay: 0.01, lr_scheduler: linear, max_length: 128, dtype: float32}
  saved: {epochs: 8.0, max_examples: null, learning_rate: 0.005, batch_size: 8, gradient_accumulation_steps: 1,
    warmup_ratio: 0.1, weight_decay: 0.01, lr_scheduler: linear, max_length: 128, dtype: float32,
    eval_steps: 4, checkpoint_minutes: 0.0}
train_verifier: &verifier {loss: xent, margin: 0.1, max_pairs_per_problem: 10, epochs: 2.0,
  learning_rate: 0.005, batch_size: 10, gradient_accumulation_steps: 1,
  warmup_ratio: 0.1, weight_decay: 0.0, lr_scheduler: cosine, max_length: 128, dtype: float32, validation_share: 0.25}
train_sequential:
  sequential: &sequential
    verifier: {<<: *verifier, loss: margin, batch_size: 8}  # 27 pairs in batches of 4
    generator: {epochs: 1.0, max_examples: null, learning_rate: 0.005, batch_size: 8, gradient_accumulation_steps: 1,
      warmup_ratio: 0.1, weight_decay: 0.01, lr_scheduler: linear, max_length: 128, dtype: float32}
  control: *sequential
"""


@pytest.fixture
def folder(tmp_path: Path, problems: pl.DataFrame, solutions: pl.DataFrame) -> Path:
    """Where the stages run: their params and the tables that they read."""
    (tmp_path / "params.yaml").write_text(PARAMS)
    write_table(problems, tmp_path / "problems/problems.parquet", PROBLEMS)
    write_table(solutions, tmp_path / "solutions/solutions.parquet", SOLUTIONS)
    rows = [
        (f"p{number:02}", "sampled", index, "s", f"{number}?", f"{'yes' if right else 'no'} {index}", right, True)
        for number in range(20)
        for index in range(3)
        for right in [(number + index) % 2 == 0]
    ]
    examples = pl.DataFrame(rows, schema=VERIFIER_EXAMPLES.schema, orient="row")
    write_table(examples, tmp_path / "examples/verifier_examples.parquet", VERIFIER_EXAMPLES)
    return tmp_path


def generator_paths(folder: Path, base: Path) -> dict[str, Path]:
    return {"problems": folder / "problems", "solutions": folder / "solutions", "base": base}


def alone(stage: str, paths: dict[str, Path], folder: Path) -> Path:
    """What one process makes of the same params."""
    run_stage(stage, {**paths, "out": folder / "alone"}, folder / "params.yaml", seed=0)
    return folder / "alone"


def launched(
    stage: str, paths: dict[str, Path], folder: Path, config: str, script: Path = STAGE
) -> subprocess.CompletedProcess[str]:
    """The stage by `accelerate launch` in two processes, with its output in folder/together."""
    return started(stage, paths, folder, config, script)


def started(
    stage: str, paths: dict[str, Path], folder: Path, config: str | None, script: Path
) -> subprocess.CompletedProcess[str]:
    """The same, or without a `config` the stage as one process of its own."""
    launch = ["-m", "accelerate.commands.launch", "--config_file", ROOT / "accelerate" / str(config)]
    command = [*launch, "--num_processes=2"] if config else []
    named = [f"{name}={path}" for name, path in {**paths, "out": folder / "together"}.items()]
    return subprocess.run(
        [sys.executable, *command, script, stage, *(["seed=0"] if paths else []), *named],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_same(one: Path, two: Path, atol: float = 1e-6) -> None:
    """The same files, weights to `atol` and measures to 1e-5: float32 sums in another order, and nothing more."""
    names = {str(file.relative_to(one)) for file in one.rglob("*") if file.is_file()}
    assert names == {str(file.relative_to(two)) for file in two.rglob("*") if file.is_file()}
    timed = {name for name in names if name.startswith("live/")}
    curves = {"loss.csv", "val_loss.csv"} & names
    for name in names - timed - curves - {"model/model.safetensors", "model/README.md", "training.json"}:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    # The card's table of metrics is training.json again, which is compared below.
    cards = [(side / "model/README.md").read_text().splitlines() for side in (one, two)]
    assert [line for line in cards[0] if "_loss |" not in line] == [line for line in cards[1] if "_loss |" not in line]
    weights, others = (load_file(side / "model/model.safetensors") for side in (one, two))
    assert weights.keys() == others.keys()
    for name, weight in weights.items():
        torch.testing.assert_close(others[name], weight, rtol=0, atol=atol)
    report, other = (json.loads((side / "training.json").read_text()) for side in (one, two))
    numbers = {name for name, value in report.items() if isinstance(value, int | float)}
    assert {n: v for n, v in other.items() if n not in numbers} == {n: v for n, v in report.items() if n not in numbers}
    assert {n: other[n] for n in numbers} == pytest.approx({n: report[n] for n in numbers}, rel=1e-5)
    for curve in curves:
        (steps, losses), (other_steps, other_losses) = (pl.read_csv(side / curve).get_columns() for side in (one, two))
        assert steps.to_list() == other_steps.to_list()
        assert losses.to_list() == pytest.approx(other_losses.to_list(), rel=1e-5)


@pytest.mark.slow
def test_two_processes_train_the_generator_that_one_would(folder: Path, base: Path) -> None:
    done = launched("train_generator@original", generator_paths(folder, base), folder, "two_processes.yaml")
    assert done.returncode == 0, done.stderr
    assert not (folder / "together.partial").exists()
    assert_same(alone("train_generator@original", generator_paths(folder, base), folder), folder / "together")


@pytest.mark.slow
@pytest.mark.parametrize("item", ["original", "accumulated"])
def test_fsdp2_trains_the_generator_that_one_process_would(item: str, folder: Path, base: Path) -> None:
    stage, paths = f"train_generator@{item}", generator_paths(folder, base)
    done = launched(stage, paths, folder, "fsdp2.yaml", AS_ON_GPUS)
    assert done.returncode == 0, done.stderr
    assert_same(alone(stage, paths, folder), folder / "together")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "script", "tied", "loss"),
    [
        ("two_processes.yaml", STAGE, True, "xent"),
        ("fsdp2.yaml", AS_ON_GPUS, True, "xent"),
        ("fsdp2.yaml", AS_ON_GPUS, False, "xent"),
        ("two_processes.yaml", STAGE, True, "margin"),
        ("fsdp2.yaml", AS_ON_GPUS, True, "bradley-terry"),
    ],
)
def test_several_processes_train_the_verifier_that_one_would(
    config: str, script: Path, tied: bool, loss: str, folder: Path, base: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    torch.manual_seed(0)
    architecture = LlamaConfig.from_pretrained(base, tie_word_embeddings=tied)
    LlamaForCausalLM(architecture).save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    if loss != "xent":
        params = PARAMS.replace("loss: xent", f"loss: {loss}").replace("batch_size: 10", "batch_size: 8")
        (folder / "params.yaml").write_text(params)
    paths = {"examples": folder / "examples", "base": folder / "base"}
    done = launched("train_verifier", paths, folder, config, script)
    assert done.returncode == 0, done.stderr
    # The losses that compare sum up differences of near-equal numbers.
    assert_same(alone("train_verifier", paths, folder), folder / "together", 1e-6 if loss == "xent" else 5e-6)


@pytest.mark.slow
@pytest.mark.parametrize("item", ["sequential", "control"])
def test_weights_are_carried_through_several_processes_and_one(item: str, folder: Path, base: Path) -> None:
    """FSDP2 begins with the generator of one process, and one process with FSDP2's; three trainings add up."""
    stage, paths = "train_generator@original", generator_paths(folder, base)
    assert launched(stage, paths, folder, "fsdp2.yaml", AS_ON_GPUS).returncode == 0
    (folder / "together").rename(folder / "by_fsdp2")
    alone(stage, paths, folder).rename(folder / "by_one")
    named = {name: folder / name for name in ("problems", "solutions", "examples")}
    stage = f"train_sequential@{item}"
    paths = {**named, "generator": folder / "by_one/model"}
    done = launched(stage, paths, folder, "fsdp2.yaml", AS_ON_GPUS)
    assert done.returncode == 0, done.stderr
    alone(stage, {**named, "generator": folder / "by_fsdp2/model"}, folder)
    for name in ("middle", "model"):
        weights, others = (load_file(folder / side / name / "model.safetensors") for side in ("alone", "together"))
        assert weights.keys() == others.keys()
        for key, weight in weights.items():
            torch.testing.assert_close(others[key], weight, rtol=0, atol=3e-5)
    assert not (folder / "together.unfinished").exists()


ALONE, TWO, SHARDS = None, "two_processes.yaml", "fsdp2.yaml"


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(SHARDS, ALONE), (ALONE, SHARDS), (SHARDS, TWO), (TWO, ALONE)])
def test_a_killed_training_goes_on_under_another_launcher(
    first: str | None, second: str | None, folder: Path, base: Path
) -> None:
    """24 steps, killed after the checkpoint of the tenth; the weights that validation chooses are kept by both."""
    stage, paths = "train_generator@saved", generator_paths(folder, base)
    killed = started(stage, paths, folder, first, KILLED)
    assert killed.returncode != 0
    unfinished = folder / "together.unfinished"
    assert [path.name for path in unfinished.glob("checkpoint-*")] == ["checkpoint-10"]
    assert not (folder / "together").exists()
    done = started(stage, paths, folder, second, AS_ON_GPUS if second == SHARDS else STAGE)
    assert done.returncode == 0, done.stderr
    assert "thrown away" not in done.stderr
    assert not unfinished.exists()
    assert_same(alone(stage, paths, folder), folder / "together")


@pytest.mark.slow
def test_a_mistake_that_every_process_meets_is_said_once(folder: Path, base: Path) -> None:
    done = launched("train_generator@odd", generator_paths(folder, base), folder, "two_processes.yaml")
    assert done.returncode != 0
    # Another process's progress bar may share the line.
    assert done.stderr.count("error: params.yaml") == 1
    assert (
        "error: params.yaml: batch_size: 9 rows do not share out among 2 processes; choose a multiple of 2 rows, or "
        "another --num_processes\n"
    ) in done.stderr
    assert not (folder / "together").exists()


ONE_FAILS = """
import os
import time
from dataclasses import dataclass

from mathtune_core.errors import MathtuneError

SEVERAL_PROCESSES = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFailsParams:
    seconds: float


def run(params, *, out):
    if os.environ["RANK"] == "1":
        raise MathtuneError("base: not on this machine")
    time.sleep(params.seconds)
"""


@pytest.mark.slow
def test_a_mistake_of_one_process_is_said_and_ends_them_all(tmp_path: Path) -> None:
    core = Path(mathtune_core.__file__).parent
    shutil.copytree(core, tmp_path / "packages/core/src/mathtune_core", ignore=shutil.ignore_patterns("__pycache__"))
    package = tmp_path / "packages/toy/src/mathtune_toy"
    package.mkdir(parents=True)
    (package / "one_fails.py").write_text(ONE_FAILS)
    (tmp_path / "params.yaml").write_text("one_fails: {seconds: 600.0}\n")
    script = tmp_path / "packages/core/src/mathtune_core/stage.py"
    done = launched("one_fails", {}, tmp_path, "two_processes.yaml", script)
    assert done.returncode != 0
    assert done.stderr.count("error: base: not on this machine\n") == 1
    assert not (tmp_path / "together").exists()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_accelerate_knows_every_setting_of_the_configs(config: Path) -> None:
    """It refuses unknown keys of the file, but passes over those of its sections."""
    known = {action.dest for action in launch_command_parser()._actions}
    loaded = load_config_from_file(str(config))
    for section in (loaded.fsdp_config, loaded.deepspeed_config):
        assert set(section) <= known
    # The stage's params say these, and are to hold for any number of processes.
    assert loaded.mixed_precision == "no"
    assert loaded.main_process_port == 0


def test_there_are_the_configs_that_the_tests_launch() -> None:
    assert [config.stem for config in CONFIGS] == ["fsdp2", "two_processes", "zero3"]
    assert load_config_from_file(str(ROOT / "accelerate/fsdp2.yaml")).fsdp_config["fsdp_version"] == 2


def test_deepspeed_takes_from_the_trainer_what_its_config_leaves_open() -> None:
    """DeepSpeed is no dependency, so its config goes no further than the class that accelerate makes of it."""
    section = load_config_from_file(str(ROOT / "accelerate/zero3.yaml")).deepspeed_config
    config = DeepSpeedPlugin(**section).deepspeed_config
    assert config["zero_optimization"]["stage"] == 3
    left_open = {name for name, value in config.items() if value == "auto"}
    assert left_open >= {"train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "gradient_clipping"}


@pytest.mark.parametrize(("batch_size", "processes", "share"), [(16, 1, 16), (16, 8, 2), (8, 8, 1)])
def test_a_batch_is_shared_out_evenly(batch_size: int, processes: int, share: int) -> None:
    assert share_of(batch_size, processes) == share


@pytest.mark.parametrize(("batch_size", "processes"), [(9, 2), (4, 8)])
def test_a_batch_that_does_not_share_out_is_refused(batch_size: int, processes: int) -> None:
    with pytest.raises(MathtuneError, match=f"batch_size: {batch_size} rows do not share out among {processes}"):
        share_of(batch_size, processes)


def test_the_last_batch_is_filled_with_a_row_that_has_no_loss() -> None:
    labels = [[IGNORED, 2, 3], [IGNORED, 5], [IGNORED, 7, 8]]
    rows = Dataset.from_dict({"input_ids": [[1, 2, 3], [4, 5], [6, 7, 8]], "labels": labels})
    extra = filler(rows, [3, 2, 3])
    assert extra.features == rows.features
    assert extra[:] == {"input_ids": [[4, 5]], "labels": [[IGNORED, IGNORED]]}


def test_processes_go_through_an_epoch_as_one_does() -> None:
    order, epochs = StepOrder([3, 2, 3], 2, seed=0), []
    batches = WholeBatches(StepOrder([3, 2, 3], 2, seed=0), 2, lambda: len(epochs))
    for epoch in range(4):
        order.set_epoch(epoch)
        epochs.append(list(batches))
        assert epochs[-1] == [*order, 3]
        assert len(batches) == 4
    assert len({tuple(rows) for rows in epochs}) > 1
