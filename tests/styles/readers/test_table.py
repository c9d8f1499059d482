import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from mathtune_styles.readers.source import Source
from mathtune_styles.readers.table import read_table

Read = Callable[..., Source]
Refusal = Callable[..., str]
Write = Callable[[Path, list[dict[str, Any]]], None]

COLUMNS = {"problem": "Body", "answer": "Answer", "solution": "Equation", "level": "Grade", "subject": "Type"}
ROWS: list[dict[str, Any]] = [
    {"Body": 'Ann has 8 figs, "ripe",\nand eats 3.', "Answer": 5.0, "Equation": "8 - 3", "Grade": 1, "Type": "Minus"},
    {"Body": "Half of 1?", "Answer": 0.5, "Equation": "1 / 2", "Grade": 2, "Type": "Division"},
]  # fmt: skip


def write_csv(path: Path, rows: list[dict[str, Any]], delimiter: str = ",", encoding: str = "utf-8") -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, rows[0], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


WRITERS: dict[str, Callable[[Path], object]] = {
    "train.csv": lambda path: write_csv(path, ROWS),
    "train.tsv": lambda path: write_csv(path, ROWS, "\t"),
    "train.jsonl": lambda path: path.write_text("".join(json.dumps(row) + "\n" for row in ROWS)),
    "train.json": lambda path: path.write_text(json.dumps(ROWS, indent=1)),
    "train.parquet": lambda path: pl.DataFrame(ROWS).write_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_problems(tmp_path: Path, name: str, read: Read) -> None:
    WRITERS[name](tmp_path / name)
    ann, half = read(read_table, tmp_path / name, **COLUMNS).problems
    assert (ann.split, ann.problem) == ("train", ROWS[0]["Body"])
    assert (ann.answer, ann.level, ann.subject) == ("5", 1, "Minus")
    assert (half.answer, half.level, half.subject) == ("0.5", 2, "Division")
    assert ann.solution == "8 - 3\nThe answer is $\\boxed{5}$."


def test_a_folder_holds_a_file_a_split_and_a_column_of_splits_says_it_too(tmp_path: Path, read: Read) -> None:
    WRITERS["train.csv"](tmp_path / "train.csv")
    WRITERS["train.parquet"](tmp_path / "test.parquet")
    source = read(read_table, tmp_path, **COLUMNS)
    assert [p.split for p in source.problems] == ["train", "train", "test", "test"]
    assert [(file.name, file.rows) for file in source.files] == [("train.csv", 2), ("test.parquet", 2)]
    rows = [{"Body": "a", "Answer": "1", "Part": "test"}, {"Body": "b", "Answer": "2", "Part": "train"}]
    write_csv(tmp_path / "mine.csv", rows)
    named = read(read_table, tmp_path / "mine.csv", problem="Body", answer="Answer", split="Part")
    assert [p.split for p in named.problems] == ["test", "train"]


def test_columns_are_put_together_in_braces(tmp_path: Path, write_lines: Write, read: Read) -> None:
    write_lines(tmp_path / "train.jsonl", [{"Body": "Ann has 8 figs. ", "Question": "Are there 8?", "Answer": "yes"}])
    (problem,) = read(read_table, tmp_path / "train.jsonl", problem="{Body} {Question}", answer="Answer").problems
    assert problem.problem == "Ann has 8 figs. Are there 8?"
    assert (problem.solution, problem.level, problem.subject) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (12, "12"), (12.0, "12"), (-3.50, "-3.5"), (1e20, "100000000000000000000"), (0.1, "0.1"), ("12.0", "12"),
        (" 7 ", "7"), ("3.25", "3.25"), ("\\frac{1}{2}", "\\frac{1}{2}"), ("1,000", "1,000"),
    ],
)  # fmt: skip
def test_a_number_is_an_answer(tmp_path: Path, value: Any, answer: str, write_lines: Write, read: Read) -> None:
    write_lines(tmp_path / "train.jsonl", [{"q": "?", "a": value}])
    assert read(read_table, tmp_path / "train.jsonl", problem="q", answer="a").problems[0].answer == answer


@pytest.mark.parametrize("solution", [None, "", "  "])
def test_a_problem_may_lack_a_solution(tmp_path: Path, solution: str | None, write_lines: Write, read: Read) -> None:
    write_lines(tmp_path / "train.jsonl", [{"q": "?", "a": "1", "s": solution}])
    (problem,) = read(read_table, tmp_path / "train.jsonl", problem="q", answer="a", solution="s").problems
    assert problem.solution is None


def test_a_solution_in_gsm8ks_manner_is_left_to_the_styles(tmp_path: Path, write_lines: Write, read: Read) -> None:
    write_lines(tmp_path / "train.jsonl", [{"q": "?", "a": "3", "s": "<<1+2=3>>3.\n#### 3"}])
    (problem,) = read(read_table, tmp_path / "train.jsonl", problem="q", answer="a", solution="s").problems
    assert problem.solution == "<<1+2=3>>3.\n#### 3"


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"a": "1"}, "q: no such column; build_problems.columns.problem can be one of a"),
    ({"q": "?"}, "a: no such column; build_problems.columns.answer can be one of q"),
    ({"q": "", "a": "1"}, "problem (column q): expected text, got ''"),
    ({"q": 5, "a": "1"}, "problem (column q): expected text, got 5"),
    ({"q": "?", "a": ""}, "answer: empty"),
    ({"q": "?", "a": None}, "answer: expected text or a number, got None"),
    ({"q": "?", "a": True}, "answer: expected text or a number, got True"),
    ({"q": "?", "a": [1]}, "answer: expected text or a number, got [1]"),
    ({"q": "?", "a": float("nan")}, "answer: expected an answer, got nan"),
    ({"q": "?", "a": "1", "l": "hard"}, "level: must be 1 to 5 or `Level 1` to `Level 5`, got 'hard'"),
]


