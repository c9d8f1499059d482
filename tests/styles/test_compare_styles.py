import json
from pathlib import Path

import polars as pl
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.study import Study
from mathtune_core.tables import write_table
from mathtune_styles.compare_styles import CompareStylesParams, compare, run

STYLES = ("original", "rewritten")
STUDY = Study(
    base="base", fetched=(), data="data", launcher="python", mixes={}, styles=STYLES, sequential=(),
    sequential_style="rewritten", recipes=(), verifiers=("xent",), shared_verifiers=("xent",),
    own_verifiers=(), seeds=(0,),
)  # fmt: skip
PROBLEM_ROWS = [
    ("p1", "train", "generator", "main", "toy", "Algebra", 1, "What is $2 + 3$?", "5"),
    ("p2", "train", "generator", "main", "toy", "Algebra", 2, "What is $2 + 3 + 4$?", "9"),
    ("p3", "train", "verifier", "main", "toy", "Algebra", 1, "What is $1$?", "1"),
    ("p4", "val", None, "main", "toy", "Algebra", 1, "What is $4$?", "4"),
]
TEXTS = {
    "original": {
        "p1": r"It is $2 + 3 = 5$. The answer is $\boxed{5}$.",
        "p2": r"It is $2 + 3 + 4 = 9$. The answer is $\boxed{9}$.",
        "p4": "It is `4`.",
    },
    "rewritten": {"p2": r"It is $2 + 3 + 4$: $2 + 3 = 5$, $5 + 4 = 9$. The answer is $\boxed{9}$."},
}


def write_style(folder: Path, style: str, texts: dict[str, str], reverse: bool = False) -> None:
    rows = [(f"{problem}/{style}", problem, style, text, None, True, "toy") for problem, text in texts.items()]
    frame = pl.DataFrame(rows, schema=SOLUTIONS.schema, orient="row")
    write_table(frame.reverse() if reverse else frame, folder / style / "solutions.parquet", SOLUTIONS)


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, Path]:
    found = {name: tmp_path / name for name in ("problems", "solutions", "base", "out")}
    for folder in found.values():
        folder.mkdir()
    problems = pl.DataFrame(PROBLEM_ROWS, schema=PROBLEMS.schema, orient="row")
    write_table(problems, found["problems"] / "problems.parquet", PROBLEMS)
    for style, texts in TEXTS.items():
        write_style(found["solutions"], style, texts)
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(found["base"] / "tokenizer.json"))
    return found


def written(out: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in sorted(out.iterdir())}


def test_the_stage_writes_what_dvc_tracks(paths: dict[str, Path]) -> None:
    run(CompareStylesParams(num_examples=1), study=STUDY, **paths)
    files = written(paths["out"])
    assert sorted(files) == ["coverage.csv", "examples.md", "lengths.csv", "metrics.json", "overlap.csv", "profile.csv"]
    # Val's solution is no part of it. Of the 9 runs of original's p2 all but "3 + 4 =" stand in rewritten's p2, and of
    # the 7 of its p1, which rewritten does not solve, all but "= 5 $ .".
    assert json.loads(files["metrics.json"])["original"] == {
        "solutions": 2,
        "covered": 1.0,
        "tokens_a_solution": 13.0,
        "steps_a_solution": 1.0,
        "operations_a_step": 1.5,
        "equations_hold": 1.0,
        "overlap": 0.8889,
    }
    assert "rewritten,all,all,2,1" in files["coverage.csv"].splitlines()
    assert "original,rewritten,1,0.8889,0.873" in files["overlap.csv"].splitlines()
    assert files["lengths.csv"].splitlines()[0] == "style,p5,p25,p50,p75,p95,longest"
    assert "rewritten,steps_a_solution,2.0" in files["profile.csv"].splitlines()


def test_examples_are_the_problems_most_styles_share(paths: dict[str, Path]) -> None:
    run(CompareStylesParams(num_examples=1), study=STUDY, **paths)
    page = (paths["out"] / "examples.md").read_text()
    assert "## p2\n\nAlgebra, level 2, toy\n" in page
    assert "## p1" not in page
    assert page.index(TEXTS["original"]["p2"]) < page.index("### rewritten") < page.index(TEXTS["rewritten"]["p2"])


def test_an_example_without_a_solution_and_one_with_backticks(paths: dict[str, Path]) -> None:
    write_style(paths["solutions"], "original", {"p1": "```\nIt is 5."})
    run(CompareStylesParams(num_examples=2), study=STUDY, **paths)
    page = (paths["out"] / "examples.md").read_text()
    assert "````text\n```\nIt is 5.\n````" in page
    assert "No solution." in page


def test_the_order_of_rows_does_not_matter(paths: dict[str, Path]) -> None:
    run(CompareStylesParams(num_examples=2), study=STUDY, **paths)
    first = written(paths["out"])
    for style, texts in TEXTS.items():
        write_style(paths["solutions"], style, texts, reverse=True)
    run(CompareStylesParams(num_examples=2), study=STUDY, **paths)
    assert written(paths["out"]) == first


def test_a_style_of_other_problems_is_refused(paths: dict[str, Path]) -> None:
    write_style(paths["solutions"], "rewritten", {"p9": "It is $9$."})
    with pytest.raises(MathtuneError, match=r"rewritten/solutions\.parquet: solutions\.problem_id: 'p9' is none of"):
        compare(paths["problems"], paths["solutions"], paths["base"], STYLES)


def test_a_style_without_a_train_solution_is_refused(paths: dict[str, Path]) -> None:
    write_style(paths["solutions"], "rewritten", {"p3": "It is $1$.", "p4": "It is $4$."})
    with pytest.raises(MathtuneError, match=r"rewritten/solutions\.parquet: no solution of a train problem"):
        compare(paths["problems"], paths["solutions"], paths["base"], STYLES)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"num_examples": -1}, "num_examples: must not be negative, got -1"),
    ],
)
def test_params_that_make_no_sense_are_refused_by_field(values: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        CompareStylesParams(**values)
