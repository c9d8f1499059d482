"""Tables larger than memory: parquet in and out, so many whole problems at a time, validated as tables.py does.

A problem's rows stand together in every table that has more rows than problems, which is what lets a stage go through
32 million samples with those of a few thousand problems in memory.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.exceptions import PolarsError

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import Table
from mathtune_core.tables import not_readable, validate

ROWS = 2**16  # a batch's, and a row group's: some 50 MB of solutions


def read_batches(
    path: Path, table: Table, rows: int = ROWS, columns: Collection[str] | None = None
) -> Iterator[pl.DataFrame]:
    """The file's rows in their order, in frames of whole problems: about `rows` each, or one problem if it has more.

    Of the table's columns those of its key and `columns`, all of them unless told; nothing else is read from disk. An
    empty table is one empty frame. Raises MathtuneError as `read_table` does, a batch at a time, and for a problem
    whose rows do not stand together.
    """
    if columns is not None:
        table = table.only(columns)
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; `dvc repro` makes it")
    met: set[str] = set()
    first_row = 0
    for frame in _whole_problems(_frames(path, rows, None if columns is None else list(table.schema))):
        validate(frame, table, str(path), first_row=first_row)
        again = met.intersection(frame["problem_id"].unique())
        if again:
            raise MathtuneError(
                f"{path}: the rows of problem {min(again)!r} do not stand together; sort the table by problem_id, or "
                "delete it and run `dvc repro`"
            )
        met.update(frame["problem_id"].unique())
        first_row += frame.height
        yield frame


def read_problems(path: Path, table: Table, problem_ids: Collection[str]) -> pl.DataFrame:
    """The rows of these problems, in the file's order; of the others no more than their ids is held.

    Raises MathtuneError as `read_table` does, of rows for these alone.
    """
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; `dvc repro` makes it")
    try:
        scanned = pl.scan_parquet(path)
        validate(scanned.collect_schema().to_frame(), table, str(path))
        frame = scanned.filter(pl.col("problem_id").is_in(list(problem_ids))).collect(engine="streaming")
    except (PolarsError, OSError) as error:
        raise not_readable(path, error) from error
    validate(frame, table, str(path))
    return frame


@contextmanager
def write_batches(path: Path, table: Table) -> Iterator[Callable[[pl.DataFrame], None]]:
    """A function that adds a frame of whole problems to the table; the file gets its name when the block ends well.

    The file's bytes depend on the rows and their order alone, not on how they came in frames. The function raises
    MathtuneError as `write_table` does, and for a problem that had come in an earlier frame.
    """
    empty = pl.DataFrame(schema=table.schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    met: set[str] = set()
    written = 0
    waiting = [empty]
    with pq.ParquetWriter(partial, _arrow(empty).schema, compression="zstd") as writer:

        def add(frame: pl.DataFrame) -> None:
            nonlocal written
            frame = frame.select(*table.schema) if set(table.schema) == set(frame.columns) else frame
            validate(frame, table, str(path), first_row=written + sum(part.height for part in waiting))
            problems = set(frame["problem_id"].unique())
            if met & problems:
                raise MathtuneError(f"{path}: {table.name}: problem {min(met & problems)!r} comes in two batches")
            met.update(problems)
            waiting.append(frame)
            while sum(part.height for part in waiting) >= ROWS:
                whole = pl.concat(waiting)
                writer.write_table(_arrow(whole[:ROWS]), row_group_size=ROWS)
                written += ROWS
                waiting[:] = [whole[ROWS:]]

        yield add
        rest = pl.concat(waiting)
        if not rest.is_empty():
            writer.write_table(_arrow(rest))
    partial.replace(path)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    """In one piece: the writer begins a page with every piece, and pieces are what the rows came in."""
    return frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())


def _frames(path: Path, rows: int, columns: list[str] | None) -> Iterator[pl.DataFrame]:
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:  # or what is read stays until the file is closed
            empty = pa.Table.from_batches([], schema=file.schema_arrow)  # empty_table() would import pandas
            kept = [name for name in empty.column_names if columns is None or name in columns]
            yield pl.DataFrame(empty.select(kept))
            for batch in file.iter_batches(batch_size=rows, columns=columns):
                yield pl.DataFrame(batch)
    except (pa.ArrowException, OSError) as error:
        raise not_readable(path, error) from error


def _whole_problems(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows, cut only where the problem changes; a frame without problem_id goes on, for others to refuse."""
    begun = next(frames)
    for frame in frames:
        begun = pl.concat([begun, frame])
        if "problem_id" not in begun.columns:
            break
        ids = begun["problem_id"]
        first_of_last = int(ids.index_of(ids[-1]) or 0)
        if first_of_last:
            yield begun[:first_of_last]
            begun = begun[first_of_last:]
    yield begun