@pytest.mark.parametrize(("row", "complaint"), FAULTS)
def test_a_row_at_fault_is_named_by_file_line_and_field(
    tmp_path: Path, row: dict[str, Any], complaint: str, write_lines: Write, refusal: Refusal
) -> None:
    write_lines(tmp_path / "train.jsonl", [{"q": "?", "a": "1", "l": 1}, row])
    write_lines(tmp_path / "test.jsonl", [{"q": "?", "a": "1", "l": 1}])
    columns = {"problem": "q", "answer": "a"} | ({"level": "l"} if "l" in row else {})
    assert refusal(read_table, tmp_path, **columns) == f"train.jsonl:2: {complaint}"


FILES: list[tuple[str, bytes, str]] = [
    ("train.csv", b'q,a\n?,1\n"two\nlines",2\n?,3,4\n', "train.csv:5: 3 cells, and 2 columns in the header"),
    ("train.csv", b"q,a,q\n?,1,2\n", "train.csv:1: the first line must name every column once"),
    ("train.csv", b"", "train.csv:1: the first line must name every column once"),
    ("train.csv", b"q,a\n", "train.csv: empty; set build_problems.location to a file or folder with rows in it"),
    ("train.csv", b'q,a\n?,1\n"open,2\n', "train.csv:3: not a row of csv: unexpected end of data"),
    ("train.csv", b"q,a\n?,1\ncaf\xe9,2\n", "train.csv:3: not UTF-8 at byte 4; re-encode the file"),
    ("train.json", b"{}", "train.json: expected a list of JSON objects"),
    ("train.json", b"[\n{]", "train.json:2: not JSON: "),
    ("train.json", b"[5]", "train.json: row 0: expected a JSON object, got 5"),
    ("train.jsonl", b"", "train.jsonl: empty; set build_problems.location to a file or folder with rows in it"),
    ("train.parquet", b"PAR1", "train.parquet: not a readable parquet file ("),
]


@pytest.mark.parametrize(("name", "content", "complaint"), FILES)
def test_a_file_at_fault_is_named_by_line(
    tmp_path: Path, name: str, content: bytes, complaint: str, refusal: Refusal
) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(read_table, tmp_path, problem="q", answer="a").startswith(complaint)


def test_a_spreadsheets_byte_order_mark_is_no_part_of_a_column(tmp_path: Path, read: Read) -> None:
    write_csv(tmp_path / "train.csv", [{"q": "?", "a": "1"}], encoding="utf-8-sig")
    assert len(read(read_table, tmp_path / "train.csv", problem="q", answer="a").problems) == 1


def test_what_does_not_say_its_split_or_says_it_twice_is_refused(
    tmp_path: Path, write_lines: Write, refusal: Refusal
) -> None:
    write_lines(tmp_path / "mine.jsonl", [{"q": "?", "a": "1"}])
    assert refusal(read_table, tmp_path / "mine.jsonl", problem="q", answer="a") == (
        "mine.jsonl: neither train.* nor test.*; set build_problems.columns.split to the column that says it"
    )
    WRITERS["train.csv"](tmp_path / "train.csv")
    WRITERS["train.json"](tmp_path / "train.json")
    assert refusal(read_table, tmp_path, **COLUMNS).endswith("train.json and train.csv: keep one of them")


def test_a_hub_dataset_is_a_table(hub: SimpleNamespace, read: Read) -> None:
    hub.datasets["A/svamp"] = {"default": {"train": ROWS, "test": ROWS[:1], "validation": ROWS}}
    source = read(read_table, "hub:A/svamp", "abc123", **COLUMNS)
    assert [p.split for p in source.problems] == ["train", "train", "test"]
    assert [(file.name, file.rows) for file in source.files] == [
        ("hub:A/svamp@abc123/train", 2),
        ("hub:A/svamp@abc123/test", 1),
    ]


def test_of_several_configurations_one_is_named(hub: SimpleNamespace, read: Read, refusal: Refusal) -> None:
    hub.datasets["A/svamp"] = {"one": {"train": ROWS}, "two": {"train": ROWS[:1]}}
    assert refusal(read_table, "hub:A/svamp", "abc123", **COLUMNS) == (
        "hub:A/svamp: has the configurations one, two; set build_problems.location to hub:A/svamp:ONE"
    )
    assert len(read(read_table, "hub:A/svamp:two", "abc123", **COLUMNS).problems) == 1


def test_what_the_hub_cannot_give_is_one_line(hub: SimpleNamespace, refusal: Refusal) -> None:
    hub.datasets["A/other"] = {"default": {"validation": ROWS}}
    assert refusal(read_table, "hub:A/none", "abc123", **COLUMNS) == (
        "hub:A/none@abc123: could not be read (Dataset 'A/none' doesn't exist); "
        "set build_problems.location to a local folder"
    )
    assert refusal(read_table, "hub:A/other", "abc123", **COLUMNS).startswith(
        "hub:A/other@abc123: has no train or test"
    )
    assert refusal(read_table, "hub:A/other", None, **COLUMNS) == (
        "params.yaml: build_problems.revision: missing; a hub dataset needs a pinned commit"
    )
