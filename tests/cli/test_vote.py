"""`mathtune vote` on a fake sampler: the report counts what was drawn, and ties share their accuracy."""

from pathlib import Path

import polars as pl
import pytest

from mathtune_cli import generator
from mathtune_cli.main import main
from mathtune_core.schemas import PROBLEMS
from mathtune_core.tables import write_table
from mathtune_sampling.backend import Opened
from mathtune_sampling.backends.fake import FakeSampler

TEXTS = {
    "sure": [r"So $\boxed{\frac{1}{2}}$.", "The answer is 0.5."],
    "torn": ["The answer is 1.", "The answer is 2."],
    "mute": ["I do not know"],
    "wrong": ["The answer is 5."],
}


class Letters:
    eos_token_id = 0

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        return [ord(letter) for letter in text]


@pytest.fixture
def problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    answers = {"sure": r"\frac12", "torn": "1", "mute": "3", "wrong": "4"}
    rows = [(name, "val", None, "main", "toy", None, None, f"Problem {name}", answers[name]) for name in TEXTS]
    path = tmp_path / "problems.parquet"
    write_table(pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row"), path, PROBLEMS)
    monkeypatch.setattr(generator, "open_sampler", lambda *_: Opened(FakeSampler(TEXTS), Letters(), "fake"))
    return path


def test_without_an_error_rate_every_problem_gets_all(problems: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vote", "model", "--problems", str(problems), "--n", "8"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "4 problems, Maj1 37.5% of at most 8 samples"  # right, half, none, wrong
    assert second.startswith("32 samples of 32 (8.0 a problem), ")


def test_an_error_rate_saves_samples_of_decided_votes(problems: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vote", "model", "--problems", str(problems), "--n", "8", "--wave", "2", "--error-rate", "0"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "4 problems, Maj1 37.5% of at most 8 samples"
    assert second.startswith("28 samples of 32 (7.0 a problem), ")  # 6 of 8 for one answer settle it


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--n", "0"], "error: mathtune vote: --n: must be at least 1, got 0"),
        (["--error-rate", "2"], "error: mathtune vote: --error-rate: must be at least 0 and below 0.5, got 2.0"),
        (
            ["--wave", "99", "--error-rate", "0"],
            "error: mathtune vote: --wave: must be at least 1 and at most n, got 99",
        ),
    ],
)
def test_a_mistake_is_one_line(
    problems: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["vote", "model", "--problems", str(problems), *arguments]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(message)


def test_a_split_without_problems_is_one_line(problems: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vote", "model", "--problems", str(problems), "--split", "test"]) == 1
    assert capsys.readouterr().err == f"error: {problems}: no problem of split test\n"


def test_worked_examples_that_come_with_the_model_stand_before_each_problem(
    problems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shots.jsonl").write_text('{"problem": "1 + 1?", "solution": "2"}\n')
    goes_on = ["The answer is 1.\n\nProblem: 4 + 4?\nSolution: The answer is 8."]
    fake = Opened(FakeSampler(lambda _: goes_on), Letters(), "fake")
    monkeypatch.setattr(generator, "open_sampler", lambda *_: fake)
    assert main(["vote", str(tmp_path), "--problems", str(problems)]) == 0
    assert capsys.readouterr().out.startswith("4 problems, Maj1 25.0%")  # "torn" alone is 1
