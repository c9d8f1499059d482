"""Clusters and scores are joined one to one, or the run stops with the file and the key."""

from pathlib import Path

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import CLUSTERS, SCORES
from mathtune_core.tables import write_table
from mathtune_ranking.candidates import NO_ANSWER, read_candidates

# problem, decoding, index, answer, cluster, right, score
ROWS = [
    ("p1", "greedy", 0, "5", 4, False, 0.3),
    ("p1", "sampled", 1, "1/2", 9, True, 0.6),
    ("p1", "sampled", 0, "0.5", 9, True, 0.7),
    ("p1", "sampled", 2, None, None, False, 0.9),
    ("p0", "greedy", 0, None, None, False, 0.2),
    ("p0", "sampled", 0, "b", 0, False, 0.1),
    ("p0", "sampled", 1, "a", 1, False, 0.2),
    ("p0", "sampled", 2, "b", 0, False, 0.3),
]
COLUMNS = ["problem_id", "decoding", "sample_index", "predicted_answer", "cluster_id", "is_correct", "verifier_score"]


@pytest.fixture
def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    frame = pl.DataFrame(ROWS, schema=COLUMNS, orient="row").cast({"sample_index": pl.Int32, "cluster_id": pl.Int32})
    return frame.select(*CLUSTERS.schema), frame.select(*SCORES.schema).reverse()


def read(folder: Path, clusters: pl.DataFrame, scores: pl.DataFrame):
    write_table(clusters, folder / "clusters.parquet", CLUSTERS)
    write_table(scores, folder / "scores.parquet", SCORES)
    return read_candidates(folder / "clusters.parquet", [folder / "scores.parquet"])[0]


def test_dense_arrays_whatever_the_row_order(tmp_path, tables) -> None:
    found = read(tmp_path, *tables)
    assert found.problem_ids == ("p0", "p1")
    # Clusters are numbered by answer text: a before b, 0.5 (the first text of 1/2) before 5.
    assert found.cluster_id.tolist() == [[1, 0, 1], [0, 0, NO_ANSWER]]
    assert found.score.tolist() == [[0.1, 0.2, 0.3], [0.7, 0.6, 0.9]]
    assert found.is_correct.tolist() == [[False] * 3, [True, True, False]]
    assert found.answers.to_list() == [["a", "b"], ["0.5", "5"]]
    assert found.cluster_correct.tolist() == [[False, False], [True, False]]


def test_the_greedy_solution_stands_apart(tmp_path, tables) -> None:
    found = read(tmp_path, *tables)
    assert found.num_samples == 3
    assert found.greedy_cluster.tolist() == [NO_ANSWER, 1]
    assert found.greedy_correct.tolist() == [False, False]


@pytest.mark.parametrize(("shortened", "named"), [("scores", "scores.parquet"), ("clusters", "clusters.parquet")])
def test_a_missing_partner_names_file_and_key(tmp_path, tables, shortened, named) -> None:
    clusters, scores = tables
    gone = (pl.col("problem_id") == "p0") & (pl.col("decoding") == "sampled") & (pl.col("sample_index") == 1)
    if shortened == "scores":
        scores = scores.filter(~gone)
    else:
        clusters = clusters.filter(~gone)
    with pytest.raises(
        MathtuneError, match=rf"{named}: problem_id='p0', decoding='sampled', sample_index=1: has no row"
    ):
        read(tmp_path, clusters, scores)


@pytest.mark.parametrize("score", [float("nan"), 1.5, -0.1])
def test_a_score_is_a_number_between_0_and_1(tmp_path, tables, score) -> None:
    clusters, scores = tables
    scores = scores.with_columns(
        verifier_score=pl.when(pl.col("problem_id") == "p1").then(score).otherwise(pl.col("verifier_score"))
    )
    with pytest.raises(MathtuneError, match=r"scores\.parquet: problem_id='p1'.*0 … 1"):
        read(tmp_path, clusters, scores)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"is_correct": pl.col("predicted_answer").fill_null("") == "0.5"}, "two grades"),
        ({"predicted_answer": pl.lit("x")}, "null exactly without an answer"),
        ({"is_correct": pl.lit(True)}, "no answer cannot be correct"),
    ],
)
def test_a_contradiction_in_the_clusters_is_refused(tmp_path, tables, change, message) -> None:
    clusters, scores = tables
    with pytest.raises(MathtuneError, match=rf"clusters\.parquet: problem_id='p.'.*{message}"):
        read(tmp_path, clusters.with_columns(**change), scores)


@pytest.mark.parametrize(("decoding", "message"), [("greedy", "exactly one greedy"), ("sampled", "N the same")])
def test_a_gap_in_one_problem_is_refused(tmp_path, tables, decoding, message) -> None:
    gone = (pl.col("problem_id") == "p1") & (pl.col("decoding") == decoding) & (pl.col("sample_index") == 0)
    with pytest.raises(MathtuneError, match=f"problem_id='p1': needs .*{message}"):
        read(tmp_path, *(table.filter(~gone) for table in tables))
