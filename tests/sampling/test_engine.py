"""The engine against transformers' own generation, and against itself in other batches."""

import dataclasses

import pytest
import torch
from transformers import GenerationConfig

from mathtune_core.errors import MathtuneError
from mathtune_sampling.engine import TorchSampler
from mathtune_sampling.requests import Request, SamplingParams

PARAMS = SamplingParams(n=5, temperature=0.9, top_p=0.95, max_tokens=40)


def generate(model, tokenizer, requests, *, max_num_seqs=16, params=PARAMS, decoding="sampled", **changes):
    sampler = TorchSampler(model, tokenizer, max_num_seqs=max_num_seqs)
    keyed = {"seed": 2, "purpose": "test"} | changes
    return list(sampler.generate(requests, params, decoding=decoding, **keyed))


def without_logprobs(results):
    return [[dataclasses.replace(completion, sum_logprob=0.0) for completion in row] for row in results]


def assert_same(one, other):
    assert without_logprobs(one) == without_logprobs(other)
    sums = [[[c.sum_logprob for row in results for c in row]] for results in (one, other)]
    torch.testing.assert_close(torch.tensor(sums[0]), torch.tensor(sums[1]), atol=1e-3, rtol=0)


@pytest.mark.parametrize("max_num_seqs", [1, 3, 64])
def test_greedy_equals_transformers_generate(model, tokenizer, requests, max_num_seqs):
    results = generate(model, tokenizer, requests, max_num_seqs=max_num_seqs, decoding="greedy")
    ends = model.generation_config.eos_token_id
    config = GenerationConfig(max_new_tokens=40, do_sample=False, eos_token_id=ends, pad_token_id=0)
    assert {completion.finish_reason for [completion] in results} == {"stop", "length"}
    for request, [completion] in zip(requests, results, strict=True):
        ids = torch.tensor([request.prompt_ids])
        output = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
        tokens = output[0, len(request.prompt_ids) :].tolist()
        assert completion.problem_id == request.problem_id
        assert completion.num_tokens == len(tokens)
        assert completion.finish_reason == ("stop" if tokens[-1] in ends else "length")
        written = tokens[:-1] if tokens[-1] in ends else tokens
        assert completion.text == tokenizer.decode(written, skip_special_tokens=True).strip()


@pytest.mark.parametrize("max_num_seqs", [1, 4, 7, 64])
def test_samples_do_not_depend_on_the_batch_size(model, tokenizer, requests, max_num_seqs):
    assert_same(
        generate(model, tokenizer, requests, max_num_seqs=16),
        generate(model, tokenizer, requests, max_num_seqs=max_num_seqs),
    )


def test_samples_do_not_depend_on_the_order_or_company_of_requests(model, tokenizer, requests):
    forward = generate(model, tokenizer, requests)
    assert_same(forward, generate(model, tokenizer, requests[::-1])[::-1])
    assert_same(forward[2:3], generate(model, tokenizer, requests[2:3]))


def test_a_larger_n_only_adds_samples(model, tokenizer, requests):
    fewer = generate(model, tokenizer, requests, params=dataclasses.replace(PARAMS, n=2))
    assert_same(fewer, [row[:2] for row in generate(model, tokenizer, requests)])


def test_a_repeated_run_is_identical(model, tokenizer, requests):
    assert generate(model, tokenizer, requests) == generate(model, tokenizer, requests)


@pytest.mark.parametrize("change", [{"seed": 1}, {"purpose": "other"}])
def test_seed_and_purpose_change_the_samples(model, tokenizer, requests, change):
    assert generate(model, tokenizer, requests) != generate(model, tokenizer, requests, **change)


def test_every_problem_gets_its_n_in_request_order(model, tokenizer, requests):
    results = generate(model, tokenizer, requests, max_num_seqs=8)
    assert [[(c.problem_id, c.sample_index, c.decoding) for c in row] for row in results] == [
        [(request.problem_id, index, "sampled") for index in range(5)] for request in requests
    ]
    completions = [completion for row in results for completion in row]
    assert {c.finish_reason for c in completions} == {"stop", "length"}
    assert all(c.num_tokens == 40 for c in completions if c.finish_reason == "length")
    assert len({c.text for c in completions}) > len(completions) / 2


def test_sum_logprob_is_the_plain_forward_passs(model, requests, monkeypatch):
    """A tokenizer that writes ids as numbers gives back the tokens, so that they can be scored again."""

    class Numbers:
        eos_token_id = 0

        def decode(self, ids, **_):
            return " ".join(map(str, ids))

    monkeypatch.setattr(model.generation_config, "eos_token_id", 0)
    for [request], [completions] in ((r, generate(model, Numbers(), r)) for r in ([one] for one in requests)):
        for completion in completions:
            tokens = [int(word) for word in completion.text.split()] + [0] * (completion.finish_reason == "stop")
            assert len(tokens) == completion.num_tokens
            with torch.inference_mode():
                logits = model(torch.tensor([[*request.prompt_ids, *tokens]])).logits[0].double()
            logprobs = torch.log_softmax(logits, dim=1)[len(request.prompt_ids) - 1 : -1]
            expected = logprobs[torch.arange(len(tokens)), tokens].sum().item()
            assert completion.sum_logprob == pytest.approx(expected, abs=1e-3)


def test_the_models_own_end_tokens_stop_it_too(model, tokenizer, requests, monkeypatch):
    [[first]] = generate(model, tokenizer, requests[:1], decoding="greedy")
    assert first.num_tokens > 1
    monkeypatch.setattr(model.generation_config, "eos_token_id", list(range(len(tokenizer))))
    [[stopped]] = generate(model, tokenizer, requests[:1], decoding="greedy")
    assert (stopped.finish_reason, stopped.num_tokens) == ("stop", 1)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [((), r"^problem bad: the prompt is empty"), ((5,) * 217, r"^problem bad: prompt of 217 tokens .* context of 256")],
)
def test_a_bad_prompt_is_named_before_any_work(model, tokenizer, requests, monkeypatch, prompt, message):
    sampler = TorchSampler(model, tokenizer, max_num_seqs=4)
    monkeypatch.setattr(sampler, "_forward", lambda *_: pytest.fail("worked before checking"))
    with pytest.raises(MathtuneError, match=message) as caught:
        sampler.generate([*requests, Request("bad", prompt)], PARAMS, seed=0, purpose="test", decoding="sampled")
    assert "\n" not in str(caught.value)


def test_the_longest_prompt_that_fits_is_taken(model, tokenizer):
    [[completion, *_]] = generate(model, tokenizer, [Request("long", (5,) * 216)])
    assert completion.num_tokens >= 1


def test_no_requests_give_no_completions(model, tokenizer):
    assert generate(model, tokenizer, []) == []


def test_bfloat16_runs(model, tokenizer, requests, checkpoint):
    from mathtune_sampling.checkpoint import load_causal_lm

    narrow, _ = load_causal_lm(checkpoint, "bfloat16")
    results = generate(narrow, tokenizer, requests)
    assert results == generate(narrow, tokenizer, requests)
    assert all(c.sum_logprob < 0 for row in results for c in row)
