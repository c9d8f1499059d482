"""`mathtune styles compare`: what it prints is within its width, in order, and a mistake is one line."""

from pathlib import Path

import polars as pl
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from mathtune_cli.main import main
from mathtune_cli.styles_compare import MAX_WIDTH
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import write_table

LONG = "a+mix+of+many+styles+with+a+very+long+name"
TEXTS = {
    "generated": {"p1": [r"First $12 \div 4 = 4$, then $4$. The answer is $\boxed{4}$.", "It is three."]},
    "original": {"p1": [r"It is $12 \div 4 = 3$. The answer is $\boxed{3}$."], "p2": [r"So $x = 1$."]},
    LONG: {"p2": ["a " * 60]},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [
        ("p1", "train", "generator", "main", "toy", "Algebra", 1, r"What is $12 \div 4$?", "3"),
        ("p2", "train", "generator", "main", "toy", None, None, "What is $1$?", "1"),
        ("p3", "test", None, "main", "toy", None, None, "What is $3$?", "3"),
    ]
    artifacts = tmp_path / "artifacts"
    problems = pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row")
    write_table(problems, artifacts / "build_problems" / "problems.parquet", PROBLEMS)
    for style, texts in TEXTS.items():
        solutions = [
            (f"{problem}/{number}", problem, style, text, None, None, "toy")
            for problem, several in texts.items()
            for number, text in enumerate(several)
        ]
        frame = pl.DataFrame(solutions, schema=SOLUTIONS.schema, orient="row")
        write_table(frame, artifacts / "build_solutions" / style / "solutions.parquet", SOLUTIONS)
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    (tmp_path / "base").mkdir()
    tokenizer.save(str(tmp_path / "base" / "tokenizer.json"))
    (tmp_path / "params.yaml").write_text("study:\n  base: base\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["styles", "compare", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def cells(lines: list[str], label: str) -> list[str]:
    [line] = [line for line in lines if line.strip().startswith(label)]
    return line.strip().removeprefix(label).split()


def test_original_comes_first_and_mixes_last(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys)
    assert lines[0] == "Solutions of the 2 problems that generators train on"
    assert lines[2].split() == ["original", "generated", f"{LONG[:23]}…"]
    assert max(map(len, lines)) <= MAX_WIDTH
    assert not any(line != line.rstrip() for line in lines)


def test_numbers_are_the_profiles(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys)
    assert cells(lines, "problems with a solution") == ["2", "1", "1"]
    assert cells(lines, "that fail") == ["0.0%", "100.0%", "–"]
    assert cells(lines, "operations at once") == ["0.50", "1.00", "–"]
    assert cells(lines, "with a wrong answer") == ["0.0%", "50.0%", "0.0%"]
    assert cells(lines, "covered, level 1") == ["100.0%", "100.0%", "0.0%"]
    assert cells(lines, "from 5% to 95% of them")[0] == "5–12"  # two solutions, of 5 and 12 tokens


def test_the_overlap_of_each_pair(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys)
    start = next(i for i, line in enumerate(lines) if line.startswith("Of a solution's 4-grams"))
    matrix = [line.split()[1:] for line in lines[start + 4 : start + 7]]
    assert [matrix[i][i] for i in range(3)] == ["100.0%"] * 3
    assert matrix[1][2] == "–"  # no problem in common


def test_one_problem_in_every_style(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys)
    shown = lines[next(i for i, line in enumerate(lines) if line.startswith("Problem ")) :]
    assert shown[:5] == ["Problem p1, Algebra, level 1", "", r"What is $12 \div 4$?", "", "Answer: 3"]
    text = "\n".join(shown)
    assert text.index("original") < text.index("generated") < text.index(LONG)
    assert "(2 of 2)" in text
    assert shown[-1] == "no solution"
    assert any("original" in line and "generated" in line for line in shown)  # two side by side in 100 columns


@pytest.mark.parametrize(("columns", "side_by_side"), [("60", 1), ("100", 2), ("160", 3)])
def test_as_many_styles_stand_side_by_side_as_the_terminal_holds(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
    side_by_side: int,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = printed(capsys, "--problem", "p2")
    shown = lines[next(i for i, line in enumerate(lines) if line.startswith("Problem p2")) :]
    assert max(map(len, shown)) <= int(columns)
    assert sum(style in line for line in shown if "original" in line for style in ("original", "generated", LONG)) == (
        side_by_side
    )


def test_many_styles_go_on_in_a_second_table(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = project / "artifacts" / "build_solutions" / "original" / "solutions.parquet"
    for number in range(6):
        copy = project / "artifacts" / "build_solutions" / f"one of a number of styles {number}"
        copy.mkdir()
        (copy / "solutions.parquet").write_bytes(source.read_bytes())
    lines = printed(capsys)
    assert max(map(len, lines)) <= MAX_WIDTH
    rows = [line.removeprefix("tokens in all").split() for line in lines if line.startswith("tokens in all")]
    assert len(rows) > 1
    assert sum(map(len, rows)) == len(TEXTS) + 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--problem", "p3"], "error: mathtune styles compare: --problem p3: no train problem to generate from\n"),
        (["--solutions", "none"], "error: none: no STYLE/solutions.parquet here; `dvc repro build_solutions` makes"),
        (["--base", "none"], "error: none: no model here, so tokens cannot be counted; "),
        (["--problems", "none"], "error: none/problems.parquet: no such file; "),
    ],
)
def test_a_mistake_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["styles", "compare", *arguments]) == 1
    output = capsys.readouterr()
    assert output.err.startswith(message)
    assert (output.out, output.err.count("\n")) == ("", 1)


def test_params_without_a_base_are_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "params.yaml").write_text("study: {}\n")
    assert main(["styles", "compare"]) == 1
    expected = "error: params.yaml: study.base: missing; name a checkpoint folder there or with --base\n"
    assert capsys.readouterr().err == expected
