"""What survives a kill, and what is thrown away."""

import dataclasses
import json
import random
import shutil

import pytest

from mathtune_core.errors import MathtuneError
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
    for again in (shards, Shards(tmp_path / "run", KEY)):
        assert len(again) == 3
        assert {problem_id: again.read(problem_id) for problem_id in ("r", "p", "q")} == kept
    assert "s" not in shards
    with pytest.raises(KeyError, match="s"):
        shards.read("s")


@pytest.mark.parametrize("left", [1, 40, 200])
def test_a_line_cut_short_is_taken_off_and_the_next_one_is_whole(tmp_path, left):
    shards = Shards(tmp_path, KEY)
    shards.append(completions("p"))
    shards.append(completions("q"))
    [file] = tmp_path.glob("*.jsonl")
    first = file.read_bytes().splitlines(keepends=True)[0]
    file.write_bytes(file.read_bytes()[: len(first) + left])
    again = Shards(tmp_path, KEY)
    assert (len(again), "p" in again, "q" in again) == (1, True, False)
    assert file.read_bytes() == first
    again.append(completions("r"))
    for reader in (again, Shards(tmp_path, KEY)):
        assert len(reader) == 2
        assert [reader.read(name) for name in "rp"] == [completions("r"), completions("p")]


def test_shards_of_another_run_are_thrown_away_and_it_is_said(tmp_path, capsys):
    Shards(tmp_path / "run", KEY).append(completions("p"))
    other = Shards(tmp_path / "run", KEY | {"code": "c"})
    assert len(other) == 0
    said = "of a run with other code; its finished problems are thrown away"
    assert capsys.readouterr().err == f"{tmp_path / 'run'}: {said}\n"


def test_a_folder_without_a_key_is_not_trusted(tmp_path, capsys):
    (tmp_path / "1.jsonl").write_text(json.dumps([dataclasses.asdict(c) for c in completions("p")]) + "\n")
    assert len(Shards(tmp_path, KEY)) == 0
    assert "weights, code" in capsys.readouterr().err


@pytest.mark.parametrize("line", ['[{"problem_id": "p"}]', "[]", "3", "\0\0"])
def test_a_whole_line_that_makes_no_sense_is_named(tmp_path, line):
    Shards(tmp_path, KEY).append(completions("p"))
    [file] = tmp_path.glob("*.jsonl")
    with file.open("a") as shard:
        shard.write(f"{line}\n")
    with pytest.raises(MathtuneError, match=rf"{file.name}:2: not a finished problem; delete {tmp_path}$"):
        Shards(tmp_path, KEY)


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
