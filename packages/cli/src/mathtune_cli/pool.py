"""One problem's solutions: clustered by answer, scored, and which answer each selector picks among them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mathtune_answers import cluster_samples
from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.selectors import DEPLOYABLE, SCORED, SELECTORS
from mathtune_sampling.requests import Completion
from mathtune_sampling.sample_solutions import sample_table


@dataclass(frozen=True, slots=True)
class Cluster:
    """An answer and what speaks for it; the greedy solution speaks for none."""

    answer: str  # the first of its texts by sort order
    votes: int  # sampled solutions that end in it; 0 where only the greedy one does
    score_sum: float
    best_score: float  # 0 without votes
    top_votes: float  # of the better-scored half of the solutions with an answer; those that tie for it in part
    is_greedy: bool  # the greedy solution's answer


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """A problem's solutions; all scores are 0 where there is no verifier."""

    solutions: pl.DataFrame  # SAMPLES with predicted_answer, cluster (a place in `clusters`; null: no answer), score
    clusters: tuple[Cluster, ...]  # by answer text
    picks: dict[str, tuple[float, ...]]  # of each selector, the chance of each cluster to be picked
    is_scored: bool

    @property
    def sampled(self) -> pl.DataFrame:
        """The solutions without the greedy one."""
        return self.solutions.filter(pl.col("decoding") == "sampled")

    def winner(self, selector: str) -> int | None:
        """The likeliest cluster, the first by answer text of equals; None where nothing has an answer."""
        chances = self.picks[selector]
        return chances.index(max(chances)) if chances and max(chances) > 0 else None

    def best_solution(self, cluster: int | None, selector: str) -> dict[str, object]:
        """The row to show for a selector's winner.

        The greedy solution for Pass@1; else the cluster's best-scored one, or without scores the most probable.
        """
        decoding = "greedy" if selector == "Pass@1" else "sampled"
        rows = self.solutions.filter(pl.col("decoding") == decoding, pl.col("cluster").eq_missing(cluster))
        order = ["score", "sum_logprob"] if self.is_scored else ["sum_logprob"]
        return rows.sort(order, descending=True, maintain_order=True).row(0, named=True)


def selectors_of(is_scored: bool) -> tuple[str, ...]:
    """Those that need no right answer, and no scores unless there are some."""
    return ("Pass@1", *(name for name in DEPLOYABLE if is_scored or name not in SCORED))


def pool(completions: Sequence[Completion], seed: int, scores: Sequence[float] | None, k: int) -> Pool:
    """The greedy and sampled `completions` of one problem, with their `scores` where a verifier gave any."""
    samples = sample_table([completions], seed)
    unknown = samples.select("problem_id", pl.lit(None, dtype=pl.String).alias("expected_answer")).head(1)
    clustered = cluster_samples(samples, unknown)
    named = (
        clustered.drop_nulls("cluster_id")
        .group_by("cluster_id")
        .agg(pl.col("predicted_answer").min().alias("answer"))
        .sort("answer", "cluster_id")
        .with_row_index("cluster")
    )
    solutions = samples.with_columns(
        clustered["predicted_answer"],
        clustered["cluster_id"],
        pl.Series("score", [0.0] * len(completions) if scores is None else scores, dtype=pl.Float64),
    ).join(named, on="cluster_id", how="left", maintain_order="left")
    solutions = solutions.drop("cluster_id", "answer").with_columns(pl.col("cluster").cast(pl.Int64))
    answers = named["answer"].to_list()
    picks = {
        name: _chances(solutions, len(answers), name, k) if answers else () for name in selectors_of(scores is not None)
    }
    solutions = solutions.with_columns(top_vote=_top_votes(solutions))
    clusters = tuple(_cluster(solutions, place, answer) for place, answer in enumerate(answers))
    return Pool(solutions, clusters, picks, scores is not None)


def _cluster(solutions: pl.DataFrame, place: int, answer: str) -> Cluster:
    own = solutions.filter(pl.col("cluster") == place)
    votes = own.filter(pl.col("decoding") == "sampled")
    scores, top_votes = votes["score"].to_list(), float(votes["top_vote"].sum())
    return Cluster(answer, len(scores), sum(scores), max(scores, default=0.0), top_votes, "greedy" in own["decoding"])


def _top_votes(solutions: pl.DataFrame) -> pl.Series:
    """The chance of each solution to be in the better-scored half, rounded up, of the sampled ones with an answer."""
    votes = pl.col("decoding").eq("sampled") & pl.col("cluster").is_not_null()
    score = pl.when(votes).then("score")  # null in the others, which rank nowhere
    size = (votes.sum() + 1) // 2
    better = score.rank("min", descending=True) - 1
    equal = score.len().over(score)
    chance = ((size.cast(pl.Float64) - better.cast(pl.Float64)) / equal.cast(pl.Float64)).clip(0.0, 1.0)
    return solutions.select(pl.when(votes).then(chance).otherwise(0.0).alias("top_vote"))["top_vote"]


def _chances(solutions: pl.DataFrame, num_clusters: int, selector: str, k: int) -> tuple[float, ...]:
    """The chance of each cluster to be picked.

    A selector gives the chance that its pick is right. So it is asked once a cluster, that cluster alone being right.
    """
    clusters = solutions["cluster"].fill_null(NO_ANSWER).to_numpy()
    is_sampled = (solutions["decoding"] == "sampled").to_numpy()
    times = np.arange(num_clusters)[:, None]
    labels = np.repeat(clusters[is_sampled][None, :], num_clusters, axis=0)
    greedy = np.repeat(clusters[~is_sampled], num_clusters)
    one_right = Candidates(
        problem_ids=tuple(map(str, range(num_clusters))),
        cluster_id=labels,
        score=np.repeat(solutions["score"].to_numpy()[is_sampled][None, :], num_clusters, axis=0),
        is_correct=labels == times,
        greedy_cluster=greedy,
        greedy_correct=greedy == times[:, 0],
        cluster_correct=np.eye(num_clusters, dtype=np.bool_),
        answers=pl.Series([], dtype=pl.List(pl.String)),
    )
    return tuple(float(chance) for chance in SELECTORS[selector](one_right, k).p_correct)
