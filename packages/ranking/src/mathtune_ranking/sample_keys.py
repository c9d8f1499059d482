"""Which samples a table has: every problem a greedy solution and samples 0 … N − 1, and the same in every table."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np
import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import SAMPLE_KEY

Frames = Callable[[], Iterable[pl.DataFrame]]  # a table in frames of whole problems, as often as it is called


def samples_a_problem(rows: pl.DataFrame) -> int | None:
    """N, where each problem of `rows`, sorted by SAMPLE_KEY, has greedy 0 and sampled 0 … N − 1; None where not."""
    num_problems = rows["problem_id"].n_unique()
    width = rows.height // max(num_problems, 1)
    if width < 2 or width * num_problems != rows.height:
        return None
    shape = (num_problems, width)
    number = rows["problem_id"].rle_id().to_numpy().reshape(shape)
    index = rows["sample_index"].to_numpy().reshape(shape)
    greedy, sampled = ((rows["decoding"] == name).to_numpy().reshape(shape) for name in ("greedy", "sampled"))
    as_wanted = (
        (number == np.arange(num_problems)[:, None]).all()
        and (index == np.maximum(np.arange(width) - 1, 0)).all()
        and greedy[:, 0].all()
        and sampled[:, 1:].all()
    )
    return width - 1 if as_wanted else None


def rows_of_problems(rows: pl.DataFrame, place: Mapping[str, int], num_samples: int) -> list[int] | None:
    """The `place` of each problem of `rows`, sorted by SAMPLE_KEY; None where one has none, or not so many samples."""
    if samples_a_problem(rows) != num_samples:
        return None
    found = [place[name] for name in rows["problem_id"].gather_every(num_samples + 1) if name in place]
    return found if len(found) * (num_samples + 1) == rows.height else None


def refuse_samples(clustered: Frames, clusters: Path, other: Frames, path: Path) -> NoReturn:
    """Raises MathtuneError naming the first sample that one of two tables lacks, or a problem that lacks samples.

    For tables that `samples_a_problem` has found wanting: it holds the keys of both at once.
    """
    keys, others = (pl.concat(frame.select(SAMPLE_KEY) for frame in frames()) for frames in (clustered, other))
    for here, there, lacking in ((keys, others, path), (others, keys, clusters)):
        reason = "has no row for this sample; the two tables come from different runs, run `dvc repro`"
        refuse(here.join(there, on=list(SAMPLE_KEY), how="anti"), lacking, reason)
    indexes = pl.col("sample_index").sort()
    of_problem = (
        keys.group_by("problem_id")
        .agg(*(indexes.filter(pl.col("decoding") == name).alias(name) for name in ("greedy", "sampled")))
        .sort("problem_id")
    )
    wanted = {
        "greedy": ([0], "exactly one greedy solution, its sample_index 0"),
        "sampled": (
            list(range(int(of_problem["sampled"].list.len().max() or 1))),  # type: ignore[arg-type]
            "samples 0 … N − 1, N the same for every problem",
        ),
    }
    for name, (those, what) in wanted.items():
        for problem_id, found in of_problem.select("problem_id", name).iter_rows():
            if found != those:
                raise MathtuneError(f"{clusters}: problem_id={problem_id!r}: needs {what}")
    if keys.is_empty():
        raise MathtuneError(f"{clusters}: has no rows; sample at least one problem")
    raise MathtuneError(f"{clusters}: samples.decoding: must be greedy or sampled, got another")


def refuse(rows: pl.DataFrame, path: Path, reason: str) -> None:
    """Raises MathtuneError naming the first of `rows`, where there is one."""
    if rows.height:
        first = rows.sort(SAMPLE_KEY).row(0, named=True)
        key = ", ".join(f"{name}={first[name]!r}" for name in SAMPLE_KEY)
        raise MathtuneError(f"{path}: {key}: {reason}")
