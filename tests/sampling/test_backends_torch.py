"""Our engine against transformers' own generation, and against itself in other company."""

import dataclasses

import pytest
import torch
from families import FAMILIES, tiny_model
from transformers import GenerationConfig

from mathtune_core.errors import MathtuneError
from mathtune_sampling.backends.torch import TorchSampler
from mathtune_sampling.requests import Request, SamplingParams

PARAMS = SamplingParams(n=5, temperature=0.9, top_p=0.95, max_tokens=40)


def generate(model, tokenizer, requests, kernels, *, max_num_seqs=16, params=PARAMS, gib=0.1, **changes):
    sampler = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=max_num_seqs, kv_cache_gib=gib)
    keyed = {"seed": 2, "purpose": "test"} | changes
    done = {completions[0].problem_id: completions for completions in sampler.generate(requests, params, **keyed)}
    return [done[request.problem_id] for request in requests]


@pytest.mark.parametrize("max_num_seqs", [1, 3, 64])
@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_is_transformers_generate_token_for_token(tokenizer, requests, kernels, family, max_num_seqs):
    model = tiny_model(tokenizer, family)
    results = generate(model, tokenizer, requests, kernels, max_num_seqs=max_num_seqs, decodings=("greedy",))
    ends = model.generation_config.eos_token_id
    config = GenerationConfig(max_new_tokens=40, do_sample=False, eos_token_id=ends, pad_token_id=0)
    lengths = set()
    for request, [completion] in zip(requests, results, strict=True):
        ids = torch.tensor([request.prompt_ids])
        output = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
        tokens = output[0, len(request.prompt_ids) :].tolist()
        lengths.add(len(tokens))
        assert completion.num_tokens == len(tokens)
        assert completion.finish_reason == ("stop" if tokens[-1] in ends else "length")
        written = tokens[:-1] if tokens[-1] in ends else tokens
        assert completion.text == tokenizer.decode(written, skip_special_tokens=True).strip()
    assert len(lengths) > 1
    assert family != "mistral" or 40 in lengths  # its window of 24 binds there


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("kernels", "family"),
    [*(("native", family) for family in FAMILIES), ("torch", "mistral")],  # torch's are slow, and know no family
    indirect=["kernels"],
)
def test_a_sample_is_the_same_to_the_last_bit_in_any_company(tokenizer, requests, kernels, family, dtype):
    model = tiny_model(tokenizer, family).to(dtype)
    together = generate(model, tokenizer, requests, kernels)
    for max_num_seqs in (1, 4, 7, 64):
        assert generate(model, tokenizer, requests, kernels, max_num_seqs=max_num_seqs) == together
    assert generate(model, tokenizer, requests[::-1], kernels)[::-1] == together
    assert generate(model, tokenizer, requests[2:3], kernels) == together[2:3]
    few = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=64, kv_cache_gib=0.1)._model.block_bytes()
    assert generate(model, tokenizer, requests, kernels, max_num_seqs=64, gib=14 * few / 2**30) == together
    both = generate(model, tokenizer, requests, kernels, decodings=("greedy", "sampled"))
    assert [row[1:] for row in both] == together
    assert [row[:1] for row in both] == generate(model, tokenizer, requests, kernels, decodings=("greedy",))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sample_does_not_depend_on_the_number_of_threads(tokenizer, requests, kernels, dtype):
    model = tiny_model(tokenizer).to(dtype)
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append(generate(model, tokenizer, requests, kernels))
    assert results[1:] == results[:1] * 2


def test_more_samples_are_the_first_ones_and_others(model, tokenizer, requests, kernels):
    all_five = generate(model, tokenizer, requests, kernels)
    two = dataclasses.replace(PARAMS, n=2)
    assert generate(model, tokenizer, requests, kernels, params=two) == [row[:2] for row in all_five]
    later = [dataclasses.replace(request, first_sample=3) for request in requests]
    assert generate(model, tokenizer, later, kernels, params=two) == [row[3:] for row in all_five]


