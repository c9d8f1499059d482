"""Counter-based uniforms: a draw is a function of what it is for, so a sample depends on no batch, order or restart."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

# The finaliser's constants are those of SplitMix64 (Steele, Lea, Flood 2014); the weights are odd and unrelated.
_MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
_POSITION_WEIGHT = np.uint64(0x9E3779B97F4A7C15)
_DRAW_WEIGHT = np.uint64(0xD1342543DE82EF95)


def row_key(seed: int, purpose: str, problem_id: str, sample_index: int) -> int:
    """The 64-bit key of one sample's noise; `purpose` keeps uses (evaluation, verifier data, …) apart."""
    digest = blake2b(digest_size=8)
    for part in (str(seed), purpose, problem_id, str(sample_index)):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "little"))  # so that ("ab", "c") and ("a", "bc") differ
        digest.update(encoded)
    return int.from_bytes(digest.digest(), "little")


def uniforms(
    row_keys: NDArray[np.uint64], positions: int | NDArray[np.int64], draws: int | NDArray[np.int64]
) -> NDArray[np.float64]:
    """Independent uniforms strictly between 0 and 1, one a row.

    `row_keys` (rows,) come from `row_key`; `positions` (token positions) and `draws` (the count of draws made at a
    position before) are one number for all rows or (rows,).
    """
    # At least one dimension: NumPy warns when a scalar wraps around, which is what is wanted here.
    position = np.atleast_1d(positions).astype(np.uint64) + np.uint64(1)
    draw = np.atleast_1d(draws).astype(np.uint64) + np.uint64(1)
    state = _mix(row_keys + _POSITION_WEIGHT * position)
    state = _mix(state + _DRAW_WEIGHT * draw)
    # 52 bits and a half step: the ends 0 and 1 stay out of reach.
    return ((state >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * _MULTIPLIER_1
    state = (state ^ (state >> np.uint64(27))) * _MULTIPLIER_2
    mixed: NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return mixed
