from pathlib import Path

import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.shots import Shot, read_shots

GOOD = '{"problem": " What is 1 + 1? ", "solution": "2"}\n'


def test_examples_come_in_order_without_space_around_them(tmp_path: Path) -> None:
    (tmp_path / "shots.jsonl").write_text(GOOD + '{"problem": "b", "solution": "c\\nd", "source": "mine"}\n')
    assert read_shots(tmp_path / "shots.jsonl") == (Shot("What is 1 + 1?", "2"), Shot("b", "c\nd"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "shots.jsonl: holds no example"),
        (GOOD.encode() + b"\xff\n", "shots.jsonl:2: not UTF-8 at byte 1"),
        (b"{\n", "shots.jsonl:1: not a JSON object"),
        (b"[1]\n", "shots.jsonl:1: problem: expected a text"),
        (GOOD.encode() + b'{"problem": "a"}\n', "shots.jsonl:2: solution: expected a text that is not empty, got None"),
        (b'{"problem": " ", "solution": "b"}\n', "shots.jsonl:1: problem: expected a text that is not empty"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_place(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "shots.jsonl"
    path.write_bytes(content)
    with pytest.raises(MathtuneError) as error:
        read_shots(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(MathtuneError, match="no such file; write one line"):
        read_shots(tmp_path / "none.jsonl")
