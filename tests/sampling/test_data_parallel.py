"""The pool of Ray actors, with engines that need no model: how work is shared out, and what becomes of a dead one's."""

import itertools
import re
import time
from collections import Counter
from importlib.util import find_spec

import pytest
import ray_engines
from ray_engines import DieOnce

from mathtune_core.errors import MathtuneError
from mathtune_sampling.data_parallel import params as params_module
from mathtune_sampling.data_parallel.chunks import chunk_size
from mathtune_sampling.data_parallel.params import DataParallelParams, prepare_ray

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is an extra and is not installed here")
TWO = DataParallelParams(data_parallel_size=2)


@pytest.mark.parametrize(
    ("total", "workers", "least", "expected"),
    [
        # By hand: each is half of an even share of what is left, rounded up: 32/4, 24/4, 18/4, 13/4, 9/4, 6/4, …
        (32, 2, 1, [8, 6, 5, 4, 3, 2, 1, 1, 1, 1]),
        (32, 2, 4, [8, 6, 5, 4, 4, 4, 1]),
        (10, 1, 1, [5, 3, 1, 1]),
        (3, 8, 1, [1, 1, 1]),
        (5, 2, 9, [5]),
        (0, 2, 1, []),
    ],
)
def test_chunks_are_large_first_and_small_last(total, workers, least, expected):
    sizes = []
    while sum(sizes) < total:
        sizes.append(chunk_size(total - sum(sizes), workers, least))
    assert sizes == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_parallel_size": 0}, r"^data_parallel_size: must be at least 1"),
        ({"ray_address": "auto"}, r"^ray_address: nothing runs on Ray while data_parallel_size is 1"),
        (
            {"data_parallel_size": 2, "ray_address": "head"},
            r"^ray_address: must be null, auto or host:port, got 'head'",
        ),
        (
            {"data_parallel_size": 2, "ray_address": "ray://head:10001"},
            r"^ray_address: must be null, auto or host:port",
        ),
    ],
)
def test_params_refuse_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        DataParallelParams(**changes)


def test_ray_that_is_not_installed_is_one_line(monkeypatch):
    monkeypatch.setattr(params_module, "find_spec", lambda name: None)
    with pytest.raises(MathtuneError, match=r"^data_parallel_size: Ray is not installed; pip install ray, or"):
        prepare_ray(TWO)


CPUS = [{"CPU": 8.0}, {"CPU": 8.0}, {"CPU": 3.0}]
GPUS = [{"CPU": 16.0}, {"CPU": 16.0, "GPU": 4.0}, {"CPU": 6.0, "GPU": 4.0}]


@needs_ray
@pytest.mark.parametrize(
    ("nodes", "workers", "gpus", "threads", "expected"),
    [
        (CPUS, 2, 1, None, (8, 0, 8)),
        (CPUS, 3, 1, None, (4, 0, 4)),  # 8 CPUs each has two places, 4 each has 2 + 2
        (CPUS, 5, 1, None, (3, 0, 3)),  # 2 + 2 + 1 places
        (CPUS, 19, 1, None, (1, 0, 1)),
        (CPUS, 20, 1, None, None),
        (GPUS, 8, 1, None, (1, 1, 1)),  # the second GPU node has 6 CPUs for its 4 GPUs
        (GPUS, 4, 2, None, (3, 2, 3)),
        (GPUS, 9, 1, None, None),
        (GPUS, 1, 8, None, None),  # no worker is spread over two nodes
        ([{"CPU": 4.0}], 4, 1, 2, (1, 0, 1)),
        ([{"CPU": 9.0}], 2, 1, 9, (1, 0, 4)),
        ([{}], 1, 1, None, None),
        ([], 1, 1, None, None),
    ],
)
def test_shares_are_equal_and_on_one_node_each(nodes, workers, gpus, threads, expected):
    prepare_ray(TWO)
    from mathtune_sampling.data_parallel.cluster import Share, share_out

    assert share_out(nodes, workers, gpus, threads) == (None if expected is None else Share(*expected))


@pytest.fixture
def pool(ray_session):
    """Opens pools; their workers end with the test."""
    from mathtune_sampling.data_parallel.pool import Pool

    return lambda opening, params=TWO: Pool(params, opening, gpus_each=1, threads=1)


