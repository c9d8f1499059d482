"""The noise is uniform, differs wherever its key differs, and never changes."""

import numpy as np
import pytest

from mathtune_sampling.noise import row_key, uniforms

GOLDEN_KEY = 0x8BE0609A2B31E9DB
GOLDEN_UNIFORMS = [0.10799673917156916, 0.8556463140371834, 0.13119839092891394, 0.5454195463086883]


def keys(count, purpose="evaluation"):
    return np.array([row_key(0, purpose, f"p{i}", i % 7) for i in range(count)], dtype=np.uint64)


def test_golden_values():
    """Samples on disk were drawn with these; a change here changes every sample."""
    assert row_key(0, "evaluation", "p0", 0) == GOLDEN_KEY
    row = np.array([GOLDEN_KEY], dtype=np.uint64)
    drawn = [uniforms(row, position, draw)[0] for position, draw in [(0, 0), (1, 0), (0, 1), (511, 3)]]
    np.testing.assert_allclose(drawn, GOLDEN_UNIFORMS, rtol=0, atol=1e-15)


@pytest.mark.parametrize("axis", ["rows", "positions", "draws"])
def test_uniform_along_every_axis(axis):
    count = 100_000
    row, many = keys(1), np.arange(count)
    drawn = {
        "rows": lambda: uniforms(keys(count), 5, 0),
        "positions": lambda: uniforms(row, many, 0),
        "draws": lambda: uniforms(row, 5, many),
    }[axis]()
    assert drawn.dtype == np.float64
    assert drawn.min() > 0.0
    assert drawn.max() < 1.0
    observed, _ = np.histogram(drawn, bins=50, range=(0, 1))
    # Chi-square with 49 degrees of freedom: beyond 100 about once in 100,000; the noise is fixed, so never flaky.
    assert ((observed - count / 50) ** 2 / (count / 50)).sum() < 100
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.02
    assert len(np.unique(drawn)) == count


def test_a_row_does_not_depend_on_its_batch():
    batch = keys(64)
    whole = uniforms(batch, 3, 1)
    np.testing.assert_array_equal(whole[10:13], uniforms(batch[10:13], 3, 1))
    np.testing.assert_array_equal(whole, uniforms(batch, np.full(64, 3), np.full(64, 1)))


def test_every_part_of_the_key_counts():
    base = (0, "evaluation", "p0", 0)
    others = [(1, *base[1:]), (0, "style", "p0", 0), (0, "evaluation", "p1", 0), (0, "evaluation", "p0", 1)]
    assert len({row_key(*base), *(row_key(*other) for other in others)}) == 5
    assert row_key(0, "ab", "c", 0) != row_key(0, "a", "bc", 0)
    row = keys(1)
    assert len({float(uniforms(row, position, draw)[0]) for position in range(3) for draw in range(3)}) == 9
