"""`mathtune evaluate` on files as other tools write them: found without flags, printed in 100 columns, or one line."""

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mathtune_cli.main import main
from mathtune_core.digests import hash_file

RIGHT, WRONG = r"So it is $\boxed{7}$.", r"So it is $\boxed{8}$."
PROBLEM = {"question": "3 + 4?", "answer": "3 + 4 = <<3+4=7>>7\n#### 7"}


def choices(*texts: str | None) -> dict[str, Any]:
    return {"choices": [{"index": i, "message": {"content": t}, "finish_reason": "stop"} for i, t in enumerate(texts)]}


def lm_eval(name: str, grade: float) -> dict[str, Any]:
    task = {"doc_id": 0, "doc": PROBLEM, "target": PROBLEM["answer"], "doc_hash": "3f", "metrics": ["exact_match"]}
    return {**task, "resps": [[RIGHT, WRONG]], "filtered_resps": ["7"], "filter": name, "exact_match": grade}


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


# What docs/external.md says that each tool writes: files of one problem with a right sample and then a wrong one.
NATIVE: dict[str, tuple[list[list[dict[str, Any]]], bool]] = {
    "vLLM, dumped": (
        [[{"prompt": "3 + 4?", "answer": "7", "outputs": [{"text": RIGHT, "finish_reason": "stop"}, {"text": WRONG}]}]],
        False,
    ),
    "OpenAI batch": (
        [[{"id": "b1", "custom_id": "q", "response": {"body": choices(RIGHT, WRONG)}, "error": None}]],
        True,
    ),
    "vLLM batch": ([[{"id": "b1", "custom_id": "q", "response": choices(RIGHT, None), "error": None}]], True),
    "NeMo-Skills": (
        [
            [{"problem": "3 + 4?", "expected_answer": 7, "generation": text, "symbolic_correct": text == RIGHT}]
            for text in (RIGHT, WRONG)
        ],
        False,
    ),
    "lm-evaluation-harness": ([[lm_eval("strict-match", 1.0), lm_eval("flexible-extract", 0.0)]], False),
    "Qwen2.5-Math": (
        [
            [
                {
                    "idx": 0,
                    "question": "3 + 4?",
                    "gt": "7",
                    "code": [RIGHT, WRONG],
                    "pred": ["7", "8"],
                    "score": [True, False],
                }
            ]
        ],
        False,
    ),
}


@pytest.mark.parametrize("tool", NATIVE)
def test_each_tools_own_output_needs_no_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str], tool: str) -> None:
    files, needs_problems = NATIVE[tool]
    paths = [str(written(tmp_path / f"output-rs{i}.jsonl", rows)) for i, rows in enumerate(files)]
    problems = ["--problems", str(written(tmp_path / "problems.jsonl", [{"id": "q", **PROBLEM}]))]
    assert main(["evaluate", *paths, *(problems if needs_problems else [])]) == 0
    out = capsys.readouterr().out
    assert "1 problems, N = 2 samples a problem" in out
    assert "Mean Pass@1       50.0" in out
    assert "Pass@2           100.0" in out
    assert "RR.All" not in out  # booleans are no scores
    grades = {"NeMo-Skills": "symbolic_correct: 2 of 2", "Qwen2.5-Math": "score: 2 of 2"}
    assert ("Grades in" in out) == (tool in grades)
    assert grades.get(tool, "") in out


ROWS = [
    {"id": f"q{i}", "answer": str(i), "completions": [f"The answer is {i + d}." for d in (0, 0, i % 2)]}
    for i in range(9)
]
SCORED = [{**row, "scores": [0.2, 0.3, 0.9], "level": f"{i % 3}\x1b[31m"} for i, row in enumerate(ROWS)]


def test_what_is_printed_fits_and_what_is_written_is_tidy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples, out = written(tmp_path / "mine.jsonl", SCORED), tmp_path / "out"
    assert main(["evaluate", str(samples), "--curves", "--k", "2", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    assert "\x1b" not in printed
    assert "Pass@1               –                     –   the greedy completion" in printed
    assert "K = 2, as --k has it: nothing is tuned, for there is no validation split" in printed
    assert "RR.All            55.6 ±" in printed  # the last sample of all: right where i is even, 5 of 9
    assert "\nScores: AUC " in printed
    results = pl.read_csv(out / "results.csv")
    assert results.filter(pl.col("selector") == "RR.All")["accuracy"].item() == 55.56
    assert results["generator"].unique().to_list() == ["mine"]
    before = hash_file(out / "results.csv")
    assert main(["evaluate", str(samples), "--out", str(out)]) == 1
    assert capsys.readouterr().err == f"error: {out}: is there already; --out makes a new folder\n"
    assert hash_file(out / "results.csv") == before


def test_files_of_one_run_are_pooled_and_two_runs_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = written(tmp_path / "a.jsonl", ROWS)
    worse = written(tmp_path / "b.jsonl", [{**row, "completions": ["The answer is 99."] * 2} for row in ROWS])
    assert main(["evaluate", str(samples), "--against", str(worse)]) == 0
    printed = capsys.readouterr().out
    assert "9 problems, N = 2" in printed  # the fewer of the two, in both
    assert "Maj1             100.0     0.0    −100.0" in printed
    # 9 of 9 problems: McNemar's p is 2 / 2^9; five selectors alike all pay five times.
    assert [line.split()[-2:] for line in printed.splitlines() if line.startswith("Maj1 ")][-1] == ["0.0039", "0.0195*"]
    assert "* p < 0.05 after Holm over the 5 selectors of this table: 5 of them" in printed
    assert main(["evaluate", str(samples), str(worse)]) == 0
    assert "9 problems, N = 5" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".json", ".csv", ".parquet"])
