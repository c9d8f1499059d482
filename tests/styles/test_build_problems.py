import json
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table
from mathtune_styles.build_problems import BuildProblemsParams, choose, run
from mathtune_styles.decontaminate import content_hash
from mathtune_styles.readers.source import Source, SourceProblem

PARAMS = BuildProblemsParams(
    source="builtin",
    location="data",
    generator_problems=30,
    verifier_problems=12,
    val_problems=8,
    test_problems={"main": 10, "held-out templates": 5},
    decontamination_words=None,
)


def problem(text: str, split: str, group: str | None = None, solution: str = "It is 1.") -> SourceProblem:
    return SourceProblem(split, text, solution, "1", "Algebra", 2, group)


def source_of(problems: Sequence[SourceProblem], group_is_apart: bool = True) -> Source:
    return Source(tuple(problems), (), group_is_apart)


@pytest.fixture
def source() -> Source:
    train = [problem(f"Train problem number {i}", "train") for i in range(80)]
    test = [problem(f"Test problem number {i}", "test") for i in range(20)]
    held_out = [problem(f"Strange problem number {i}", "test", "held-out templates") for i in range(8)]
    return source_of([*train, *test, *held_out])


Part = tuple[str, str | None, str]


def parts(source: Source, params: BuildProblemsParams) -> dict[Part, set[str]]:
    """The texts of each (split, fold, subset)."""
    found: dict[Part, set[str]] = {}
    for row in choose(source, params)[0]:
        found.setdefault((row["split"], row["fold"], row["subset"]), set()).add(row["problem"])  # type: ignore[index,arg-type]
    return found


GENERATOR: Part = ("train", "generator", "main")
VERIFIER: Part = ("train", "verifier", "main")
VAL: Part = ("val", None, "main")
MAIN: Part = ("test", None, "main")
HELD_OUT: Part = ("test", None, "held-out templates")


def test_every_part_has_the_size_that_was_asked(source: Source) -> None:
    sizes = {part: len(texts) for part, texts in parts(source, PARAMS).items()}
    assert sizes == {GENERATOR: 30, VERIFIER: 12, VAL: 8, MAIN: 10, HELD_OUT: 5}


def test_a_size_of_nothing_leaves_the_part_out(source: Source) -> None:
    none = replace(PARAMS, verifier_problems=0, val_problems=0, test_problems={"main": 10, "held-out templates": 0})
    assert parts(source, none).keys() == {GENERATOR, MAIN}


def test_no_problem_is_in_two_parts(source: Source) -> None:
    rows, _ = choose(source, PARAMS)
    assert len({row["problem_id"] for row in rows}) == len({row["problem"] for row in rows}) == len(rows)


def test_official_splits_stand(source: Source) -> None:
    for (split, _, _), texts in parts(source, PARAMS).items():
        assert all(text.startswith("Train") == (split != "test") for text in texts)


def test_groups_that_are_apart_are_never_among_the_main_ones(source: Source) -> None:
    everything = replace(PARAMS, test_problems={"main": 20, "held-out templates": 8})
    found = parts(source, everything)
    assert all(text.startswith("Test") for text in found[MAIN])
    assert all(text.startswith("Strange") for text in found[HELD_OUT])


def test_groups_that_are_not_apart_are_filled_from_what_the_main_ones_leave() -> None:
    test = [problem(f"Problem {i}", "test", "easy" if i % 2 else None) for i in range(40)]
    params = replace(
        PARAMS,
        generator_problems=0,
        verifier_problems=0,
        val_problems=0,
        test_problems={"main": 20, "easy": 8},
    )
    found = parts(source_of(test, group_is_apart=False), params)
    easy = found["test", None, "easy"]
    assert len(found[MAIN]) == 20
    assert len(easy) == 8
    assert all(int(text.split()[1]) % 2 for text in easy)
    assert any(int(text.split()[1]) % 2 for text in found[MAIN])
    assert not easy & found[MAIN]


