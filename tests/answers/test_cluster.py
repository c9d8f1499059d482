"""Clustering: partitions that depend on the answers alone, in a list and in a table."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_answers import cluster_answers, cluster_samples, grade

POOL = [
    "18", "18 hours", r"18^\circ", "18.0", r"18\text{ ways}", "25", r"25\%", "0.25", r"\frac14", r"2\pi", "6.2831853",
    "6.283", "x>3", r"(3,\infty)", "y>3", "(1,2)", "1<x<2", "{1,2}", "2,1", "y=2x", "2x", r"90\text{ min}", "1.5 hours",
    "90", None, "", "Tuesday", r"\text{tuesday}", r"\frac13", "0.33333333", "0.3333333333",
]  # fmt: skip


def partition(answers: list[str | None]) -> set[frozenset[str]]:
    labels = cluster_answers(answers)
    groups: dict[int, set[str]] = {}
    for answer, label in zip(answers, labels, strict=True):
        if label is not None and answer is not None:
            groups.setdefault(label, set()).add(answer)
    return {frozenset(group) for group in groups.values()}


@pytest.mark.parametrize(
    ("answers", "labels"),
    [
        (["1", "2", None, "1.0", ""], [0, 1, None, 0, None]),
        (["18", "18 hours"], [0, 0]),
        (["18", "18 hours", r"18^\circ"], [0, 1, 2]),
        ([r"25\%", "25"], [0, 0]),
        ([r"25\%", "0.25"], [0, 0]),
        ([r"25\%", "0.25", "25"], [0, 1, 2]),
        ([r"2\pi", "6.2831853", "6.283"], [0, 0, 1]),
        (["x>3", r"(3,\infty)"], [0, 0]),
        (["90 min", "1.5 hours"], [0, 0]),
        (["0.333", r"\frac13"], [0, 1]),
        ([], []),
    ],
)
def test_labels(answers: list[str | None], labels: list[int | None]) -> None:
    assert cluster_answers(answers) == labels


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(POOL), max_size=14), st.randoms())
def test_order_and_repetition_do_not_matter(answers: list[str | None], chance: random.Random) -> None:
    shuffled = answers + [answer for answer in answers if chance.random() < 0.5]
    chance.shuffle(shuffled)
    assert partition(answers) == partition(shuffled)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(POOL), min_size=1, max_size=10))
def test_a_cluster_never_holds_two_grades_for_a_reference_among_the_answers(answers: list[str | None]) -> None:
    for cluster in partition(answers):
        for reference in answers:
            if reference:
                assert len({grade(reference, answer) for answer in cluster}) == 1


def frame(rows: list[tuple[str, str, int, str]]) -> pl.DataFrame:
    schema = {"problem_id": pl.String, "decoding": pl.String, "sample_index": pl.Int32, "completion": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


SAMPLES = frame(
    [
        ("p", "greedy", 0, r"\boxed{5}"),
        ("p", "sampled", 0, r"\boxed{7}"),
        ("p", "sampled", 1, "no answer here"),
        ("p", "sampled", 2, r"x = \boxed{7.0}"),
        ("p", "sampled", 3, "#### 9"),
        ("q", "greedy", 0, "The answer is 3 cm."),
        ("q", "sampled", 0, "The answer is 3."),
        ("r", "sampled", 0, "nothing"),
    ]
)
PROBLEMS = pl.DataFrame({"problem_id": ["p", "q", "r"], "expected_answer": ["7", r"3\text{ cm}", "1"]})


def test_a_table_keeps_its_rows_and_numbers_clusters_by_first_sampled_appearance() -> None:
    clusters = cluster_samples(SAMPLES, PROBLEMS)
    assert clusters.schema == {
        "problem_id": pl.String, "decoding": pl.String, "sample_index": pl.Int32,
        "predicted_answer": pl.String, "cluster_id": pl.Int32, "is_correct": pl.Boolean,
    }  # fmt: skip
    assert clusters.drop("predicted_answer", "cluster_id", "is_correct").equals(SAMPLES.drop("completion"))
    assert clusters["predicted_answer"].to_list() == ["5", "7", None, "7.0", "9", "3 cm", "3", None]
    assert clusters["cluster_id"].to_list() == [2, 0, None, 0, 1, 0, 0, None]
    assert clusters["is_correct"].to_list() == [False, True, False, True, False, True, True, False]


def test_an_empty_table_stays_empty() -> None:
    assert cluster_samples(SAMPLES.clear(), PROBLEMS).is_empty()


def made_up_samples(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    chance = random.Random(seed)
    rows = [
        (f"p{problem}", "greedy" if index == 8 else "sampled", index % 8, f"So \\boxed{{{chance.choice(POOL) or ''}}}")
        for problem in range(20)
        for index in range(9)
    ]
    answers = [chance.choice([answer for answer in POOL if answer]) for _ in range(20)]
    return frame(rows), pl.DataFrame(
        {"problem_id": [f"p{problem}" for problem in range(20)], "expected_answer": answers}
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_table_is_clustered_as_its_problems_are_and_whatever_the_order_of_its_rows(seed: int) -> None:
    samples, problems = made_up_samples(seed)
    clusters = cluster_samples(samples, problems)
    for _, own in clusters.group_by("problem_id"):
        alone = cluster_answers(own["predicted_answer"].to_list())
        pairs = set(zip(alone, own["cluster_id"].to_list(), strict=True))
        assert len(pairs) == len(set(alone)) == len({new for _, new in pairs})
        ids = own["cluster_id"].drop_nulls().unique().sort().to_list()
        assert ids == list(range(len(ids)))
    key = ["problem_id", "decoding", "sample_index"]
    shuffled = cluster_samples(samples.sample(fraction=1, shuffle=True, seed=seed), problems)
    assert shuffled.sort(key).equals(clusters.sort(key))


@pytest.mark.parametrize("seed", range(4))
def test_correctness_is_one_for_a_cluster_and_never_more_than_the_grade(seed: int) -> None:
    samples, problems = made_up_samples(seed)
    clusters = cluster_samples(samples, problems).join(problems, on="problem_id")
    assert clusters.group_by("problem_id", "cluster_id").agg(pl.col("is_correct").n_unique())["is_correct"].max() == 1
    assert clusters["is_correct"].null_count() == 0
    assert clusters.filter(pl.col("predicted_answer").is_null() != pl.col("cluster_id").is_null()).is_empty()
    for row in clusters.filter("is_correct").iter_rows(named=True):
        assert grade(row["expected_answer"], row["predicted_answer"])


def test_a_cluster_is_right_only_where_all_that_it_holds_is() -> None:
    samples = frame([("p", "sampled", 0, r"\boxed{25\%}"), ("p", "sampled", 1, r"\boxed{25}")])
    for reference, right in (("0.25", [False, False]), ("25", [True, True]), (r"25\%", [True, True])):
        problems = pl.DataFrame({"problem_id": ["p"], "expected_answer": [reference]})
        clusters = cluster_samples(samples, problems)
        assert clusters["cluster_id"].to_list() == [0, 0]
        assert clusters["is_correct"].to_list() == right


def test_an_answer_of_astronomical_size_clusters_beside_a_marked_one() -> None:
    assert cluster_answers(["10000000!", r"\sqrt{2}\text{ km}", r"\sqrt2"]) == [0, 1, 1]


def test_a_percentage_of_its_own_fraction_is_another_cluster() -> None:
    assert cluster_answers([r"60\%", r"0.6\%", "60"]) == [0, 1, 0]
