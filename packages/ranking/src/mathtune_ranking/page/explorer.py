"""Single problems, opened up: every sample in its cluster with its score, and what each selector chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import SAMPLES, SOLUTIONS
from mathtune_core.tables import read_table
from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.selectors import DEPLOYABLE, SELECTORS, Selection

CHOOSERS = ("Pass@1", *DEPLOYABLE)


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion as shown."""

    completion: str
    score: float
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """The samples of one answer, best score first; `answer` None for those without one."""

    answer: str | None
    is_correct: bool
    score_sum: float
    chosen_by: tuple[str, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One problem and, for each generator, its clusters, the most frequent first."""

    problem: dict[str, Any]
    generators: tuple[tuple[str, tuple[Cluster, ...]], ...]
    summary: str


def examples(
    candidates: dict[str, Candidates], k: int, problems: pl.DataFrame, samples: dict[str, Path], num_examples: int
) -> list[Example]:
    """The first `num_examples` test problems by id, those where selectors disagree about being right first.

    `samples` are the folders with each generator's samples.parquet.
    """
    selections = {
        generator: {name: SELECTORS[name](arrays, k) for name in CHOOSERS} for generator, arrays in candidates.items()
    }
    accuracy = np.stack([one.p_correct for chosen in selections.values() for one in chosen.values()], axis=1)
    per_generator = accuracy.reshape(accuracy.shape[0], len(candidates), len(CHOOSERS))
    disagree = (np.ptp(per_generator, axis=2) > 0).any(axis=1)
    order = np.argsort(~disagree, kind="stable")[:num_examples]
    problem_ids = next(iter(candidates.values())).problem_ids
    shown = [problem_ids[row] for row in order]
    texts = {generator: _texts(samples[generator] / "samples.parquet", shown) for generator in candidates}
    known = {row["problem_id"]: row for row in problems.iter_rows(named=True)}
    found = []
    for row in order:
        problem = known[problem_ids[row]]
        generators = []
        for generator, arrays in candidates.items():
            clusters = _clusters(arrays, selections[generator], int(row), texts[generator])
            generators.append((generator, clusters))
        found.append(Example(problem, tuple(generators), _summary(selections, int(row))))
    return found


def _texts(path: Path, problem_ids: list[str]) -> dict[tuple[str, int], Sample]:
    rows = read_table(path, SAMPLES).filter((pl.col("decoding") == "sampled") & pl.col("problem_id").is_in(problem_ids))
    return {
        (row["problem_id"], row["sample_index"]): Sample(row["completion"], 0.0, row["finish_reason"])
        for row in rows.iter_rows(named=True)
    }


def _clusters(
    arrays: Candidates, chosen: dict[str, Selection], row: int, texts: dict[tuple[str, int], Sample]
) -> tuple[Cluster, ...]:
    members: dict[int, list[Sample]] = {}
    problem_id = arrays.problem_ids[row]
    for column in np.argsort(-arrays.score[row], kind="stable"):
        text = texts.get((problem_id, int(column)))
        if text is None:
            raise MathtuneError(
                f"samples: problem_id={problem_id!r}, sample_index={column}: is missing; run `dvc repro`"
            )
        sample = Sample(text.completion, float(arrays.score[row, column]), text.finish_reason)
        members.setdefault(int(arrays.cluster_id[row, column]), []).append(sample)
    greedy_alone = int(chosen["Pass@1"].winner[row])
    if greedy_alone not in members:
        members[greedy_alone] = []  # the greedy answer is one that no sample has
    clusters = []
    for cluster, inside in sorted(members.items(), key=lambda item: (item[0] == NO_ANSWER, -len(item[1]), item[0])):
        none = cluster == NO_ANSWER
        correct = not none and bool(_is_right(arrays, cluster, row))
        by = tuple(name for name, one in chosen.items() if int(one.winner[row]) == cluster)
        total = sum(sample.score for sample in inside)
        answer = None if none else arrays.answers[row][cluster]
        clusters.append(Cluster(answer, correct, total, by, tuple(inside)))
    return tuple(clusters)


def _is_right(arrays: Candidates, cluster: int, row: int) -> bool:
    greedy_right = arrays.greedy_cluster[row] == cluster and arrays.greedy_correct[row]
    return bool(arrays.cluster_correct[row, cluster] or greedy_right)


def _summary(selections: dict[str, dict[str, Selection]], row: int) -> str:
    """How many of the generators each selector gets right, as `Maj1 2/4`."""
    parts = []
    for name in CHOOSERS:
        right = sum(float(chosen[name].p_correct[row]) for chosen in selections.values())
        parts.append(f"{name} {right:.3g}/{len(selections)}")
    return " · ".join(parts)


def side_by_side(styles: Sequence[str], solutions: Path, problems: pl.DataFrame) -> dict[str, Any] | None:
    """One problem with its training solution in every style that has one: the problem most styles share, first by id.

    `solutions` holds <style>/solutions.parquet; a style without the file is left out. None when no style has any.
    """
    paths = {style: solutions / style / "solutions.parquet" for style in styles}
    tables = {style: read_table(path, SOLUTIONS) for style, path in paths.items() if path.is_file()}
    if not tables or not any(table.height for table in tables.values()):
        return None
    # The paths follow the styles' names; a mix holds rows of its parts, so the file counts, not the style column.
    everything = pl.concat(
        [table.sort("problem_id", "solution_id").with_columns(file=pl.lit(style)) for style, table in tables.items()]
    )
    shared = (
        everything.group_by("problem_id")
        .agg(pl.col("file").n_unique())
        .sort("file", "problem_id", descending=[True, False])
    )
    problem_id = shared["problem_id"][0]
    chosen = everything.filter(pl.col("problem_id") == problem_id).unique("file", keep="first", maintain_order=True)
    texts = problems.filter(pl.col("problem_id") == problem_id)["problem"].to_list()
    columns = [(row["file"], row["solution"], row["origin"]) for row in chosen.iter_rows(named=True)]
    return {"problem": texts[0] if texts else problem_id, "columns": columns}
