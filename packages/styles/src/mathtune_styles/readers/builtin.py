"""The problem set that comes with this project."""

from pathlib import Path

from mathtune_styles.readers.fields import LEVELS, field, one_of, text
from mathtune_styles.readers.inputs import SPLITS, Input, read_file
from mathtune_styles.readers.source import Source, SourceProblem


def read_builtin(source: Input) -> Source:
    """problems.jsonl as `make data` writes it; test problems of held-out templates are a group apart."""
    read = read_file(Path(source.location) / "problems.jsonl", source.setting)
    problems = tuple(
        SourceProblem(
            split=one_of(text(row, "split", where), SPLITS, "split", where),
            problem=text(row, "problem", where),
            solution=text(row, "solution", where),
            answer=text(row, "answer", where),
            subject=text(row, "subject", where),
            level=one_of(field(row, "level", int, where), LEVELS, "level", where),
            group="held-out templates" if field(row, "held_out_template", bool, where) else None,
        )
        for where, row in read.rows
    )
    return Source(problems, (read.record,), group_is_apart=True)
