"""One step of each trainer must train on the mean of the loss that the paper, or TRL, states."""

from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import concatenate_datasets
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from mathtune_core.prompts import verdict_tokens
from mathtune_training.global_batches import filler
from mathtune_training.hyperparameters import Hyperparameters
from mathtune_training.verdict_head import add_verdict_head, logit_differences
from mathtune_training.verdict_loss import bradley_terry, verdict_cross_entropy, verdict_margin
from mathtune_training.verifier_trainer import VerifierLoss, pair_rows, rows_per_batch, verdict_rows, verdict_trainer

SETTINGS: dict[str, Any] = {
    "epochs": 1.0,
    "learning_rate": 5e-3,
    "batch_size": 3,
    "gradient_accumulation_steps": 1,
    "warmup_ratio": 0.0,
    "weight_decay": 0.0,
    "lr_scheduler": "cosine",
    "max_length": 128,
    "dtype": "float32",
}


def step_losses(trainer: Any) -> list[float]:
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


@pytest.mark.parametrize("accumulation", [1, 2])
def test_cross_entropy_weighs_every_example_alike(
    accumulation: int,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    rows_of_ids: list[list[int]],
    tmp_path: Path,
) -> None:
    """Three examples in batches of 3, or of 2 and 1: either way each counts a third."""
    params = Hyperparameters(
        **SETTINGS | {"batch_size": 3 if accumulation == 1 else 2, "gradient_accumulation_steps": accumulation}
    )
    add_verdict_head(model, verdict_tokens(tokenizer))
    verdicts = [True, False, False]
    rows = verdict_rows(rows_of_ids, verdicts)
    expected = float(verdict_cross_entropy(logit_differences(model, rows, params), torch.tensor(verdicts))) / 3
    trainer = verdict_trainer(model, tokenizer, rows, params, "xent", 0.0, 0, tmp_path)
    assert step_losses(trainer) == pytest.approx([expected], rel=1e-5)


@pytest.mark.parametrize("loss", ["margin", "bradley-terry"])
def test_the_losses_that_compare_are_means_over_pairs(
    loss: VerifierLoss,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    rows_of_ids: list[list[int]],
    tmp_path: Path,
) -> None:
    params = Hyperparameters(**SETTINGS | {"batch_size": 4})
    add_verdict_head(model, verdict_tokens(tokenizer))
    before = model.config.num_labels
    differences = logit_differences(model, verdict_rows(rows_of_ids, [True] * 3), params)
    pairs = [(0, 1), (2, 0)]
    right, wrong = (differences[[pair[side] for pair in pairs]] for side in (0, 1))
    compared = verdict_margin(right, wrong, 2.0) if loss == "margin" else bradley_terry(right, wrong)
    trainer = verdict_trainer(model, tokenizer, pair_rows(rows_of_ids, pairs), params, loss, 2.0, 0, tmp_path)
    assert step_losses(trainer) == pytest.approx([float(compared) / 2], rel=1e-5)
    assert model.config.num_labels == before
    # A step moves right and wrong apart.
    after = logit_differences(model, verdict_rows(rows_of_ids, [True] * 3), params)
    assert float((after[0] - after[1]) - (differences[0] - differences[1])) > 0


def test_a_pair_that_only_fills_a_batch_has_no_loss(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, rows_of_ids: list[list[int]], tmp_path: Path
) -> None:
    params = Hyperparameters(**SETTINGS | {"batch_size": 6})
    add_verdict_head(model, verdict_tokens(tokenizer))
    differences = logit_differences(model, verdict_rows(rows_of_ids, [True] * 3), params)
    compared = verdict_margin(differences[[0, 2]], differences[[1, 0]], 2.0)
    rows = pair_rows(rows_of_ids, [(0, 1), (2, 0)])
    filled = concatenate_datasets([rows, filler(rows, rows["length"])])
    assert filled["length"][2] == 0
    trainer = verdict_trainer(model, tokenizer, filled, params, "margin", 2.0, 0, tmp_path)
    assert step_losses(trainer) == pytest.approx([float(compared) / 2], rel=1e-5)


def test_a_step_sees_as_many_solutions_whatever_the_loss() -> None:
    assert (rows_per_batch("xent", 16), rows_per_batch("margin", 16), rows_per_batch("bradley-terry", 1)) == (16, 8, 1)


def test_pairs_carry_their_length_for_batches_of_like_lengths() -> None:
    rows = pair_rows([[1], [1, 2, 3], [4, 5]], [(0, 1), (2, 0)])
    assert rows["length"] == [3, 2]
    assert rows["chosen_ids"] == [[1], [4, 5]]
    assert rows["rejected_ids"] == [[1, 2, 3], [1]]
