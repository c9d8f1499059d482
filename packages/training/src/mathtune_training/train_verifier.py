"""The stage that fine-tunes a verifier (the paper's evaluator) on graded solutions."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import verdict_tokens, verifier_ids
from mathtune_core.schemas import VERIFIER_EXAMPLES
from mathtune_core.tables import read_table
from mathtune_training.auc import area_under_curve
from mathtune_training.hyperparameters import Hyperparameters
from mathtune_training.sft import TrainingCurve, run_trainer
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
    distinct = sorted(problem_ids.unique(), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
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


def verifier_data(
    tokenizer: PreTrainedTokenizerBase, table: pl.DataFrame, params: TrainVerifierParams, seed: int, name: str
) -> VerifierData:
    """Graded solutions (verifier_examples) as a verifier learns from them.

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
    name: str,
) -> tuple[TrainingCurve, dict[str, Any]]:
    """Fine-tunes `model` in place on graded solutions (verifier_examples): the curve, and a report of numbers.

    The model keeps its verdict head. Raises MathtuneError when a verdict is not one token, and for what
    `verifier_data` refuses.
    """
    tokens = verdict_tokens(tokenizer)
    data = verifier_data(tokenizer, table, params, seed, name)
    add_verdict_head(model, tokens)
    check_verdict_head(model, tokens, data.train.token_ids[0])
    with tempfile.TemporaryDirectory() as scratch:
        curve = run_trainer(
            verdict_trainer(model, tokenizer, data.rows, params, params.loss, params.margin, seed, Path(scratch))
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


def measure(model: PreTrainedModel, examples: Examples, params: TrainVerifierParams) -> dict[str, float | int | None]:
    """How well the model tells right from wrong; an AUC is None when it has no right or no wrong solution.

    `validation_auc_within` is the mean over (problem, style) with both kinds, which is what re-ranking asks for.
    `validation_loss` is the mean of the loss that was trained, over the examples, or over every pair of one problem and
    style; None when there is no pair.
    """
    right = examples.right
    differences = logit_differences(model, verdict_rows(examples.token_ids, right), params)
    labels = differences.new_tensor(right)
    groups = examples.table.select("problem_id", "style").with_columns(
        difference=pl.Series(differences.tolist()), right=pl.Series(right)
    )
    within = [
        auc
        for frame in groups.partition_by("problem_id", "style")
        if (auc := area_under_curve(frame["difference"].to_list(), frame["right"].to_list())) is not None
    ]
    loss: float | None = float(verdict_cross_entropy(differences, labels)) / len(right)
    if params.loss != "xent":
        pairs = pairs_of(examples.table, len(right) ** 2, seed=0)
        first, second = (differences[[pair[side] for pair in pairs]] for side in (0, 1))
        compared = (
            verdict_margin(first, second, params.margin) if params.loss == "margin" else bradley_terry(first, second)
        )
        loss = float(compared) / len(pairs) if pairs else None
    return {
        "validation_examples": len(right),
        "validation_dropped": examples.dropped,
        "validation_loss": loss,
        "validation_auc": area_under_curve(differences.tolist(), right),
        "validation_auc_within": sum(within) / len(within) if within else None,
        "validation_mixed": len(within),
        "validation_accuracy": float(((differences > 0) == labels.bool()).float().mean()),
        "validation_base_rate": sum(right) / len(right),
    }


def run(params: TrainVerifierParams, *, seed: int, examples: Path, base: Path, out: Path) -> None:
    """Writes out/model, out/training.json and out/loss.csv. Raises MathtuneError for what `fit_verifier` refuses."""
    path = examples / "verifier_examples.parquet"
    table = read_table(path, VERIFIER_EXAMPLES)
    model, tokenizer = load_trainable(base)
    curve, report = fit_verifier(model, tokenizer, table, params, seed, str(path))
    save_trained(model, tokenizer, out / "model")
    (out / "training.json").write_text(json.dumps(report, indent=2) + "\n")
    curve.losses.write_csv(out / "loss.csv")
