"""The vLLM backend: what is ours without vLLM, and the rest, where it is installed, against our own engine's rules."""

import dataclasses
from importlib.util import find_spec
from itertools import count
from types import SimpleNamespace

import pytest
import torch

from mathtune_core.errors import MathtuneError
from mathtune_sampling.backend import EngineParams, open_sampler
from mathtune_sampling.backends import vllm_stream
from mathtune_sampling.backends.vllm_stream import Sample, completion_of, samples_of, stream
from mathtune_sampling.detokeniser import Detokeniser
from mathtune_sampling.requests import Completion, Request, SamplingParams

PARAMS = SamplingParams(n=4, temperature=0.9, top_p=0.95, max_tokens=24)
BOTH = ("greedy", "sampled")
END = 0

installed = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is an extra and is not installed here")


class FakeEngine:
    """Ends what it holds in a given order: of each step the place of the one that ends."""

    def __init__(self, place):
        self.place, self.held, self.most, self.settings = place, [], 0, []

    def add_request(self, request_id, prompt, params):
        assert prompt["type"] == "token"
        self.held.append(request_id)
        self.settings.append(params)
        self.most = max(self.most, len(self.held))

    def step(self):
        ended = self.held.pop(self.place(len(self.held)))
        return [SimpleNamespace(request_id=ended, outputs=[output([END], "stop")])]

    def abort_request(self, request_ids):
        assert sorted(request_ids) == sorted(self.held)
        self.held = []


def output(tokens, reason, logprob=-1.5):
    return SimpleNamespace(token_ids=tokens, finish_reason=reason, cumulative_logprob=logprob)


def streamed(engine, requests, tokenizer, *, in_flight=3, decodings=BOTH):
    return stream(
        engine, requests, PARAMS, decodings, settings=lambda sample: (sample.decoding, sample.index),
        detokeniser=Detokeniser(tokenizer, {END}, ()), names=map(str, count()), in_flight=in_flight,
    )  # fmt: skip


def test_samples_are_the_greedy_one_and_n_from_the_first():
    request = Request("p", (1,), first_sample=8)
    wanted = [("greedy", 0), *(("sampled", index) for index in (8, 9, 10, 11))]
    assert [(one.decoding, one.index) for one in samples_of(request, PARAMS, BOTH)] == wanted


