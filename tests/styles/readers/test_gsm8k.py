import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mathtune_styles.readers.gsm8k import read_gsm8k
from mathtune_styles.readers.source import Source

Read = Callable[..., Source]
Refusal = Callable[..., str]
Write = Callable[[Path, list[dict[str, Any]]], None]

EASY = {"question": "Ann has 3 cats. How many?", "answer": "There are <<3=3>>3 cats.\n#### 3"}
HARD = {
    "question": " Bob earns $1,000 a day. How much in 4 days, less 3 times $5? ",
    "answer": "He earns <<1000*4=4000>>$4,000.\nFees: <<5*3=15>>15.\nLeft: <<4000-15=3985>>$3,985.\n#### 3,985",
}


@pytest.fixture
def gsm8k(tmp_path: Path, write_lines: Write) -> Path:
    write_lines(tmp_path / "train.jsonl", [EASY, HARD])
    write_lines(tmp_path / "test.jsonl", [{**EASY, "question": "Cy has 3 dogs. How many?"}])
    return tmp_path


def test_gsm8k_rows_keep_their_official_split_and_solution(gsm8k: Path, read: Read) -> None:
    source = read(read_gsm8k, gsm8k)
    assert [p.split for p in source.problems] == ["train", "train", "test"]
    easy, hard, _ = source.problems
    assert easy.problem == EASY["question"]
    assert hard.problem == HARD["question"].strip()
    assert hard.solution == HARD["answer"]
    assert (easy.subject, hard.subject) == (None, None)
    assert source.group_is_apart is False


def test_gsm8k_answers_stand_after_the_hashes_without_thousands_separators(gsm8k: Path, read: Read) -> None:
    assert [p.answer for p in read(read_gsm8k, gsm8k).problems] == ["3", "3985", "3"]


def test_gsm8k_problems_of_at_most_two_computations_are_easy(tmp_path: Path, read: Read, write_lines: Write) -> None:
    rows = [
        {"question": f"q{steps}", "answer": "<<1+1=2>>" * steps + "\n#### 2"} for steps in (0, 1, 2, 3, 4, 5, 6, 7, 8)
    ]
    write_lines(tmp_path / "train.jsonl", rows)
    write_lines(tmp_path / "test.jsonl", rows[:1])
    problems = read(read_gsm8k, tmp_path).problems[:-1]
    assert [p.group for p in problems] == ["easy"] * 3 + [None] * 6
    assert [p.level for p in problems] == [1, 1, 2, 3, 4, 5, 5, 5, 5]


def test_the_files_that_were_read_are_on_record(gsm8k: Path, read: Read) -> None:
    record = read(read_gsm8k, gsm8k).files
    assert [(file.name, file.rows) for file in record] == [("train.jsonl", 2), ("test.jsonl", 1)]
    for file in record:
        assert file.sha256 == hashlib.sha256((gsm8k / file.name).read_bytes()).hexdigest()


GSM8K_FAULTS: list[tuple[bytes, str]] = [
    (b'{"question": "q", "answer": ', "train.jsonl:3: not a JSON object: Expecting value at column"),
    (b"\n", "train.jsonl:3: not a JSON object: Expecting value at column"),
    (b"[1, 2]\n", "train.jsonl:3: expected a JSON object, got [1, 2]"),
    (b'{"answer": "#### 1"}\n', "train.jsonl:3: question: missing"),
    (b'{"question": "q"}\n', "train.jsonl:3: answer: missing"),
    (b'{"question": 5, "answer": "#### 1"}\n', "train.jsonl:3: question: expected str, got 5"),
    (b'{"question": null, "answer": "#### 1"}\n', "train.jsonl:3: question: expected str, got None"),
    (b'{"question": "  ", "answer": "#### 1"}\n', "train.jsonl:3: question: empty"),
    (b'{"question": "q", "answer": ""}\n', "train.jsonl:3: answer: empty"),
    (b'{"question": "q", "answer": "It is 3."}\n', "train.jsonl:3: answer: no `#### result` at the end"),
    (b'{"question": "q", "answer": "It is 3.\\n#### "}\n', "train.jsonl:3: answer: no `#### result` at the end"),
    (b'{"question": "caf\xe9", "answer": "#### 1"}\n', "train.jsonl:3: not UTF-8 at byte 18"),
]


@pytest.mark.parametrize(("line", "complaint"), GSM8K_FAULTS)
def test_a_gsm8k_row_at_fault_is_named_by_file_line_and_field(
    gsm8k: Path, line: bytes, complaint: str, refusal: Refusal
) -> None:
    with (gsm8k / "train.jsonl").open("ab") as file:
        file.write(line)
    assert refusal(read_gsm8k, gsm8k).startswith(complaint)


def test_the_line_of_a_fault_deep_in_a_file_is_right(gsm8k: Path, refusal: Refusal) -> None:
    fault = b'{"question": "caf\xe9", "answer": "#### 1"}\n'
    good = (json.dumps(EASY) + "\n").encode()
    (gsm8k / "train.jsonl").write_bytes(good * 1000 + fault + good)
    assert refusal(read_gsm8k, gsm8k).startswith("train.jsonl:1001: not UTF-8 at byte 18")


@pytest.mark.parametrize("name", ["train.jsonl", "test.jsonl"])
def test_a_missing_gsm8k_file_names_the_setting(gsm8k: Path, name: str, refusal: Refusal) -> None:
    (gsm8k / name).unlink()
    assert refusal(read_gsm8k, gsm8k) == (
        f"{name}: no such file; set build_problems.location in params.yaml to the folder with it"
    )


@pytest.mark.skipif("MATHTUNE_DATA" not in os.environ, reason="MATHTUNE_DATA, the folder with gsm8k/, is not set")
def test_all_of_gsm8k_is_read(read: Read) -> None:
    source = read(read_gsm8k, Path(os.environ["MATHTUNE_DATA"]) / "gsm8k")
    assert [(file.name, file.rows) for file in source.files] == [("train.jsonl", 7473), ("test.jsonl", 1319)]
    assert sum(p.split == "train" for p in source.problems) == 7473
    assert sum(p.split == "test" for p in source.problems) == 1319
    answers = [p.answer for p in source.problems]
    assert all(answer and not set(answer) & set("#,<>\n") for answer in answers)
    assert {p.level for p in source.problems} == {1, 2, 3, 4, 5}
    easy = sum(p.group == "easy" for p in source.problems)
    assert 0.2 < easy / len(source.problems) < 0.4
