r"""MATH (Hendrycks et al. 2021), and MATH-500, the 500 of its test problems that Lightman et al. (2023) test on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mathtune_answers.extract import extract_answer
from mathtune_core.digests import hash_file, hash_text
from mathtune_core.errors import MathtuneError
from mathtune_styles.closing import closed_with
from mathtune_styles.readers.fields import level_of, text
from mathtune_styles.readers.files import json_object
from mathtune_styles.readers.inputs import ALL_CONFIGS, SPLITS, Input, Rows, read_splits, split_of
from mathtune_styles.readers.source import Source, SourceFile, SourceProblem


def read_math(source: Input) -> Source:
    r"""MATH's train and test, in any of its forms.

    A folder with train/SUBJECT/N.json and test/SUBJECT/N.json as Hendrycks et al. publish it; a folder with train.jsonl
    and test.jsonl; or a hub dataset, all its configurations together (`hub:EleutherAI/hendrycks_math` has one a
    subject). A row has `problem`, `solution`, `level` ("Level 3" or 3) and `type` or `subject`. The answer is the field
    `answer` (MATH-500's) or else the content of the solution's last \boxed or \fbox.
    """
    path = Path(source.location)
    trees = [path / split for split in SPLITS if (path / split).is_dir()] if not source.is_hub else []
    read = [_read_tree(tree) for tree in trees] or read_splits(source, config=ALL_CONFIGS)
    return _source(read, (split_of(part, source) for part in read))


def read_math500(source: Input) -> Source:
    """MATH-500, all of it test: a folder with test.jsonl, a file, or `hub:HuggingFaceH4/MATH-500`."""
    read = read_splits(source, splits=("test",))
    return _source(read, ("test" for _ in read))


def _source(read: list[Rows], splits: Iterable[str]) -> Source:
    problems = tuple(
        _problem(row, where, split) for part, split in zip(read, splits, strict=False) for where, row in part.rows
    )
    return Source(problems, tuple(part.record for part in read), group_is_apart=False)


def _problem(row: dict[str, Any], where: str, split: str) -> SourceProblem:
    solution = text(row, "solution", where)
    if "answer" in row:
        answer = text(row, "answer", where)
    else:
        boxed = extract_answer(solution) if "\\boxed" in solution or "\\fbox" in solution else None
        if not boxed:
            raise MathtuneError(f"{where}: solution: no complete \\boxed{{…}} to take the answer from")
        answer = boxed
    return SourceProblem(
        split=split,
        problem=text(row, "problem", where),
        solution=closed_with(solution, answer),
        answer=answer,
        subject=text(row, "type" if "type" in row else "subject", where),
        level=level_of(row.get("level"), "level", where),
        group=None,
    )


def _read_tree(folder: Path) -> Rows:
    """All SUBJECT/N.json of a split as one input, its hash over the names and contents of the files in order."""
    files = sorted(file for file in folder.glob("*/*.json") if not file.name.startswith("."))
    if not files:
        raise MathtuneError(f"{folder}: no SUBJECT/N.json in it; is this MATH as published?")
    named = (f"{file.relative_to(folder).as_posix()} {hash_file(file)}\n" for file in files)
    rows = tuple((str(file), json_object(file)) for file in files)
    return Rows(folder.name, rows, SourceFile(f"{folder.name}/", hash_text("".join(named)), len(rows)))