def test_other_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    flat = [
        {"id": row["id"], "answer": row["answer"], "completion": text} for row in ROWS for text in row["completions"]
    ]
    path = tmp_path / f"mine{suffix}"
    {
        ".json": lambda: path.write_text(json.dumps(flat)),
        ".csv": lambda: pl.DataFrame(flat).with_columns(score=0.5, is_correct=pl.lit("true")).write_csv(path),
        ".parquet": lambda: pl.DataFrame(flat).write_parquet(path),
    }[suffix]()
    flags = ["--scores", "score", "--grades", "is_correct"] if suffix == ".csv" else []
    assert main(["evaluate", str(path), *flags]) == 0
    printed = capsys.readouterr().out
    assert "9 problems, N = 3" in printed
    assert "Mean Pass@1       85.2" in printed  # 5 of 3/3, 4 of 2/3
    assert ("23 of 27 are ours; 0 right by ours alone, 4 by theirs alone" in printed) == bool(flags)


GOOD = json.dumps(ROWS[0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "f.jsonl: is empty; it must hold at least one row"),
        (f"{GOOD}\n{{", "f.jsonl:2: not a JSON object: Expecting property name enclosed in double quotes at column 2"),
        (f"{GOOD}\n[1]", "f.jsonl:2: expected a JSON object, got [1]"),
        (GOOD.encode() + b'\n{"id": "\xff"}', "f.jsonl:2: not UTF-8 at byte 9; re-encode the file"),
        (f"{GOOD}\n{'[' * 100_000}", "f.jsonl:2: not readable JSON: nested too deep"),
        (f"{GOOD}\n{'1' * 5000}", "f.jsonl:2: not readable JSON: nested too deep, or a number of thousands of digits"),
        (f"{GOOD}\n{GOOD}", "f.jsonl:2: problem id 'q0' has a list in "),
        (f"{GOOD}\n{GOOD[:-1]}, " + '"id": "q1", "completions": 5}', "f.jsonl:2: completions: expected a list"),
    ],
)
def test_a_malformed_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, message: str
) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["evaluate", str(path), "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    [line] = printed.err.splitlines()
    assert line.startswith(f"error: {tmp_path}/{message}")
    assert printed.out == ""
    assert [file.name for file in tmp_path.iterdir()] == ["f.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--n", "0"], "mathtune evaluate: --n: must be at least 1, got 0"),
        (["--k", "0"], "mathtune evaluate: --k: must be at least 1, got 0"),
        (["--completions", "a", "--completion", "b"], "mathtune evaluate: --completions names a list a row,"),
        (["--problems", "nowhere.jsonl"], "nowhere.jsonl: cannot be read (No such file or directory)"),
        (
            ["--scores", "rewards"],
            "{file}:1: --scores rewards: no such column; the columns are id, answer, completions",
        ),
        (["{file}"], "{file}: a file is given twice; its samples would count twice"),
        (["--greedy-file", "{folder}/f.txt"], "{folder}/f.txt: unknown format; mathtune evaluate reads .jsonl, .json,"),
        (["--out", "/proc/nowhere/out"], "/proc/nowhere/out: cannot be written ("),
    ],
)
def test_a_wrong_flag_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    path = written(tmp_path / "f.jsonl", ROWS)
    (tmp_path / "f.txt").touch()
    names = {"file": str(path), "folder": str(tmp_path)}
    assert main(["evaluate", str(path), *(argument.format(**names) for argument in arguments)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {message.format(**names)}")


@pytest.mark.skipif("MATHTUNE_DATA" not in os.environ, reason="MATHTUNE_DATA, the folder with gsm8k/, is not set")
@pytest.mark.parametrize("model", ["6b_finetuning", "175b_verification"])
def test_published_solutions_are_graded_as_their_authors_graded_them(
    capsys: pytest.CaptureFixture[str], model: str
) -> None:
    folder = Path(os.environ["MATHTUNE_DATA"]) / "gsm8k"
    columns = ["--completion", f"{model}.solution", "--grades", f"{model}.is_correct"]
    samples, problems = folder / "example_model_solutions.jsonl", folder / "test.jsonl"
    assert main(["evaluate", str(samples), "--problems", str(problems), *columns]) == 0
    assert "1,319 of 1,319 are ours" in capsys.readouterr().out.replace("\n  ", " ")
