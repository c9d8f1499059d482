"""The stage: which problems are taken, and that each gets its greedy and its n samples."""

import dataclasses
import json
import shutil

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import prompt_ids
from mathtune_core.schemas import PROBLEMS, SAMPLES
from mathtune_core.tables import read_table, validate, write_table
from mathtune_sampling import sample_solutions
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.collect import requests_of
from mathtune_sampling.sample_solutions import (
    DECODINGS,
    SampleSolutionsParams,
    run,
    sample_table,
    select_problems,
    write_samples,
)

PARAMS = SampleSolutionsParams(
    n=3,
    temperature=0.9,
    top_p=0.95,
    top_k=0,
    min_p=0.0,
    max_tokens=12,
    stop=(),
    max_problems=None,
    fold=None,
    purpose="evaluation",
    backend="torch",
    max_num_seqs=8,
    kv_cache_gib=0.1,
    dtype="float32",
)


@pytest.mark.parametrize(
    ("split", "changes", "expected"),
    [
        ("test", {}, ["p16", "p17", "p18", "p19", "p20"]),
        ("val", {"max_problems": 2}, ["p12", "p13"]),
        ("val", {"max_problems": 99}, ["p12", "p13", "p14", "p15"]),
        ("train", {"fold": "verifier"}, ["p01", "p03", "p05", "p07", "p09", "p11"]),
        ("train", {"fold": "generator", "max_problems": 3}, ["p00", "p02", "p04"]),
    ],
)
def test_problems_are_those_of_split_and_fold_in_order(problems, split, changes, expected):
    chosen = select_problems(problems, split, dataclasses.replace(PARAMS, **changes))
    assert chosen["problem_id"].to_list() == expected


@pytest.mark.parametrize(
    ("split", "fold", "message"),
    [
        ("dev", None, r"sample_solutions\.dev: no such split; must be one of train, val, test"),
        ("test", "verifier", r"sample_solutions\.test\.fold: only the train split"),
    ],
)
def test_a_selection_without_sense_is_refused(problems, split, fold, message):
    with pytest.raises(MathtuneError, match=message):
        select_problems(problems, split, dataclasses.replace(PARAMS, fold=fold))


def test_an_empty_selection_is_refused(problems):
    with pytest.raises(MathtuneError, match=r"no problem of split train in fold verifier"):
        select_problems(
            problems.filter(pl.col("fold") == "generator"), "train", dataclasses.replace(PARAMS, fold="verifier")
        )


@pytest.mark.parametrize(
    ("field", "value"),
    [("n", 0), ("max_problems", 0), ("purpose", ""), ("max_num_seqs", 0), ("kv_cache_gib", 0.0), ("top_k", -1)],
)
def test_params_refuse_by_name(field, value):
    with pytest.raises(ValueError, match=rf"^{field}: "):
        dataclasses.replace(PARAMS, **{field: value})


def test_the_file_does_not_depend_on_how_many_problems_are_written_at_once(problems, tokenizer, tmp_path, monkeypatch):
    sampler = FakeSampler(lambda problem_id: [f"{problem_id} is 2", f"{problem_id} is 3"])
    requests = requests_of(problems, tokenizer)
    written = []
    for number in (1, 4, 256):
        monkeypatch.setattr(sample_solutions, "PROBLEMS_AT_ONCE", number)
        done = sampler.generate(requests, PARAMS.sampling(), seed=11, purpose="test", decodings=DECODINGS)
        assert write_samples(done, 11, tmp_path / "samples.parquet") == 21 * 4
        written.append(read_table(tmp_path / "samples.parquet", SAMPLES))
    assert written[0].equals(written[1])
    assert written[0].equals(written[2])
    assert written[0]["problem_id"].unique(maintain_order=True).to_list() == problems["problem_id"].to_list()


def test_table_holds_what_the_sampler_gave(problems, tokenizer):
    chosen = select_problems(problems, "val", PARAMS)
    sampler = FakeSampler(lambda problem_id: [f"{problem_id} is 2", f"{problem_id} is 3"])
    requests = requests_of(chosen, tokenizer)
    assert [request.prompt_ids for request in requests] == [
        tuple(prompt_ids(tokenizer, problem)) for problem in chosen["problem"]
    ]
    done = list(sampler.generate(requests, PARAMS.sampling(), seed=11, purpose="test", decodings=DECODINGS))
    table = sample_table(done, 11)
    validate(table, SAMPLES, "samples")
    first = table.head(4)
    assert first["problem_id"].unique().to_list() == ["p12"]
    assert first["decoding"].to_list() == ["greedy", "sampled", "sampled", "sampled"]
    assert first["sample_index"].to_list() == [0, 0, 1, 2]
    assert first["completion"].to_list() == ["p12 is 2", "p12 is 2", "p12 is 3", "p12 is 2"]
    assert table["seed"].unique().to_list() == [11]
    assert table["problem_id"].unique(maintain_order=True).to_list() == chosen["problem_id"].to_list()


