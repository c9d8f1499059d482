"""What a model's work took: the tokens of this process alone, the seconds of the model alone."""

import json
import time

from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.requests import Request, SamplingParams
from mathtune_sampling.timed_sampler import TimedSampler
from mathtune_sampling.timing import write_timing

PARAMS = SamplingParams(n=2, temperature=0.9, top_p=0.95, top_k=0, min_p=0.0, max_tokens=12, stop=())
KEYED = {"seed": 0, "purpose": "test", "decodings": ("greedy", "sampled")}


def test_it_passes_the_completions_on_and_counts_their_tokens():
    requests = [Request("a", (1,)), Request("b", (2,))]
    sampler = FakeSampler(lambda problem_id: ["it is 2", f"{problem_id} is"])
    timed = TimedSampler(sampler)
    assert list(timed.generate(requests, PARAMS, **KEYED)) == list(sampler.generate(requests, PARAMS, **KEYED))
    assert timed.tokens == 2 * (4 + 4 + 3)  # words and the end, for greedy and the two samples of each problem
    list(timed.generate(requests[:1], PARAMS, **KEYED))
    assert timed.tokens == 3 * (4 + 4 + 3)


def test_its_seconds_are_the_samplers_and_not_its_callers(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def slow(problem_id):
        clock[0] += 3.0
        return ["it is 2"]

    timed = TimedSampler(FakeSampler(slow))
    for _ in timed.generate([Request("a", (1,)), Request("b", (2,))], PARAMS, **KEYED):
        clock[0] += 100.0
    assert timed.seconds == clock[0] - 200.0 > 0.0


def test_the_file_has_count_seconds_and_rate(tmp_path):
    write_timing(tmp_path / "out" / "timing.json", "tokens", 5000, 12.5)
    found = json.loads((tmp_path / "out" / "timing.json").read_text())
    assert found == {"seconds": 12.5, "tokens": 5000, "tokens_per_second": 400.0}


def test_no_work_has_no_rate(tmp_path):
    write_timing(tmp_path / "timing.json", "calls", 0, 0.0)
    assert json.loads((tmp_path / "timing.json").read_text()) == {"seconds": 0.0, "calls": 0, "calls_per_second": None}
