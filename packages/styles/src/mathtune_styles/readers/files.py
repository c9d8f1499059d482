"""Rows of one local file: JSON lines, a JSON list, comma- or tab-separated values, or parquet."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from mathtune_core.digests import hash_file
from mathtune_core.errors import MathtuneError
from mathtune_styles.readers.source import SourceFile

Row = tuple[str, dict[str, Any]]


def file_rows(path: Path, setting: str) -> Iterator[Row]:
    """(place, row) for every row, the format told by the suffix; the place is file:line, or file: row for parquet.

    Raises MathtuneError, naming the place, for a missing file, an unknown suffix, and what is not of the format.
    """
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; set {setting} in params.yaml to the folder with it")
    if path.suffix not in _FORMATS:
        raise MathtuneError(f"{path}: unknown format; {setting} reads {', '.join(SUFFIXES)}")
    return _FORMATS[path.suffix](path)


def file_record(path: Path, rows: int) -> SourceFile:
    """The file's name, hash and number of rows."""
    return SourceFile(path.name, hash_file(path), rows)


def json_object(path: Path) -> dict[str, Any]:
    """The one JSON object that a file holds."""
    return _object(_json(_decoded(path), path), str(path))


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{path}:{number}"
            try:
                row = json.loads(line.decode("utf-8"))
            except UnicodeDecodeError as error:
                raise MathtuneError(f"{where}: not UTF-8 at byte {error.start + 1}; re-encode the file") from error
            except json.JSONDecodeError as error:
                raise MathtuneError(f"{where}: not a JSON object: {error.msg} at column {error.colno}") from error
            except (RecursionError, ValueError) as error:
                raise MathtuneError(f"{where}: {_BEYOND}") from error
            yield where, _object(row, where)


def _json_list(path: Path) -> Iterator[Row]:
    rows = _json(_decoded(path), path)
    if not isinstance(rows, list):
        raise MathtuneError(f"{path}: expected a list of JSON objects; for one object a line, name the file *.jsonl")
    for index, row in enumerate(rows):
        where = f"{path}: row {index}"
        yield where, _object(row, where)


def _separated(path: Path, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(_decoded(path), newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        header = next(reader, [])
        if not header or len(set(header)) < len(header):
            raise MathtuneError(f"{path}:1: the first line must name every column once, got {header}")
        line = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(header):
                raise MathtuneError(f"{path}:{line}: {len(cells)} cells, and {len(header)} columns in the header")
            if cells:
                yield f"{path}:{line}", dict(zip(header, cells, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise MathtuneError(f"{path}:{line}: not a row of {path.suffix[1:]}: {error}") from error


def _parquet(path: Path) -> Iterator[Row]:
    try:
        frame = pl.read_parquet(path)
    except (PolarsError, OSError) as error:
        raise MathtuneError(f"{path}: not a readable parquet file ({str(error).splitlines()[0]})") from error
    for index, row in enumerate(frame.iter_rows(named=True)):
        yield f"{path}: row {index}", row


_FORMATS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _json_lines,
    ".json": _json_list,
    ".csv": lambda path: _separated(path, ","),
    ".tsv": lambda path: _separated(path, "\t"),
    ".parquet": _parquet,
}
SUFFIXES = tuple(_FORMATS)
_BEYOND = "not readable JSON: nested too deep, or a number of thousands of digits"


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")  # spreadsheets write a byte order mark
    except UnicodeDecodeError as error:
        start = content.rfind(b"\n", 0, error.start) + 1
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{path}:{line}: not UTF-8 at byte {error.start - start + 1}; re-encode the file"
        raise MathtuneError(message) from error


def _json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise MathtuneError(f"{path}:{error.lineno}: not JSON: {error.msg} at column {error.colno}") from error
    except (RecursionError, ValueError) as error:
        raise MathtuneError(f"{path}: {_BEYOND}") from error


def _object(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise MathtuneError(f"{where}: expected a JSON object, got {repr(row)[:60]}")
    return row