ORDERS = {"first": lambda held: 0, "last": lambda held: held - 1, "middle": lambda held: held // 2}


@pytest.mark.parametrize("order", ORDERS)
def test_whole_problems_come_out_in_whatever_order_samples_end(requests, tokenizer, order):
    engine = FakeEngine(ORDERS[order])
    done = list(streamed(engine, requests, tokenizer))
    assert sorted(rows[0].problem_id for rows in done) == [request.problem_id for request in requests]
    for rows in done:
        assert [(one.decoding, one.sample_index) for one in rows] == engine.settings[:5]
    assert engine.most == 3


def test_a_problem_is_handed_out_as_soon_as_it_is_whole(requests, tokenizer):
    engine = FakeEngine(ORDERS["first"])
    done = streamed(engine, requests, tokenizer, in_flight=7)
    assert [one.problem_id for one in next(done)] == ["q0"] * 5
    assert len(engine.settings) == 7 + 4  # a place that has become free is filled before the next step


def test_an_iterator_that_is_dropped_leaves_nothing_in_the_engine(requests, tokenizer):
    engine = FakeEngine(ORDERS["last"])
    done = streamed(engine, requests, tokenizer)
    next(done)
    assert engine.held
    done.close()
    assert engine.held == []


def test_reasons_are_vllms_own_and_the_end_token_counts(tokenizer):
    words = tokenizer.encode(" correct")
    sample = Sample(Request("p", (1,)), "sampled", 3)
    detokeniser = Detokeniser(tokenizer, {END}, ("rec",))
    assert completion_of(sample, output([*words, END], "stop"), Detokeniser(tokenizer, {END}, ())) == Completion(
        "p", "sampled", 3, "correct", "stop", len(words) + 1, -1.5
    )
    assert completion_of(sample, output(words, "length"), Detokeniser(tokenizer, {END}, ())) == Completion(
        "p", "sampled", 3, "correct", "length", len(words), -1.5
    )
    assert completion_of(sample, output(words, "stop"), detokeniser) == Completion(
        "p", "sampled", 3, "cor", "stop", len(words), -1.5
    )


@pytest.mark.parametrize("reason", ["abort", "error", "repetition", None])
def test_a_completion_that_vllm_gave_up_is_never_taken_for_a_long_one(tokenizer, reason):
    sample = Sample(Request("p", (1,)), "greedy", 0)
    with pytest.raises(MathtuneError, match=rf"^problem p: vLLM gave up a completion \({reason}\)"):
        completion_of(sample, output([5], reason), Detokeniser(tokenizer, {END}, ()))


def test_logits_that_are_no_numbers_are_an_error(tokenizer):
    sample = Sample(Request("p", (1,)), "greedy", 0)
    with pytest.raises(MathtuneError, match=r"^problem p: the model's logits are not finite numbers"):
        completion_of(sample, output([5], "length", float("nan")), Detokeniser(tokenizer, {END}, ()))


def engine(backend, **changes):
    return EngineParams(backend=backend, dtype="float32", max_num_seqs=16, kv_cache_gib=0.1, **changes)


def opened(checkpoint, **changes):
    return open_sampler(checkpoint, engine("vllm", **changes)).sampler


@pytest.fixture(scope="module")
def sampler(checkpoint):
    if find_spec("vllm") is None:
        pytest.skip("vLLM is an extra and is not installed here")
    return opened(checkpoint)


def generate(sampler, requests, params=PARAMS, **changes):
    done = sampler.generate(requests, params, **({"seed": 2, "purpose": "test"} | changes))
    return {rows[0].problem_id: rows for rows in done}


def logprob_of(model, prompt, tokens):
    """Of `tokens` after `prompt`, by transformers: log-softmax at temperature 1."""
    with torch.inference_mode():
        logits = model(torch.tensor([[*prompt, *tokens]])).logits[0, len(prompt) - 1 : -1]
    return float(torch.log_softmax(logits.double(), dim=1).gather(1, torch.tensor(tokens)[:, None]).sum())


@installed
@pytest.mark.filterwarnings("ignore")  # vLLM's own imports warn
class TestInstalled:
    def test_log_probabilities_are_the_models_own(self, sampler, requests, model, monkeypatch):
        seen = []

        def noted(sample, output, detokeniser):
            seen.append((sample.request, list(output.token_ids), output.cumulative_logprob))
            return completion_of(sample, output, detokeniser)

        monkeypatch.setattr(vllm_stream, "completion_of", noted)
        sharp = dataclasses.replace(PARAMS, temperature=0.4, top_k=5)
        generate(sampler, requests, sharp, decodings=BOTH)
        assert len(seen) == 5 * len(requests)
        for request, tokens, logprob in seen:
            assert logprob == pytest.approx(logprob_of(model, request.prompt_ids, tokens), abs=1e-3)

    @pytest.mark.parametrize("stop", [(), ("e", "is"), ("rre",), ("\n",)])
    def test_greedy_is_our_engines_in_text_reason_tokens_and_log_probability(
        self, sampler, checkpoint, requests, tokenizer, stop
    ):
        params = dataclasses.replace(PARAMS, stop=stop)
        # After a prompt that breaks off within a character vLLM looks for stop texts in the prompt's end too.
        whole = [dataclasses.replace(one, prompt_ids=(*one.prompt_ids, tokenizer.encode(":")[0])) for one in requests]
        ours = open_sampler(checkpoint, engine("torch")).sampler
        theirs = generate(sampler, whole, params, decodings=("greedy",))
        for problem_id, [one] in generate(ours, whole, params, decodings=("greedy",)).items():
            [other] = theirs[problem_id]
            assert dataclasses.replace(other, sum_logprob=0.0) == dataclasses.replace(one, sum_logprob=0.0)
            assert other.sum_logprob == pytest.approx(one.sum_logprob, abs=1e-3)

    def test_a_sample_is_keyed_by_its_problem_and_index(self, sampler, requests):
        all_of_them = generate(sampler, requests, decodings=BOTH)
        later = [dataclasses.replace(request, first_sample=2) for request in requests[::-2]]
        some = generate(sampler, later, dataclasses.replace(PARAMS, n=2))
        assert len(some) == 4
        # In float32 and this small, the arithmetic too is the same in any batch.
        assert all(rows == all_of_them[problem_id][3:] for problem_id, rows in some.items())

    def test_seed_and_purpose_give_other_samples(self, sampler, requests):
        usual = generate(sampler, requests)
        assert generate(sampler, requests, seed=3) != usual
        assert generate(sampler, requests, purpose="other") != usual

    def test_a_call_after_one_that_was_dropped_is_whole(self, sampler, requests):
        usual = generate(sampler, requests)
        next(sampler.generate(requests, PARAMS, seed=7, purpose="test")).clear()
        assert generate(sampler, requests) == usual

    def test_more_gpus_than_there_are_is_one_line(self, checkpoint, monkeypatch):
        from mathtune_sampling.backends import vllm

        platform = SimpleNamespace(is_cpu=lambda: False, device_count=lambda: 2, device_type="cuda")
        monkeypatch.setattr(vllm, "current_platform", platform)
        assert opened(checkpoint, tensor_parallel_size=2).name.endswith(" on cuda, float32")
        with pytest.raises(MathtuneError, match=r"^tensor_parallel_size: 4 is more GPUs than the 2 of this machine"):
            opened(checkpoint, tensor_parallel_size=4)

    def test_a_model_that_vllm_refuses_is_one_line(self, checkpoint, requests):
        with pytest.raises(MathtuneError, match=r"vLLM cannot run it \(Total number of attention heads") as caught:
            opened(checkpoint, tensor_parallel_size=3).generate(requests, PARAMS, seed=0, purpose="test")
        assert "\n" not in str(caught.value)

    def test_a_cache_that_holds_no_completion_is_one_line(self, checkpoint, requests):
        short = opened(checkpoint)
        short._engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=53))
        with pytest.raises(MathtuneError, match=r"^kv_cache_gib: 0\.1 GiB .* 53 tokens and they may be 54; raise it"):
            short.generate(requests, PARAMS, seed=0, purpose="test")

    def test_an_engine_that_dies_is_one_line(self, checkpoint, requests):
        from vllm.v1.engine.exceptions import EngineDeadError

        class Dead(FakeEngine):
            model_config = SimpleNamespace(max_model_len=256)

            def step(self):
                raise EngineDeadError

        dying = opened(checkpoint)
        dying._engine = Dead(None)
        with pytest.raises(MathtuneError, match=r"^vLLM's engine died; .* goes on from the problems"):
            list(dying.generate(requests, PARAMS, seed=0, purpose="test"))

    def test_the_name_has_the_version_so_that_another_one_starts_anew(self, checkpoint, capsys):
        import vllm

        name = opened(checkpoint).name
        assert vllm.__version__ in name
        assert f"sampler: {name}, tensor_parallel_size 1" in capsys.readouterr().err
