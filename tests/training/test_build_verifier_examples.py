import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLES, VERIFIER_EXAMPLES
from mathtune_core.tables import read_table, write_table
from mathtune_training.balance import balance_examples, collapse_duplicates
from mathtune_training.build_verifier_examples import BuildVerifierExamplesParams, run

PARAMS = BuildVerifierExamplesParams(styles=("original", "rewritten"), balance="none", max_examples_per_problem=99)
# (problem, completion, right): p00 has a repeated completion, p01 no right one.
SAMPLED = [("p00", "is 3", True), ("p00", " is 3\n", True), ("p00", "is 4", False), ("p01", "is 5", False)]


def write_style(folder: Path, style: str, sampled: list[tuple[str, str, bool]]) -> None:
    """Samples and clusters of one style, a wrong greedy solution beside the sampled ones."""
    keyed = [("p00", "greedy", 0, "greedy", False)]
    for problem_id, completion, right in sampled:
        index = sum(row[0] == problem_id and row[1] == "sampled" for row in keyed)
        keyed.append((problem_id, "sampled", index, f"{completion}", right))
    samples = [(*row[:4], "stop", 3, -1.0, 0) for row in keyed]
    clusters = [(*row[:3], None, None, row[4]) for row in keyed]
    write_table(
        pl.DataFrame(samples, schema=SAMPLES.schema, orient="row"),
        folder / f"samples/{style}/7/samples.parquet",
        SAMPLES,
    )
    write_table(
        pl.DataFrame(clusters, schema=CLUSTERS.schema, orient="row"),
        folder / f"clusters/{style}/7/clusters.parquet",
        CLUSTERS,
    )


@pytest.fixture
def paths(tmp_path: Path, problems: pl.DataFrame) -> dict[str, Path]:
    write_table(problems, tmp_path / "problems/problems.parquet", PROBLEMS)
    write_style(tmp_path, "original", SAMPLED)
    write_style(tmp_path, "rewritten", [("p00", "so 3", True), ("p02", "is 4", True)])
    (tmp_path / "out").mkdir()
    return {name: tmp_path / name for name in ("samples", "clusters", "problems", "out")}


def built(params: BuildVerifierExamplesParams, paths: dict[str, Path]) -> pl.DataFrame:
    run(params, item="xent", seed=7, **paths)
    return read_table(paths["out"] / "verifier_examples.parquet", VERIFIER_EXAMPLES)


def test_sampled_solutions_are_joined_with_grade_and_problem(paths: dict[str, Path], problems: pl.DataFrame) -> None:
    found = built(PARAMS, paths)
    assert found.select("style", "problem_id", "sample_index", "completion", "is_correct").rows() == [
        ("original", "p00", 0, "is 3", True),
        ("original", "p00", 2, "is 4", False),
        ("original", "p01", 0, "is 5", False),
        ("rewritten", "p00", 0, "so 3", True),
        ("rewritten", "p02", 0, "is 4", True),
    ]
    assert set(found["decoding"]) == {"sampled"}
    assert found.join(problems, on=["problem_id", "problem"], how="anti").is_empty()


def test_only_the_listed_styles_are_read(paths: dict[str, Path]) -> None:
    assert set(built(replace(PARAMS, styles=("original",)), paths)["style"]) == {"original"}


def test_every_distinct_sample_is_there_and_the_balanced_ones_are_marked(paths: dict[str, Path]) -> None:
    found = built(replace(PARAMS, balance="within_style"), paths)
    assert found.height == 5
    marked = found.filter("balanced").select("style", "problem_id", "completion", "is_correct").rows()
    assert [row[0] for row in marked] == ["original", "original"]
    assert sorted(row[3] for row in marked) == [False, True]


def test_the_counts_are_reported_at_every_step(paths: dict[str, Path]) -> None:
    built(replace(PARAMS, balance="within_style"), paths)
    report = json.loads((paths["out"] / "balance.json").read_text())
    assert report["sampled"]["original"] == {"right": 2, "wrong": 2}
    assert report["distinct"]["original"] == {"right": 1, "wrong": 2}
    assert report["distinct"]["rewritten"] == {"right": 2, "wrong": 0}
    assert report["kept"] == {"original": {"right": 1, "wrong": 1}, "rewritten": {"right": 0, "wrong": 0}}
    assert (report["right"], report["wrong"]) == (1, 1)
    assert report["policy"].startswith("within_style: ")


def test_the_share_of_right_samples_is_told_by_fold(paths: dict[str, Path]) -> None:
    """p00 and p01 are of the generator's fold (seen in training, were they its solutions), p02 of the verifier's."""
    built(PARAMS, paths)
    shares = json.loads((paths["out"] / "balance.json").read_text())["share_right"]
    assert shares == {"original": {"generator": 0.5}, "rewritten": {"generator": 1.0, "verifier": 1.0}}


