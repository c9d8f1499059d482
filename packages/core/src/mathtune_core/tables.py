"""Parquet in and out, validated both ways: a stage never reads a table that breaks its schema, and never writes one."""

from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import Table


def read_table(path: Path, table: Table, where: pl.Expr | None = None) -> pl.DataFrame:
    """The parquet file at `path`, checked against `table`; with `where`, its rows that are so, never held with others.

    Raises MathtuneError for a missing or unreadable file, and for whatever `validate` refuses of the rows read.
    """
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; `dvc repro` makes it")
    try:
        if where is None:
            frame = pl.read_parquet(path)
        else:
            rows = pl.scan_parquet(path)
            validate(rows.collect_schema().to_frame(), table, str(path))
            frame = rows.filter(where).collect(engine="streaming")
    except (PolarsError, OSError) as error:
        raise not_readable(path, error) from error
    validate(frame, table, str(path))
    return frame


def not_readable(path: Path, error: Exception) -> MathtuneError:
    """What to say of a file at `path` that its reader refused with `error`."""
    reason = str(error).splitlines()[0]
    return MathtuneError(f"{path}: not a readable parquet file ({reason}); delete it and run `dvc repro`")


def write_table(frame: pl.DataFrame, path: Path, table: Table) -> None:
    """Checks `frame` against `table` and writes it under a temporary name, renamed when whole."""
    frame = frame.select(*table.schema) if set(table.schema) == set(frame.columns) else frame
    validate(frame, table, str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    frame.write_parquet(partial, compression="zstd")
    partial.replace(path)


def validate(frame: pl.DataFrame, table: Table, where: str, first_row: int = 0) -> None:
    """Raises MathtuneError naming `where`, the row and the column when `frame` is not a `table`.

    `first_row` is the number of the frame's first row where the frame is part of a table.
    """
    for column, dtype in table.schema.items():
        if column not in frame.columns:
            raise MathtuneError(f"{where}: {table.name}.{column}: column is missing")
        if frame.schema[column] != dtype:
            raise MathtuneError(f"{where}: {table.name}.{column}: expected {dtype}, got {frame.schema[column]}")
    extra = [column for column in frame.columns if column not in table.schema]
    if extra:
        raise MathtuneError(f"{where}: {table.name}.{extra[0]}: unknown column")
    for column in table.schema:
        if column not in table.nullable and frame[column].null_count():
            row = first_row + frame[column].is_null().arg_true()[0]
            raise MathtuneError(f"{where}: row {row}: {table.name}.{column}: null is not allowed")
    repeated = frame.select(~pl.struct(table.key).is_first_distinct().alias("r"))["r"]
    if repeated.any():
        row = int(repeated.arg_true()[0])
        key = ", ".join(f"{k}={frame[k][row]!r}" for k in table.key)
        raise MathtuneError(f"{where}: row {first_row + row}: {table.name}: the key {key} occurs twice")
