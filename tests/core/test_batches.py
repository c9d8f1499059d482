from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_core import batches
from mathtune_core.batches import read_batches, read_problems, write_batches
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import SCORES, Table
from mathtune_core.tables import read_table, write_table


def scores(rows: Sequence[int]) -> pl.DataFrame:
    """A table of scores with so many rows for each problem in turn."""
    keys = [(f"p{problem}", "sampled", index, index / 7) for problem, n in enumerate(rows) for index in range(n)]
    return pl.DataFrame(keys, schema=SCORES.schema, orient="row")


def written(frames: Sequence[pl.DataFrame], path: Path) -> bytes:
    with write_batches(path, SCORES) as add:
        for frame in frames:
            add(frame)
    return path.read_bytes()


def whole(table: pl.DataFrame) -> list[pl.DataFrame]:
    return table.partition_by("problem_id", maintain_order=True)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 9), max_size=8), st.integers(1, 12))
def test_every_row_comes_back_in_its_order_and_no_problem_is_cut(
    tmp_path_factory: pytest.TempPathFactory, rows: list[int], size: int
) -> None:
    table = scores(rows)
    path = tmp_path_factory.mktemp("batches") / "scores.parquet"
    write_table(table, path, SCORES)
    frames = list(read_batches(path, SCORES, rows=size))
    assert pl.concat(frames).equals(table)
    assert sum(frame["problem_id"].n_unique() for frame in frames) == len(rows)
    largest = max(rows, default=0)
    assert all(frame.height < size + largest + 1 for frame in frames)


def test_a_batch_is_not_the_whole_table(tmp_path: Path) -> None:
    table = scores([3] * 20)
    write_table(table, tmp_path / "scores.parquet", SCORES)
    sizes = [frame.height for frame in read_batches(tmp_path / "scores.parquet", SCORES, rows=10)]
    assert sizes == [9, 9, 9, 12, 9, 9, 3]


def test_bytes_do_not_depend_on_how_the_rows_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ROWS", 7)
    table = scores([5, 1, 9, 2, 8, 3])
    one = written([table], tmp_path / "one.parquet")
    assert written(whole(table), tmp_path / "six.parquet") == one
    assert written([table[:6], table[6:15], table[15:]], tmp_path / "three.parquet") == one
    assert read_table(tmp_path / "one.parquet", SCORES).equals(table)
    groups = pq.ParquetFile(tmp_path / "one.parquet").metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [7, 7, 7, 7]


def test_bytes_do_not_depend_on_how_the_rows_of_many_pages_came(tmp_path: Path) -> None:
    """The writer looks whether a page of a megabyte is full at the end of each piece that it is given."""
    texts = Table("texts", pl.Schema({"problem_id": pl.String, "text": pl.String}), key=("problem_id",))
    rows = pl.DataFrame(
        {"problem_id": [f"{n:05d}" for n in range(4_000)], "text": [f"{n} " * 200 for n in range(4_000)]}
    )
    for size in (4_000, 37, 1_000):
        with write_batches(tmp_path / f"{size}.parquet", texts) as add:
            for start in range(0, rows.height, size):
                add(rows[start : start + size])
    one, *others = (path.read_bytes() for path in tmp_path.iterdir())
    assert others == [one, one]


def test_what_was_read_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    scores([50] * 8_000).write_parquet(path, row_group_size=20_000, compression="uncompressed")
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in read_batches(path, SCORES, rows=5_000)]
    assert path.stat().st_size > 3_000_000
    assert max(held) < path.stat().st_size / 2


def test_other_columns_are_not_read(tmp_path: Path) -> None:
    table = scores([3, 2])
    write_table(table, tmp_path / "scores.parquet", SCORES)
    frame = pl.concat(read_batches(tmp_path / "scores.parquet", SCORES, columns=()))
    assert frame.equals(table.drop("verifier_score"))
    table.drop("decoding").write_parquet(tmp_path / "scores.parquet")
    with pytest.raises(MathtuneError, match=r"scores\.parquet: scores\.decoding: column is missing"):
        list(read_batches(tmp_path / "scores.parquet", SCORES, columns=()))


def test_the_rows_of_some_problems_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    table = scores([3, 2, 1, 4])
    write_table(table, path, SCORES)
    assert read_problems(path, SCORES, ["p3", "p1", "p9"]).equals(pl.concat([table[3:5], table[6:]]))
    assert read_problems(path, SCORES, []).equals(table[:0])
    table.drop("problem_id").write_parquet(path)
    with pytest.raises(MathtuneError, match=r"scores\.parquet: scores\.problem_id: column is missing"):
        read_problems(path, SCORES, ["p1"])
    with pytest.raises(MathtuneError, match=r"none\.parquet: no such file"):
        read_problems(tmp_path / "none.parquet", SCORES, ["p1"])


def test_an_empty_table_is_one_empty_batch(tmp_path: Path) -> None:
    written([], tmp_path / "scores.parquet")
    (frame,) = read_batches(tmp_path / "scores.parquet", SCORES)
    assert frame.is_empty()
    assert frame.schema == SCORES.schema


def test_a_table_that_was_broken_off_has_no_name(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    with pytest.raises(MathtuneError, match="comes in two batches"):
        written([scores([2]), scores([1])], path)
    assert not path.exists()


def test_errors_name_file_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    hole = pl.when(pl.col("problem_id") == "p5").then(None).otherwise("verifier_score").alias("verifier_score")
    with pytest.raises(MathtuneError) as caught:
        list(read_batches(path, SCORES))
    assert str(caught.value) == f"{path}: no such file; `dvc repro` makes it"

    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(MathtuneError, match=r"scores\.parquet: not a readable parquet file \(.*\); delete it"):
        list(read_batches(path, SCORES))

    scores([2] * 8).with_columns(hole).write_parquet(path)
    with pytest.raises(MathtuneError) as caught:
        list(read_batches(path, SCORES, rows=4))
    assert str(caught.value) == f"{path}: row 10: scores.verifier_score: null is not allowed"

    scores([2, 2]).drop("problem_id").write_parquet(path)
    with pytest.raises(MathtuneError) as caught:
        list(read_batches(path, SCORES))
    assert str(caught.value) == f"{path}: scores.problem_id: column is missing"

    with pytest.raises(MathtuneError) as caught:
        written([scores([2]), scores([0, 2, 2]).with_columns(hole), scores([0] * 5 + [1]).with_columns(hole)], path)
    assert str(caught.value) == f"{path}: row 6: scores.verifier_score: null is not allowed"


def test_a_problem_in_two_places_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    apart = pl.concat([scores([1, 3, 3]), scores([2])[1:]])
    apart.write_parquet(path)
    with pytest.raises(MathtuneError) as caught:
        list(read_batches(path, SCORES, rows=3))
    assert str(caught.value) == (
        f"{path}: the rows of problem 'p0' do not stand together; sort the table by problem_id, or delete it and run "
        "`dvc repro`"
    )
    with pytest.raises(MathtuneError) as caught:
        written([scores([1]), scores([2])[1:]], path)
    assert str(caught.value) == f"{path}: scores: problem 'p0' comes in two batches"
