"""The verifier's score against one plain forward pass a row."""

import numpy as np
import pytest
import torch
from families import FAMILIES, tiny_model

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import verdict_tokens, verifier_ids
from mathtune_sampling.packed_verifier import PackedVerifier
from mathtune_sampling.padded_verifier import PaddedVerifier
from mathtune_sampling.verifier import sigmoid, verifier_prompts

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


@pytest.fixture(params=["packed", "padded"])
def make(request, model, tokenizer, kernels):
    """A verifier over `model` for a number of tokens a forward pass."""

    def made(max_num_batched_tokens, model=model, tokenizer=tokenizer):
        if request.param == "padded":
            return PaddedVerifier(model, tokenizer, max_num_batched_tokens=max_num_batched_tokens)
        return PackedVerifier(model, tokenizer, kernels=kernels, max_num_batched_tokens=max_num_batched_tokens)

    return made


@pytest.mark.parametrize("max_num_batched_tokens", [1, 100, 10_000])
def test_scores_equal_the_plain_forward_pass(make, model, tokenizer, max_num_batched_tokens):
    scores = make(max_num_batched_tokens).score_rows(PROBLEMS, COMPLETIONS)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, plain_scores(model, tokenizer), atol=1e-5, rtol=0)
    assert np.ptp(scores) > 0.01


@pytest.mark.parametrize("family", FAMILIES)
def test_packed_scores_equal_the_plain_forward_pass_in_every_family(tokenizer, kernels, family):
    model = tiny_model(tokenizer, family)
    verifier = PackedVerifier(model, tokenizer, kernels=kernels, max_num_batched_tokens=150)
    np.testing.assert_allclose(
        verifier.score_rows(PROBLEMS, COMPLETIONS), plain_scores(model, tokenizer), atol=1e-5, rtol=0
    )


def test_a_packed_score_is_the_same_to_the_last_bit_in_any_company(model, tokenizer, kernels):
    def scores(number, rows):
        verifier = PackedVerifier(model, tokenizer, kernels=kernels, max_num_batched_tokens=number)
        return verifier.score_rows([PROBLEMS[row] for row in rows], [COMPLETIONS[row] for row in rows])

    together = scores(10_000, range(5))
    for number in (1, 60, 150):
        np.testing.assert_array_equal(scores(number, range(5)), together)
    np.testing.assert_array_equal(scores(10_000, range(4, -1, -1)), together[::-1])
    for row in range(5):
        np.testing.assert_array_equal(scores(10_000, [row]), together[[row]])


def test_nor_does_its_place_among_many_change_it(model, tokenizer, kernels):
    verifier = PackedVerifier(model, tokenizer, kernels=kernels, max_num_batched_tokens=10_000)
    completions = [f"It is {number}." for number in range(199)]
    together = verifier.score_rows(PROBLEMS[:1] * 199, completions)
    for start in range(0, 199, 7):
        some = slice(start, start + 7)
        np.testing.assert_array_equal(
            verifier.score_rows(PROBLEMS[:1] * len(completions[some]), completions[some]), together[some]
        )


def test_sigmoid_is_right_at_every_size_and_the_same_at_every_place():
    differences = np.concatenate([np.linspace(-30.0, 30.0, 601), [-1e4, -800.0, 800.0]])
    found = sigmoid(differences.tolist())
    assert found[300] == 0.5
    np.testing.assert_allclose(found[:601], np.exp(-np.logaddexp(0.0, -differences[:601])), rtol=1e-14)
    assert found[601:].tolist() == pytest.approx([0.0, 0.0, 1.0], abs=1e-300)
    assert [sigmoid([x])[0] for x in differences.tolist()] == found.tolist()


def test_each_problem_is_run_once_and_nothing_is_padded(model, tokenizer, kernels, monkeypatch):
    verifier = PackedVerifier(model, tokenizer, kernels=kernels, max_num_batched_tokens=60)
    shared, own = [], []
    hidden = verifier._model.hidden

    def counted(tokens, rows, cache):
        of_start = rows[:, 3] == 0
        shared.extend(tokens[of_start].tolist())
        own.append(int((~of_start).sum()))
        return hidden(tokens, rows, cache)

    monkeypatch.setattr(verifier._model, "hidden", counted)
    completions = [f"It is {number}, that is {number + 1} less one." for number in range(40)]
    scores = verifier.score_rows(PROBLEMS[:2] * 20, completions)
    prompts = verifier_prompts(tokenizer, PROBLEMS[:2] * 20, completions, None)
    starts = {ids[:length] for ids, length in zip(prompts.ids, prompts.shared, strict=True)}
    assert len(starts) == 2
    assert min(prompts.shared) > 10
    assert sorted(shared) == sorted(token for start in starts for token in start)
    assert sum(own) == sum(len(ids) - length for ids, length in zip(prompts.ids, prompts.shared, strict=True))
    assert len(own) > 10
    assert len(set(scores)) == 40


def test_identical_texts_are_run_once(make):
    verifier = make(100)
    scores = verifier.score_rows(PROBLEMS * 10, COMPLETIONS * 10)
    np.testing.assert_array_equal(scores.reshape(10, 5), np.tile(scores[:5], (10, 1)))
    assert scores[0] == scores[4]


def test_padded_batches_keep_the_budget(model, tokenizer, monkeypatch):
    verifier = PaddedVerifier(model, tokenizer, max_num_batched_tokens=100)
    seen = []
    margins = verifier._margins
    monkeypatch.setattr(verifier, "_margins", lambda prompts: seen.append(prompts) or margins(prompts))
    verifier.score_rows(PROBLEMS * 10, COMPLETIONS * 10)
    assert sum(map(len, seen)) == 4
    assert all(len(batch) == 1 or len(batch) * max(map(len, batch)) <= 100 for batch in seen)


def test_no_rows_give_no_scores(make):
    assert make(100).score_rows([], []).shape == (0,)


def test_a_prompt_beyond_the_context_names_its_row(make):
    with pytest.raises(MathtuneError, match=r"^row 1: the verifier's prompt has \d+ tokens and its context is 256"):
        make(100).score_rows(["p", "p"], ["short", "1 + " * 300])


def test_a_verdict_of_two_tokens_is_refused_at_once(make):
    class Splitting:
        def encode(self, text, *, add_special_tokens=True):
            return [1, 2] if text == " incorrect" else [1]

    with pytest.raises(MathtuneError, match=r"' incorrect' into 2 tokens"):
        make(100, tokenizer=Splitting())
