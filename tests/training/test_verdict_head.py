import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import verdict_tokens
from mathtune_training.hyperparameters import Hyperparameters
from mathtune_training.sft import pad_right
from mathtune_training.verdict_head import (
    add_verdict_head,
    check_verdict_head,
    last_positions,
    logit_differences,
    remove_verdict_head,
)
from mathtune_training.verifier_trainer import verdict_rows

PARAMS = Hyperparameters(
    epochs=1.0,
    learning_rate=5e-3,
    batch_size=2,
    gradient_accumulation_steps=1,
    warmup_ratio=0.0,
    weight_decay=0.0,
    lr_scheduler="cosine",
    max_length=128,
    dtype="float32",
)


def test_the_head_gives_the_difference_of_the_models_own_logits(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, rows_of_ids: list[list[int]]
) -> None:
    correct, incorrect = verdict_tokens(tokenizer)
    expected = []
    for ids in rows_of_ids:
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1]
        expected.append(float(logits[correct] - logits[incorrect]))
    add_verdict_head(model, (correct, incorrect))
    found = logit_differences(model, verdict_rows(rows_of_ids, [True] * len(rows_of_ids)), PARAMS)
    assert found.tolist() == pytest.approx(expected, abs=1e-5)
    assert len(set(expected)) == len(expected)
    check_verdict_head(model, (correct, incorrect), rows_of_ids[0])


def test_a_model_that_scales_its_logits_is_refused(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, rows_of_ids: list[list[int]]
) -> None:
    unscaled = model.forward

    def scaled(*arguments: object, **keywords: object) -> object:
        outputs = unscaled(*arguments, **keywords)
        outputs.logits = outputs.logits * 7
        return outputs

    model.forward = scaled
    add_verdict_head(model, verdict_tokens(tokenizer))
    with pytest.raises(MathtuneError, match="transforms its logits"):
        check_verdict_head(model, verdict_tokens(tokenizer), rows_of_ids[0])


def test_padding_does_not_reach_the_verdict(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, rows_of_ids: list[list[int]]
) -> None:
    add_verdict_head(model, verdict_tokens(tokenizer))
    ids, mask = pad_right(rows_of_ids, 0, model.device)
    assert mask.sum(1).tolist() == [len(row) for row in rows_of_ids]
    assert [row[: len(given)].tolist() for row, given in zip(ids, rows_of_ids, strict=True)] == rows_of_ids
    alone = [float(logit_differences(model, verdict_rows([row], [True]), PARAMS)) for row in rows_of_ids]
    together = logit_differences(model, verdict_rows(rows_of_ids, [True] * 3), PARAMS)
    assert together.tolist() == pytest.approx(alone, abs=1e-5)


def test_the_last_attended_position_is_marked() -> None:
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 0, 0]])
    assert last_positions(mask).int().tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]


def test_a_model_gets_its_own_forward_pass_back(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase) -> None:
    ids = torch.tensor([[1, 2, 3]])
    with torch.no_grad():
        before = model(ids).logits
        add_verdict_head(model, verdict_tokens(tokenizer))
        assert model(ids, verdict_mask=torch.tensor([[False, False, True]])).logits.shape == (1, 1)
        remove_verdict_head(model)
        assert torch.equal(model(ids).logits, before)
