from pathlib import Path

import polars as pl
import pytest
from polars.exceptions import ComputeError

from mathtune_core import schemas
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PREDICTIONS, SCORES, Table
from mathtune_core.tables import read_table, validate, write_table

TABLES = [value for value in vars(schemas).values() if isinstance(value, Table)]


@pytest.fixture
def scores() -> pl.DataFrame:
    rows = [("p1", "greedy", 0, 0.5), ("p1", "sampled", 0, 0.25), ("p2", "greedy", 0, 1.0), ("p2", "sampled", 0, 0.0)]
    return pl.DataFrame(rows, schema=SCORES.schema, orient="row")


def breaking(scores: pl.DataFrame) -> dict[str, tuple[pl.DataFrame, str]]:
    """Frames that break the schema, each with what the message says after the file's name."""
    null_score = pl.when(pl.col("problem_id") == "p2").then(None).otherwise(pl.col("verifier_score"))
    return {
        "missing column": (scores.drop("decoding"), "scores.decoding: column is missing"),
        "extra column": (scores.with_columns(rank=pl.lit(1)), "scores.rank: unknown column"),
        "wrong type": (
            scores.with_columns(pl.col("sample_index").cast(pl.Int64)),
            "scores.sample_index: expected Int32, got Int64",
        ),
        "null": (
            scores.with_columns(null_score.alias("verifier_score")),
            "row 2: scores.verifier_score: null is not allowed",
        ),
        "repeated key": (
            pl.concat([scores, scores[1:2]]),
            "row 4: scores: the key problem_id='p1', decoding='sampled', sample_index=0 occurs twice",
        ),
        "two repeated keys": (
            pl.concat([scores[:2], scores[:2]]),
            "row 2: scores: the key problem_id='p1', decoding='greedy', sample_index=0 occurs twice",
        ),
    }


KINDS = ["missing column", "extra column", "wrong type", "null", "repeated key", "two repeated keys"]


def test_every_way_to_break_the_schema_is_tried(scores: pl.DataFrame) -> None:
    assert list(breaking(scores)) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_reading_names_file_row_and_column(kind: str, scores: pl.DataFrame, tmp_path: Path) -> None:
    frame, complaint = breaking(scores)[kind]
    path = tmp_path / "scores.parquet"
    frame.write_parquet(path)
    with pytest.raises(MathtuneError) as caught:
        read_table(path, SCORES)
    assert str(caught.value) == f"{path}: {complaint}"


@pytest.mark.parametrize("kind", KINDS)
def test_writing_refuses_the_same_and_leaves_no_file(kind: str, scores: pl.DataFrame, tmp_path: Path) -> None:
    frame, complaint = breaking(scores)[kind]
    path = tmp_path / "out" / "scores.parquet"
    with pytest.raises(MathtuneError) as caught:
        write_table(frame, path, SCORES)
    assert str(caught.value) == f"{path}: {complaint}"
    assert list(tmp_path.rglob("*.parquet*")) == []