def test_run_writes_n_samples_and_a_greedy_one_for_every_problem(problems, checkpoint, tmp_path, capsys):
    write_table(problems, tmp_path / "problems" / "problems.parquet", PROBLEMS)
    tables = []
    for max_num_seqs in (2, 64):
        out = tmp_path / f"out{max_num_seqs}"
        params = dataclasses.replace(PARAMS, max_num_seqs=max_num_seqs)
        folders = {"problems": tmp_path / "problems", "out": out, "unfinished": tmp_path / "unfinished"}
        run(params, item="test", seed=11, model=checkpoint, **folders)
        shutil.rmtree(tmp_path / "unfinished")  # as the stage runner does
        assert sorted(path.name for path in out.iterdir()) == ["samples.parquet", "timing.json"]
        tables.append(read_table(out / "samples.parquet", SAMPLES))
        timing = json.loads((out / "timing.json").read_text())
        assert timing["tokens"] == tables[-1]["num_tokens"].sum()
        assert timing["seconds"] > 0.0
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("sample_solutions@test: 5 problems, 20 solutions, ")
    assert last.endswith("tokens/s)")
    counts = tables[0].group_by("problem_id", "decoding").len().sort("problem_id", "decoding")
    assert counts["len"].to_list() == [1, 3] * 5
    assert tables[0].equals(tables[1])


def test_a_resumed_run_times_only_what_it_generated_itself(problems, checkpoint, tmp_path):
    write_table(problems, tmp_path / "problems.parquet", PROBLEMS)
    folders = {"problems": tmp_path, "model": checkpoint, "unfinished": tmp_path / "unfinished"}
    run(PARAMS, item="test", seed=11, out=tmp_path / "whole", **folders)
    whole = read_table(tmp_path / "whole" / "samples.parquet", SAMPLES)
    [shard] = (tmp_path / "unfinished").glob("*.jsonl")
    lines = shard.read_bytes().splitlines(keepends=True)
    shard.write_bytes(b"".join(lines[:3]))  # killed with two of the five problems to go
    lost = [json.loads(line)[0]["problem_id"] for line in lines[3:]]
    run(PARAMS, item="test", seed=11, out=tmp_path / "resumed", **folders)
    assert read_table(tmp_path / "resumed" / "samples.parquet", SAMPLES).equals(whole)
    timing = json.loads((tmp_path / "resumed" / "timing.json").read_text())
    assert timing["tokens"] == whole.filter(pl.col("problem_id").is_in(lost))["num_tokens"].sum()
    run(PARAMS, item="test", seed=11, out=tmp_path / "again", **folders)  # killed when all was done
    timing = json.loads((tmp_path / "again" / "timing.json").read_text())
    assert (timing["tokens"], timing["tokens_per_second"]) == (0, None)


def test_run_without_a_model_says_so(problems, tmp_path):
    write_table(problems, tmp_path / "problems.parquet", PROBLEMS)
    folders = {"problems": tmp_path, "out": tmp_path / "out", "unfinished": tmp_path / "unfinished"}
    with pytest.raises(MathtuneError, match=r"no model here"):
        run(PARAMS, item="test", seed=11, model=tmp_path / "none", **folders)


def test_a_models_shots_stand_before_each_problem_and_end_its_completions(problems, checkpoint, tmp_path):
    model = shutil.copytree(checkpoint, tmp_path / "model")
    write_table(problems, tmp_path / "problems.parquet", PROBLEMS)
    folders = {"problems": tmp_path, "model": model}
    found = []
    for lines in ("", '{"problem": "What is 2 + 2?", "solution": "It is 4."}\n'):
        if lines:
            (model / "shots.jsonl").write_text(lines)
        out = tmp_path / f"out{len(found)}"
        run(PARAMS, item="test", seed=11, out=out, unfinished=tmp_path / f"unfinished{len(found)}", **folders)
        found.append(read_table(out / "samples.parquet", SAMPLES))
    assert found[0]["completion"].to_list() != found[1]["completion"].to_list()
    assert PARAMS.sampling(after_shots=True).stop == ("\n\nProblem:",)
    assert PARAMS.sampling().stop == ()
