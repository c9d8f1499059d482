from pathlib import Path

import pytest

from mathtune_core.errors import MathtuneError
from mathtune_styles.readers import READERS
from mathtune_styles.readers.inputs import check_pins, read_file
from mathtune_styles.readers.source import SourceFile

FILE = SourceFile("train.jsonl", "1f", 3)


def test_the_readers_are_found_by_the_names_of_params() -> None:
    assert {name: reader.__name__ for name, reader in READERS.items()} == {name: f"read_{name}" for name in READERS}
    assert list(READERS) == ["builtin", "gsm8k", "math", "math500", "prm800k", "table"]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.jsonl", "train"),
        ("phase2_test.jsonl", "test"),
        ("my-train.jsonl", "train"),
        ("contest.jsonl", None),
        ("test_set.jsonl", None),
    ],
)
def test_a_file_says_its_split_by_its_name(tmp_path: Path, name: str, split: str | None) -> None:
    (tmp_path / name).write_text("{}\n")
    assert read_file(tmp_path / name, "build_problems.location").split == split


def test_an_input_that_is_not_the_pinned_one_is_refused() -> None:
    check_pins([FILE], {}, "build_problems.sha256")
    check_pins([FILE], {"train.jsonl": "1f"}, "build_problems.sha256")
    with pytest.raises(MathtuneError) as caught:
        check_pins([FILE], {"train.jsonl": "2e"}, "build_problems.sha256")
    assert str(caught.value) == (
        "train.jsonl: sha256 is 1f, params.yaml (build_problems.sha256) expects 2e; nothing was written"
    )
    with pytest.raises(MathtuneError, match=r"build_problems\.sha256\.test\.jsonl: no such input; read were train"):
        check_pins([FILE], {"test.jsonl": "1f"}, "build_problems.sha256")
