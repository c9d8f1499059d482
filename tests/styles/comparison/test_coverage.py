import polars as pl

from mathtune_styles.comparison.coverage import coverage_table

PROBLEMS = pl.DataFrame(
    [("p1", 1, "Algebra"), ("p2", 1, "Geometry"), ("p3", 5, "Algebra"), ("p4", None, None)],
    schema=["problem_id", "level", "subject"],
    orient="row",
)
SOLUTIONS = pl.DataFrame(
    [("s", "p1"), ("s", "p1"), ("s", "p3"), ("t", "p4"), ("t", "p2")], schema=["style", "problem_id"], orient="row"
)


def test_each_problem_counts_once_in_its_level_its_subject_and_in_all() -> None:
    table = coverage_table(PROBLEMS, SOLUTIONS, ("s", "t"))
    assert table.rows() == [
        ("s", "level", "1", 2, 1),
        ("s", "level", "5", 1, 1),
        ("s", "subject", "Algebra", 2, 2),
        ("s", "subject", "Geometry", 1, 0),
        ("s", "all", "all", 4, 2),
        ("t", "level", "1", 2, 1),
        ("t", "level", "5", 1, 0),
        ("t", "subject", "Algebra", 2, 0),
        ("t", "subject", "Geometry", 1, 1),
        ("t", "all", "all", 4, 2),
    ]


def test_problems_without_levels_are_counted_in_all_alone() -> None:
    bare = PROBLEMS.with_columns(
        pl.lit(None, dtype=pl.Int64).alias("level"), pl.lit(None, dtype=pl.String).alias("subject")
    )
    assert coverage_table(bare, SOLUTIONS, ("s",)).rows() == [("s", "all", "all", 4, 2)]
