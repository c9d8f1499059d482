"""A generator's sampled solutions of one split and seed as dense arrays, checked while they are joined."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import CLUSTERS, SAMPLE_KEY, SCORES
from mathtune_core.tables import read_table

NO_ANSWER = -1


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """P problems (in the order of their ids) with N sampled solutions each, and the greedy one apart.

    A problem's clusters are renumbered 0 … C − 1 in the order of their answer texts, so that the first of several
    equal clusters is always the first by text, whatever the clustering stage called them.
    """

    problem_ids: tuple[str, ...]
    cluster_id: NDArray[np.int64]  # (P, N); NO_ANSWER where the sample has none
    score: NDArray[np.float64]  # (P, N), the verifier's S(X|P)
    is_correct: NDArray[np.bool_]  # (P, N)
    greedy_cluster: NDArray[np.int64]  # (P,)
    greedy_correct: NDArray[np.bool_]  # (P,)
    cluster_correct: NDArray[np.bool_]  # (P, C), C the largest number of clusters a problem has; False beyond
    answers: tuple[tuple[str, ...], ...]  # P × its clusters: the first answer text of each by sort order

    @property
    def num_samples(self) -> int:
        """N, the same for every problem."""
        return int(self.cluster_id.shape[1])

    @property
    def num_clusters(self) -> int:
        """C, the width of arrays that have a column for each cluster."""
        return int(self.cluster_correct.shape[1])


def read_candidates(clusters: Path, scores: Path) -> Candidates:
    """The clusters and scores of one generator, split and seed, joined one to one.

    Raises MathtuneError, naming file and key, when a row of one has no partner in the other, a score is not a number
    in 0 … 1, a cluster holds two grades, or a problem lacks its greedy solution or has fewer samples than another.
    """
    return candidates_of(read_table(clusters, CLUSTERS), clusters, read_table(scores, SCORES), scores)


def candidates_of(clustered: pl.DataFrame, clusters: Path, scored: pl.DataFrame, scores: Path) -> Candidates:
    """As `read_candidates`, of tables that are CLUSTERS and SCORES; the paths are what messages call them."""
    require_same_keys(clustered, clusters, scored, scores)
    outside = scored.filter(~pl.col("verifier_score").is_between(0.0, 1.0))  # polars orders NaN above every number
    _refuse(outside, scores, "verifier_score must be a number in 0 … 1")
    answered, clustered_answer = pl.col("predicted_answer").is_not_null(), pl.col("cluster_id").is_not_null()
    _refuse(clustered.filter(answered != clustered_answer), clusters, "cluster_id is null exactly without an answer")
    _refuse(clustered.filter(~answered & pl.col("is_correct")), clusters, "no answer cannot be correct")
    two_grades = pl.col("is_correct").n_unique().over("problem_id", "cluster_id") > 1
    _refuse(clustered.filter(clustered_answer & two_grades), clusters, "its cluster holds two grades")
    joined = _with_labels(clustered).join(scored, on=list(SAMPLE_KEY), how="inner", validate="1:1")
    return _dense(joined.sort(SAMPLE_KEY), clusters)


def require_same_keys(left: pl.DataFrame, left_path: Path, right: pl.DataFrame, right_path: Path) -> None:
    """Raises MathtuneError naming the first sample that one of the two tables has and the other lacks."""
    for here, there, path in ((left, right, right_path), (right, left, left_path)):
        missing = here.join(there, on=list(SAMPLE_KEY), how="anti")
        _refuse(missing, path, "has no row for this sample; the two tables come from different runs, run `dvc repro`")


def _refuse(rows: pl.DataFrame, path: Path, reason: str) -> None:
    if rows.height:
        first = rows.sort(SAMPLE_KEY).row(0, named=True)
        key = ", ".join(f"{name}={first[name]!r}" for name in SAMPLE_KEY)
        raise MathtuneError(f"{path}: {key}: {reason}")


def _with_labels(clustered: pl.DataFrame) -> pl.DataFrame:
    """`clustered` with `label` (the cluster's new number) and `answer` (its first text), null without an answer."""
    groups = (
        clustered.filter(pl.col("cluster_id").is_not_null())
        .group_by("problem_id", "cluster_id")
        .agg(pl.col("predicted_answer").min().alias("answer"))
        .sort("problem_id", "answer", "cluster_id")
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over("problem_id").alias("label"))
    )
    return clustered.join(groups, on=["problem_id", "cluster_id"], how="left")


def _dense(joined: pl.DataFrame, path: Path) -> Candidates:
    """The sorted rows as arrays; raises MathtuneError where they do not fill a rectangle."""
    problem_ids = joined["problem_id"].unique().sort().to_list()
    greedy = joined.filter(pl.col("decoding") == "greedy")
    sampled = joined.filter(pl.col("decoding") == "sampled")
    if greedy["problem_id"].to_list() != problem_ids:
        odd = _odd_one(greedy, problem_ids, 1)
        raise MathtuneError(f"{path}: problem_id={odd!r}: needs exactly one greedy solution")
    indexes = sampled["sample_index"].to_numpy()
    num_samples = int(indexes.max()) + 1 if indexes.size else 0
    full = num_samples > 0 and indexes.size == len(problem_ids) * num_samples
    if not full or (indexes != np.tile(np.arange(num_samples), len(problem_ids))).any():
        odd = _odd_one(sampled, problem_ids, num_samples)
        raise MathtuneError(f"{path}: problem_id={odd!r}: needs samples 0 … N − 1, N the same for every problem")
    shape = (len(problem_ids), num_samples)
    labels = sampled["label"].fill_null(NO_ANSWER).to_numpy().reshape(shape)
    is_correct = sampled["is_correct"].to_numpy().reshape(shape)
    named = joined.drop_nulls("label").unique(["problem_id", "label"]).sort("problem_id", "label")
    by_problem = {key[0]: tuple(group["answer"]) for key, group in named.group_by("problem_id", maintain_order=True)}
    answers = tuple(by_problem.get(problem_id, ()) for problem_id in problem_ids)
    cluster_correct = np.zeros((shape[0], max(1, *(len(texts) for texts in answers), 1)), dtype=np.bool_)
    rows, columns = np.nonzero(is_correct)
    cluster_correct[rows, labels[rows, columns]] = True
    return Candidates(
        problem_ids=tuple(problem_ids),
        cluster_id=labels.astype(np.int64),
        score=sampled["verifier_score"].to_numpy().reshape(shape).astype(np.float64),
        is_correct=is_correct.astype(np.bool_),
        greedy_cluster=greedy["label"].fill_null(NO_ANSWER).to_numpy().astype(np.int64),
        greedy_correct=greedy["is_correct"].to_numpy().astype(np.bool_),
        cluster_correct=cluster_correct,
        answers=answers,
    )


def _odd_one(rows: pl.DataFrame, problem_ids: list[str], wanted: int) -> str | None:
    """The first problem whose number of rows, or last sample index, is not the wanted one."""
    counted = {key[0]: group for key, group in rows.group_by("problem_id")}
    for problem_id in problem_ids:
        group = counted.get(problem_id)
        if group is None or group.height != wanted or group["sample_index"].to_list() != list(range(wanted)):
            return problem_id
    return None
