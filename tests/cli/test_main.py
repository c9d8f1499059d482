from pathlib import Path

import pytest

from mathtune_cli.main import main
from mathtune_core.errors import MathtuneError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "scales").mkdir()
    (tmp_path / "scales" / "tiny.yaml").write_text("train:\n  epochs: 2\n")
    (tmp_path / "scales" / "large.yaml").write_text("train:\n  epochs: 5\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_scale_writes_params_and_prints_the_diff(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", "tiny"]) == 0
    capsys.readouterr()
    assert main(["scale", "large"]) == 0
    printed = capsys.readouterr()
    assert (project / "params.yaml").read_text() == "train:\n  epochs: 5\n"
    assert "-  epochs: 2\n+  epochs: 5\n" in printed.out
    assert printed.err == ""


def test_scale_says_when_nothing_changed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["scale", "tiny"])
    capsys.readouterr()
    assert main(["scale", "tiny"]) == 0
    assert capsys.readouterr().out == "params.yaml: no change\n"


def test_scale_takes_further_changes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", "large", "train.epochs=7"]) == 0
    assert (project / "params.yaml").read_text() == "train:\n  epochs: 7\n"
    assert "+  epochs: 7\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["scale", "huge"], "error: scales/huge.yaml: no such scale; known: large, tiny\n"),
        (
            ["scale", "tiny", "train.epoch=7"],
            "error: train.epoch=7: expected section.key=value with a key of params.yaml; no `train.epoch` there\n",
        ),
    ],
)
def test_what_the_user_can_mend_is_one_line_on_stderr(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", complaint)
    assert not (project / "params.yaml").exists()


def test_table_prints_what_the_last_run_measured(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("mathtune_ranking.results_table.render", lambda folder: asked.append(folder) or "a table\n\n")
    assert main(["table"]) == 0
    assert main(["table", "elsewhere"]) == 0
    assert asked == [Path("artifacts/evaluate"), Path("elsewhere")]
    assert capsys.readouterr().out == "a table\n" * 2


def test_table_before_any_run_is_one_line_on_stderr(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: artifacts/evaluate/")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["scales"], ["scale"], ["table", "a", "b"]])
def test_arguments_that_are_no_command_print_the_usage(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: mathtune")
    assert not (project / "params.yaml").exists()


def test_an_error_that_is_ours_is_not_swallowed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> str:
        raise KeyError("a bug")

    assert not issubclass(KeyError, MathtuneError)
    monkeypatch.setattr("mathtune_cli.main.write_scale", broken)
    with pytest.raises(KeyError):
        main(["scale", "tiny"])