@pytest.mark.parametrize("seed", range(5))
def test_the_choice_does_not_depend_on_the_order_of_the_rows(source: Source, seed: int) -> None:
    copies = [
        problem("Train problem number 1", "train", solution="Another way."),
        problem("train  problem number 2", "train"),
        problem("Test problem number 3", "train", solution="Leaked."),
    ]
    rows = [*source.problems, *copies]
    expected = choose(source_of(rows), replace(PARAMS, decontamination_words=4))
    random.Random(seed).shuffle(rows)
    assert choose(source_of(rows), replace(PARAMS, decontamination_words=4)) == expected


def test_the_parts_do_not_follow_the_order_of_the_source(source: Source) -> None:
    numbers = sorted(int(text.split()[-1]) for text in parts(source, PARAMS)[VAL])
    assert numbers != list(range(8))
    assert max(numbers) > 40


@pytest.mark.parametrize(
    ("grown", "untouched"),
    [
        ({"generator_problems": 38}, [VERIFIER, VAL, MAIN, HELD_OUT]),
        ({"verifier_problems": 20}, [VAL, MAIN, HELD_OUT]),
        ({"val_problems": 16}, [MAIN, HELD_OUT]),
        ({"test_problems": {"main": 15, "held-out templates": 5}}, [GENERATOR, VERIFIER, VAL, HELD_OUT]),
        ({"test_problems": {"main": 10, "held-out templates": 8}}, [GENERATOR, VERIFIER, VAL, MAIN]),
    ],
)
def test_a_part_that_grows_takes_from_later_parts_alone(
    source: Source, grown: dict[str, Any], untouched: list[Part]
) -> None:
    before, after = parts(source, PARAMS), parts(source, replace(PARAMS, **grown))
    assert [part for part in untouched if before[part] != after[part]] == []
    for part in (VAL, MAIN, HELD_OUT):
        assert before[part] <= after[part]
    # What was kept from SSFT to judge it stays kept from it.
    assert not after[GENERATOR] & (before[VAL] | before[VERIFIER])
    assert not after[VERIFIER] & before[VAL]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator_problems": 61}, "build_problems.generator_problems: 61 wanted, the source has 60"),
        ({"verifier_problems": 73}, "build_problems.verifier_problems: 73 wanted, the source has 72"),
        ({"val_problems": 81}, "build_problems.val_problems: 81 wanted, the source has 80"),
        ({"test_problems": {"main": 21}}, "build_problems.test_problems.main: 21 wanted, the source has 20"),
        (
            {"test_problems": {"main": 1, "held-out templates": 9}},
            "build_problems.test_problems.held-out templates: 9 wanted, the source has 8",
        ),
        (
            {"test_problems": {"main": 1, "easy": 1}},
            "build_problems.test_problems.easy: 1 wanted, the source has 0",
        ),
    ],
)
def test_more_than_the_source_has_is_refused_by_field(source: Source, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MathtuneError) as caught:
        choose(source, replace(PARAMS, **changes))
    assert str(caught.value) == f"params.yaml: {message}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "mahts"}, "source: unknown source 'mahts'; known: builtin, gsm8k"),
        ({"test_problems": {"easy": 5}}, "test_problems: needs `main`"),
        ({"generator_problems": -1}, "generator_problems: must be 0 or more"),
        ({"verifier_problems": -1}, "verifier_problems: must be 0 or more"),
        ({"val_problems": -1}, "val_problems: must be 0 or more"),
        ({"test_problems": {"main": -1}}, "test_problems: main: must be 0 or more"),
        ({"decontamination_words": 0}, "decontamination_words: must be at least 1"),
    ],
)
def test_params_that_make_no_sense_are_refused_by_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(PARAMS, **changes)


