"""The stage that fine-tunes a generator on one style of solutions (SSFT)."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table
from mathtune_training.checkpoints import Checkpoints, run_key
from mathtune_training.global_batches import row_lengths
from mathtune_training.hyperparameters import Hyperparameters
from mathtune_training.model_card import Provenance, write_model_card
from mathtune_training.places import Places
from mathtune_training.sft import TrainingCurve, tokenize_solutions, train_sft
from mathtune_training.trainable import load_trainable, save_trained

SEVERAL_PROCESSES = True  # they share every batch (see global_batches.py)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainGeneratorParams(Hyperparameters):
    """How a generator is fine-tuned; `max_examples: null` means every solution of the style."""

    max_examples: int | None
    max_eval_examples: int = 512

    def __post_init__(self) -> None:
        Hyperparameters.__post_init__(self)  # a class with slots is made anew, which super() without arguments misses
        if self.max_examples is not None and self.max_examples < 1:
            raise ValueError(f"max_examples: must be at least 1, or null for all, got {self.max_examples}")
        if self.max_eval_examples < 0:
            raise ValueError(f"max_eval_examples: must not be negative, got {self.max_eval_examples}")


def choose_solutions(
    problems: pl.DataFrame, solutions: pl.DataFrame, split: str, fold: str | None, limit: int | None
) -> pl.DataFrame:
    """The solutions of problems in `split` (and `fold`), at most `limit`, in the order of solution_id.

    Their ids are hashes, so this is a random subset that does not depend on how the table's rows are ordered.
    """
    wanted = problems.filter(pl.col("split") == split)
    if fold is not None:
        wanted = wanted.filter(pl.col("fold") == fold)
    chosen = solutions.join(wanted.select("problem_id"), on="problem_id", how="semi").sort("solution_id")
    return chosen if limit is None else chosen.head(limit)


def fit_generator(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    problems: pl.DataFrame,
    solutions: pl.DataFrame,
    params: TrainGeneratorParams,
    seed: int,
    places: Places,
    max_steps: int | None = None,
) -> tuple[TrainingCurve, dict[str, Any]]:
    """Fine-tunes `model` in place on the solutions of train problems in the generator's fold: the curve and a report.

    Solutions of val problems, where the table has any, give the validation loss. `max_steps` replaces the epochs.
    Without them `eval_steps` chooses nothing, and stderr says so. Raises MathtuneError when no solution is left to
    train on.
    """
    train = choose_solutions(problems, solutions, "train", "generator", params.max_examples)
    val = choose_solutions(problems, solutions, "val", None, params.max_eval_examples)
    rows, dropped = tokenize_solutions(tokenizer, problems, train, params.max_length)
    if not len(rows):
        raise MathtuneError(
            f"{places.name}: no solution to train on: {train.height} belong to the generator's fold of the train "
            f"split, {dropped} of them over max_length = {params.max_length} tokens"
        )
    val_rows, val_dropped = tokenize_solutions(tokenizer, problems, val, params.max_length)
    if params.eval_steps is not None and not len(val_rows):
        # One section trains all styles, and not every style has solutions of val problems.
        sys.stderr.write(f"{places.name}: no solution of a val problem: trains to the end, whatever eval_steps says\n")
        params = replace(params, eval_steps=None, patience=None)
    key = run_key(places.base, params, seed, rows, val_rows, max_steps)
    curve = train_sft(
        model,
        tokenizer,
        rows,
        params,
        seed,
        max_steps=max_steps,
        val_rows=val_rows,
        live=places.live,
        checkpoints=Checkpoints(places.unfinished, key),
    )
    report: dict[str, Any] = {
        "examples": len(rows),
        "dropped": dropped,
        "tokens": sum(row_lengths(rows)),
        "completion_tokens": sum(label >= 0 for labels in rows["labels"] for label in labels),
        "steps": curve.steps,
        "train_loss": curve.final_loss,
    }
    if len(val_rows):
        report |= {
            "val_examples": len(val_rows),
            "val_dropped": val_dropped,
            "val_loss": curve.val_losses["val_loss"][-1],
        }
        if params.eval_steps is not None:
            report |= {"val_loss": curve.best_val_loss, "best_step": curve.best_step}
    return curve, report


def run(
    params: TrainGeneratorParams,
    *,
    seed: int,
    problems: Path,
    solutions: Path,
    base: Path,
    out: Path,
    unfinished: Path,
) -> None:
    """Writes out/model and its card, out/training.json, out/loss.csv and out/val_loss.csv, and out/live with timings.

    `solutions` is the style's folder, `unfinished` that for checkpoints; see checkpoints.py. Raises MathtuneError for
    what `fit_generator` refuses.
    """
    data = {"problems": problems / "problems.parquet", "solutions": solutions / "solutions.parquet"}
    problem_table, solution_table = read_table(data["problems"], PROBLEMS), read_table(data["solutions"], SOLUTIONS)
    model, tokenizer = load_trainable(base)
    places = Places(base=base, name=str(data["solutions"]), live=out / "live", unfinished=unfinished)
    curve, report = fit_generator(model, tokenizer, problem_table, solution_table, params, seed, places)
    save_trained(model, tokenizer, out / "model")
    provenance = Provenance(
        stage="train_generator",
        item=solutions.name,
        seed=seed,
        base=base,
        data=data,
        purpose="Solves math problems step by step.",
    )
    write_model_card(out / "model", provenance, params, report)
    (out / "training.json").write_text(json.dumps(report, indent=2) + "\n")
    curve.losses.write_csv(out / "loss.csv")
    curve.val_losses.write_csv(out / "val_loss.csv")
