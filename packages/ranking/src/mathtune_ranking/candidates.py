"""A generator's sampled solutions of one split and seed as dense arrays, checked while they are joined.

Tables come a batch of whole problems at a time, so that only the arrays need memory: of a sample five bytes for cluster
and grade and eight for each verifier's score.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mathtune_core.batches import read_batches
from mathtune_core.schemas import CLUSTERS, SAMPLE_KEY, SCORES
from mathtune_ranking.sample_keys import Frames, refuse, refuse_samples, rows_of_problems, samples_a_problem

NO_ANSWER = -1
PROBLEMS_AT_ONCE = 4_096  # times N, what is computed of them at once: some MB an array


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """P problems (in the order of their ids) with N sampled solutions each, and the greedy one apart.

    A problem's clusters are renumbered 0 … C − 1 in the order of their answer texts, so that the first of several
    equal clusters is always the first by text, whatever the clustering stage called them.
    """

    problem_ids: tuple[str, ...]
    cluster_id: NDArray[np.signedinteger]  # (P, N); NO_ANSWER where the sample has none
    score: NDArray[np.float64]  # (P, N), the verifier's S(X|P)
    is_correct: NDArray[np.bool_]  # (P, N)
    greedy_cluster: NDArray[np.signedinteger]  # (P,)
    greedy_correct: NDArray[np.bool_]  # (P,)
    cluster_correct: NDArray[np.bool_]  # (P, C), C the largest number of clusters a problem has; False beyond
    answers: pl.Series  # (P,), lists: the first answer text of each of a problem's clusters by sort order

    @property
    def num_samples(self) -> int:
        """N, the same for every problem."""
        return int(self.cluster_id.shape[1])

    @property
    def num_clusters(self) -> int:
        """C, the width of arrays that have a column for each cluster."""
        return int(self.cluster_correct.shape[1])

    def blocks(self) -> Iterator["Candidates"]:
        """All problems in their order, so many at a time that what is made of a block is small beside the whole."""
        for part in parts(len(self.problem_ids)):
            yield self.of(part)

    def of(self, part: slice) -> "Candidates":
        """Some of the problems."""
        return Candidates(*(getattr(self, field.name)[part] for field in fields(self)))


def parts(num_problems: int) -> list[slice]:
    """Blocks of PROBLEMS_AT_ONCE problems; an empty one where there is no problem."""
    return [slice(start, start + PROBLEMS_AT_ONCE) for start in range(0, max(num_problems, 1), PROBLEMS_AT_ONCE)]


def read_candidates(clusters: Path, scores: Sequence[Path]) -> tuple[Candidates, ...]:
    """The clusters of one generator, split and seed, joined one to one with each verifier's scores.

    All but the scores is shared. Raises MathtuneError, naming file and key, when a row of one has no partner in the
    other, a score is not a number in 0 … 1, a cluster holds two grades, a problem lacks its greedy solution or has
    fewer samples than another, or there is none.
    """
    scored = [(partial(read_batches, path, SCORES), path) for path in scores]
    return candidates_of(partial(read_batches, clusters, CLUSTERS), clusters, scored)


def candidates_of(clustered: Frames, clusters: Path, scored: Sequence[tuple[Frames, Path]]) -> tuple[Candidates, ...]:
    """As `read_candidates`, of frames that are CLUSTERS and SCORES; the paths are what messages call them."""
    whole = _together(_blocks(clustered, clusters, *scored[0]))
    of_verifiers = []
    for frames, path in scored:
        score = _scores(whole, frames(), path)
        if score is None:
            refuse_samples(clustered, clusters, frames, path)
        of_verifiers.append(replace(whole, score=score))
    return tuple(of_verifiers)


def _blocks(clustered: Frames, clusters: Path, scored: Frames, scores: Path) -> list[Candidates]:
    """All problems without their scores, so many at a time as come in a frame."""
    blocks: list[Candidates] = []
    for frame in clustered():
        block = _block(frame, clusters)
        if block is None or (blocks and block.num_samples != blocks[0].num_samples):
            refuse_samples(clustered, clusters, scored, scores)
        blocks.append(block)
    return blocks


def _block(clustered: pl.DataFrame, clusters: Path) -> Candidates | None:
    """Some problems without their scores, sorted by id; None where one has not the samples it needs."""
    answered, clustered_answer = pl.col("predicted_answer").is_not_null(), pl.col("cluster_id").is_not_null()
    refuse(clustered.filter(answered != clustered_answer), clusters, "cluster_id is null exactly without an answer")
    refuse(clustered.filter(~answered & pl.col("is_correct")), clusters, "no answer cannot be correct")
    two_grades = pl.col("is_correct").n_unique().over("problem_id", "cluster_id") > 1
    refuse(clustered.filter(clustered_answer & two_grades), clusters, "its cluster holds two grades")
    groups = (
        clustered.filter(clustered_answer)
        .group_by("problem_id", "cluster_id")
        .agg(pl.col("predicted_answer").min().alias("answer"))
        .sort("problem_id", "answer", "cluster_id")
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int32).over("problem_id").alias("label"))
    )
    rows = clustered.join(groups, on=["problem_id", "cluster_id"], how="left").sort(SAMPLE_KEY)
    num_samples = samples_a_problem(rows)
    if num_samples is None:
        return None
    problems = rows.select("problem_id")[:: num_samples + 1]
    answers = groups.group_by("problem_id", maintain_order=True).agg("answer")
    label = rows["label"].fill_null(NO_ANSWER).to_numpy().reshape(-1, num_samples + 1)
    right = rows["is_correct"].to_numpy().reshape(label.shape)
    cluster_correct = np.zeros((len(label), int(label.max(initial=0)) + 1), dtype=np.bool_)
    row, column = np.nonzero(right[:, 1:])
    cluster_correct[row, label[:, 1:][row, column]] = True
    return Candidates(
        problem_ids=tuple(problems["problem_id"]),
        cluster_id=label[:, 1:],
        score=np.empty((len(label), 0)),
        is_correct=right[:, 1:],
        greedy_cluster=label[:, 0],
        greedy_correct=right[:, 0],
        cluster_correct=cluster_correct,
        answers=problems.join(answers, on="problem_id", how="left", maintain_order="left")["answer"].fill_null([]),
    )


def _together(blocks: Sequence[Candidates]) -> Candidates:
    """Blocks of one N as one, in the order of the problems' ids."""
    most = max(block.num_clusters for block in blocks)
    widened = (np.pad(block.cluster_correct, ((0, 0), (0, most - block.num_clusters))) for block in blocks)
    problem_ids = [problem_id for block in blocks for problem_id in block.problem_ids]
    whole = Candidates(
        problem_ids=tuple(sorted(problem_ids)),
        cluster_id=np.concatenate([block.cluster_id for block in blocks]),
        score=np.empty((len(problem_ids), 0)),
        is_correct=np.concatenate([block.is_correct for block in blocks]),
        greedy_cluster=np.concatenate([block.greedy_cluster for block in blocks]),
        greedy_correct=np.concatenate([block.greedy_correct for block in blocks]),
        cluster_correct=np.concatenate(list(widened)),
        answers=pl.concat([block.answers for block in blocks], rechunk=True),
    )
    order = np.array(sorted(range(len(problem_ids)), key=problem_ids.__getitem__))
    if (np.diff(order) == 1).all():
        return whole
    of_order = {name: getattr(whole, name)[order] for name in _BY_PROBLEM}
    return replace(whole, **of_order, answers=whole.answers.gather(order))


_BY_PROBLEM = ("cluster_id", "score", "is_correct", "greedy_cluster", "greedy_correct", "cluster_correct")


def _scores(whole: Candidates, scored: Iterable[pl.DataFrame], scores: Path) -> NDArray[np.float64] | None:
    """The scores of the sampled solutions, (P, N); None where the table has not the samples of `whole`."""
    place = {problem_id: row for row, problem_id in enumerate(whole.problem_ids)}
    found = np.full(whole.cluster_id.shape, np.nan)
    for frame in scored:
        outside = frame.filter(~pl.col("verifier_score").is_between(0.0, 1.0))  # polars orders NaN above every number
        refuse(outside, scores, "verifier_score must be a number in 0 … 1")
        rows = frame.sort(SAMPLE_KEY)
        problems = rows_of_problems(rows, place, whole.num_samples)
        if problems is None:
            return None
        found[problems] = rows["verifier_score"].to_numpy().reshape(len(problems), -1)[:, 1:]
    return None if np.isnan(found).any() else found