def test_a_problem_in_both_official_splits_stays_in_test_and_leaves_train() -> None:
    rows = [
        problem("What is 1 + 2?", "train"),
        problem("what is  1+2 ?", "test"),
        *[problem(f"Other {i}", "train") for i in range(3)],
    ]
    params = replace(PARAMS, generator_problems=3, verifier_problems=0, val_problems=0, test_problems={"main": 1})
    chosen, report = choose(source_of(rows), params)
    assert [row["problem"] for row in chosen if row["split"] == "test"] == ["what is  1+2 ?"]
    assert sorted(str(row["problem"]) for row in chosen if row["split"] == "train") == ["Other 0", "Other 1", "Other 2"]
    assert report["dropped"] == {"duplicate in train of a problem in test": 1}
    with pytest.raises(MathtuneError, match="generator_problems: 4 wanted, the source has 3"):
        choose(source_of(rows), replace(params, generator_problems=4))


def test_copies_within_a_split_count_once() -> None:
    rows = [problem("A b c", "train"), problem("a B  c", "train"), problem("A b c", "train"), problem("T", "test")]
    params = replace(PARAMS, generator_problems=1, verifier_problems=0, val_problems=0, test_problems={"main": 1})
    chosen, report = choose(source_of(rows), params)
    assert len(chosen) == 2
    assert report["dropped"] == {"duplicate in train of a problem in train": 2}
    assert report["read"] == {"train": 3, "test": 1}


def test_train_problems_that_share_words_with_test_or_val_are_dropped_and_counted() -> None:
    story = "A farmer drives nine sheep to the market and sells all but {} of them for coins"
    rows = [
        problem(story.format("two"), "test"),
        problem(story.format("three"), "train"),
        problem("What does a baker do with seven loaves", "train"),
        problem("How many wheels have eleven carts", "train"),
    ]
    params = replace(
        PARAMS, generator_problems=2, verifier_problems=0, val_problems=0, test_problems={"main": 1},
        decontamination_words=8,
    )  # fmt: skip
    chosen, report = choose(source_of(rows), params)
    assert not any("three" in str(row["problem"]) for row in chosen)
    assert report["dropped"] == {"shares words with val or test": 1}
    _, unfiltered = choose(source_of(rows), replace(params, decontamination_words=None, generator_problems=3))
    assert unfiltered["dropped"] == {}

    # The same against validation: of two problems alike, the one that falls to val sends the other away.
    pair = [problem(story.format(word), "train") for word in ("four", "five")]
    params = replace(params, val_problems=1, generator_problems=0)
    _, report = choose(source_of([problem("Quite another thing", "test"), *pair]), params)
    assert report["dropped"] == {"shares words with val or test": 1}


def test_test_problems_that_are_not_used_still_keep_their_likes_out_of_train() -> None:
    shared = "one two three four five six seven eight"
    test = [problem(f"{shared} {name}", "test") for name in ("alpha", "beta", "gamma")]
    rows = [*test, problem(f"{shared} delta", "train")]
    params = replace(
        PARAMS, generator_problems=0, verifier_problems=0, val_problems=0, test_problems={"main": 0},
        decontamination_words=8,
    )  # fmt: skip
    assert choose(source_of(rows), params)[1]["dropped"] == {"shares words with val or test": 1}


def test_the_id_is_a_hash_of_the_words() -> None:
    assert content_hash("What is  $X$?") == content_hash("what is $x$ ?")
    assert content_hash("What is $x$?") != content_hash("What is $y$?")
    assert len(content_hash("a")) == 16
    assert set(content_hash("a")) <= set("0123456789abcdef")


