"""What survives a kill, and what is thrown away."""

import dataclasses
import json
import random
import shutil

import pytest

from mathtune_core.errors import MathtuneError
from mathtune_sampling.backend import Opened
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.collect import collect
from mathtune_sampling.requests import Completion, Request, SamplingParams
from mathtune_sampling.shards import Shards, run_key

PARAMS = SamplingParams(n=2, temperature=0.9, top_p=0.95, max_tokens=9)
KEY = {"weights": "a", "code": "b"}


def completions(problem_id, n=2):
    rng = random.Random(problem_id)
    return [
        Completion(problem_id, "sampled", index, f"«{rng.random()}»\n", "stop", 3, -rng.random() * 40)
        for index in range(n)
    ]


def test_what_was_appended_comes_back_to_the_last_bit(tmp_path):
    shards = Shards(tmp_path / "run", KEY)
    kept = {problem_id: completions(problem_id) for problem_id in ("p", "q", "r")}
    for rows in kept.values():
        shards.append(rows)
    assert Shards(tmp_path / "run", KEY).finished() == kept


@pytest.mark.parametrize("left", [1, 40, 200])
def test_a_line_cut_short_is_taken_off_and_the_next_one_is_whole(tmp_path, left):
    shards = Shards(tmp_path, KEY)
    shards.append(completions("p"))
    shards.append(completions("q"))
    [file] = tmp_path.glob("*.jsonl")
    first = file.read_bytes().splitlines(keepends=True)[0]
    file.write_bytes(file.read_bytes()[: len(first) + left])
    again = Shards(tmp_path, KEY)
    assert set(again.finished()) == {"p"}
    again.append(completions("r"))
    assert Shards(tmp_path, KEY).finished() == {"p": completions("p"), "r": completions("r")}


def test_shards_of_another_run_are_thrown_away_and_it_is_said(tmp_path, capsys):
    Shards(tmp_path / "run", KEY).append(completions("p"))
    other = Shards(tmp_path / "run", KEY | {"code": "c"})
    assert other.finished() == {}
    said = "of a run with other code; its finished problems are thrown away"
    assert capsys.readouterr().err == f"{tmp_path / 'run'}: {said}\n"


def test_a_folder_without_a_key_is_not_trusted(tmp_path, capsys):
    (tmp_path / "1.jsonl").write_text(json.dumps([dataclasses.asdict(c) for c in completions("p")]) + "\n")
    assert Shards(tmp_path, KEY).finished() == {}
    assert "weights, code" in capsys.readouterr().err


def test_a_whole_line_that_makes_no_sense_is_named(tmp_path):
    shards = Shards(tmp_path, KEY)
    (tmp_path / "7.jsonl").write_text('[{"problem_id": "p"}]\n')
    with pytest.raises(MathtuneError, match=r"7\.jsonl:1: not a finished problem; delete"):
        shards.finished()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, "params"),
        ({"purpose": "other"}, "params"),
        ({"params": dataclasses.replace(PARAMS, top_k=3)}, "params"),
        ({"decodings": ("greedy",)}, "params"),
        ({"requests": [Request("p", (1, 3))]}, "prompts"),
        ({"sampler": "torch with torch kernels"}, "sampler"),
    ],
)
def test_the_key_changes_with_whatever_changes_a_sample(checkpoint, change, named):
    usual = {
        "requests": [Request("p", (1, 2))], "params": PARAMS, "seed": 0, "purpose": "test",
        "decodings": ("sampled",), "sampler": "fake",
    }  # fmt: skip
    keys = []
    for settings in (usual, usual, usual | change):
        given = dict(settings)
        keys.append(run_key(checkpoint, given.pop("requests"), given.pop("params"), **given))
    assert keys[0] == keys[1]
    assert [name for name in keys[0] if keys[0][name] != keys[2][name]] == [named]


@pytest.mark.parametrize(("file", "named"), [("model.safetensors", "weights"), ("tokenizer.json", "tokenizer")])
def test_the_key_changes_with_the_checkpoint(checkpoint, tmp_path, file, named):
    other = shutil.copytree(checkpoint, tmp_path / "other")
    (other / file).write_bytes((other / file).read_bytes() + b" ")
    one, two = (
        run_key(path, [], PARAMS, seed=0, purpose="test", decodings=("sampled",), sampler="fake")
        for path in (checkpoint, other)
    )
    assert [name for name in one if one[name] != two[name]] == [named]


class Dying(FakeSampler):
    """Stops after some problems, and keeps what it was asked."""

    def __init__(self, texts, lives):
        super().__init__(texts)
        self.lives, self.asked = lives, []

    def generate(self, requests, params, **keyed):
        self.asked.append([request.problem_id for request in requests])
        for number, rows in enumerate(super().generate(requests, params, **keyed)):
            if number == self.lives:
                raise KeyboardInterrupt
            yield rows


def test_a_run_goes_on_where_it_stopped_and_asks_nothing_twice(checkpoint, tmp_path):
    requests = [Request(f"p{i}", (1,)) for i in range(5)]

    def run(lives, folder):
        sampler = Dying(lambda problem_id: [problem_id, "x"], lives)
        settings = {"seed": 0, "purpose": "test", "decodings": ("greedy", "sampled"), "unfinished": tmp_path / folder}
        try:
            done = collect(Opened(sampler, None, "fake"), checkpoint, requests, PARAMS, **settings).completions
        except KeyboardInterrupt:
            done = None
        return done, sampler.asked

    whole, _ = run(None, "one")
    assert run(2, "two") == (None, [["p0", "p1", "p2", "p3", "p4"]])
    assert run(1, "two") == (None, [["p2", "p3", "p4"]])
    resumed, asked = run(None, "two")
    assert asked == [["p3", "p4"]]
    assert resumed == whole
    assert [row[0].problem_id for row in resumed] == [request.problem_id for request in requests]
