"""How varied a dataset's words are, measured so that a larger dataset does not seem richer for its size alone."""

import math
from collections.abc import Sequence

SAMPLE = 1_000


def expected_distinct(counts: Sequence[int], size: int = SAMPLE) -> float | None:
    """The expected number of distinct words among `size` drawn without replacement; None where there are fewer.

    `counts` says how often each word occurs. With N = Σ nᵢ it is Σ 1 − C(N − nᵢ, size) / C(N, size): the mean over all
    samples, so none need be drawn (rarefaction: Hurlbert 1971; for words the measure HD-D: McCarthy and Jarvis 2010).
    """
    total = sum(counts)
    if size > total:
        return None
    missed = {count: _missed(total, count, size) for count in set(counts)}
    return math.fsum(1.0 - missed[count] for count in counts)


def _missed(total: int, count: int, size: int) -> float:
    """The probability that a sample of `size` out of `total` has none of `count` occurrences."""
    if count > total - size:
        return 0.0
    # C(N − n, s) / C(N, s) = Π (N − s − i) / (N − i) over i < n, or with n and s swapped: the shorter product.
    factors, taken = (count, size) if count < size else (size, count)
    return math.exp(math.fsum(math.log1p(-taken / (total - i)) for i in range(factors)))
