"""What every backend keeps, whatever runs behind it."""

import dataclasses
from importlib.util import find_spec

import pytest

from mathtune_core.errors import MathtuneError
from mathtune_sampling.backend import EngineParams, open_sampler
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.requests import Request, SamplingParams

PARAMS = SamplingParams(n=4, temperature=0.9, top_p=0.95, max_tokens=24)
# vLLM's own imports warn.
BACKENDS = ["torch", "transformers", pytest.param("vllm", marks=pytest.mark.filterwarnings("ignore")), "ray", "fake"]


@pytest.fixture(scope="module", params=BACKENDS)
def sampler(request, checkpoint):
    if request.param == "fake":
        return FakeSampler(lambda problem_id: [f"{problem_id} is {i}" for i in range(3)] + ["so " * 30])
    if request.param == "vllm" and find_spec("vllm") is None:
        pytest.skip("vLLM is an extra and is not installed here")
    if request.param == "ray":
        request.getfixturevalue("ray_session")
        return opened(checkpoint, "torch", data_parallel_size=2)
    return opened(checkpoint, request.param)


def opened(checkpoint, backend, **changes):
    engine = EngineParams(backend=backend, dtype="float32", max_num_seqs=16, kv_cache_gib=0.1, **changes)
    return open_sampler(checkpoint, engine).sampler


def generate(sampler, requests, *, params=PARAMS, **changes):
    keyed = {"seed": 2, "purpose": "test"} | changes
    done = list(sampler.generate(requests, params, **keyed))
    assert sorted(row[0].problem_id for row in done) == sorted(request.problem_id for request in requests)
    by_problem = {row[0].problem_id: row for row in done}
    return [by_problem[request.problem_id] for request in requests]


def test_every_request_gets_its_greedy_completion_and_its_n(sampler, requests):
    results = generate(sampler, requests, decodings=("greedy", "sampled"))
    for request, row in zip(requests, results, strict=True):
        assert [(c.problem_id, c.decoding, c.sample_index) for c in row] == [
            (request.problem_id, "greedy", 0),
            *((request.problem_id, "sampled", index) for index in range(4)),
        ]


def test_lengths_and_reasons_agree(sampler, requests):
    completions = [c for row in generate(sampler, requests) for c in row]
    assert {c.finish_reason for c in completions} == {"stop", "length"}
    for completion in completions:
        assert 1 <= completion.num_tokens <= 24
        assert completion.finish_reason == "stop" or completion.num_tokens == 24
        assert completion.sum_logprob <= 0
        assert completion.text == completion.text.strip()


def test_the_same_call_gives_the_same(sampler, requests):
    first = generate(sampler, requests, decodings=("greedy", "sampled"))
    assert generate(sampler, requests, decodings=("greedy", "sampled")) == first


def test_samples_of_a_problem_differ(sampler, requests):
    texts = {c.text for row in generate(sampler, requests) for c in row}
    assert len(texts) > len(requests)


def test_later_samples_are_numbered_from_the_first(sampler, requests):
    later = [dataclasses.replace(request, first_sample=8) for request in requests]
    assert [[c.sample_index for c in row] for row in generate(sampler, later)] == [[8, 9, 10, 11]] * len(requests)


def test_a_stop_text_is_never_in_a_completion(sampler, requests):
    results = generate(sampler, requests, params=dataclasses.replace(PARAMS, stop=("e", "is")))
    assert not any("e" in c.text or "is" in c.text for row in results for c in row)


def test_an_empty_prompt_is_refused_before_any_work(sampler, requests):
    with pytest.raises(MathtuneError, match=r"^problem bad: the prompt is empty"):
        sampler.generate([*requests, Request("bad", ())], PARAMS, seed=0, purpose="test")


def test_no_requests_give_nothing(sampler):
    assert generate(sampler, []) == []


def test_greedy_is_the_same_in_each_real_backend(checkpoint, requests):
    def texts(backend):
        sampler = opened(checkpoint, backend)
        return [[(c.text, c.num_tokens) for c in row] for row in generate(sampler, requests, decodings=("greedy",))]

    assert texts("torch") == texts("transformers")
