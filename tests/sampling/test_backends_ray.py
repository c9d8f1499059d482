"""Ray over the real engines: the same bytes whatever the number of workers and whoever dies."""

import dataclasses
import json
import os
import random
import shutil
import signal
from pathlib import Path

import polars as pl
import psutil
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS
from mathtune_core.tables import write_table
from mathtune_sampling import sample_solutions, score_solutions
from mathtune_sampling.backend import EngineParams, open_sampler
from mathtune_sampling.collect import collect
from mathtune_sampling.requests import Request, SamplingParams
from mathtune_sampling.verifier import PromptTooLongError

pytestmark = pytest.mark.usefixtures("ray_session")

ENGINE = {"backend": "torch", "dtype": "float32", "max_num_seqs": 8, "kv_cache_gib": 0.1}
SAMPLE = sample_solutions.SampleSolutionsParams(
    n=3, temperature=0.9, top_p=0.95, top_k=0, min_p=0.0, max_tokens=12, stop=(), max_problems=None, fold=None,
    purpose="evaluation", **ENGINE,
)  # fmt: skip
SCORE = score_solutions.ScoreSolutionsParams(max_num_batched_tokens=200, dtype="float32")
PARAMS = SamplingParams(n=6, temperature=0.9, top_p=0.95, max_tokens=24)


