import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mathtune_answers.extract import extract_answer
from mathtune_styles.readers.math import read_math, read_math500
from mathtune_styles.readers.source import Source

Read = Callable[..., Source]
Refusal = Callable[..., str]
Write = Callable[[Path, list[dict[str, Any]]], None]

# In MATH's own form (Hendrycks et al. 2021).
ROW = {
    "problem": "What is $2^3$?",
    "level": "Level 3",
    "type": "Number Theory",
    "solution": r"We have $2^3 = 2 \cdot 4 = \boxed{8}$, as $2^2 = 4$.",
}
# In MATH-500's form (Lightman et al. 2023).
ROW500 = {
    "problem": "What is half of $1$?",
    "solution": r"It is $\boxed{\frac{1}{2}}.$",
    "answer": r"\frac{1}{2}",
    "subject": "Prealgebra",
    "level": 2,
    "unique_id": "test/prealgebra/1.json",
}


@pytest.fixture
def folder(tmp_path: Path, write_lines: Write) -> Path:
    write_lines(tmp_path / "train.jsonl", [ROW])
    write_lines(tmp_path / "test.jsonl", [ROW500])
    return tmp_path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("train/number_theory/12.json", "train/algebra/3.json", "test/algebra/3.json", "train/algebra/.x.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**ROW, "problem": f"From {name}?"}))
    return tmp_path


def test_a_folder_of_json_lines_holds_rows_of_either_form(folder: Path, read: Read) -> None:
    source = read(read_math, folder)
    train, test = source.problems
    assert (train.split, train.answer, train.subject, train.level) == ("train", "8", "Number Theory", 3)
    assert (test.split, test.answer, test.subject, test.level) == ("test", r"\frac{1}{2}", "Prealgebra", 2)
    assert (train.group, source.group_is_apart) == (None, False)


def test_a_solution_gets_the_closing_sentence_and_keeps_its_words(folder: Path, read: Read) -> None:
    train, test = read(read_math, folder).problems
    assert train.solution == ROW["solution"] + "\nThe answer is $\\boxed{8}$."
    assert test.solution == ROW500["solution"] + "\nThe answer is $\\boxed{\\frac{1}{2}}$."  # type: ignore[operator]


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"First $\boxed{1}$, no, $\boxed{\text{(B) }\frac{1}{x^{2}}}$.", r"\text{(B) }\frac{1}{x^{2}}"),
        (r"So it is \fbox{12}.", "12"),
        (r"So it is $\boxed 5$", "5"),
        (r"So it is $\boxed {5}.$", "5"),
    ],
)
def test_the_answer_is_in_the_last_box(
    folder: Path, solution: str, answer: str, read: Read, write_lines: Write
) -> None:
    write_lines(folder / "train.jsonl", [{**ROW, "solution": solution}])
    assert read(read_math, folder).problems[0].answer == answer


def test_the_published_tree_is_one_input_a_split(tree: Path, read: Read) -> None:
    source = read(read_math, tree)
    assert [(p.split, p.problem) for p in source.problems] == [
        ("train", "From train/algebra/3.json?"),
        ("train", "From train/number_theory/12.json?"),
        ("test", "From test/algebra/3.json?"),
    ]
    assert [(file.name, file.rows) for file in source.files] == [("train/", 2), ("test/", 1)]
    content = hashlib.sha256((tree / "test/algebra/3.json").read_bytes()).hexdigest()
    assert source.files[1].sha256 == hashlib.sha256(f"algebra/3.json {content}\n".encode()).hexdigest()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{"problem":\n }', "test/algebra/3.json:2: not JSON: Expecting value at column"),
        (b'{"problem":\n "caf\xe9"}', "test/algebra/3.json:2: not UTF-8 at byte 6"),
        (b"[]", "test/algebra/3.json: expected a JSON object, got []"),
        (json.dumps({**ROW, "level": "Level 7"}).encode(), "test/algebra/3.json: level: must be 1 to 5 or"),
    ],
)
def test_a_file_of_the_tree_at_fault_is_named(tree: Path, content: bytes, complaint: str, refusal: Refusal) -> None:
    (tree / "test/algebra/3.json").write_bytes(content)
    assert refusal(read_math, tree).startswith(complaint)