@pytest.mark.parametrize("change", [{"seed": 1}, {"purpose": "other"}])
def test_seed_and_purpose_change_the_samples(model, tokenizer, requests, kernels, change):
    changed = generate(model, tokenizer, requests, kernels, **change)
    assert generate(model, tokenizer, requests, kernels) != changed


@pytest.mark.parametrize("family", FAMILIES)
def test_sum_logprob_is_the_plain_forward_passs(tokenizer, requests, kernels, family, monkeypatch):
    """A tokenizer that writes ids as numbers gives back the tokens, so that they can be scored again."""

    class Numbers:
        eos_token_id = 0

        def decode(self, ids, **_):
            return " ".join(map(str, ids))

    model = tiny_model(tokenizer, family)
    monkeypatch.setattr(model.generation_config, "eos_token_id", 0)
    for request, completions in zip(requests, generate(model, Numbers(), requests, kernels), strict=True):
        for completion in completions:
            tokens = [int(word) for word in completion.text.split()] + [0] * (completion.finish_reason == "stop")
            assert len(tokens) == completion.num_tokens
            with torch.inference_mode():
                logits = model(torch.tensor([[*request.prompt_ids, *tokens]])).logits[0].double()
            logprobs = torch.log_softmax(logits, dim=1)[len(request.prompt_ids) - 1 : -1]
            expected = logprobs[torch.arange(len(tokens)), tokens].sum().item()
            assert completion.sum_logprob == pytest.approx(expected, abs=1e-3)


def test_filters_leave_the_tokens_they_should(model, tokenizer, requests, kernels):
    """A completion under top-k 1, and one under a min-p near 1, is the greedy one."""
    greedy = generate(model, tokenizer, requests, kernels, decodings=("greedy",))
    for change in ({"top_k": 1}, {"min_p": 0.9999999}, {"top_p": 1e-6}):
        results = generate(model, tokenizer, requests, kernels, params=dataclasses.replace(PARAMS, **change))
        texts = [[completion.text for completion in row] for row in results]
        assert texts == [[completion.text] * 5 for [completion] in greedy]


def test_a_stop_text_ends_a_completion_before_it(model, tokenizer, requests, kernels):
    plain = generate(model, tokenizer, requests, kernels)
    long = max((c for row in plain for c in row), key=lambda c: len(c.text))
    stop = long.text[len(long.text) // 2 :][:3]
    results = generate(model, tokenizer, requests, kernels, params=dataclasses.replace(PARAMS, stop=(stop, "never")))
    cut = 0
    for before, after in zip((c for row in plain for c in row), (c for row in results for c in row), strict=True):
        assert stop not in after.text
        if stop in before.text:
            cut += 1
            assert after.finish_reason == "stop"
            assert after.num_tokens <= before.num_tokens
            assert before.text.startswith(after.text)
        else:
            assert after == before
    assert cut


def test_the_models_own_end_tokens_stop_it_too(model, tokenizer, requests, kernels, monkeypatch):
    [[first]] = generate(model, tokenizer, requests[:1], kernels, decodings=("greedy",))
    assert first.num_tokens > 1
    monkeypatch.setattr(model.generation_config, "eos_token_id", list(range(len(tokenizer))))
    [[stopped]] = generate(model, tokenizer, requests[:1], kernels, decodings=("greedy",))
    assert (stopped.finish_reason, stopped.num_tokens) == ("stop", 1)


def test_no_row_idles_while_work_waits(model, tokenizer, requests, kernels, monkeypatch):
    """Rows are refilled at once: every step but the last ones, when nothing waits any more, is full."""
    sampler = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=6, kv_cache_gib=0.1)
    sizes = []
    hidden = sampler._model.hidden

    def counted(tokens, rows, cache):
        if (rows[:, 3] > 0).all():
            sizes.append(len(tokens))
        return hidden(tokens, rows, cache)

    monkeypatch.setattr(sampler._model, "hidden", counted)
    done = list(sampler.generate(requests * 3, PARAMS, seed=0, purpose="test"))
    drawn = sum(completion.num_tokens - 1 for row in done for completion in row)
    assert sum(sizes) == drawn
    assert drawn / (6 * len(sizes)) > 0.85  # what ends at its first token leaves its row empty for a step


