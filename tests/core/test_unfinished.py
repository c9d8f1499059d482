"""A folder for unfinished work is kept for the same key and thrown away for another."""

from pathlib import Path

import pytest

from mathtune_core.unfinished import claim, claimed_by

KEY = {"weights": "a", "params": "b"}


def test_the_same_key_finds_what_it_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claim(tmp_path / "run", KEY, "a run", "problems")
    (tmp_path / "run/left").write_text("half")
    claim(tmp_path / "run", dict(reversed(KEY.items())), "a run", "problems")
    assert (tmp_path / "run/left").read_text() == "half"
    assert claimed_by(tmp_path / "run") == KEY
    assert capsys.readouterr().err == ""


def test_another_key_throws_it_away_and_says_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claim(tmp_path / "run", KEY, "a run", "problems")
    (tmp_path / "run/left").write_text("half")
    claim(tmp_path / "run", {**KEY, "params": "c"}, "a run", "finished problems")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["key.json"]
    assert capsys.readouterr().err == (
        f"{tmp_path / 'run'}: of a run with other params; its finished problems are thrown away\n"
    )


@pytest.mark.parametrize("left", [None, "{", "[]"], ids=["none", "cut short", "no object"])
def test_a_folder_whose_key_cannot_be_read_is_nobodys(left: str | None, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/left").write_text("half")
    if left is not None:
        (tmp_path / "run/key.json").write_text(left)
    assert claimed_by(tmp_path / "run") == {}
    claim(tmp_path / "run", KEY, "a run", "problems")
    assert not (tmp_path / "run/left").exists()
    assert claimed_by(tmp_path / "run") == KEY