def test_problems_outside_train_are_refused(paths: dict[str, Path], tmp_path: Path) -> None:
    write_style(tmp_path, "original", [*SAMPLED, ("p36", "is 1", True)])
    with pytest.raises(MathtuneError, match="problem p36 is of test split"):
        built(PARAMS, paths)


def test_a_sample_without_a_grade_is_refused(paths: dict[str, Path]) -> None:
    file = paths["clusters"] / "original/7/clusters.parquet"
    write_table(read_table(file, CLUSTERS).filter(pl.col("problem_id") != "p01"), file, CLUSTERS)
    with pytest.raises(MathtuneError, match="sample 0 of problem p01 has no grade"):
        built(PARAMS, paths)


def test_one_class_alone_is_refused(paths: dict[str, Path], tmp_path: Path) -> None:
    write_style(tmp_path, "original", [("p00", "is 3", True)])
    with pytest.raises(MathtuneError, match="3 of the 3 sampled solutions of original, rewritten are right"):
        built(PARAMS, paths)


@pytest.mark.parametrize(("field", "value"), [("styles", ()), ("styles", ("a", "a")), ("max_examples_per_problem", 0)])
def test_params_out_of_range_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        replace(PARAMS, **{field: value})


@pytest.fixture(scope="module")
def lopsided() -> pl.DataFrame:
    """Twenty problems of twelve solutions: none right in every fourth problem, else 1 to 3."""
    rows = [
        (f"p{problem:02}", "sampled", index, "s", "?", f"c{index}", index < problem % 4, True)
        for problem in range(20)
        for index in range(12)
    ]
    return pl.DataFrame(rows, schema=VERIFIER_EXAMPLES.schema, orient="row")


def test_balancing_within_a_style_evens_its_classes_and_keeps_every_right_one(lopsided: pl.DataFrame) -> None:
    kept = balance_examples(lopsided, "within_style", 10, seed=0)
    right = kept.filter("is_correct")
    assert right.height == lopsided["is_correct"].sum() == 30
    assert kept.height == 60
    # 30 wrong ones over 20 problems: one or two each, also where none is right.
    assert set(kept.filter(~pl.col("is_correct")).group_by("problem_id").len()["len"]) == {1, 2}


@pytest.mark.parametrize("policy", ["none", "within_style", "within_problem"])
def test_no_problem_has_more_than_its_cap(policy: str, lopsided: pl.DataFrame) -> None:
    kept = balance_examples(lopsided, policy, 2, seed=0)  # type: ignore[arg-type]
    assert kept.group_by("problem_id").len()["len"].max() == 2


@pytest.mark.parametrize("policy", ["none", "within_style", "within_problem"])
def test_the_choice_follows_the_seed_and_not_the_row_order(policy: str, lopsided: pl.DataFrame) -> None:
    def chosen(frame: pl.DataFrame, seed: int) -> list[tuple[object, ...]]:
        return sorted(balance_examples(frame, policy, 5, seed).select("problem_id", "sample_index").rows())  # type: ignore[arg-type]

    assert chosen(lopsided, 0) == chosen(lopsided.reverse(), 0)
    assert chosen(lopsided, 0) != chosen(lopsided, 1)


def test_each_style_is_balanced_by_itself(lopsided: pl.DataFrame) -> None:
    """A style that is mostly right beside one that is mostly wrong: neither fills up the other's classes."""
    mirrored = lopsided.with_columns(style=pl.lit("t"), is_correct=~pl.col("is_correct"))
    kept = balance_examples(pl.concat([lopsided, mirrored]), "within_style", 10, seed=0)
    counts = kept.group_by("style", "is_correct").len()
    assert counts.height == 4
    assert set(counts["len"]) == {30}


def test_each_problem_is_balanced_by_itself(lopsided: pl.DataFrame) -> None:
    kept = balance_examples(lopsided, "within_problem", 4, seed=0)
    counts = kept.group_by("problem_id").agg(pl.col("is_correct").sum().alias("right"), pl.len())
    # 1, 2 or 3 right ones of twelve, and two at most of either kind; five problems without a right one are left out.
    assert counts.height == 15
    assert (counts["right"] * 2 == counts["len"]).all()
    assert counts["right"].sort().to_list() == [1] * 5 + [2] * 10


def test_without_balancing_a_cap_leaves_the_base_rate(lopsided: pl.DataFrame) -> None:
    kept = balance_examples(lopsided, "none", 6, seed=0)
    assert kept.height == 120
    assert kept["is_correct"].mean() == pytest.approx(30 / 240, abs=0.06)
    assert balance_examples(lopsided, "none", 12, seed=0).equals(lopsided)


def test_duplicates_are_of_one_problem(lopsided: pl.DataFrame) -> None:
    twice = pl.concat([lopsided, lopsided.with_columns(style=pl.lit("t"), completion=pl.format(" {} ", "completion"))])
    assert collapse_duplicates(twice).equals(lopsided)