def test_what_is_written_is_read_back(scores: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "scores.parquet"
    write_table(scores, path, SCORES)
    assert read_table(path, SCORES).equals(scores)
    assert [p.name for p in path.parent.iterdir()] == ["scores.parquet"]


def test_columns_are_written_in_the_order_of_the_schema(scores: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    write_table(scores.select(reversed(scores.columns)), path, SCORES)
    assert pl.read_parquet(path).columns == list(SCORES.schema)


def test_a_write_cut_short_leaves_nothing_under_the_final_name(
    scores: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(_: pl.DataFrame, target: Path, **settings: object) -> None:
        Path(target).write_bytes(b"PAR1")
        raise ComputeError("no space left on device")

    path = tmp_path / "scores.parquet"
    with monkeypatch.context() as patched:
        patched.setattr(pl.DataFrame, "write_parquet", write_half)
        with pytest.raises(ComputeError):
            write_table(scores, path, SCORES)
    assert not path.exists()
    write_table(scores, path, SCORES)  # what was left does not stand in the way
    assert [p.name for p in tmp_path.iterdir()] == ["scores.parquet"]


def test_a_write_cut_short_leaves_the_table_that_stood_there(
    scores: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(_: pl.DataFrame, target: Path, **settings: object) -> None:
        Path(target).write_bytes(b"PAR1")
        raise ComputeError("no space left on device")

    path = tmp_path / "scores.parquet"
    write_table(scores, path, SCORES)
    with monkeypatch.context() as patched:
        patched.setattr(pl.DataFrame, "write_parquet", write_half)
        with pytest.raises(ComputeError):
            write_table(scores.head(1), path, SCORES)
    assert read_table(path, SCORES).equals(scores)


@pytest.mark.parametrize("damage", ["empty", "text", "first half", "one byte short", "middle overwritten"])
def test_an_unreadable_file_is_one_line(damage: str, scores: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    write_table(scores, path, SCORES)
    whole = path.read_bytes()
    damaged = {
        "empty": b"",
        "text": b"problem_id,decoding\n" * 10,
        "first half": whole[: len(whole) // 2],
        "one byte short": whole[:-1],
        "middle overwritten": whole[:8] + b"\xff" * (len(whole) - 16) + whole[-8:],
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(MathtuneError) as caught:
        read_table(path, SCORES)
    assert str(caught.value).startswith(f"{path}: not a readable parquet file (")
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    with pytest.raises(MathtuneError) as caught:
        read_table(path, SCORES)
    assert str(caught.value) == f"{path}: no such file; `dvc repro` makes it"


def test_every_table_is_tried() -> None:
    names = {"problems", "solutions", "samples", "clusters", "verifier_examples", "scores", "predictions"}
    assert {table.name for table in TABLES} == names


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_has_a_key_of_its_own_columns_that_is_never_null(table: Table) -> None:
    columns = set(table.schema)
    assert table.key
    assert set(table.key) <= columns
    # Which verifier a selector read is part of what a prediction is, and some read none.
    assert table.nullable <= columns - set(table.key) | ({"verifier"} if table is PREDICTIONS else set())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_null_is_allowed_in_the_nullable_columns_alone(table: Table) -> None:
    values = {pl.String: "a", pl.Int32: 1, pl.Int64: 1, pl.Float64: 0.5, pl.Boolean: True}
    row = {name: values[dtype] for name, dtype in table.schema.items()}
    for column in table.schema:
        frame = pl.DataFrame([{**row, column: None}], schema=table.schema)
        if column in table.nullable:
            validate(frame, table, "here")
        else:
            with pytest.raises(MathtuneError, match=rf"^here: row 0: {table.name}\.{column}: null is not allowed$"):
                validate(frame, table, "here")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_empty_table_is_a_table(table: Table, tmp_path: Path) -> None:
    write_table(pl.DataFrame(schema=table.schema), tmp_path / "t.parquet", table)
    assert read_table(tmp_path / "t.parquet", table).height == 0


def test_rows_can_be_read_without_the_others(scores: pl.DataFrame, tmp_path: Path) -> None:
    write_table(scores, tmp_path / "scores.parquet", SCORES)
    greedy = pl.col("decoding") == "greedy"
    assert read_table(tmp_path / "scores.parquet", SCORES, where=greedy).equals(scores.filter(greedy))


@pytest.mark.parametrize("kind", KINDS)
def test_so_read_a_broken_table_is_refused_all_the_same(kind: str, scores: pl.DataFrame, tmp_path: Path) -> None:
    frame, complaint = breaking(scores)[kind]
    frame.write_parquet(tmp_path / "scores.parquet")
    with pytest.raises(MathtuneError) as caught:
        read_table(tmp_path / "scores.parquet", SCORES, where=pl.lit(True))
    assert str(caught.value) == f"{tmp_path / 'scores.parquet'}: {complaint}"
