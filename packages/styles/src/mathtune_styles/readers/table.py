"""Any table of problems: params.yaml says which columns are what, so that a new dataset needs no code."""

from string import Formatter
from typing import Any

from mathtune_core.errors import MathtuneError
from mathtune_styles.closing import closed_with
from mathtune_styles.readers.fields import answer_text, level_of, one_of
from mathtune_styles.readers.inputs import SPLITS, Input, read_splits
from mathtune_styles.readers.source import Source, SourceProblem

REQUIRED = ("problem", "answer")
OPTIONAL = ("solution", "level", "subject", "split")


def read_table(source: Input) -> Source:
    """A file (CSV, TSV, JSON, JSON lines, parquet), a folder with train.* and test.*, or a hub dataset.

    `columns` names the column of each field: `problem` and `answer`, and as far as there are such `solution`, `level`
    (1 to 5), `subject` and `split` ("train" or "test", where the files' names do not say it). "{Body} {Question}" puts
    columns together. A number is an answer (12.0 is 12). A problem without a solution is one all the same: the styles
    that rework the source's solutions leave it out, the others and the tests do not. A solution gets the closing
    sentence with the row's answer unless it is in GSM8K's manner (`#### 72`), which the styles see to.
    """
    read = read_splits(source)
    problems = []
    for part in read:
        if part.split is None and "split" not in source.columns:
            raise MathtuneError(
                f"{part.record.name}: neither train.* nor test.*; "
                f"set {source.setting.replace('location', 'columns')}.split to the column that says it"
            )
        for where, row in part.rows:
            answer = answer_text(cell(source, "answer", row, where), "answer", where)
            solution = optional_text(source, "solution", row, where)
            if solution is not None and "####" not in solution:
                solution = closed_with(solution, answer)
            split = cell(source, "split", row, where) if "split" in source.columns else part.split
            level = optional_text(source, "level", row, where)
            problems.append(
                SourceProblem(
                    split=one_of(split, SPLITS, "split", where),
                    problem=required_text(source, "problem", row, where),
                    solution=solution,
                    answer=answer,
                    subject=optional_text(source, "subject", row, where),
                    level=None if level is None else level_of(level, "level", where),
                    group=None,
                )
            )
    return Source(tuple(problems), tuple(part.record for part in read), group_is_apart=False)


def cell(source: Input, name: str, row: dict[str, Any], where: str) -> Any:
    """The value that `columns` says is our field `name`. Raises MathtuneError where the row lacks such a column."""
    spec = source.columns[name]
    if "{" not in spec:
        return _column(source, spec, name, row, where)
    pieces = []
    for literal, column, _, _ in Formatter().parse(spec):
        pieces.append(literal)
        if column is not None:
            pieces.append(str(_column(source, column, name, row, where)).strip())
    return "".join(pieces)


def required_text(source: Input, name: str, row: dict[str, Any], where: str) -> str:
    """A field that must hold text. Raises MathtuneError where it does not."""
    value = cell(source, name, row, where)
    if not isinstance(value, str) or not value.strip():
        column = source.columns[name]
        raise MathtuneError(f"{where}: {name} (column {column}): expected text, got {repr(value)[:60]}")
    return value.strip()


def optional_text(source: Input, name: str, row: dict[str, Any], where: str) -> str | None:
    """A field's text; None where there is no such column in `columns`, or nothing in it."""
    value = cell(source, name, row, where) if name in source.columns else None
    return str(value).strip() or None if value is not None else None


def _column(source: Input, column: str, name: str, row: dict[str, Any], where: str) -> Any:
    if column not in row:
        setting = source.setting.replace("location", "columns")
        raise MathtuneError(f"{where}: {column}: no such column; {setting}.{name} can be one of {', '.join(row)}")
    return row[column]
