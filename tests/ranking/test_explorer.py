"""The explorer's data: what was sampled, clustered, scored and chosen, and nothing lost in packing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLES, SCORES
from mathtune_core.tables import read_table, write_table
from mathtune_ranking.page.explorer import CHOOSERS, SCORE_UNITS, blocks, packed, unpacked
from mathtune_ranking.rows import Row, read_runs
from mathtune_ranking.selectors import SELECTORS


def made(folder: Path, study, num_examples: int = 100, k: int = 2) -> dict:
    problems = read_table(folder / "problems.parquet", PROBLEMS)
    runs = read_runs(study, folder / "cluster_answers", folder / "score_solutions", "test", problems)
    found = blocks(
        {row: of_seeds[0] for row, of_seeds in runs.items()},
        k=k,
        selector="Maj1",
        seed=0,
        problems=problems,
        samples=folder / "sample_solutions" / "test",
        num_examples=num_examples,
    )
    return {block.name: unpacked(block.packed) for block in found}


def test_packing_is_lossless_and_repeatable() -> None:
    value = {"text": "</script>\u2028<b>é", "n": [1, None, 0.5]}
    assert unpacked(packed(value)) == value
    assert packed(value) == packed(value)
    assert not set(packed(value)) & set("<>&'\"")


def test_every_sample_is_there_with_its_cluster_and_score(full_run, full_study) -> None:
    found = made(full_run, full_study)
    head = found["problems"]
    assert list(head["generators"]) == list(full_study.generators)
    assert head["generators"]["rewritten"]["verifiers"] == ["xent", "margin", "rewritten"]
    for number, name in enumerate(full_study.generators):
        data, place = found[f"generator-{number}"], Path(name) / "0"
        samples = read_table(full_run / "sample_solutions/test" / place / "samples.parquet", SAMPLES)
        clusters = read_table(full_run / "cluster_answers/test" / place / "clusters.parquet", CLUSTERS)
        scores = read_table(full_run / "score_solutions/test/xent" / place / "scores.parquet", SCORES)
        joined = samples.join(clusters, on=["problem_id", "decoding", "sample_index"]).join(
            scores, on=["problem_id", "decoding", "sample_index"]
        )
        seen = 0
        for row in joined.iter_rows(named=True):
            position = [one["problem_id"] for one in head["problems"]].index(row["problem_id"])
            index = 0 if row["decoding"] == "greedy" else 1 + row["sample_index"]
            assert data["texts"][data["completion"][position][index]] == row["completion"]
            assert data["tokens"][position][index] == row["num_tokens"]
            assert (index in data["cut"][position]) == (row["finish_reason"] == "length")
            cluster = data["cluster"][position][index]
            assert (cluster < 0) == (row["predicted_answer"] is None)
            if cluster >= 0:
                assert data["answers"][position][cluster] == row["predicted_answer"]
                assert (cluster in data["right"][position]) == row["is_correct"]
            if index:
                units = data["verifiers"]["xent"]["score"][position][index - 1]
                assert units == pytest.approx(row["verifier_score"] * SCORE_UNITS, abs=0.51)
            seen += 1
        assert seen == 20 * 6


def test_choices_are_those_of_the_selectors(full_run, full_study) -> None:
    found = made(full_run, full_study)
    problems = read_table(full_run / "problems.parquet", PROBLEMS)
    runs = read_runs(full_study, full_run / "cluster_answers", full_run / "score_solutions", "test", problems)
    told = found["generator-2"]["verifiers"]["rewritten"]
    candidates = runs[Row("rewritten", "rewritten")][0]
    for column, name in enumerate(CHOOSERS):
        selection = SELECTORS[name](candidates, 2)
        assert [row[column] for row in told["winner"]] == selection.winner.tolist()
        assert [row[column] for row in told["accuracy"]] == pytest.approx(selection.p_correct, abs=1e-4)


def test_of_too_many_problems_those_stay_where_selectors_disagree(small_run, study) -> None:
    everything, few = made(small_run, study), made(small_run, study, num_examples=3)
    disagree = np.zeros(20, dtype=bool)
    for number in range(2):
        accuracy = np.array(everything[f"generator-{number}"]["verifiers"]["xent"]["accuracy"])
        disagree |= np.ptp(accuracy, axis=1) > 0
    ids = [one["problem_id"] for one in everything["problems"]["problems"]]
    kept = [one["problem_id"] for one in few["problems"]["problems"]]
    assert 3 < disagree.sum() < 20
    assert kept == [ids[row] for row in np.nonzero(disagree)[0][:3]]
    assert len(few["generator-1"]["completion"]) == 3
    assert made(small_run, study, num_examples=0) == {}


def test_samples_that_do_not_match_the_clusters_are_refused(small_run, study) -> None:
    path = small_run / "sample_solutions/test/terse/0/samples.parquet"
    whole = read_table(path, SAMPLES)
    write_table(whole.filter(pl.int_range(pl.len()) != 3), path, SAMPLES)
    with pytest.raises(MathtuneError, match=r"samples\.parquet: problem_id='test-00', sampled sample 2: is missing"):
        made(small_run, study)
    extra = whole.head(1).with_columns(problem_id=pl.lit("zzz"))
    write_table(pl.concat([whole, extra]), path, SAMPLES)
    with pytest.raises(MathtuneError, match=r"samples\.parquet: has other samples than clusters"):
        made(small_run, study)


def test_one_style_has_one_block(small_run, study) -> None:
    assert set(made(small_run, replace(study, styles=("terse",)))) == {"problems", "generator-0"}