def write_builtin(folder: Path) -> None:
    folder.mkdir()
    rows = [
        {
            "problem": f"Problem {i}",
            "solution": f"Solution {i}",
            "answer": str(i),
            "subject": "Algebra",
            "level": 1 + i % 5,
            "split": "test" if i < 15 else "train",
            "held_out_template": i < 5,
        }
        for i in range(60)
    ]
    (folder / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_the_stage_writes_the_problems_their_own_solutions_and_the_report(tmp_path: Path) -> None:
    write_builtin(tmp_path / "data")
    out = tmp_path / "out"
    out.mkdir()
    params = replace(
        PARAMS,
        location=str(tmp_path / "data"),
        generator_problems=20,
        verifier_problems=5,
        val_problems=4,
        test_problems={"main": 6, "held-out templates": 3},
    )
    run(params, out=out)
    problems = read_table(out / "problems.parquet", PROBLEMS)
    solutions = read_table(out / "source_solutions.parquet", SOLUTIONS)
    assert problems.height == 38
    assert set(problems["source"]) == {"builtin"}
    assert problems.filter(pl.col("fold").is_not_null())["split"].unique().to_list() == ["train"]
    # No test problem's solution reaches the stages that make training data.
    assert sorted(solutions["problem_id"]) == sorted(problems.filter(pl.col("split") != "test")["problem_id"])
    joined = solutions.join(problems, on="problem_id")
    assert joined["solution"].to_list() == [f"Solution {answer}" for answer in joined["expected_answer"]]
    assert joined["predicted_answer"].equals(joined["expected_answer"])
    report = json.loads((out / "report.json").read_text())
    assert report["read"] == {"train": 45, "test": 15}
    assert report["used"] == {
        "train generator main": 20,
        "train verifier main": 5,
        "val main": 4,
        "test main": 6,
        "test held-out templates": 3,
    }
    assert report["files"][0]["name"] == "problems.jsonl"
    assert {p.name for p in out.iterdir()} == {"problems.parquet", "source_solutions.parquet", "report.json"}


FIGURE = '[asy]\ndraw((0,0)--(1,1));\nlabel("$A$", (0,0));\n[/asy]'
NONE_HELD_OUT = replace(PARAMS, verifier_problems=0, val_problems=0, test_problems={"main": 1})


def test_a_problem_keeps_its_figure_and_a_solution_loses_it() -> None:
    rows = [
        problem(f"What is drawn?\n{FIGURE}", "train", solution=f"We draw\n{FIGURE}\nso it is 1."),
        problem("What is 1?", "train"),
        problem(f"And here? {FIGURE}", "test", solution=FIGURE),
    ]
    chosen, report = choose(source_of(rows), replace(NONE_HELD_OUT, generator_problems=2))
    solutions = {row["problem"]: row["solution"] for row in chosen}
    assert solutions == {rows[0].problem: "We draw\n\nso it is 1.", rows[1].problem: "It is 1.", rows[2].problem: None}
    assert report["figures"] == {"kept in problems": 2, "removed from solutions": 2}


def test_two_problems_that_share_the_code_of_a_drawing_alone_are_no_leak() -> None:
    rows = [problem(f"What is the area? {FIGURE}", "train"), problem(f"How long is it? {FIGURE}", "test")]
    params = replace(NONE_HELD_OUT, generator_problems=1, decontamination_words=6)
    assert len(choose(source_of(rows), params)[0]) == 2
    told = [problem(f"{row.problem} Round to the nearest tenth of one percent.", row.split) for row in rows]
    with pytest.raises(MathtuneError, match="generator_problems: 1 wanted, the source has 0"):
        choose(source_of(told), params)


def test_a_problem_without_a_solution_is_one_without_a_row_of_solutions(tmp_path: Path) -> None:
    rows = [{"q": "One?", "a": 1, "s": "It is 1."}, {"q": "Two?", "a": 2.0, "s": None}, {"q": "ONE ?", "a": 1}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps({"s": None, **row}) + "\n" for row in rows))
    (tmp_path / "test.jsonl").write_text(json.dumps({"q": "Three?", "a": 3, "s": None}) + "\n")
    out = tmp_path / "out"
    out.mkdir()
    columns = {"problem": "q", "answer": "a", "solution": "s"}
    run(
        replace(NONE_HELD_OUT, source="table", location=str(tmp_path), columns=columns, generator_problems=2),
        out=out,
    )
    problems = read_table(out / "problems.parquet", PROBLEMS)
    assert dict(problems.select("problem", "expected_answer").iter_rows()) == {"One?": "1", "Two?": "2", "Three?": "3"}
    # Of two copies the one with a solution stays.
    assert read_table(out / "source_solutions.parquet", SOLUTIONS)["solution"].to_list() == [
        "It is 1.\nThe answer is $\\boxed{1}$."
    ]
    assert json.loads((out / "report.json").read_text())["without a solution"] == 2


