import hashlib
import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.params import load_params
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table, write_table
from mathtune_styles import imported
from mathtune_styles.build_problems import BuildProblemsParams
from mathtune_styles.build_problems import run as build_problems
from mathtune_styles.build_solutions import params_type, run
from mathtune_styles.decontaminate import content_hash

PARAMS = imported.Params(location="", format="table", origin="a friend", max_kept=2)
# problem, split, fold, answer
PROBLEM_ROWS = [
    ("What is $1 + 1$?", "train", "generator", "2"),
    ("What is half of $1$?", "train", "generator", r"\frac{1}{2}"),
    ("What is $2 + 1$?", "val", None, "3"),
    ("What is $2 + 2$?", "train", "verifier", "4"),
    ("What is $3 + 2$?", "test", None, "5"),
]
ONE, HALF, VAL, VERIFIER, TEST = (row[0] for row in PROBLEM_ROWS)


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    """The folder that build_problems writes."""
    rows = [(content_hash(p), s, f, "main", "s", None, 1, p, a) for p, s, f, a in PROBLEM_ROWS]
    write_table(
        pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row"), tmp_path / "problems/problems.parquet", PROBLEMS
    )
    empty = pl.DataFrame(schema=SOLUTIONS.schema)
    write_table(empty, tmp_path / "problems/source_solutions.parquet", SOLUTIONS)
    return tmp_path / "problems"


def solutions_of(
    problems: Path, rows: list[dict[str, Any]], params: imported.Params = PARAMS
) -> tuple[pl.DataFrame, dict[str, Any]]:
    path, out = problems.parent / "solutions.jsonl", problems.parent / "out"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out.mkdir(exist_ok=True)
    params = replace(params, location=str(path))
    run(params, item="imported", problems=problems, base=Path("no base"), out=out, unfinished=Path())
    return read_table(out / "solutions.parquet", SOLUTIONS), json.loads((out / "summary.json").read_text())


def row(problem: str, solution: str) -> dict[str, Any]:
    return {"problem": problem, "solution": solution}


def test_right_solutions_stay_and_the_others_are_counted_by_reason(problems: Path) -> None:
    rows = [
        row("what is  $1 + 1$ ?", "Two it is: $\\boxed{2}$."),
        row(ONE, "Two  it is: $\\boxed{2}$."),  # the same words
        row(ONE, "Count: one, two. The answer is 2."),
        row(ONE, "I say $\\boxed{3}$."),
        row(ONE, "Who knows 2?"),
        row(VAL, "Three: $\\boxed{3}$."),
        row(VERIFIER, "Four: $\\boxed{4}$."),
        row(TEST, "Five: $\\boxed{5}$."),
        row("What is $9$?", "Nine: $\\boxed{9}$."),
    ]
    solutions, summary = solutions_of(problems, rows)
    assert dict(solutions.group_by("problem_id").len().iter_rows()) == {content_hash(ONE): 2, content_hash(VAL): 1}
    assert summary["rejected"] == {
        "problem is not in the generator's fold or in val": 3,
        "no answer": 1,
        "wrong answer": 1,
        "duplicate": 1,
        "more than max_kept": 0,
    }
    assert (summary["read"], summary["solutions"], summary["problems"], summary["skipped"]) == (9, 3, 2, {})
    assert set(solutions["style"]) == {"imported"}
    assert set(solutions["origin"]) == {"a friend"}
    assert solutions["is_correct"].all()
    one = solutions.filter(pl.col("problem_id") == content_hash(ONE))
    assert one["solution_id"].to_list() == [f"{content_hash(ONE)}/imported/{i}" for i in range(2)]


def test_never_a_test_problem(problems: Path) -> None:
    with pytest.raises(MathtuneError, match=r"imported: no solution was kept \(.*not in the gen.*: 1,"):
        solutions_of(problems, [row(TEST, "Five: $\\boxed{5}$.")])


@pytest.mark.parametrize(
    ("solution", "expected"),
    [
        ("It is $\\boxed{0.5}$.", "It is $\\boxed{0.5}$.\nThe answer is $\\boxed{\\frac{1}{2}}$."),
        ("We halve. The answer is $\\boxed{0.5}$.", "We halve.\nThe answer is $\\boxed{\\frac{1}{2}}$."),
        ("We halve.\n# Answer\n\n1/2", "We halve.\nThe answer is $\\boxed{\\frac{1}{2}}$."),
        ("She pays <<1/2=0.5>>$0.5.\n#### 0.5", "She pays \\$0.5.\nThe answer is $\\boxed{\\frac{1}{2}}$."),
        (
            "We draw\n[asy]\ndraw(unitsquare);\n[/asy]\nto see $\\boxed{1/2}$.",
            "We draw\n\nto see $\\boxed{1/2}$.\nThe answer is $\\boxed{\\frac{1}{2}}$.",
        ),
    ],
)
def test_a_solution_closes_as_every_style_does(problems: Path, solution: str, expected: str) -> None:
    solutions, _ = solutions_of(problems, [row(HALF, solution)])
    assert solutions["solution"].to_list() == [expected]
    assert solutions["predicted_answer"].to_list() == ["\\frac{1}{2}"]


