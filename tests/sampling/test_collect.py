"""Drawing all requests: what a kill at any moment costs, in what order completions come back, and how much is held."""

import os
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_core.schemas import SAMPLES
from mathtune_core.tables import read_table
from mathtune_sampling import sample_solutions
from mathtune_sampling.backend import Opened
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.collect import Collected, collect, requests_of
from mathtune_sampling.requests import Completion, Request, SamplingParams
from mathtune_sampling.sample_solutions import DECODINGS, write_samples

REQUESTS = [Request(f"p{i}", (1,)) for i in range(7)]


class Out(FakeSampler):
    """Finishes problems in an order of its own, stops after some of them, and keeps what it was asked."""

    def __init__(self, order: int = 0, lives: int | None = None) -> None:
        super().__init__(lambda problem_id: [f"{problem_id} «is»\n2", "x"])
        self.order, self.lives = random.Random(order), lives
        self.asked: list[list[str]] = []

    def generate(self, requests: Any, params: Any, **keyed: Any) -> Iterator[list[Completion]]:
        self.asked.append([request.problem_id for request in requests])
        done = list(super().generate(requests, params, **keyed))
        self.order.shuffle(done)
        for number, rows in enumerate(done):
            if number == self.lives:
                raise KeyboardInterrupt
            yield rows


def collected(sampler: FakeSampler, folder: Path, requests: list[Request] = REQUESTS, n: int = 2) -> Collected:
    params = SamplingParams(n=n, temperature=0.9, top_p=0.95, max_tokens=99)
    keyed: Any = {"seed": 0, "purpose": "test", "decodings": DECODINGS, "unfinished": folder / "unfinished"}
    folder.mkdir(exist_ok=True)
    return collect(Opened(sampler, None, "fake"), folder, requests, params, **keyed)


def table(found: Collected, folder: Path) -> bytes:
    write_samples(found.completions(), 3, folder / "samples.parquet")
    return (folder / "samples.parquet").read_bytes()


def in_three_processes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same run, killed twice, by processes with numbers of their own."""
    for process, lives in enumerate([2, 3, None]):
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda number=process: 100 + number)
            try:
                collected(Out(process, lives), folder)
            except KeyboardInterrupt:
                assert lives is not None


def test_a_run_goes_on_where_it_stopped_and_asks_nothing_twice(tmp_path: Path) -> None:
    whole = list(collected(Out(), tmp_path / "one").completions())
    asked = []
    for lives in (2, 1, None):
        sampler = Out(lives or 0, lives)
        try:
            found = collected(sampler, tmp_path / "two")
        except KeyboardInterrupt:
            assert lives is not None
        asked += sampler.asked
    assert [len(names) for names in asked] == [7, 5, 4]
    assert set(asked[2]) < set(asked[1]) < set(asked[0])
    assert list(found.completions()) == whole
    assert list(found.completions()) == whole  # as often as one likes
    assert [rows[0].problem_id for rows in whole] == [request.problem_id for request in REQUESTS]


@pytest.mark.parametrize("order", range(4))
def test_the_tables_order_is_the_requests_whatever_the_order_of_finishing(tmp_path: Path, order: int) -> None:
    requests = random.Random(order).sample(REQUESTS, 7)
    expected = table(collected(FakeSampler(lambda name: [f"{name} «is»\n2", "x"]), tmp_path / "a", requests), tmp_path)
    assert table(collected(Out(order), tmp_path / "b", requests), tmp_path) == expected
    found = read_table(tmp_path / "samples.parquet", SAMPLES)
    names = [request.problem_id for request in requests]
    assert found["problem_id"].to_list() == [name for name in names for _ in range(3)]
    assert found["completion"].head(3).to_list() == [f"{names[0]} «is»\n2", f"{names[0]} «is»\n2", "x"]


@settings(max_examples=25, deadline=None)
@given(cuts=st.tuples(*[st.floats(0.0, 1.0)] * 3))
def test_killed_at_any_byte_the_table_is_the_same(
    cuts: tuple[float, float, float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    with pytest.MonkeyPatch.context() as monkeypatch:
        in_three_processes(folder, monkeypatch)
    expected = table(collected(Out(), folder), folder)
    shards = sorted((folder / "unfinished").glob("*.jsonl"))
    assert len(shards) == 3
    left = 0
    for shard, cut in zip(shards, cuts, strict=True):
        content = shard.read_bytes()[: round(cut * shard.stat().st_size)]
        shard.write_bytes(content)
        left += content.count(b"\n")
    sampler = Out(5)
    again = collected(sampler, folder)
    assert sum(map(len, sampler.asked)) == 7 - left
    assert table(again, folder) == expected
    lines = [line for shard in (folder / "unfinished").glob("*.jsonl") for line in shard.read_bytes().split(b"\n")]
    assert sum(bool(line) for line in lines) == 7  # none lost, none twice, none in part


def test_a_kill_while_the_table_is_written_costs_no_sample(tmp_path: Path) -> None:
    found = collected(Out(), tmp_path)
    expected = table(found, tmp_path)
    (tmp_path / "samples.parquet").unlink()

    def killed() -> Iterator[list[Completion]]:
        yield from list(found.completions())[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_samples(killed(), 3, tmp_path / "samples.parquet")
    assert not (tmp_path / "samples.parquet").exists()
    sampler = Out()
    assert table(collected(sampler, tmp_path), tmp_path) == expected
    assert sampler.asked == [[]]


def test_a_token_ids_object_is_shared_by_all_prompts() -> None:
    class Letters:
        def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
            return [1000 + ord(letter) for letter in text]

    problems = pl.DataFrame({"problem_id": ["a", "b"], "problem": ["xyz", "zyx"]})
    one, two = requests_of(problems, Letters())
    assert one.prompt_ids != two.prompt_ids
    assert len({id(token) for token in (*one.prompt_ids, *two.prompt_ids)}) == len({*one.prompt_ids, *two.prompt_ids})


def held(problems: int, folder: Path) -> int:
    """The most bytes of Python objects at once, of a run of so many problems, 64 samples each of 300 characters."""
    text = "We add one and check it again. " * 10
    requests = [Request(f"{number:016x}", (1,)) for number in range(problems)]
    sampler = FakeSampler(lambda problem_id: [text])
    tracemalloc.start()
    try:
        table(collected(sampler, folder, requests, n=64), folder)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("problems", "at_once", "mib"), [(200, 8, 2), pytest.param(20_000, 256, 40, marks=pytest.mark.slow)]
)
def test_what_is_held_does_not_grow_with_the_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problems: int, at_once: int, mib: int
) -> None:
    # Of 200 problems the texts alone are 4 MiB, of 20,000 they are 400.
    monkeypatch.setattr(sample_solutions, "PROBLEMS_AT_ONCE", at_once)
    assert held(problems, tmp_path) < mib * 2**20
    assert pl.scan_parquet(tmp_path / "samples.parquet").select(pl.len()).collect().item() == problems * 65
