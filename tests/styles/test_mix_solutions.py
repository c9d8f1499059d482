import json
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from mathtune_core.schemas import SOLUTIONS
from mathtune_core.tables import read_table, write_table
from mathtune_styles.mix_solutions import MixSolutionsParams, part, run


def solutions(style: str, count: int) -> pl.DataFrame:
    rows = [(f"p{i}/{style}", f"p{i}", style, f"By {style}: {i}", str(i), True, f"from {style}") for i in range(count)]
    return pl.DataFrame(rows, schema=SOLUTIONS.schema, orient="row")


def ids(frame: pl.DataFrame) -> set[str]:
    return set(frame["solution_id"])


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for style, count in (("original", 20), ("rewritten", 10)):
        write_table(solutions(style, count), tmp_path / style / "solutions.parquet", SOLUTIONS)
    return tmp_path / "original", tmp_path / "rewritten"


@pytest.mark.parametrize(("share", "rows"), [(1.0, 20), (0.5, 10), (0.25, 5), (0.05, 1)])
def test_a_part_has_the_share_of_the_rows_that_was_asked(share: float, rows: int) -> None:
    assert part(solutions("original", 20), share).height == rows


def test_a_larger_share_holds_every_smaller_one() -> None:
    whole = solutions("original", 200)
    shares = [ids(part(whole, share)) for share in (0.1, 0.3, 0.6, 0.9, 1.0)]
    for smaller, larger in pairwise(shares):
        assert smaller < larger
    assert shares[-1] == ids(whole)


def test_a_share_depends_on_the_rows_and_not_on_their_order() -> None:
    whole = solutions("original", 50)
    assert ids(part(whole.reverse(), 0.4)) == ids(part(whole, 0.4))
    assert ids(part(whole, 0.4)) != ids(whole.head(20))


def test_a_part_keeps_the_columns() -> None:
    assert part(solutions("original", 4), 0.5).schema == SOLUTIONS.schema


def test_a_mix_keeps_ids_and_origins_and_carries_its_own_name(folders: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = folders
    out = tmp_path / "out"
    out.mkdir()
    run(MixSolutionsParams(), item="original+rewritten", first=first, second=second, out=out)
    mixed = read_table(out / "solutions.parquet", SOLUTIONS)
    components = pl.concat([solutions("original", 20), solutions("rewritten", 10)])
    assert set(mixed["style"]) == {"original+rewritten"}
    assert mixed.drop("style").equals(components.drop("style").sort("solution_id"))
    summary = json.loads((out / "summary.json").read_text())
    assert summary == {"solutions": 30, "original": 20, "rewritten": 10}


def test_each_component_has_a_share_of_its_own(folders: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = folders
    out = tmp_path / "out"
    out.mkdir()
    run(MixSolutionsParams(first_share=0.25, second_share=0.5), item="mix", first=first, second=second, out=out)
    mixed = read_table(out / "solutions.parquet", SOLUTIONS)
    counts = mixed["origin"].value_counts().sort("origin").rows()
    assert counts == [("from original", 5), ("from rewritten", 5)]


@pytest.mark.parametrize("field", ["first_share", "second_share"])
@pytest.mark.parametrize("share", [0.0, -0.5, 1.01, float("nan")])
def test_a_share_outside_its_range_is_refused_by_field(field: str, share: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: must be above 0 and at most 1"):
        MixSolutionsParams(**{field: share})