def test_prompts_are_run_once_whatever_n(model, tokenizer, requests, kernels, monkeypatch):
    sampler = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=4, kv_cache_gib=0.1)
    prefilled = []
    hidden = sampler._model.hidden

    def counted(tokens, rows, cache):
        prefilled.append(int((rows[:, 3] == 0).sum()))
        return hidden(tokens, rows, cache)

    monkeypatch.setattr(sampler._model, "hidden", counted)
    list(sampler.generate(requests, PARAMS, seed=0, purpose="test"))
    assert sum(prefilled) == sum(len(request.prompt_ids) for request in requests)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [((), r"^problem bad: the prompt is empty"), ((5,) * 217, r"^problem bad: prompt of 217 tokens .* context of 256")],
)
def test_a_bad_prompt_is_named_before_any_work(model, tokenizer, requests, kernels, prompt, message):
    sampler = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=4, kv_cache_gib=0.1)
    sampler._model.hidden = lambda *_: pytest.fail("worked before checking")
    with pytest.raises(MathtuneError, match=message) as caught:
        sampler.generate([*requests, Request("bad", prompt)], PARAMS, seed=0, purpose="test")
    assert "\n" not in str(caught.value)


def test_a_cache_too_small_for_one_sample_is_refused_before_any_work(model, tokenizer, requests, kernels):
    sampler = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=4, kv_cache_gib=1e-5)
    with pytest.raises(MathtuneError, match=r"^kv_cache_gib: 1e-05 GiB cannot hold .* needs 0\.\d+ GiB"):
        sampler.generate(requests, PARAMS, seed=0, purpose="test")


def test_a_cache_the_machine_has_no_memory_for_is_refused(model, tokenizer, requests, kernels, monkeypatch):
    from mathtune_sampling.engine import kv_cache

    monkeypatch.setattr(kv_cache, "_free_memory", lambda device: 1000)
    sampler = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=4, kv_cache_gib=0.1)
    with pytest.raises(MathtuneError, match=r"cache needs 0\.\d+ GiB and 0\.00 GiB of memory are free"):
        sampler.generate(requests, PARAMS, seed=0, purpose="test")


def test_logits_that_are_no_numbers_are_named(model, tokenizer, requests, kernels):
    broken = tiny_model(tokenizer)
    broken.model.norm.weight.data[3] = float("nan")
    with pytest.raises(MathtuneError, match=r"^problem q0: the model's logits are not finite"):
        generate(broken, tokenizer, requests, kernels)


def test_the_longest_prompt_that_fits_is_taken(model, tokenizer, kernels):
    [[completion, *_]] = generate(model, tokenizer, [Request("long", (5,) * 216)], kernels)
    assert completion.num_tokens >= 1


def test_no_requests_give_no_completions(model, tokenizer, kernels):
    assert generate(model, tokenizer, [], kernels) == []


def test_the_kernels_agree(model, tokenizer, requests):
    """C++ and torch, float32: the same greedy tokens here, log-probabilities to 1e-4 a completion."""
    from mathtune_sampling.engine.native_kernels import NativeKernels
    from mathtune_sampling.engine.torch_kernels import TorchKernels

    try:
        native = NativeKernels()
    except OSError as error:
        pytest.skip(str(error))
    ours = generate(model, tokenizer, requests, native, decodings=("greedy",))
    theirs = generate(model, tokenizer, requests, TorchKernels(torch.device("cpu")), decodings=("greedy",))
    for [one], [other] in zip(ours, theirs, strict=True):
        assert one.text == other.text
        assert one.sum_logprob == pytest.approx(other.sum_logprob, abs=1e-4)
