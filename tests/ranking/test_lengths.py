"""Lengths of generated solutions: means a problem over samples and seeds."""

import numpy as np
import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_ranking.lengths import Lengths, lengths_table, read_lengths
from mathtune_ranking.outcomes import outcomes
from mathtune_ranking.rows import read_runs


def read(folder, study):
    problems = pl.read_parquet(folder / "problems.parquet")
    runs = read_runs(study, folder / "cluster_answers", folder / "score_solutions", "test", problems)
    return read_lengths(outcomes(study, runs, 1), folder / "sample_solutions", folder / "cluster_answers")


def test_a_problems_tokens_are_those_of_its_samples(small_run, study) -> None:
    path = small_run / "sample_solutions" / "test" / "terse" / "0" / "samples.parquet"
    samples = pl.read_parquet(path)
    longer = samples.with_columns(pl.col("num_tokens") + 100 * (pl.col("problem_id") == "test-03").cast(pl.Int32))
    pl.concat(reversed(longer.reverse().partition_by("problem_id"))).write_parquet(path)
    lengths = read(small_run, study)
    terse, verbose = lengths["terse"], lengths["verbose"]
    expected = np.where(np.arange(20) == 3, 100.0, 0.0)
    np.testing.assert_allclose(terse.sampled_tokens, 12.0 + expected)  # 10 … 14
    np.testing.assert_allclose(terse.greedy_tokens, 10.0 + expected)
    np.testing.assert_allclose(verbose.sampled_tokens, 12.0)


def test_samples_of_another_run_are_refused(small_run, study) -> None:
    path = small_run / "sample_solutions" / "test" / "terse" / "0" / "samples.parquet"
    pl.read_parquet(path).head(-1).write_parquet(path)
    with pytest.raises(MathtuneError, match=r"samples\.parquet: .*has no row for this sample"):
        read(small_run, study)


def test_the_table_is_of_the_headline_problems() -> None:
    of = Lengths(
        greedy_tokens=np.array([9.0, 9.0, 9.0]),
        sampled_tokens=np.array([10.0, 13.0, 50.0]),
        cut_at_length=np.array([0.25, 0.0, 1.0]),
        without_answer=np.array([0.5, 0.25, 1.0]),
    )
    table = lengths_table({"terse": of}, np.array([True, True, False]))
    assert table.rows() == [("terse", 11.5, 12.5, 37.5)]
