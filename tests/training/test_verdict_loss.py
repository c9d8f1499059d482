import math
from itertools import product

import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import verdict_tokens, verifier_ids
from mathtune_training.auc import area_under_curve
from mathtune_training.sft import pad_right
from mathtune_training.train_verifier import TrainVerifierParams
from mathtune_training.verdict_loss import (
    VerifierTrainer,
    add_verdict_head,
    check_verdict_head,
    logit_differences,
    verdict_cross_entropy,
    verdict_rows,
)

PARAMS = TrainVerifierParams(
    loss="xent",
    epochs=1.0,
    learning_rate=5e-3,
    batch_size=2,
    gradient_accumulation_steps=1,
    warmup_ratio=0.0,
    weight_decay=0.0,
    lr_scheduler="cosine",
    max_length=128,
    dtype="float32",
    validation_share=0.0,
)
DIFFERENCES, VERDICTS = [2.0, -1.0, 0.5, 0.0], [True, True, False, False]


@pytest.fixture
def rows_of_ids(tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    pairs = [("What is 1 + 2?", "1 + 2 = 3"), ("What is 4 + 4 + 1?", "the answer is 9, as 4 + 4 = 8"), ("1 + 1?", "3")]
    return [verifier_ids(tokenizer, problem, completion) for problem, completion in pairs]


def test_the_loss_is_the_papers_worked_by_hand() -> None:
    # S = 0.880797, 0.268941, 0.622459, 0.5
    expected = -math.log(0.880797) - math.log(0.268941) - math.log(1 - 0.622459) - math.log(0.5)
    found = verdict_cross_entropy(torch.tensor(DIFFERENCES), torch.tensor(VERDICTS))
    assert float(found) == pytest.approx(expected, rel=1e-5) == pytest.approx(3.107399, rel=1e-5)


def test_weights_multiply_each_examples_loss() -> None:
    weight = torch.tensor([2.0, 0.0, 0.5, 1.0])
    expected = -2 * math.log(0.880797) - 0.5 * math.log(1 - 0.622459) - math.log(0.5)
    found = verdict_cross_entropy(torch.tensor(DIFFERENCES), torch.tensor(VERDICTS), weight)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_an_extreme_difference_keeps_its_loss() -> None:
    found = verdict_cross_entropy(torch.tensor([-200.0], dtype=torch.bfloat16), torch.tensor([True]))
    assert found.dtype == torch.float32
    assert float(found) == 200.0


def test_the_gradient_is_that_of_finite_differences() -> None:
    differences = torch.tensor(DIFFERENCES, requires_grad=True)
    verdict_cross_entropy(differences, torch.tensor(VERDICTS)).backward()
    for index in range(len(DIFFERENCES)):
        step = 1e-2
        ends = []
        for sign in (1, -1):
            moved = [d + sign * step * (i == index) for i, d in enumerate(DIFFERENCES)]
            score = [1 / (1 + math.exp(-d)) for d in moved]
            ends.append(-sum(math.log(s if v else 1 - s) for s, v in zip(score, VERDICTS, strict=True)))
        assert differences.grad is not None
        assert float(differences.grad[index]) == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-4)


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


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_step_trains_on_the_mean_loss_of_its_examples(
    accumulation: int,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    rows_of_ids: list[list[int]],
    tmp_path: object,
) -> None:
    """Three examples in batches of 3, or of 2 and 1: either way each counts a third."""
    from mathtune_training.hyperparameters import trainer_arguments

    add_verdict_head(model, verdict_tokens(tokenizer))
    verdicts = [True, False, False]
    rows = verdict_rows(rows_of_ids, verdicts)
    differences = logit_differences(model, rows, PARAMS)
    expected = float(verdict_cross_entropy(differences, torch.tensor(verdicts))) / 3
    arguments = trainer_arguments(PARAMS, 0, tmp_path)  # type: ignore[arg-type]
    arguments.per_device_train_batch_size = 3 if accumulation == 1 else 2
    arguments.gradient_accumulation_steps = accumulation
    trainer = VerifierTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses == pytest.approx([expected], rel=1e-5)


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


def test_auc_is_the_share_of_pairs_in_order() -> None:
    generator = torch.Generator().manual_seed(0)
    for size in range(2, 30):
        scores = torch.randint(0, 6, (size,), generator=generator).double().tolist()
        right = torch.randint(0, 2, (size,), generator=generator).bool().tolist()
        pairs = [
            1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0
            for i, j in product(range(size), repeat=2)
            if right[i] and not right[j]
        ]
        expected = sum(pairs) / len(pairs) if pairs else None
        assert area_under_curve(scores, right) == (pytest.approx(expected, abs=1e-12) if pairs else None)
