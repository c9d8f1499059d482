"""Which generators and verifiers make the rows, and the files each row is read from."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SCORES
from mathtune_core.tables import read_table, write_table
from mathtune_ranking.candidates import read_candidates
from mathtune_ranking.rows import Row, headline_rows, read_runs, rows_of


def read(folder: Path, study, split: str = "test"):
    problems = read_table(folder / "problems.parquet", PROBLEMS)
    return read_runs(study, folder / "cluster_answers", folder / "score_solutions", split, problems)


def test_each_generator_has_its_headline_verifier_first(full_study) -> None:
    assert [(row.generator, row.verifier) for row in rows_of(full_study)] == [
        ("few-shot", "xent"),
        ("original", "xent"),
        ("original", "margin"),
        ("rewritten", "xent"),
        ("rewritten", "margin"),
        ("rewritten", "rewritten"),
        ("sequential-margin", "xent"),
        ("control", "xent"),
    ]
    assert {row.verifier for row in headline_rows(full_study)} == {"xent"}
    assert [row.generator for row in headline_rows(full_study)] == list(full_study.generators)


def test_the_headline_verifier_is_the_first_shared_one(full_study) -> None:
    turned = replace(full_study, shared_verifiers=("margin", "xent"))
    assert {row.verifier for row in headline_rows(turned)} == {"margin"}
    assert rows_of(turned)[1:3] == [Row("original", "margin"), Row("original", "xent")]


def test_a_row_holds_every_seed_in_the_order_of_the_study(full_run, full_study) -> None:
    runs = read(full_run, full_study)
    assert list(runs) == rows_of(full_study)
    turned = read(full_run, replace(full_study, seeds=(1, 0)))
    for row, of_seeds in runs.items():
        assert len(of_seeds) == 2
        for seed, found in zip(full_study.seeds, of_seeds, strict=True):
            (expected,) = read_candidates(
                full_run / "cluster_answers" / "test" / row.generator / str(seed) / "clusters.parquet",
                [full_run / "score_solutions" / "test" / row.verifier / row.generator / str(seed) / "scores.parquet"],
            )
            assert (found.score == expected.score).all()
            assert (found.cluster_id == expected.cluster_id).all()
        assert (of_seeds[0].score != of_seeds[1].score).any()
        assert (turned[row][0].score == of_seeds[1].score).all()


def test_verifiers_of_one_generator_score_the_same_samples(full_run, full_study) -> None:
    runs = read(full_run, full_study, "val")
    by_xent, by_own = runs[Row("rewritten", "xent")][1], runs[Row("rewritten", "rewritten")][1]
    assert (by_xent.cluster_id == by_own.cluster_id).all()
    assert (by_xent.score != by_own.score).any()


def test_a_seed_with_other_problems_is_named(tmp_path, small_run, study) -> None:
    two = replace(study, styles=("terse",), seeds=(0, 1))
    for stage in ("cluster_answers/test", "score_solutions/test/xent"):
        for path in (small_run / stage / "terse" / "0").iterdir():
            other = small_run / stage / "terse" / "1" / path.name
            other.parent.mkdir()
            pl.read_parquet(path).filter(pl.col("problem_id") != "test-07").write_parquet(other)
    with pytest.raises(MathtuneError, match=r"terse/1/clusters\.parquet: .* than generator terse, seed 0"):
        read(small_run, two)


def test_a_missing_score_file_is_named(small_run, study) -> None:
    (small_run / "score_solutions" / "test" / "xent" / "verbose" / "0" / "scores.parquet").unlink()
    with pytest.raises(MathtuneError, match=r"test/xent/verbose/0/scores\.parquet: no such file"):
        read(small_run, study)


def test_a_score_of_a_sample_that_is_not_there_is_refused(small_run, study) -> None:
    path = small_run / "score_solutions" / "test" / "xent" / "terse" / "0" / "scores.parquet"
    scores = read_table(path, SCORES)
    write_table(scores.with_columns(pl.col("sample_index") + 1), path, SCORES)
    with pytest.raises(MathtuneError, match=r"problem_id='test-00'.*come from different runs"):
        read(small_run, study)
