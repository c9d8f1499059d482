import math
from pathlib import Path

import polars as pl
import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM, LlamaForCausalLM, PreTrainedTokenizerBase
from trl import SFTTrainer

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import completion_ids, prompt_ids
from mathtune_training import hyperparameters, sft
from mathtune_training.hyperparameters import trainer_arguments
from mathtune_training.sft import (
    IGNORED,
    PLAIN_ATTENTION_TOKENS,
    CompletionTrainer,
    choose_attention,
    mean_completion_loss,
    tokenize_solutions,
    train_sft,
)
from mathtune_training.train_generator import TrainGeneratorParams


def params(**changes: object) -> TrainGeneratorParams:
    settings: dict[str, object] = {
        "epochs": 8.0,
        "max_examples": None,
        "learning_rate": 5e-3,
        "batch_size": 8,
        "gradient_accumulation_steps": 1,
        "warmup_ratio": 0.1,
        "weight_decay": 0.0,
        "lr_scheduler": "cosine",
        "max_length": 128,
        "dtype": "float32",
    }
    return TrainGeneratorParams(**(settings | changes))  # type: ignore[arg-type]


def test_rows_are_the_prompt_and_completion_of_sampling(
    tokenizer: PreTrainedTokenizerBase, problems: pl.DataFrame, solutions: pl.DataFrame
) -> None:
    rows, dropped = tokenize_solutions(tokenizer, problems, solutions.head(5), 128)
    assert dropped == 0
    for row, problem, solution in zip(rows, problems["problem"], solutions["solution"], strict=False):
        prompt, completion = prompt_ids(tokenizer, problem), completion_ids(tokenizer, solution)
        assert row["input_ids"] == prompt + completion
        assert row["labels"] == [IGNORED] * len(prompt) + completion
        assert row["labels"][-1] == tokenizer.eos_token_id


def test_an_overlong_row_is_dropped_and_counted_never_cut(
    tokenizer: PreTrainedTokenizerBase, problems: pl.DataFrame, solutions: pl.DataFrame
) -> None:
    lengths = [len(row) for row in tokenize_solutions(tokenizer, problems, solutions, 128)[0]["input_ids"]]
    limit = max(lengths) - 1
    rows, dropped = tokenize_solutions(tokenizer, problems, solutions, limit)
    assert dropped == sum(length > limit for length in lengths) > 0
    assert [len(row) for row in rows["input_ids"]] == [length for length in lengths if length <= limit]


def test_a_solution_of_no_known_problem_is_refused(
    tokenizer: PreTrainedTokenizerBase, problems: pl.DataFrame, solutions: pl.DataFrame
) -> None:
    with pytest.raises(MathtuneError, match="sp00: its problem p00 is not in problems"):
        tokenize_solutions(tokenizer, problems.tail(3), solutions, 128)


def test_trl_neither_truncates_nor_casts_nor_checkpoints_unasked(tmp_path: Path) -> None:
    arguments = trainer_arguments(params(), 0, tmp_path)
    assert arguments.max_length is None
    assert not arguments.bf16
    assert not arguments.gradient_checkpointing
    assert not arguments.packing
    assert arguments.save_strategy == "no"
    assert trainer_arguments(params(dtype="bfloat16"), 0, tmp_path).bf16
    assert trainer_arguments(params(gradient_checkpointing=True), 0, tmp_path).gradient_checkpointing


def test_without_the_hardware_bfloat16_becomes_float32_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hyperparameters, "bfloat16_hardware", lambda: False)
    assert not trainer_arguments(params(dtype="bfloat16"), 0, tmp_path).bf16
    assert "computes in float32" in capsys.readouterr().err
    assert not trainer_arguments(params(dtype="float32"), 0, tmp_path).bf16
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("eval_steps", {"eval_steps": 0}),
        ("patience", {"patience": 0, "eval_steps": 5}),
        ("patience", {"patience": 3}),
        ("checkpoint_minutes", {"checkpoint_minutes": -1.0}),
    ],
)
def test_settings_that_mean_nothing_are_refused(field: str, changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        params(**changes)


def test_checkpointed_activations_train_the_same_weights(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, problems: pl.DataFrame, solutions: pl.DataFrame
) -> None:
    rows, _ = tokenize_solutions(tokenizer, problems, solutions, 128)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    plain = train_sft(model, tokenizer, rows, params(epochs=2.0), 0)
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(start)
    recomputed = train_sft(model, tokenizer, rows, params(epochs=2.0, gradient_checkpointing=True), 0)
    assert recomputed.losses.equals(plain.losses)
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())


def test_plain_attention_is_for_short_rows_alone(model: LlamaForCausalLM) -> None:
    choose_attention(model, PLAIN_ATTENTION_TOKENS + 1)
    assert model.config._attn_implementation == "sdpa"
    choose_attention(model, PLAIN_ATTENTION_TOKENS)
    assert model.config._attn_implementation == "eager"


