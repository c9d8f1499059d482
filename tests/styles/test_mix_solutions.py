import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table, write_table
from mathtune_styles.mix_solutions import MixSolutionsParams, chosen, counts, run


def solutions(style: str, count: int, split: str = "train") -> pl.DataFrame:
    rows = [
        (f"{split}{i}/{style}", f"{split}{i}", style, f"By {style}: {i}", str(i), True, f"from {style}")
        for i in range(count)
    ]
    return pl.DataFrame(rows, schema=SOLUTIONS.schema, orient="row")


def ids(frame: pl.DataFrame) -> set[str]:
    return set(frame["solution_id"])


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """20 train problems, 3 val ones; original solves all of them, rewritten 10 train problems and 2 val ones."""
    problems = [
        (
            f"{split}{i}",
            split,
            "generator" if split == "train" else None,
            "main",
            "s",
            None,
            1,
            f"P {split} {i}",
            str(i),
        )
        for split, count in (("train", 20), ("val", 3))
        for i in range(count)
    ]
    frame = pl.DataFrame(problems, schema=PROBLEMS.schema, orient="row")
    write_table(frame, tmp_path / "problems" / "problems.parquet", PROBLEMS)
    for style, train, val in (("original", 20, 3), ("rewritten", 10, 2)):
        both = pl.concat([solutions(style, train), solutions(style, val, "val")])
        write_table(both, tmp_path / style / "solutions.parquet", SOLUTIONS)
    (tmp_path / "out").mkdir()
    return tmp_path


def mix(folders: Path, second: str = "rewritten", **settings: Any) -> tuple[pl.DataFrame, dict[str, Any]]:
    run(
        MixSolutionsParams(**settings),
        item="mix",
        problems=folders / "problems",
        first=folders / "original",
        second=folders / second,
        out=folders / "out",
    )
    summary = json.loads((folders / "out" / "summary.json").read_text())
    return read_table(folders / "out" / "solutions.parquet", SOLUTIONS), summary


# Worked by hand: the scarcer part, for its weight, sets the size, and counts are rounded down.
@pytest.mark.parametrize(
    ("available", "settings", "expected"),
    [
        ((1000, 522), {}, (1000, 522)),
        ((1000, 522), {"weights": {"a": 1, "b": 3}}, (174, 522)),
        ((1000, 522), {"weights": {"a": 0.1, "b": 0.3}}, (174, 522)),
        ((174, 522), {"weights": {"a": 0.1, "b": 0.3}}, (174, 522)),  # in binary 0.3 is less than three times 0.1
        ((1000, 522), {"weights": {"a": 2, "b": 1}}, (1000, 500)),
        ((1000, 522), {"weights": {"a": 1, "b": 1}, "max_solutions": 101}, (50, 50)),
        ((1000, 522), {"weights": {"a": 1, "b": 3}, "max_solutions": 9999}, (174, 522)),
        ((30, 10), {"max_solutions": 20}, (15, 5)),
        ((0, 10), {"weights": {"a": 1, "b": 3}}, (0, 0)),
        ((0, 0), {}, (0, 0)),
    ],
)
def test_weights_are_proportions_of_the_mix(
    available: tuple[int, int], settings: dict[str, Any], expected: tuple[int, int]
) -> None:
    found = counts(dict(zip("ab", available, strict=True)), MixSolutionsParams(**settings))
    assert tuple(found.values()) == expected


def test_a_larger_mix_holds_every_smaller_one(folders: Path) -> None:
    mixes = [ids(mix(folders, weights={"original": 3, "rewritten": 2}, max_solutions=m)[0]) for m in (4, 5, 9, 14, 25)]
    for smaller, larger in pairwise(mixes):
        assert smaller <= larger
    assert len(mixes[0]) < len(mixes[-1])


def test_what_is_chosen_depends_on_the_rows_and_not_on_their_order() -> None:
    whole = solutions("original", 50)
    assert ids(chosen(whole.reverse(), 20)) == ids(chosen(whole, 20))
    assert ids(chosen(whole, 20)) != ids(whole.head(20))
    assert chosen(whole, 4).schema == SOLUTIONS.schema


def test_a_mix_without_weights_has_all_of_both_and_carries_its_own_name(folders: Path) -> None:
    mixed, _ = mix(folders)
    parts = pl.concat([read_table(folders / s / "solutions.parquet", SOLUTIONS) for s in ("original", "rewritten")])
    assert set(mixed["style"]) == {"mix"}
    assert mixed.drop("style").equals(parts.drop("style").sort("solution_id"))


def test_the_summary_states_counts_weights_and_what_the_parts_share(folders: Path) -> None:
    mixed, summary = mix(folders, weights={"original": 1, "rewritten": 3})
    by_origin = mixed.group_by("origin", pl.col("problem_id").str.starts_with("val")).len().sort("origin", "problem_id")
    # 20 : 10 by 1 : 3 is 3 1/3 to 10, rounded down. The val problems' solutions all enter, whatever the weights.
    assert by_origin["len"].to_list() == [3, 3, 10, 2]
    train = mixed.filter(pl.col("problem_id").str.starts_with("train"))
    shared = train.filter(pl.col("problem_id").is_duplicated())["problem_id"].n_unique()
    assert summary == {
        "solutions": 18,
        "train_solutions": {"original": 3, "rewritten": 10},
        "available": {"original": 20, "rewritten": 10},
        "achieved_weights": {"original": 0.2308, "rewritten": 0.7692},
        "train_problems": {"original": 3, "rewritten": 10, "in both": shared},
    }


@pytest.mark.parametrize("names", [["original"], ["original", "generated"], ["original", "rewritten", "generated"], []])
def test_weights_name_the_two_parts(folders: Path, names: list[str]) -> None:
    with pytest.raises(MathtuneError) as caught:
        mix(folders, weights=dict.fromkeys(names, 1.0))
    assert str(caught.value).startswith(
        "params.yaml: mix_solutions.mix.weights: must name the parts original and rewritten, each once, got "
    )
    assert list((folders / "out").iterdir()) == []


def test_a_style_mixed_with_itself_is_one_line(folders: Path) -> None:
    with pytest.raises(MathtuneError, match="must name the parts original and original, each once, got original"):
        mix(folders, second="original")


def test_a_part_of_which_nothing_would_enter_is_one_line(folders: Path) -> None:
    with pytest.raises(
        MathtuneError, match="no solution of rewritten would enter, of the 10 it has for train problems"
    ):
        mix(folders, weights={"original": 99, "rewritten": 1})


def test_a_solution_of_both_parts_is_one_line(folders: Path) -> None:
    mixed, _ = mix(folders)
    write_table(mixed, folders / "mix" / "solutions.parquet", SOLUTIONS)
    with pytest.raises(MathtuneError, match=r"solution train0/original is in both original and mix; mix styles that"):
        mix(folders, second="mix")


@pytest.mark.parametrize("weight", [0.0, -0.5, float("inf"), float("nan")])
def test_a_weight_that_is_no_proportion_is_refused_by_field(weight: float) -> None:
    with pytest.raises(ValueError, match=r"^weights: a must be above 0"):
        MixSolutionsParams(weights={"a": weight, "b": 1.0})


def test_a_mix_of_less_than_two_solutions_is_refused_by_field() -> None:
    with pytest.raises(ValueError, match=r"^max_solutions: must be at least 2"):
        MixSolutionsParams(max_solutions=1)
