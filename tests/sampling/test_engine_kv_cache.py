"""Runs of blocks never overlap, and what is given back can be had again."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_sampling.engine.kv_cache import KVCache, blocks_for


def small(blocks):
    return KVCache(layers=2, kv_heads=1, dim=32, blocks=blocks, dtype=torch.float32, device=torch.device("cpu"))


@pytest.mark.parametrize(("positions", "blocks"), [(0, 0), (1, 1), (16, 1), (17, 2)])
def test_blocks_for(positions, blocks):
    assert blocks_for(positions) == blocks


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 6), st.integers(0, 20)), max_size=60))
def test_runs_never_overlap_and_all_come_back(actions):
    cache, held = small(24), []
    for takes, number, which in actions:
        if takes:
            first = cache.take(number)
            free = sorted(set(range(24)) - {block for start, length in held for block in range(start, start + length)})
            longest = max((sum(1 for k in range(24) if set(range(b, b + k + 1)) <= set(free)) for b in free), default=0)
            if first is None:
                assert longest < number
            else:
                assert set(range(first, first + number)) <= set(free)
                held.append((first, number))
        elif held:
            cache.give_back(*held.pop(which % len(held)))
    for run in held:
        cache.give_back(*run)
    assert cache.take(24) == 0


def test_a_layer_is_zeros_of_its_own():
    cache = small(3)
    keys, values = cache.layer(1)
    assert keys.shape == values.shape == (1, 3, 512)
    keys += 1
    assert not values.any()
    assert not any(part.any() for part in cache.layer(0))
