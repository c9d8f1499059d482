"""The area under the ROC curve, exactly, from ranks."""

from collections.abc import Sequence

import polars as pl


def area_under_curve(scores: Sequence[float], is_correct: Sequence[bool]) -> float | None:
    """The share of (right, wrong) pairs in which the right one scores higher, a tie counting half.

    By the Mann–Whitney identity: the mean rank of the right ones, less what their own number makes of it. None when
    either class is empty.
    """
    frame = pl.DataFrame({"score": scores, "right": is_correct}, schema={"score": pl.Float64, "right": pl.Boolean})
    right = int(frame["right"].sum())
    wrong = frame.height - right
    if not right or not wrong:
        return None
    # Ranks are multiples of a half, whose sums floats hold exactly.
    rank_sum = float(frame["score"].rank("average").filter(frame["right"]).sum())
    return (rank_sum - right * (right + 1) / 2) / (right * wrong)