@pytest.mark.parametrize("several", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_two_stages_write_the_same_bytes_with_one_process_and_several(problems, checkpoint, several, tmp_path, capsys):
    write_table(problems, tmp_path / "problems.parquet", PROBLEMS)
    samples, scores = set(), set()
    for workers in (1, several):
        out, unfinished = tmp_path / f"{workers}", tmp_path / f"unfinished{workers}"
        params = dataclasses.replace(SAMPLE, data_parallel_size=workers)
        folders = {"problems": tmp_path, "model": checkpoint, "unfinished": unfinished}
        sample_solutions.run(params, item="train", seed=11, out=out, **folders)
        samples.add((out / "samples.parquet").read_bytes())
        folders = {"problems": tmp_path, "samples": out, "verifier": checkpoint}
        scoring = dataclasses.replace(SCORE, data_parallel_size=workers)
        score_solutions.run(scoring, out=out / "scores", **folders)
        scores.add((out / "scores" / "scores.parquet").read_bytes())
    assert len(samples) == len(scores) == 1
    said = capsys.readouterr().err
    assert f"Ray: {several} workers, 1 thread each" in said
    assert "Traceback" not in said
    keys = {(tmp_path / f"unfinished{workers}" / "key.json").read_bytes() for workers in (1, several)}
    assert len(keys) == 1  # so that a run with any number of workers resumes one with any other


def opened(checkpoint: Path, workers: int):
    return open_sampler(checkpoint, EngineParams(**ENGINE, data_parallel_size=workers))


def workers_at_work() -> list[psutil.Process]:
    return [process for process in psutil.Process().children(recursive=True) if is_worker(process)]


def is_worker(process: psutil.Process) -> bool:
    try:
        return "ray::Worker.work" in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


@pytest.fixture
def many(requests) -> list[Request]:
    """24 requests of many lengths."""
    return [dataclasses.replace(one, problem_id=f"{one.problem_id}.{i}") for one in requests for i in range(3)]


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_worker_killed_in_the_middle_loses_nothing_and_draws_nothing_twice(
    checkpoint, many, rounds, tmp_path, capsys
):
    settings = {"seed": 4, "purpose": "test", "decodings": ("greedy", "sampled")}
    alone = collect(opened(checkpoint, 1), checkpoint, many, PARAMS, **settings, unfinished=tmp_path / "alone")
    two, rng, killed = opened(checkpoint, 2), random.Random(0), 0
    for number in range(rounds):
        drawn, unfinished = two.sampler.generate, tmp_path / f"{number}"
        due = rng.randrange(1, 12)

        def watched(*arguments, drawn=drawn, due=due, **keyed):
            nonlocal killed
            for place, completions in enumerate(drawn(*arguments, **keyed)):
                if place >= due and killed <= number and (busy := workers_at_work()):  # noqa: B023
                    os.kill(rng.choice(busy).pid, signal.SIGKILL)
                    killed += 1
                yield completions

        watching = dataclasses.replace(two, sampler=type("Watching", (), {"generate": staticmethod(watched)})())
        again = collect(watching, checkpoint, many, PARAMS, **settings, unfinished=unfinished)
        assert list(again.completions()) == list(alone.completions())
        lines = [line for path in unfinished.glob("*.jsonl") for line in path.read_text().splitlines()]
        assert sorted(json.loads(line)[0]["problem_id"] for line in lines) == sorted(one.problem_id for one in many)
        shutil.rmtree(unfinished)
    assert killed == rounds
    said = capsys.readouterr().err
    # A worker that was killed when it had just given its last has no problem to hand out, but is missed all the same.
    assert said.count("died (killed or crashed)") <= rounds
    assert said.count("unfinished problems are handed out again") >= rounds // 2
    assert "Traceback" not in said


def test_what_a_worker_cannot_do_is_the_line_that_one_process_ends_in(checkpoint, many, problems, tmp_path):
    two = open_sampler(checkpoint, EngineParams(**ENGINE | {"kv_cache_gib": 1e-5}, data_parallel_size=2))
    with pytest.raises(MathtuneError, match=r"^kv_cache_gib: 1e-05 GiB cannot hold the longest prompt and its samples"):
        list(two.sampler.generate(many, PARAMS, seed=0, purpose="test"))
    with pytest.raises(MathtuneError, match=r"^problem q0\.0: prompt of 9 tokens \+ max_tokens 999 exceeds"):
        two.sampler.generate(many, dataclasses.replace(PARAMS, max_tokens=999), seed=0, purpose="test")
    params = dataclasses.replace(SCORE, data_parallel_size=2)
    verifier = score_solutions.open_verifiers(checkpoint, params)
    texts = ["it is 3"] * 30
    texts[17] *= 200
    with pytest.raises(PromptTooLongError, match=r"^row 17: the verifier's prompt has \d+ tokens") as caught:
        verifier.score_rows([f"What is {row // 2}?" for row in range(30)], texts)
    with pytest.raises(PromptTooLongError) as expected:
        score_solutions.open_verifiers(checkpoint, SCORE).score_rows(
            [f"What is {row // 2}?" for row in range(30)], texts
        )
    assert str(caught.value) == str(expected.value)


def test_scores_are_those_of_one_process_in_the_order_of_the_rows(checkpoint):
    problems = [f"What is {row % 13} + 1?" for row in range(60)]
    completions = [f"it is {row % 7}" for row in range(60)]
    alone = score_solutions.open_verifiers(checkpoint, SCORE).score_rows(problems, completions)
    params = dataclasses.replace(SCORE, data_parallel_size=3)
    together = score_solutions.open_verifiers(checkpoint, params).score_rows(problems, completions)
    assert together.tolist() == alone.tolist()
    assert pl.Series(alone).n_unique() > 20


@pytest.mark.parametrize("address", [None, "127.0.0.1:1"])
def test_a_checkpoint_that_is_not_there_is_said_before_ray_is_asked(tmp_path, address):
    engine = EngineParams(**ENGINE, data_parallel_size=2, ray_address=address)
    with pytest.raises(MathtuneError, match=r"no model here"):
        open_sampler(tmp_path / "none", engine)


def test_gpus_each_are_for_vllm_alone():
    with pytest.raises(ValueError, match=r"^tensor_parallel_size: only backend vllm takes more than 1, not torch"):
        EngineParams(**ENGINE, tensor_parallel_size=2)
    with pytest.raises(ValueError, match=r"^tensor_parallel_size: must be at least 1"):
        EngineParams(**ENGINE, tensor_parallel_size=0)
    assert EngineParams(**ENGINE | {"backend": "vllm"}, tensor_parallel_size=2).alone().tensor_parallel_size == 2
