import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mathtune_styles.readers.builtin import read_builtin
from mathtune_styles.readers.source import Source

Read = Callable[..., Source]
Refusal = Callable[..., str]
Write = Callable[[Path, list[dict[str, Any]]], None]

BUILTIN = {
    "problem": "What is $1 + 2$?",
    "solution": r"$1 + 2 = 3$. The answer is $\boxed{3}$.",
    "answer": "3",
    "subject": "Prealgebra",
    "level": 1,
    "split": "train",
    "template": "sum",
    "numbers": [1, 2],
    "held_out_template": False,
}


@pytest.fixture
def builtin(tmp_path: Path, write_lines: Write) -> Path:
    held_out = {**BUILTIN, "problem": "What is $2 + 1$?", "split": "test", "held_out_template": True}
    write_lines(tmp_path / "problems.jsonl", [BUILTIN, held_out, {**held_out, "held_out_template": False}])
    return tmp_path


def test_builtin_rows_are_read_and_held_out_templates_are_a_group_apart(builtin: Path, read: Read) -> None:
    source = read(read_builtin, builtin)
    assert source.group_is_apart is True
    first = source.problems[0]
    assert (first.split, first.problem, first.solution) == ("train", BUILTIN["problem"], BUILTIN["solution"])
    assert (first.answer, first.subject, first.level) == ("3", "Prealgebra", 1)
    assert [p.group for p in source.problems] == [None, "held-out templates", None]
    assert [(file.name, file.rows) for file in source.files] == [("problems.jsonl", 3)]


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in BUILTIN.items() if name != field}


BUILTIN_FAULTS: list[tuple[dict[str, Any], str]] = [
    *[
        (without(field), f"{field}: missing")
        for field in ("problem", "solution", "answer", "subject", "level", "split", "held_out_template")
    ],
    ({**BUILTIN, "problem": " "}, "problem: empty"),
    ({**BUILTIN, "answer": 3}, "answer: expected str, got 3"),
    ({**BUILTIN, "level": "1"}, "level: expected int, got '1'"),
    ({**BUILTIN, "level": True}, "level: expected int, got True"),
    ({**BUILTIN, "level": 6}, "level: must be one of 1, 2, 3, 4, 5, got 6"),
    ({**BUILTIN, "held_out_template": 0}, "held_out_template: expected bool, got 0"),
    ({**BUILTIN, "split": "dev"}, "split: must be one of train, test, got 'dev'"),
]


@pytest.mark.parametrize(("row", "complaint"), BUILTIN_FAULTS)
def test_a_builtin_row_at_fault_is_named_by_file_line_and_field(
    builtin: Path, row: dict[str, Any], complaint: str, refusal: Refusal
) -> None:
    with (builtin / "problems.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    assert refusal(read_builtin, builtin) == f"problems.jsonl:4: {complaint}"


def test_a_builtin_line_that_is_no_json_is_named(builtin: Path, refusal: Refusal) -> None:
    with (builtin / "problems.jsonl").open("a") as file:
        file.write("problem,solution\n")
    assert refusal(read_builtin, builtin).startswith("problems.jsonl:4: not a JSON object")


def test_a_missing_builtin_file_names_the_setting(tmp_path: Path, refusal: Refusal) -> None:
    assert refusal(read_builtin, tmp_path).startswith("problems.jsonl: no such file; set build_problems.location")