@pytest.mark.parametrize("max_kept", [1, 2, 5])
def test_what_stays_of_many_does_not_depend_on_their_order(problems: Path, max_kept: int) -> None:
    rows = [row(ONE, f"Way {i}: $\\boxed{{2}}$.") for i in range(4)]
    params = replace(PARAMS, max_kept=max_kept)
    expected, summary = solutions_of(problems, rows, params)
    assert expected.height == min(max_kept, 4)
    assert summary["rejected"]["more than max_kept"] == 4 - expected.height
    assert set(expected["solution"]) <= set(solutions_of(problems, rows, replace(PARAMS, max_kept=4))[0]["solution"])
    random.Random(0).shuffle(rows)
    assert solutions_of(problems, rows, params)[0].equals(expected)


def test_steps_of_prm800k_are_joined(problems: Path) -> None:
    rows = [
        {"problem": ONE, "steps": ["Count.", "# Answer\\n\\n2"], "answer": None, "split": "train"},
        {"problem": HALF, "steps": ["We have $x = 1 / 2$."], "answer": None, "split": "train"},
        {
            "question": {"problem": VAL, "ground_truth_answer": "3"},
            "label": {"steps": [], "finish_reason": "give_up"},
            "split": "train",
        },
    ]
    solutions, summary = solutions_of(problems, rows, replace(PARAMS, format="prm800k"))
    assert sorted(solutions["solution"]) == [
        "Count.\nThe answer is $\\boxed{2}$.",
        "We have $x = 1 / 2$.\nThe answer is $\\boxed{\\frac{1}{2}}$.",
    ]
    assert (summary["read"], summary["skipped"]) == (2, {"labelling ended with give_up": 1})


def test_a_tables_columns_are_the_users(problems: Path) -> None:
    params = replace(PARAMS, columns={"problem": "question", "solution": "response"})
    solutions, _ = solutions_of(problems, [{"question": ONE, "response": "$\\boxed{2}$"}], params)
    assert solutions.height == 1
    with pytest.raises(MathtuneError, match=r"solutions\.jsonl:1: solution: no such column; build_solutions\.imported"):
        solutions_of(problems, [{"question": ONE, "response": "$\\boxed{2}$"}])


def test_the_input_is_on_record_and_a_pin_is_checked(problems: Path) -> None:
    rows = [row(ONE, "$\\boxed{2}$")]
    _, summary = solutions_of(problems, rows)
    digest = hashlib.sha256((problems.parent / "solutions.jsonl").read_bytes()).hexdigest()
    assert summary["inputs"] == [{"name": "solutions.jsonl", "sha256": digest, "rows": 1}]
    solutions_of(problems, rows, replace(PARAMS, sha256={"solutions.jsonl": digest}))
    with pytest.raises(MathtuneError, match=rf"sha256 is {digest}, params\.yaml \(build_solutions\.imported\.sha256\)"):
        solutions_of(problems, rows, replace(PARAMS, sha256={"solutions.jsonl": "0" * 64}))


def test_a_missing_input_names_the_setting(problems: Path) -> None:
    params = replace(PARAMS, location=str(problems.parent / "none.jsonl"))
    with pytest.raises(MathtuneError, match=r"none\.jsonl: no such file; set build_solutions\.imported\.location"):
        run(params, item="imported", problems=problems, base=Path(), out=problems.parent, unfinished=Path())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_kept": 0}, "max_kept: must be at least 1"),
        ({"origin": " "}, "origin: must name who wrote the solutions"),
        ({"format": "prm800k", "columns": {"problem": "p"}}, "columns: only for the format `table`"),
        ({"columns": {"answer": "a"}}, "columns: answer: unknown; known: problem, solution"),
    ],
)
def test_params_that_make_no_sense_are_refused_by_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(PARAMS, **changes)


def test_the_params_are_read_from_yaml(tmp_path: Path) -> None:
    section = "imported: {location: x, format: csv, origin: me, max_kept: 1}\n"
    (tmp_path / "params.yaml").write_text(section)
    with pytest.raises(MathtuneError, match=r"imported\.format: must be one of prm800k, table, got 'csv'"):
        load_params(tmp_path / "params.yaml", ("imported",), params_type("imported"))
    (tmp_path / "params.yaml").write_text(section.replace("csv", "table"))
    assert load_params(tmp_path / "params.yaml", ("imported",), params_type("imported")) == replace(
        PARAMS, location="x", origin="me", max_kept=1
    )


@pytest.mark.skipif("MATHTUNE_DATA" not in os.environ, reason="MATHTUNE_DATA, the folder with prm800k/, is not set")
def test_prm800k_on_its_own_problems_tested_on_math500(tmp_path: Path) -> None:
    data = Path(os.environ["MATHTUNE_DATA"])
    folder, out = tmp_path / "problems", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    params = BuildProblemsParams(
        source="prm800k",
        location=str(data / "prm800k"),
        test_location=str(data / "math"),
        generator_problems=150,
        verifier_problems=10,
        val_problems=20,
        test_problems={"main": 500},
        decontamination_words=13,
    )
    build_problems(params, out=folder)
    style = replace(PARAMS, format="prm800k", location=str(data / "prm800k" / "solutions.jsonl"))
    run(style, item="imported", problems=folder, base=Path(), out=out, unfinished=Path())
    solutions = read_table(out / "solutions.parquet", SOLUTIONS)
    splits = solutions.join(read_table(folder / "problems.parquet", PROBLEMS), on="problem_id")
    assert solutions.height == 170
    assert set(splits["split"]) == {"train", "val"}
    assert set(splits["fold"]) == {"generator", None}
    assert splits["solution"].str.ends_with("}$.").all()
