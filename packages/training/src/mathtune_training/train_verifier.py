"""The stage that fine-tunes a verifier (the paper's evaluator) on graded solutions."""

import json
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl
import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mathtune_core.digests import hash_text
from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import verdict_tokens, verifier_ids
from mathtune_core.schemas import VERIFIER_EXAMPLES
from mathtune_core.tables import read_table
from mathtune_training.auc import area_under_curve
from mathtune_training.checkpoints import Checkpoints, run_key
from mathtune_training.hyperparameters import Hyperparameters
from mathtune_training.model_card import Provenance, write_model_card
from mathtune_training.places import Places
from mathtune_training.sft import TrainingCurve, fine_tune
from mathtune_training.trainable import load_trainable, save_trained
from mathtune_training.verdict_head import add_verdict_head, check_verdict_head, logit_differences
from mathtune_training.verdict_loss import bradley_terry, verdict_cross_entropy, verdict_margin
from mathtune_training.verifier_pairs import pairs_of
from mathtune_training.verifier_trainer import VerifierLoss, pair_rows, rows_per_batch, verdict_rows, verdict_trainer

SEVERAL_PROCESSES = True  # they share every batch (see global_batches.py)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainVerifierParams(Hyperparameters):
    """How a verifier is fine-tuned; `validation_share` of the problems only measure it."""

    loss: VerifierLoss
    margin: float  # λ of the margin loss; the others do not read it
    max_pairs_per_problem: int  # of the losses that compare: right-wrong pairs a problem and style
    validation_share: float

    def __post_init__(self) -> None:
        Hyperparameters.__post_init__(self)
        if self.margin < 0:
            raise ValueError(f"margin: must not be negative, got {self.margin}")
        if self.max_pairs_per_problem < 1:
            raise ValueError(f"max_pairs_per_problem: must be at least 1, got {self.max_pairs_per_problem}")
        if not 0 <= self.validation_share < 1:
            raise ValueError(f"validation_share: must be at least 0 and less than 1, got {self.validation_share}")


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Graded solutions that fit: their table (verifier_examples), and row for row the verifier's prompts."""

    table: pl.DataFrame
    token_ids: list[list[int]]
    dropped: int  # those over max_length

    @property
    def right(self) -> list[bool]:
        """Which are right solutions."""
        return self.table["is_correct"].to_list()


def held_out_problems(problem_ids: pl.Series, share: float) -> list[str]:
    """`share` of the distinct problems, rounded, by the order of their hashes: no problem is on both sides."""
    distinct = sorted(problem_ids.unique(), key=hash_text)
    return distinct[: round(share * len(distinct))]


def tokenize_examples(tokenizer: PreTrainedTokenizerBase, table: pl.DataFrame, max_length: int) -> Examples:
    """The examples of at most `max_length` tokens, in their order; longer ones are dropped and counted, never cut."""
    ids = [verifier_ids(tokenizer, *texts) for texts in table.select("problem", "completion").iter_rows()]
    fits = [len(row) <= max_length for row in ids]
    kept = [row for row, fit in zip(ids, fits, strict=True) if fit]
    return Examples(table.filter(pl.Series(fits, dtype=pl.Boolean)), kept, len(ids) - len(kept))


@dataclass(frozen=True, slots=True, eq=False)
class VerifierData:
    """What one training of a verifier reads: its rows, the examples they are made of, and those that measure it."""

    rows: Dataset  # of `verdict_rows`, or of `pair_rows` for the losses that compare
    train: Examples
    validation: Examples

    def steps(self, params: TrainVerifierParams) -> int:
        """The optimizer steps that training on it takes, as the Trainer counts them."""
        batches = ceil(len(self.rows) / rows_per_batch(params.loss, params.batch_size))
        return ceil(params.epochs * max(1, ceil(batches / params.gradient_accumulation_steps)))


def read_examples(path: Path, loss: VerifierLoss) -> pl.DataFrame:
    """The graded solutions (verifier_examples) in the file that `loss` learns from: cross-entropy from the balanced.

    The losses that compare pair any right one with any wrong one, and are balanced by that.
    """
    return read_table(path, VERIFIER_EXAMPLES, where=pl.col("balanced") if loss == "xent" else None)


def verifier_data(
    tokenizer: PreTrainedTokenizerBase, table: pl.DataFrame, params: TrainVerifierParams, seed: int, name: str
) -> VerifierData:
    """Graded solutions, those that `read_examples` gives, as a verifier learns from them.

    Raises MathtuneError, naming the file `name`, when nothing to learn from is left.
    """
    table = table.sort("problem_id", "style", "decoding", "sample_index")
    held_out = pl.col("problem_id").is_in(held_out_problems(table["problem_id"], params.validation_share))
    train = tokenize_examples(tokenizer, table.filter(~held_out), params.max_length)
    validation = tokenize_examples(tokenizer, table.filter(held_out), params.max_length)
    right = sum(train.right)
    pairs = [] if params.loss == "xent" else pairs_of(train.table, params.max_pairs_per_problem, seed)
    if not 0 < right < len(train.right) or (params.loss != "xent" and not pairs):
        raise MathtuneError(
            f"{name}: {right} right and {len(train.right) - right} wrong solutions are left to train on "
            f"({train.dropped} over max_length = {params.max_length} tokens), in {len(pairs)} pairs; both kinds are "
            "needed, and for pairs both in one problem"
        )
    rows = verdict_rows(train.token_ids, train.right) if params.loss == "xent" else pair_rows(train.token_ids, pairs)
    return VerifierData(rows, train, validation)


