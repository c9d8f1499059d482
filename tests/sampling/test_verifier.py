"""The verifier's score against one plain forward pass a row."""

import numpy as np
import pytest
import torch

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import verdict_tokens, verifier_ids
from mathtune_sampling.verifier import TorchVerifier

PROBLEMS = ["What is 1 + 1?", "What is 2 + 2?", "What is 1 + 1?", "What is 10 + 20 + 30?", "What is 1 + 1?"]
COMPLETIONS = ["1 + 1 = 2", "2 + 2 = 5", "1 + 1 = 3 because it is", "", "1 + 1 = 2"]


def plain_scores(model, tokenizer):
    correct, incorrect = verdict_tokens(tokenizer)
    scores = []
    for problem, completion in zip(PROBLEMS, COMPLETIONS, strict=True):
        with torch.inference_mode():
            logits = model(torch.tensor([verifier_ids(tokenizer, problem, completion)])).logits[0, -1].double()
        weights = torch.softmax(logits, dim=0)
        scores.append((weights[correct] / (weights[correct] + weights[incorrect])).item())
    return scores


@pytest.mark.parametrize("max_num_batched_tokens", [1, 100, 10_000])
def test_scores_equal_the_plain_forward_pass(model, tokenizer, max_num_batched_tokens):
    verifier = TorchVerifier(model, tokenizer, max_num_batched_tokens=max_num_batched_tokens)
    scores = verifier.score_rows(PROBLEMS, COMPLETIONS)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, plain_scores(model, tokenizer), atol=1e-5, rtol=0)
    assert np.ptp(scores) > 0.01


def test_score_is_score_rows_of_one_problem(model, tokenizer):
    verifier = TorchVerifier(model, tokenizer, max_num_batched_tokens=200)
    np.testing.assert_allclose(
        verifier.score(PROBLEMS[0], COMPLETIONS), verifier.score_rows([PROBLEMS[0]] * 5, COMPLETIONS), atol=0
    )


def test_identical_texts_are_run_once_and_batches_keep_the_budget(model, tokenizer, monkeypatch):
    verifier = TorchVerifier(model, tokenizer, max_num_batched_tokens=100)
    seen = []
    margins = verifier._margins
    monkeypatch.setattr(verifier, "_margins", lambda prompts: seen.append(prompts) or margins(prompts))
    scores = verifier.score_rows(PROBLEMS * 10, COMPLETIONS * 10)
    assert sum(map(len, seen)) == 4
    assert all(len(batch) == 1 or len(batch) * max(map(len, batch)) <= 100 for batch in seen)
    np.testing.assert_array_equal(scores.reshape(10, 5), np.tile(scores[:5], (10, 1)))
    assert scores[0] == scores[4]


def test_no_rows_give_no_scores(model, tokenizer):
    assert TorchVerifier(model, tokenizer, max_num_batched_tokens=100).score_rows([], []).shape == (0,)


def test_a_prompt_beyond_the_context_names_its_row(model, tokenizer):
    verifier = TorchVerifier(model, tokenizer, max_num_batched_tokens=100)
    with pytest.raises(MathtuneError, match=r"^row 1: the verifier's prompt has \d+ tokens and its context is 256"):
        verifier.score_rows(["p", "p"], ["short", "1 + " * 300])


def test_a_verdict_of_two_tokens_is_refused_at_once(model, tokenizer):
    class Splitting:
        def encode(self, text, *, add_special_tokens=True):
            return [1, 2] if text == " incorrect" else [1]

    with pytest.raises(MathtuneError, match=r"' incorrect' into 2 tokens"):
        TorchVerifier(model, Splitting(), max_num_batched_tokens=100)
