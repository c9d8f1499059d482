"""What a model's work took: the tokens of this process alone, the seconds of the model alone."""

import json
import time

import pytest

from mathtune_sampling.backend import Opened
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.collect import collect
from mathtune_sampling.requests import Request, SamplingParams
from mathtune_sampling.shards import Shards
from mathtune_sampling.timing import write_timing

PARAMS = SamplingParams(n=2, temperature=0.9, top_p=0.95, top_k=0, min_p=0.0, max_tokens=12, stop=())
KEYED = {"seed": 0, "purpose": "test", "decodings": ("greedy", "sampled")}


class Clock:
    """A sampler that takes three seconds a problem by a clock that stands still otherwise."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def texts(self, problem_id):
        self.now += 3.0
        return ["it is 2", f"{problem_id} is"]


def collected(clock, tmp_path, *names):
    opened = Opened(FakeSampler(clock.texts), None, "fake")
    requests = [Request(name, (1,)) for name in names]
    return collect(opened, tmp_path, requests, PARAMS, **KEYED, unfinished=tmp_path / "unfinished")


def test_tokens_are_counted_and_seconds_are_the_samplers_alone(monkeypatch, tmp_path):
    clock, append = Clock(monkeypatch), Shards.append

    def slowly(self, completions):
        clock.now += 100.0
        append(self, completions)

    monkeypatch.setattr(Shards, "append", slowly)
    found = collected(clock, tmp_path, "a", "b")
    assert [row[0].problem_id for row in found.completions()] == ["a", "b"]
    assert found.tokens == 2 * (4 + 4 + 3)  # words and the end, for greedy and the two samples of each problem
    assert found.seconds == clock.now - 200.0 > 0.0


def test_what_a_killed_run_had_done_is_not_counted(monkeypatch, tmp_path):
    clock, append = Clock(monkeypatch), Shards.append

    def killed(self, completions):
        append(self, completions)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Shards, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            collected(clock, tmp_path, "a", "b")
    before = clock.now
    found = collected(clock, tmp_path, "a", "b")
    assert [row[0].problem_id for row in found.completions()] == ["a", "b"]
    assert (found.tokens, found.seconds) == (4 + 4 + 3, clock.now - before)


def test_the_file_has_count_seconds_and_rate(tmp_path):
    write_timing(tmp_path / "out" / "timing.json", "tokens", 5000, 12.5)
    found = json.loads((tmp_path / "out" / "timing.json").read_text())
    assert found == {"seconds": 12.5, "tokens": 5000, "tokens_per_second": 400.0}


def test_no_work_has_no_rate(tmp_path):
    write_timing(tmp_path / "timing.json", "calls", 0, 0.0)
    assert json.loads((tmp_path / "timing.json").read_text()) == {"seconds": 0.0, "calls": 0, "calls_per_second": None}