def test_each_item_has_its_result_once_whatever_dies(pool, tmp_path, capsys):
    two = pool(ray_engines.open_doubler)
    assert two.name == "doubler"
    said = capsys.readouterr().err.splitlines()
    assert said == ["warning: it doubles", "Ray: 2 workers, 1 thread each"]
    assert sorted(two.run(ray_engines.double, {n: n for n in range(40)}, least=1)) == [2 * n for n in range(40)]
    assert capsys.readouterr().err == ""
    assert sorted(two.run(DieOnce(tmp_path), {n: n for n in range(40)}, least=1)) == [2 * n for n in range(40)]
    [warning] = capsys.readouterr().err.splitlines()
    # The first chunks of 40 are 10 and 8 (30/4): whichever worker comes to its third first has given two.
    assert re.fullmatch(
        r"warning: Ray worker [12] on \S+ died \(killed or crashed\); [86] unfinished problems are handed out again",
        warning,
    )
    worked = Counter((tmp_path / "worked.txt").read_text().split())
    assert len(worked) == 40
    assert set(worked.values()) == {1}  # what had been given is not done again


def test_a_generator_that_is_left_gives_its_workers_back(pool):
    two = pool(ray_engines.open_doubler)
    left = two.run(ray_engines.double, {n: n for n in range(10)}, least=1)
    next(left)
    left.close()
    assert "gone" in [slot.step for slot in two._slots]
    for _ in range(2):
        assert sorted(two.run(ray_engines.double, {n: n for n in range(10)}, least=1)) == [2 * n for n in range(10)]
        assert "gone" not in [slot.step for slot in two._slots]  # a run that ends has its workers left for the next


def test_an_item_that_ends_every_worker_ends_the_run_by_its_name(pool, capsys):
    two = pool(ray_engines.open_doubler)
    done = []
    with pytest.raises(MathtuneError, match=r"^problem 7: 3 Ray workers died over it before any of them"):
        done.extend(two.run(ray_engines.die_on_seven, {n: n for n in range(12)}, least=1))
    assert 2 <= capsys.readouterr().err.count("warning: Ray worker") <= 6  # the third is the error


def test_an_error_for_the_user_comes_through_as_it_is(pool):
    two = pool(ray_engines.open_doubler)
    with pytest.raises(MathtuneError, match=r"^row 7: refused; leave it out$"):
        list(two.run(ray_engines.refuse_seven, {n: n for n in range(12)}, least=1))
    with pytest.raises(ZeroDivisionError):  # a mistake of ours keeps its traceback
        list(two.run(ray_engines.break_on_seven, {n: n for n in range(12)}, least=1))
    with pytest.raises(MathtuneError, match=r"^model: no model here; look elsewhere$"):
        pool(ray_engines.refuse)


def test_workers_that_never_start_end_in_one_line(pool, capsys):
    with pytest.raises(MathtuneError, match=r"^data_parallel_size: Ray worker \d died 3 times while it started"):
        pool(ray_engines.die_on_opening)


def test_workers_that_compute_differently_are_refused(pool):
    two = pool(ray_engines.open_by_process)
    # Many times, for the second may open after the first has done all there was.
    runs = itertools.chain.from_iterable(two.run(ray_engines.double, {0: 0, 1: 1}, least=1) for _ in itertools.count())
    with pytest.raises(MathtuneError, match=r"compute differently .* take nodes alike$"):
        list(runs)


def test_too_many_workers_for_the_room_is_one_line_at_once(pool):
    started = time.monotonic()
    with pytest.raises(MathtuneError) as caught:
        pool(ray_engines.open_doubler, DataParallelParams(data_parallel_size=9))
    assert str(caught.value) == (
        "data_parallel_size: this machine's Ray (1 nodes, 4 CPUs, 0 GPUs) has room for 4 of 9 workers, which take 1 "
        "CPU each; lower it or add nodes"
    )
    assert time.monotonic() - started < 10


@pytest.mark.slow
def test_without_room_in_time_the_run_goes_on_with_fewer_and_without_any_it_ends(pool, monkeypatch, capsys):
    from mathtune_sampling.data_parallel import pool as module

    three = pool(ray_engines.open_doubler, DataParallelParams(data_parallel_size=3))
    while any(slot.step != "idle" for slot in three._slots):
        three._await()
    monkeypatch.setattr(module, "PLACEMENT_SECONDS", 20.0)
    two = pool(ray_engines.open_doubler)  # beside them one fits
    numbers = {n: n for n in range(8)}
    while len(two._slots) == 2:
        assert sorted(two.run(ray_engines.double, numbers, least=1)) == [2 * n for n in range(8)]
        time.sleep(0.5)
    assert "warning: Ray found no room for worker" in capsys.readouterr().err
    with pytest.raises(MathtuneError, match=r"^data_parallel_size: Ray found no room for any worker within 20 s"):
        pool(ray_engines.open_doubler)