def test_an_empty_tree_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "train").mkdir()
    assert refusal(read_math, tmp_path) == "train: no SUBJECT/N.json in it; is this MATH as published?"


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in ROW.items() if name != field}


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (without("problem"), "problem: missing"),
        (without("solution"), "solution: missing"),
        (without("type"), "subject: missing"),
        (without("level"), "level: must be 1 to 5 or `Level 1` to `Level 5`, got None"),
        ({**ROW, "level": "Level 6"}, "level: must be 1 to 5 or `Level 1` to `Level 5`, got 'Level 6'"),
        ({**ROW, "level": True}, "level: must be 1 to 5 or `Level 1` to `Level 5`, got True"),
        ({**ROW, "solution": "It is 8."}, "solution: no complete \\boxed{…} to take the answer from"),
        ({**ROW, "solution": r"It is \boxed{8"}, "solution: no complete \\boxed{…} to take the answer from"),
        ({**ROW, "solution": "The answer is 8."}, "solution: no complete \\boxed{…} to take the answer from"),
        ({**ROW, "answer": 8}, "answer: expected str, got 8"),
    ],
)
def test_a_row_at_fault_is_named_by_file_line_and_field(
    folder: Path, row: dict[str, Any], complaint: str, refusal: Refusal, write_lines: Write
) -> None:
    write_lines(folder / "train.jsonl", [ROW, row])
    assert refusal(read_math, folder) == f"train.jsonl:2: {complaint}"


def test_maths_own_unknown_level_is_no_level(folder: Path, read: Read, write_lines: Write) -> None:
    write_lines(folder / "train.jsonl", [{**ROW, "level": "Level ?"}])
    assert read(read_math, folder).problems[0].level is None


def test_a_hub_dataset_with_a_configuration_a_subject_is_read_whole(hub: SimpleNamespace, read: Read) -> None:
    hub.datasets["E/math"] = {
        "algebra": {"train": [ROW], "test": [ROW, ROW]},
        "geometry": {"train": [{**ROW, "type": "Geometry"}], "test": [ROW]},
    }
    source = read(read_math, "hub:E/math", "abc123")
    assert Counter(p.split for p in source.problems) == {"train": 2, "test": 3}
    assert [file.name for file in source.files] == [
        "hub:E/math@abc123/algebra/train",
        "hub:E/math@abc123/algebra/test",
        "hub:E/math@abc123/geometry/train",
        "hub:E/math@abc123/geometry/test",
    ]
    assert {revision for *_, revision in hub.asked} == {"abc123"}


def test_math500_is_all_test_wherever_it_lies(folder: Path, hub: SimpleNamespace, read: Read) -> None:
    hub.datasets["H/MATH-500"] = {"default": {"test": [ROW500]}}
    odd = folder / "math500.jsonl"
    odd.write_bytes((folder / "test.jsonl").read_bytes())
    places = [read(read_math500, folder), read(read_math500, odd), read(read_math500, "hub:H/MATH-500", "abc123")]
    assert [source.problems for source in places] == [places[0].problems] * 3
    assert places[0].problems[0].split == "test"
    assert [source.files[0].name for source in places] == [
        "test.jsonl",
        "math500.jsonl",
        "hub:H/MATH-500@abc123/test",
    ]


@pytest.mark.skipif("MATHTUNE_DATA" not in os.environ, reason="MATHTUNE_DATA, the folder with math/, is not set")
def test_all_of_math_is_read(read: Read) -> None:
    source = read(read_math, Path(os.environ["MATHTUNE_DATA"]) / "math")
    assert Counter(p.split for p in source.problems) == {"train": 4500, "test": 500}
    assert {p.level for p in source.problems} == {1, 2, 3, 4, 5}
    assert len({p.subject for p in source.problems}) == 7
    assert [p.problem for p in source.problems if extract_answer(p.solution or "") != p.answer] == []
