import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mathtune_core.errors import MathtuneError
from mathtune_styles.readers import READERS, Source, read_builtin, read_gsm8k

EASY = {"question": "Ann has 3 cats. How many?", "answer": "There are <<3=3>>3 cats.\n#### 3"}
HARD = {
    "question": " Bob earns $1,000 a day. How much in 4 days, less 3 times $5? ",
    "answer": "He earns <<1000*4=4000>>$4,000.\nFees: <<5*3=15>>15.\nLeft: <<4000-15=3985>>$3,985.\n#### 3,985",
}
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


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def gsm8k(tmp_path: Path) -> Path:
    write_lines(tmp_path / "train.jsonl", [EASY, HARD])
    write_lines(tmp_path / "test.jsonl", [{**EASY, "question": "Cy has 3 dogs. How many?"}])
    return tmp_path


@pytest.fixture
def builtin(tmp_path: Path) -> Path:
    held_out = {**BUILTIN, "problem": "What is $2 + 1$?", "split": "test", "held_out_template": True}
    write_lines(tmp_path / "problems.jsonl", [BUILTIN, held_out, {**held_out, "held_out_template": False}])
    return tmp_path


def refusal(read: Callable[[str, str | None], Source], folder: Path) -> str:
    """The error message, one line as a user will read it, without the folder's name."""
    with pytest.raises(MathtuneError) as caught:
        read(str(folder), None)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{folder}/")
    return message.removeprefix(f"{folder}/")


def test_the_readers_are_found_by_the_names_of_params() -> None:
    assert {"builtin": read_builtin, "gsm8k": read_gsm8k} == READERS


def test_gsm8k_rows_keep_their_official_split_and_solution(gsm8k: Path) -> None:
    source = read_gsm8k(str(gsm8k), None)
    assert [p.split for p in source.problems] == ["train", "train", "test"]
    easy, hard, _ = source.problems
    assert easy.problem == EASY["question"]
    assert hard.problem == HARD["question"].strip()
    assert hard.solution == HARD["answer"]
    assert (easy.subject, hard.subject) == (None, None)
    assert source.group_is_apart is False


def test_gsm8k_answers_stand_after_the_hashes_without_thousands_separators(gsm8k: Path) -> None:
    assert [p.answer for p in read_gsm8k(str(gsm8k), None).problems] == ["3", "3985", "3"]


def test_gsm8k_problems_of_at_most_two_computations_are_easy(tmp_path: Path) -> None:
    rows = [
        {"question": f"q{steps}", "answer": "<<1+1=2>>" * steps + "\n#### 2"} for steps in (0, 1, 2, 3, 4, 5, 6, 7, 8)
    ]
    write_lines(tmp_path / "train.jsonl", rows)
    write_lines(tmp_path / "test.jsonl", rows[:1])
    problems = read_gsm8k(str(tmp_path), None).problems[:-1]
    assert [p.group for p in problems] == ["easy"] * 3 + [None] * 6
    assert [p.level for p in problems] == [1, 1, 2, 3, 4, 5, 5, 5, 5]


def test_the_files_that_were_read_are_on_record(gsm8k: Path) -> None:
    record = read_gsm8k(str(gsm8k), None).files
    assert [(file.name, file.rows) for file in record] == [("train.jsonl", 2), ("test.jsonl", 1)]
    for file in record:
        assert file.sha256 == hashlib.sha256((gsm8k / file.name).read_bytes()).hexdigest()


def test_a_hub_dataset_needs_a_pinned_revision() -> None:
    with pytest.raises(MathtuneError, match=r"^params\.yaml: build_problems\.revision: missing"):
        read_gsm8k("hub:openai/gsm8k", None)


def test_builtin_rows_are_read_and_held_out_templates_are_a_group_apart(builtin: Path) -> None:
    source = read_builtin(str(builtin), None)
    assert source.group_is_apart is True
    first = source.problems[0]
    assert (first.split, first.problem, first.solution) == ("train", BUILTIN["problem"], BUILTIN["solution"])
    assert (first.answer, first.subject, first.level) == ("3", "Prealgebra", 1)
    assert [p.group for p in source.problems] == [None, "held-out templates", None]
    assert [(file.name, file.rows) for file in source.files] == [("problems.jsonl", 3)]


GSM8K_FAULTS: list[tuple[bytes, str]] = [
    (b'{"question": "q", "answer": ', "train.jsonl:3: not a JSON object: Expecting value at column"),
    (b"\n", "train.jsonl:3: not a JSON object: Expecting value at column"),
    (b"[1, 2]\n", "train.jsonl:3: expected a JSON object, got '[1, 2]'"),
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
def test_a_gsm8k_row_at_fault_is_named_by_file_line_and_field(gsm8k: Path, line: bytes, complaint: str) -> None:
    with (gsm8k / "train.jsonl").open("ab") as file:
        file.write(line)
    assert refusal(read_gsm8k, gsm8k).startswith(complaint)


def test_the_line_of_a_fault_deep_in_a_file_is_right(gsm8k: Path) -> None:
    fault = b'{"question": "caf\xe9", "answer": "#### 1"}\n'
    good = (json.dumps(EASY) + "\n").encode()
    (gsm8k / "train.jsonl").write_bytes(good * 1000 + fault + good)
    assert refusal(read_gsm8k, gsm8k).startswith("train.jsonl:1001: not UTF-8 at byte 18")


@pytest.mark.parametrize("name", ["train.jsonl", "test.jsonl"])
def test_a_missing_gsm8k_file_names_the_setting(gsm8k: Path, name: str) -> None:
    (gsm8k / name).unlink()
    assert refusal(read_gsm8k, gsm8k) == (
        f"{name}: no such file; set build_problems.location in params.yaml to the folder with it"
    )


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
    builtin: Path, row: dict[str, Any], complaint: str
) -> None:
    with (builtin / "problems.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    assert refusal(read_builtin, builtin) == f"problems.jsonl:4: {complaint}"


def test_a_builtin_line_that_is_no_json_is_named(builtin: Path) -> None:
    with (builtin / "problems.jsonl").open("a") as file:
        file.write("problem,solution\n")
    assert refusal(read_builtin, builtin).startswith("problems.jsonl:4: not a JSON object")


def test_a_missing_builtin_file_names_the_setting(tmp_path: Path) -> None:
    assert refusal(read_builtin, tmp_path).startswith("problems.jsonl: no such file; set build_problems.location")


@pytest.mark.skipif("MATHTUNE_DATA" not in os.environ, reason="MATHTUNE_DATA, the folder with gsm8k/, is not set")
def test_all_of_gsm8k_is_read() -> None:
    source = read_gsm8k(str(Path(os.environ["MATHTUNE_DATA"]) / "gsm8k"), None)
    assert [(file.name, file.rows) for file in source.files] == [("train.jsonl", 7473), ("test.jsonl", 1319)]
    assert sum(p.split == "train" for p in source.problems) == 7473
    assert sum(p.split == "test" for p in source.problems) == 1319
    answers = [p.answer for p in source.problems]
    assert all(answer and not set(answer) & set("#,<>\n") for answer in answers)
    assert {p.level for p in source.problems} == {1, 2, 3, 4, 5}
    easy = sum(p.group == "easy" for p in source.problems)
    assert 0.2 < easy / len(source.problems) < 0.4
