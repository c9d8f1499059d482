"""What makes scores numbers in 0 … 1, which W.RR may add up. Each keeps their order, so what RR chooses stays."""

import math
from collections.abc import Callable

Transform = Callable[[float], float]


def as_it_is(score: float) -> float:
    """The score itself."""
    return score


def sigmoid(logit: float) -> float:
    """1 / (1 + e^−x), without overflow."""
    if logit >= 0.0:
        return 1.0 / (1.0 + math.exp(-logit))
    return math.exp(logit) / (1.0 + math.exp(logit))


def exp(log_probability: float) -> float:
    """e^x; of what is no log-probability infinity, which is no score."""
    return math.exp(log_probability) if log_probability <= 0.0 else math.inf


TRANSFORMS: dict[str, Transform] = {"none": as_it_is, "sigmoid": sigmoid, "exp": exp}