def test_another_test_set_takes_the_test_splits_place(tmp_path: Path) -> None:
    write_builtin(tmp_path / "data")
    rows = [
        {"problem": f"problem  {i}", "solution": "$\\boxed{1}$", "answer": "1", "subject": "Algebra", "level": 1}
        for i in (0, 7, 14)
    ]
    (tmp_path / "held_out.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    params = replace(
        PARAMS,
        location=str(tmp_path / "data"),
        test_location=str(tmp_path / "held_out.jsonl"),
        test_problems={"main": 3},
        generator_problems=57 - 20,
    )
    run(params, out=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["resplit"] == {
        "test problems": 3,
        "found in the source": 3,
        "moved from the source's test to train": 12,
    }
    assert report["read"] == {"train": 57, "test": 3}
    assert [file["name"] for file in report["files"]] == ["problems.jsonl", "test_location/held_out.jsonl"]
    problems = read_table(tmp_path / "problems.parquet", PROBLEMS)
    assert sorted(problems.filter(pl.col("split") == "test")["problem"]) == ["problem  0", "problem  14", "problem  7"]


def test_an_input_that_is_not_the_pinned_one_writes_nothing(tmp_path: Path) -> None:
    write_builtin(tmp_path / "data")
    out = tmp_path / "out"
    out.mkdir()
    params = replace(PARAMS, location=str(tmp_path / "data"), sha256={"problems.jsonl": "0" * 64})
    with pytest.raises(MathtuneError, match=r"^problems\.jsonl: sha256 is [0-9a-f]{64}, params\.yaml"):
        run(params, out=out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": {"problem": "q"}}, "columns: only for the source `table`"),
        ({"source": "table"}, "columns: needs `problem`"),
        ({"source": "table", "columns": {"problem": "q"}}, "columns: needs `answer`"),
        ({"source": "table", "columns": {"problem": "q", "answer": "a", "topic": "t"}}, "columns: topic: unknown"),
        ({"test_revision": "abc123"}, "test_revision: needs test_location"),
    ],
)
def test_params_of_inputs_that_make_no_sense_are_refused_by_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(PARAMS, **changes)


@pytest.mark.skipif("MATHTUNE_DATA" not in os.environ, reason="MATHTUNE_DATA, the folder with math/, is not set")
def test_math_is_split_as_by_lightman_et_al(tmp_path: Path) -> None:
    folder = Path(os.environ["MATHTUNE_DATA"]) / "math"
    # All 5,000 of MATH's test problems as its own test split, the 500 named by the test set.
    whole = tmp_path / "test.jsonl"
    whole.write_bytes((folder / "train.jsonl").read_bytes() + (folder / "test.jsonl").read_bytes())
    params = replace(
        PARAMS,
        source="math",
        location=str(whole),
        test_location=str(folder),
        generator_problems=3000,
        verifier_problems=400,
        val_problems=300,
        test_problems={"main": 500},
        decontamination_words=13,
    )
    run(params, out=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["resplit"] == {
        "test problems": 500,
        "found in the source": 500,
        "moved from the source's test to train": 4500,
    }
    assert read_table(tmp_path / "problems.parquet", PROBLEMS).height == 4200
    assert 0 < report["dropped"]["shares words with val or test"] < 750


@pytest.mark.skipif("MATHTUNE_DATA" not in os.environ, reason="MATHTUNE_DATA, the folder with gsm8k/, is not set")
def test_gsm8k_is_split_without_a_leak(tmp_path: Path) -> None:
    params = replace(
        PARAMS,
        source="gsm8k",
        location=str(Path(os.environ["MATHTUNE_DATA"]) / "gsm8k"),
        generator_problems=5000,
        verifier_problems=1000,
        val_problems=300,
        test_problems={"main": 500, "easy": 100},
        decontamination_words=13,
    )
    run(params, out=tmp_path)
    problems = read_table(tmp_path / "problems.parquet", PROBLEMS)
    assert problems.height == 6900
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["read"] == {"train": 7473, "test": 1319}
    assert 0 < report["dropped"]["shares words with val or test"] < 300
