"""The stage that fine-tunes a verifier (the paper's evaluator) on graded solutions."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import verdict_tokens, verifier_ids
from mathtune_core.schemas import VERIFIER_EXAMPLES
from mathtune_core.tables import read_table
from mathtune_training.auc import area_under_curve
from mathtune_training.checkpoints import Checkpoints, run_key
from mathtune_training.hyperparameters import Hyperparameters
from mathtune_training.model_card import Provenance, write_model_card
from mathtune_training.sft import fine_tune
from mathtune_training.trainable import load_trainable, save_trained
from mathtune_training.verdict_loss import (
    VerifierTrainer,
    add_verdict_head,
    check_verdict_head,
    logit_differences,
    verdict_cross_entropy,
    verdict_rows,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainVerifierParams(Hyperparameters):
    """How a verifier is fine-tuned; `validation_share` of the problems only measure it."""

    loss: Literal["xent"]
    validation_share: float

    def __post_init__(self) -> None:
        Hyperparameters.__post_init__(self)
        if not 0 <= self.validation_share < 1:
            raise ValueError(f"validation_share: must be at least 0 and less than 1, got {self.validation_share}")


def held_out_problems(problem_ids: pl.Series, share: float) -> list[str]:
    """`share` of the distinct problems, rounded, by the order of their hashes: no problem is on both sides."""
    distinct = sorted(problem_ids.unique(), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return distinct[: round(share * len(distinct))]


def tokenize_examples(
    tokenizer: PreTrainedTokenizerBase, examples: pl.DataFrame, max_length: int
) -> tuple[Dataset, int]:
    """One row an example, as `VerifierTrainer` takes them, and how many were over `max_length` tokens and dropped."""
    kept_ids: list[list[int]] = []
    kept_verdicts: list[bool] = []
    for problem, completion, is_correct in examples.select("problem", "completion", "is_correct").iter_rows():
        ids = verifier_ids(tokenizer, problem, completion)
        if len(ids) <= max_length:
            kept_ids.append(ids)
            kept_verdicts.append(is_correct)
    return verdict_rows(kept_ids, kept_verdicts), examples.height - len(kept_ids)


def verdicts(rows: Dataset) -> list[bool]:
    """Which rows are right solutions."""
    return [bool(labels[-1]) for labels in rows["labels"]]


def measure(model: PreTrainedModel, rows: Dataset, params: TrainVerifierParams) -> dict[str, float | int | None]:
    """Loss, AUC, accuracy (at S = ½) and share of right solutions on `rows`; AUC is None when a class is empty."""
    differences = logit_differences(model, rows, params)
    right = verdicts(rows)
    labels = differences.new_tensor(right)
    return {
        "validation_examples": len(right),
        "validation_loss": float(verdict_cross_entropy(differences, labels)) / len(right),
        "validation_auc": area_under_curve(differences.tolist(), right),
        "validation_accuracy": float(((differences > 0) == labels.bool()).float().mean()),
        "validation_base_rate": sum(right) / len(right),
    }


def validation_loss(model: PreTrainedModel, rows: Dataset, params: TrainVerifierParams) -> float:
    """The mean verdict loss on `rows`."""
    differences = logit_differences(model, rows, params)
    return float(verdict_cross_entropy(differences, differences.new_tensor(verdicts(rows)))) / len(rows)


def run(params: TrainVerifierParams, *, seed: int, examples: Path, base: Path, out: Path, unfinished: Path) -> None:
    """Writes out/model and its card, out/training.json, out/loss.csv and out/val_loss.csv, and out/live with timings.

    `unfinished` is the folder for checkpoints; see checkpoints.py.
    Raises MathtuneError when a verdict is not one token, or nothing, or only one class, is left to train on.
    """
    table = read_table(examples / "verifier_examples.parquet", VERIFIER_EXAMPLES)
    table = table.sort("problem_id", "style", "decoding", "sample_index")
    held_out = pl.col("problem_id").is_in(held_out_problems(table["problem_id"], params.validation_share))
    model, tokenizer = load_trainable(base)
    tokens = verdict_tokens(tokenizer)

    rows, dropped = tokenize_examples(tokenizer, table.filter(~held_out), params.max_length)
    right = sum(verdicts(rows))
    if not 0 < right < len(rows):
        raise MathtuneError(
            f"{examples}/verifier_examples.parquet: {right} right and {len(rows) - right} wrong solutions are left to "
            f"train on ({dropped} over max_length = {params.max_length} tokens); both kinds are needed"
        )
    add_verdict_head(model, tokens)
    check_verdict_head(model, tokens, rows[0]["input_ids"])
    val_rows, val_dropped = tokenize_examples(tokenizer, table.filter(held_out), params.max_length)
    if params.eval_steps is not None and not len(val_rows):
        raise MathtuneError(
            "params.yaml: train_verifier.validation_share: no example is held out to choose the best weights by; raise "
            "it, or set eval_steps and patience to null"
        )
    curve = fine_tune(
        model,
        params,
        seed,
        lambda arguments: VerifierTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer),
        measure=(lambda: validation_loss(model, val_rows, params)) if len(val_rows) else None,
        live=out / "live",
        checkpoints=Checkpoints(unfinished, run_key(base, params, seed, rows, val_rows)),
    )
    report: dict[str, float | int | None] = {
        "examples": len(rows),
        "right": right,
        "wrong": len(rows) - right,
        "dropped": dropped,
        "problems": table.filter(~held_out)["problem_id"].n_unique(),
        "steps": curve.steps,
        "train_loss": curve.final_loss,
    }
    if len(val_rows):
        report |= {"validation_dropped": val_dropped, **measure(model, val_rows, params)}

    save_trained(model, tokenizer, out / "model")
    provenance = Provenance(
        stage="train_verifier",
        item=None,
        seed=seed,
        base=base,
        data={"graded solutions": examples / "verifier_examples.parquet"},
        purpose="Reads a problem and a candidate solution and says whether it is correct or incorrect.",
    )
    write_model_card(out / "model", provenance, params, report)
    (out / "training.json").write_text(json.dumps(report, indent=2) + "\n")
    curve.losses.write_csv(out / "loss.csv")
    curve.val_losses.write_csv(out / "val_loss.csv")