def fit_verifier(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    table: pl.DataFrame,
    params: TrainVerifierParams,
    seed: int,
    places: Places,
) -> tuple[TrainingCurve, dict[str, Any]]:
    """Fine-tunes `model` in place on what `read_examples` gives: the curve, and a report of numbers.

    The model keeps its verdict head. Raises MathtuneError when a verdict is not one token, for what `verifier_data`
    refuses, and when `eval_steps` is set and no example is held out.
    """
    tokens = verdict_tokens(tokenizer)
    data = verifier_data(tokenizer, table, params, seed, places.name)
    measured = len(data.validation.token_ids) > 0
    if params.eval_steps is not None and not measured:
        raise MathtuneError(
            "params.yaml: train_verifier.validation_share: no example is held out to choose the best weights by; raise "
            "it, or set eval_steps and patience to null"
        )
    add_verdict_head(model, tokens)
    check_verdict_head(model, tokens, data.train.token_ids[0])
    held_out = verdict_rows(data.validation.token_ids, data.validation.right)
    curve = fine_tune(
        model,
        params,
        seed,
        lambda folder: verdict_trainer(model, tokenizer, data.rows, params, params.loss, params.margin, seed, folder),
        measure=(lambda: validation_loss(logit_differences(model, held_out, params), data.validation, params))
        if measured
        else None,
        live=places.live,
        checkpoints=Checkpoints(places.unfinished, run_key(places.base, params, seed, data.rows, held_out)),
    )
    report: dict[str, Any] = {
        "loss": params.loss,
        "examples": len(data.train.right),
        "right": sum(data.train.right),
        "wrong": len(data.train.right) - sum(data.train.right),
        "pairs": 0 if params.loss == "xent" else len(data.rows),
        "dropped": data.train.dropped,
        "problems": data.train.table["problem_id"].n_unique(),
        "tokens": sum(map(len, data.train.token_ids)),
        "steps": curve.steps,
        "train_loss": curve.final_loss,
    }
    if data.validation.token_ids:
        report |= measure(model, data.validation, params)
    return curve, report


def validation_loss(differences: torch.Tensor, examples: Examples, params: TrainVerifierParams) -> float:
    """The mean of the loss that is trained, over the examples, or over every pair of one problem and style.

    `differences` are the examples' logit differences. Without any pair it is the mean over the examples after all.
    """
    pairs = [] if params.loss == "xent" else pairs_of(examples.table, len(examples.right) ** 2, seed=0)
    if not pairs:
        return float(verdict_cross_entropy(differences, differences.new_tensor(examples.right))) / len(examples.right)
    right, wrong = (differences[[pair[side] for pair in pairs]] for side in (0, 1))
    compared = verdict_margin(right, wrong, params.margin) if params.loss == "margin" else bradley_terry(right, wrong)
    return float(compared) / len(pairs)


def measure(model: PreTrainedModel, examples: Examples, params: TrainVerifierParams) -> dict[str, float | int | None]:
    """How well the model tells right from wrong; an AUC is None when it has no right or no wrong solution.

    `validation_auc_within` is the mean over (problem, style) with both kinds, which is what re-ranking asks for.
    """
    right = examples.right
    differences = logit_differences(model, verdict_rows(examples.token_ids, right), params)
    groups = examples.table.select("problem_id", "style").with_columns(
        difference=pl.Series(differences.tolist()), right=pl.Series(right)
    )
    within = [
        auc
        for frame in groups.partition_by("problem_id", "style")
        if (auc := area_under_curve(frame["difference"].to_list(), frame["right"].to_list())) is not None
    ]
    labels = differences.new_tensor(right)
    return {
        "validation_examples": len(right),
        "validation_dropped": examples.dropped,
        "validation_loss": validation_loss(differences, examples, params),
        "validation_auc": area_under_curve(differences.tolist(), right),
        "validation_auc_within": sum(within) / len(within) if within else None,
        "validation_mixed": len(within),
        "validation_accuracy": float(((differences > 0) == labels.bool()).float().mean()),
        "validation_base_rate": sum(right) / len(right),
    }


def run(
    params: TrainVerifierParams, *, item: str, seed: int, examples: Path, base: Path, out: Path, unfinished: Path
) -> None:
    """Writes out/model and its card, out/training.json, out/loss.csv and out/val_loss.csv, and out/live with timings.

    `unfinished` is the folder for checkpoints; see checkpoints.py. Raises MathtuneError for what `fit_verifier`
    refuses.
    """
    path = examples / "verifier_examples.parquet"
    table = read_examples(path, params.loss)
    model, tokenizer = load_trainable(base)
    places = Places(base=base, name=str(path), live=out / "live", unfinished=unfinished)
    curve, report = fit_verifier(model, tokenizer, table, params, seed, places)
    save_trained(model, tokenizer, out / "model")
    provenance = Provenance(
        stage="train_verifier",
        item=item,
        seed=seed,
        base=base,
        data={"graded solutions": path},
        purpose="Reads a problem and a candidate solution and says whether it is correct or incorrect.",
    )
    write_model_card(out / "model", provenance, params, report)
    (out / "training.json").write_text(json.dumps(report, indent=2) + "\n")
    curve.losses.write_csv(out / "loss.csv")
    curve.val_losses.write_csv(out / "val_loss.csv")