def test_a_model_that_changes_its_logits_after_the_head_is_trained_on_the_changed_ones(
    tokenizer: PreTrainedTokenizerBase, problems: pl.DataFrame, solutions: pl.DataFrame
) -> None:
    """Gemma 2 caps its logits; capped low, the loss of the bare head's logits would be another."""
    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, final_logit_softcapping=0.01, initializer_range=0.5,
    )  # fmt: skip
    gemma = Gemma2ForCausalLM(config).eval()
    rows, _ = tokenize_solutions(tokenizer, problems, solutions.head(3), 128)
    loss = mean_completion_loss(gemma, rows, params())
    assert loss == pytest.approx(math.log(len(tokenizer)), abs=0.03)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_toy_problem_is_learned_with_float32_weights(
    dtype: str,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    problems: pl.DataFrame,
    solutions: pl.DataFrame,
) -> None:
    settings = params(dtype=dtype)
    rows, _ = tokenize_solutions(tokenizer, problems, solutions, 128)
    before = mean_completion_loss(model, rows, settings)
    curve = train_sft(model, tokenizer, rows, settings, 0)
    after = mean_completion_loss(model, rows, settings)
    assert before > 5
    assert after < before / 2
    assert curve.steps == 40
    assert curve.losses["step"].to_list() == [1, 10, 20, 30, 40]
    assert curve.final_loss < curve.losses["loss"][0]
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_the_trained_loss_is_over_the_completion_alone(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, problems: pl.DataFrame, solutions: pl.DataFrame
) -> None:
    """One batch of everything: the first logged loss is that of the untrained model on completion tokens."""
    rows, _ = tokenize_solutions(tokenizer, problems, solutions.head(6), 128)
    total, tokens = torch.tensor(0.0), 0
    for row in rows:
        with torch.no_grad():
            log_p = model(torch.tensor([row["input_ids"]])).logits[0].log_softmax(-1)
        for position, label in enumerate(row["labels"]):
            if label != IGNORED:
                total -= log_p[position - 1, label]
                tokens += 1
    expected = float(total) / tokens
    assert mean_completion_loss(model, rows, params(batch_size=4)) == pytest.approx(expected, rel=1e-5)
    curve = train_sft(model, tokenizer, rows, params(epochs=1.0, batch_size=6), 0)
    assert curve.losses["loss"].to_list() == pytest.approx([expected], rel=1e-5)


def test_trls_loss_and_the_models_own_train_alike(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    problems: pl.DataFrame,
    solutions: pl.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The size of a batch's logits chooses between them, so no result may depend on which it is."""
    rows, _ = tokenize_solutions(tokenizer, problems, solutions, 128)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    own = train_sft(model, tokenizer, rows, params(epochs=4.0), 0)
    model.load_state_dict(start)
    taken = []
    trls = SFTTrainer.compute_loss
    monkeypatch.setattr(SFTTrainer, "compute_loss", lambda *given, **named: taken.append(1) or trls(*given, **named))
    monkeypatch.setattr(sft, "LOGITS_AT_ONCE", 0)
    fused = train_sft(model, tokenizer, rows, params(epochs=4.0), 0)
    assert len(taken) == fused.steps == 20
    assert fused.losses["loss"].to_list() == pytest.approx(own.losses["loss"].to_list(), rel=1e-4)


@pytest.mark.parametrize(("spare", "at_once"), [(0, True), (-1, False)])
def test_the_longest_batch_decides_whether_its_logits_are_all_held(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    problems: pl.DataFrame,
    solutions: pl.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    spare: int,
    at_once: bool,
) -> None:
    rows, _ = tokenize_solutions(tokenizer, problems, solutions, 128)
    arguments = trainer_arguments(params(batch_size=3), 0, tmp_path)
    trainer = CompletionTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    logits = 3 * max(map(len, rows["input_ids"])) * model.config.vocab_size
    monkeypatch.setattr(sft, "LOGITS_AT_ONCE", logits + spare)
    assert trainer.at_once is at_once


def test_accumulated_batches_train_as_one_batch_would(
    tokenizer: PreTrainedTokenizerBase, problems: pl.DataFrame, solutions: pl.DataFrame, model: LlamaForCausalLM
) -> None:
    rows, _ = tokenize_solutions(tokenizer, problems, solutions.head(8), 128)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    train_sft(model, tokenizer, rows, params(epochs=3.0, batch_size=8), 0)
    whole = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(start)
    train_sft(model, tokenizer, rows, params(epochs=3.0, batch_size=2, gradient_accumulation_steps=4), 0)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, whole[name], rtol=1e-3, atol=1e-4)
        assert not torch.equal(value, start[name])
