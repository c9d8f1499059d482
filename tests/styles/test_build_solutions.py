import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table, write_table
from mathtune_styles import original, rewritten
from mathtune_styles.build_solutions import params_type, run, style_module
from mathtune_styles.rewritten.rewrite import last_boxed

# problem_id, split, fold, level, answer, solution
ROWS: list[tuple[str, str, str | None, int, str, str]] = [
    ("a", "train", "generator", 1, "46", r"We have $2 \cdot 3 + 40 = 46$. The answer is $\boxed{46}$."),
    ("b", "train", "generator", 1, "5", r"Since $3x + 7 = 22$, we have $x = 5$. The answer is $\boxed{5}$."),
    ("c", "train", "generator", 2, "7", r"It is a prime, so it is $7$. The answer is $\boxed{7}$."),
    ("d", "train", "verifier", 2, "9", r"We have $3^2 = 9$. The answer is $\boxed{9}$."),
    ("e", "val", None, 3, "10", r"We have $8 \cdot 5 - 30 = 10$. The answer is $\boxed{10}$."),
    ("f", "test", None, 3, "1", r"We have $1 = 1$. The answer is $\boxed{1}$."),
]
GSM8K = "He earns <<2*1500=3000>>$3,000 and pays 5*4=<<5*4=20>>20.\nLeft: <<3000-20=2980>>$2,980.\n#### 2,980"


def problems_table() -> pl.DataFrame:
    rows = [(i, split, fold, "main", "s", None, level, f"Problem {i}", a) for i, split, fold, level, a, _ in ROWS]
    return pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row")


def source_table() -> pl.DataFrame:
    rows = [(f"{i}/source", i, "source", text, answer, True, "s") for i, split, _, _, answer, text in ROWS]
    return pl.DataFrame(rows, schema=SOLUTIONS.schema, orient="row").filter(pl.col("problem_id") != "f")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder that build_problems writes."""
    write_table(problems_table(), tmp_path / "problems" / "problems.parquet", PROBLEMS)
    write_table(source_table(), tmp_path / "problems" / "source_solutions.parquet", SOLUTIONS)
    (tmp_path / "out").mkdir()
    return tmp_path / "problems"


def solutions_of(style: str, params: Any, built: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    out = built.parent / "out"
    run(params, item=style, problems=built, base=built.parent / "no base", out=out, unfinished=Path())
    assert {p.name for p in out.iterdir()} == {"solutions.parquet", "summary.json"}
    return read_table(out / "solutions.parquet", SOLUTIONS), json.loads((out / "summary.json").read_text())


def one_solution(text: str, answer: str) -> pl.DataFrame:
    return pl.DataFrame([("a/source", "a", "source", text, answer, True, "s")], schema=SOLUTIONS.schema, orient="row")


# The stage


@pytest.mark.parametrize("style", ["original", "generated", "rewritten", "model_rewritten", "imported"])
def test_every_style_offers_what_the_stage_needs(style: str) -> None:
    module = style_module(style)
    assert params_type(style) is module.Params
    assert callable(module.build)


@pytest.mark.parametrize("style", ["orginal", "original+generated", "builtin", "equations", "", None])
def test_an_unknown_style_is_one_line_that_says_what_it_would_be(style: str | None) -> None:
    with pytest.raises(MathtuneError) as caught:
        params_type(style)
    assert str(caught.value) == (
        f"params.yaml: build_solutions.{style or ''}: no such style; it would be "
        f"mathtune_styles/{style or ''}/__init__.py with `Params` and `build`"
    )


@pytest.mark.parametrize("style", ["original", "rewritten"])
def test_solutions_are_built_for_the_generators_fold_and_val_alone(style: str, built: Path) -> None:
    solutions, summary = solutions_of(style, style_module(style).Params(), built)
    assert solutions["problem_id"].to_list() == ["a", "b", "c", "e"]
    assert set(solutions["style"]) == {style}
    assert solutions["solution_id"].to_list() == [f"{i}/{style}" for i in "abce"]
    assert solutions["predicted_answer"].to_list() == ["46", "5", "7", "10"]
    assert solutions["is_correct"].all()
    assert (summary["solutions"], summary["problems"]) == (4, 4)


def test_a_style_that_keeps_nothing_is_an_error_and_not_an_empty_table(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(original, "build", lambda params, problems, source, *_: (source.clear(), {"rejected": 4}))
    with pytest.raises(MathtuneError, match=r"build_solutions\.original: no solution was kept \(\{'rejected': 4\}\)"):
        run(original.Params(), item="original", problems=built, base=built, out=built.parent / "out", unfinished=Path())
    assert list((built.parent / "out").iterdir()) == []


def test_a_missing_problems_table_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(MathtuneError, match=r"problems\.parquet: no such file"):
        run(original.Params(), item="original", problems=tmp_path, base=tmp_path, out=tmp_path, unfinished=Path())


# original


def test_original_leaves_a_solution_in_our_form_alone(built: Path) -> None:
    solutions, _ = solutions_of("original", original.Params(), built)
    assert solutions["solution"].to_list() == [row[5] for row in ROWS if row[0] in "abce"]


def test_original_closes_a_solution_as_every_style_does() -> None:
    sources = pl.concat([one_solution(GSM8K, "2980"), one_solution(r"There are $\boxed{18}$ ways.", "18")])
    solutions, _ = original.build(original.Params(), problems_table(), sources, Path(), Path())
    assert solutions["solution"].to_list() == [
        "He earns \\$3,000 and pays 5*4=20.\nLeft: \\$2,980.\nThe answer is $\\boxed{2980}$.",
        r"There are $\boxed{18}$ ways. The answer is $\boxed{18}$.",
    ]


# rewritten


def test_rewritten_spells_out_steps_and_keeps_the_answers(built: Path) -> None:
    solutions, summary = solutions_of("rewritten", rewritten.Params(), built)
    sources = {row[0]: row[5] for row in ROWS}
    for problem_id, text, answer in solutions.select("problem_id", "solution", "predicted_answer").iter_rows():
        assert last_boxed(text) == answer
        assert (len(text) > len(sources[problem_id])) == (problem_id != "c")  # c has nothing to spell out
    assert solutions["origin"].unique().to_list() == ["s, rewritten symbolically"]
    assert (summary["rejected"], summary["unchanged"], summary["computations_expanded"]) == ({}, 1, 3)


def test_rewritten_leaves_out_what_it_could_not_expand_when_asked(built: Path) -> None:
    solutions, _ = solutions_of("rewritten", rewritten.Params(only_expanded=True), built)
    assert solutions["problem_id"].to_list() == ["a", "b", "e"]


def test_rewritten_rejects_a_solution_with_a_false_equation_and_counts_it() -> None:
    source = one_solution(r"We have $2 \cdot 3 = 7$. The answer is $\boxed{7}$.", "7")
    solutions, summary = rewritten.build(rewritten.Params(), problems_table().head(1), source, Path(), Path())
    assert solutions.height == 0
    assert summary["rejected"] == {"an equation does not hold": 1}


def test_rewritten_reads_gsm8k(built: Path) -> None:
    source = one_solution(GSM8K, "2980")
    solutions, _ = rewritten.build(rewritten.Params(), problems_table().head(1), source, Path(), Path())
    text = solutions["solution"][0]
    assert "<<" not in text
    assert "####" not in text
    assert last_boxed(text) == "2980"
