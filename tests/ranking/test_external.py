"""Other people's samples as our tables: what is found where, how many are taken, and what is refused in one line."""

import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_answers.cluster_answers import ClusterAnswersParams, run
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SAMPLES, SCORES
from mathtune_core.tables import write_table
from mathtune_ranking.candidates import Candidates, read_candidates
from mathtune_ranking.external import ExternalSamples, read_external
from mathtune_ranking.external_columns import FLAGS
from mathtune_ranking.external_evaluation import (
    agreement_of,
    breakdowns_of,
    compared,
    disagreements_of,
    evaluate_external,
    quality_of,
    results_of,
    write_evaluation,
)
from mathtune_ranking.score_transforms import TRANSFORMS, exp, sigmoid
from mathtune_ranking.selectors import SELECTORS

A, B = "The answer is 7.", "The answer is 8."
LISTS = [
    {"id": "p1", "problem": "3 + 4?", "answer": "7", "completions": [A, B, A], "scores": [0.1, 0.9, 0.2]},
    {"id": "p2", "problem": "4 + 4?", "answer": "8", "completions": [A, "no idea", B], "scores": [0.5, 0.8, 0.4]},
]


def placed(rows: list[dict[str, Any]], name: str = "f.jsonl") -> tuple[Path, list[tuple[str, dict[str, Any]]]]:
    return Path(name), [(f"{name}:{number}", row) for number, row in enumerate(rows, 1)]


def read(*files: list[dict[str, Any]], **options: Any) -> ExternalSamples:
    named = {name: options.pop(name) for name in FLAGS if name in options}
    for name in ("problems", "greedy"):
        if isinstance(options.get(name + "_file"), list):
            options[name] = placed(options.pop(name + "_file"), f"{name}.jsonl")
    return read_external([placed(rows, f"f{i}.jsonl") for i, rows in enumerate(files)], named, **options)


def completions(samples: ExternalSamples, problem_id: str) -> list[str]:
    rows = samples.samples.filter((pl.col("problem_id") == problem_id) & (pl.col("decoding") == "sampled"))
    return rows.sort("sample_index")["completion"].to_list()


def accuracy(samples: ExternalSamples, k: int = 8) -> dict[str, float]:
    return dict(results_of(evaluate_external(samples, "f", k)).select("selector", "accuracy").iter_rows())


def refused(*files: list[dict[str, Any]], **options: Any) -> str:
    with pytest.raises(MathtuneError) as caught:
        read(*files, **options)
    [line] = str(caught.value).splitlines()
    return line


# By hand: p1 has 7, 8, 7 (7 is right), p2 has 7, none, 8 (8 is right).
EXPECTED = {
    "Mean Pass@1": 50.0,  # (2/3 + 1/3) / 2
    "Random": 58.33,  # (2/3 + 1/2) / 2
    "Maj1": 75.0,  # 7 of p1; p2 ties, half right
    "RR.All": 0.0,  # 8 has 0.9; in p2 7 has 0.5, for the 0.8 has no answer
    "RR.MajK": 0.0,
    "W.RR": 0.0,  # 0.3 against 0.9; 0.5 against 0.4
    "W.RR.MajK": 0.0,
    "Maj1.TopN": 25.0,  # of p1 the two best tie, of p2 the best is 7
    "MajK": 100.0,
    "Pass@N": 100.0,
}


def test_a_list_a_row_by_hand() -> None:
    samples = read(LISTS)
    assert accuracy(samples) == EXPECTED
    assert samples.num_samples == 3
    assert not samples.has_greedy
    assert samples.notes == ()


def test_one_completion_a_row_is_the_same_whatever_the_order_of_problems() -> None:
    flat = [
        {"problem_id": row["id"], "answer": row["answer"], "completion": text, "score": score}
        for index in range(3)
        for row in LISTS
        for text, score in [(row["completions"][index], row["scores"][index])]
    ]
    assert accuracy(read(flat)) == EXPECTED
    assert accuracy(read(flat[:2], flat[2:])) == EXPECTED


def test_sample_index_orders_and_the_fewest_samples_are_taken_of_every_problem() -> None:
    rows = [
        {"problem_id": key, "answer": "7", "completion": f"{key}{index}", "sample_index": index}
        for key, indexes in (("p1", (2, 0, 1)), ("p2", (1, 0)))
        for index in indexes
    ]
    samples = read(rows)
    assert (completions(samples, "p1"), completions(samples, "p2")) == (["p10", "p11"], ["p20", "p21"])
    left_out = "N = 2, the fewest that a problem has (f0.jsonl:4): 1 later completions of 1 problems are left out"
    assert samples.notes == (left_out,)
    assert completions(read(rows, n=1), "p2") == ["p20"]
    assert refused(rows, n=3) == "f0.jsonl:4: problem id 'p2' has 2 completions, and --n asks for 3"
    again = refused([*rows, {**rows[0], "completion": "x"}])
    assert again == "f0.jsonl:6: sample_index: 2 of problem id 'p1' is in f0.jsonl:1 already"


def test_without_scores_no_selector_reads_any_and_without_greedy_there_is_no_pass_at_1() -> None:
    bare = [{name: value for name, value in row.items() if name != "scores"} for row in LISTS]
    assert list(accuracy(read(bare))) == ["Mean Pass@1", "Random", "Maj1", "MajK", "Pass@N"]
    with_greedy = [{**row, "greedy": A} for row in bare]
    assert accuracy(read(with_greedy))["Pass@1"] == 50.0
    file = [{"id": row["id"], "completions": [B]} for row in [*LISTS, {"id": "unknown"}]]
    assert accuracy(read(bare, greedy_file=file[:3]))["Pass@1"] == 50.0
    assert "has no greedy completion, and others have" in refused(bare, greedy_file=file[:1])
    assert "has 2 greedy completions" in refused(bare, greedy_file=[*file, file[0]])


def test_references_come_from_a_problems_file_by_id_or_by_text() -> None:
    bare = [{name: row[name] for name in ("id", "problem", "completions")} for row in LISTS]
    by_id = [{"id": "p2", "answer": "8"}, {"id": "p1", "answer": "7"}, {"id": "p3", "answer": "1"}]
    samples = read(bare, problems_file=by_id)
    assert samples.problems["expected_answer"].to_list() == ["7", "8"]
    assert samples.notes == ("1 of 3 problems have no completions and are left out",)
    by_text = [{"question": "3 +  4?", "answer": "... so 7.\n#### 7"}, {"question": "4 + 4?", "answer": r"$\boxed{8}$"}]
    assert read(bare, problems_file=by_text).problems["expected_answer"].to_list() == ["7", "8"]
    line = refused(bare, problems_file=by_id[:1])
    assert line.startswith("f0.jsonl:1: problem id 'p1' is not in problems.jsonl;")
    assert "'p2' is there twice" in refused(bare, problems_file=[*by_id, by_id[0]])
    assert refused(bare).startswith("f0.jsonl:1: no reference answer; name its column with --answer")


def test_an_answer_in_the_samples_is_the_models_where_a_problems_file_has_the_references() -> None:
    rows = [{"id": "p", "completion": text, "answer": text[-2]} for text in (A, B)]
    assert refused(rows) == "f0.jsonl:2: answer: another one than in f0.jsonl:1"
    assert accuracy(read(rows, problems_file=[{"id": "p", "answer": "7"}]))["Mean Pass@1"] == 50.0


def test_their_grades_are_counted_against_ours_and_are_no_scores() -> None:
    graded = [
        {name: value for name, value in row.items() if name != "scores"} | {"score": grades}
        for row, grades in zip(LISTS, ([True, True, False], [False, None, True]), strict=True)
    ]
    graded[1]["score"] = [False, False, True]
    found = evaluate_external(read(graded), "f", 8)
    assert quality_of(found) is None
    agreement = agreement_of(found)
    assert agreement is not None
    assert (agreement.num_samples, agreement.num_alike, agreement.only_ours, agreement.only_theirs) == (6, 4, 1, 1)
    other = disagreements_of(found).select("problem_id", "sample_index", "is_correct", "their_grade")
    assert other.rows() == [("p1", 1, False, True), ("p1", 2, True, False)]
    assert agreement_of(evaluate_external(read(LISTS), "f", 8)) is None


def test_transforms_keep_the_order_and_give_numbers_that_can_be_added_up() -> None:
    assert [sigmoid(x) for x in (0.0, -1e6, 1e6)] == [0.5, 0.0, 1.0]
    assert sigmoid(-40.0) == pytest.approx(math.exp(-40.0), rel=1e-12)  # not 0: small scores stay apart
    assert exp(-2.0) == math.exp(-2.0)
    values = [x / 7 for x in range(-70, 1)]
    assert all(list(map(t, values)) == sorted(map(t, values)) for t in TRANSFORMS.values())
    logits = [{**row, "scores": [[math.log(s / (1 - s))] for s in row["scores"]]} for row in LISTS]  # as some have it
    assert accuracy(read(logits, transform="sigmoid")) == EXPECTED
    outside = refused(logits)
    assert outside.startswith("f0.jsonl:1: scores: expected a number in 0 … 1, got -2.19722; --score-transform")
    assert "expected a log-probability (at most 0), got 2.19" in refused(logits, transform="exp")


def test_scores_that_say_little_are_remarked_on() -> None:
    ones = [{**row, "scores": [0, 1, 1]} for row in LISTS]
    assert "if they are grades, name their column with --grades" in read(ones).notes[0]
    tiny = [{**row, "scores": [-100.0, -200.0, -1.0]} for row in LISTS]
    assert "take means over tokens" in read(tiny, transform="exp").notes[0]


def test_problems_without_ids_go_by_their_text_and_ids_of_completions_are_noticed() -> None:
    bare = [{"problem": row["problem"], "answer": row["answer"], "completions": row["completions"]} for row in LISTS]
    assert accuracy(read(bare))["Maj1"] == 75.0
    rows = [{"id": i, "problem": "3 + 4?", "answer": 7, "completion": text} for i, text in enumerate((A, B, A))]
    line = refused(rows)
    assert line.endswith("group them by the text: --problem-id problem")
    assert read(rows, problem_id="problem").num_samples == 3


def test_numbers_as_references() -> None:
    rows = [{"id": "p1", "expected_answer": 7.0, "generation": A}, {"id": "p2", "expected_answer": 8, "generation": B}]
    assert accuracy(read(rows))["Mean Pass@1"] == 100.0


def test_breakdowns_by_subject_and_level() -> None:
    rows = [{**row, "subject": "sums", "level": level} for row, level in zip(LISTS, ("Level 1", 2), strict=True)]
    rows[1]["level"] = "Level 2"
    table = breakdowns_of(evaluate_external(read(rows), "f", 8)).filter(pl.col("selector") == "Maj1")
    found = table.select("by", "value", "accuracy", "num_problems").rows()
    assert found == [("subject", "sums", 75.0, 2), ("level", "Level 1", 100.0, 1), ("level", "Level 2", 50.0, 1)]


def test_two_runs_are_compared_on_the_same_problems() -> None:
    one = evaluate_external(read(LISTS), "one", 8)
    better = [{**row, "completions": [text] * 3} for row, text in zip(LISTS, (A, B), strict=True)]
    differences = compared(one, evaluate_external(read(better), "two", 8))
    assert {name: 100 * found.difference for name, (found, _) in differences.items()} == pytest.approx(
        {name: 100.0 - value for name, value in EXPECTED.items()}, abs=0.01
    )
    with pytest.raises(MathtuneError, match="problem 'p2' is in one and not two; both need the same problems"):
        compared(one, evaluate_external(read(LISTS[:1]), "two", 8))


def test_the_selectors_of_a_comparison_are_one_family() -> None:
    """Holm (1979) by hand. All ten problems go from wrong to right: McNemar's p is 2 / 2^10."""
    wrong, right = (
        [{"id": f"q{i}", "answer": "4", "completions": [text] * 2, "scores": [0.5] * 2} for i in range(10)]
        for text in (r"So $\boxed{3}$.", r"So $\boxed{4}$.")
    )
    tested = compared(*(evaluate_external(read(rows), "run", 8) for rows in (wrong, right)))
    assert len(tested) == len(SELECTORS) - 1  # no greedy completions, no Pass@1
    assert {one.p for one, _ in tested.values()} == {2 / 2**10}
    assert [p_holm for _, p_holm in tested.values()] == [len(tested) * 2 / 2**10] * len(tested)


def stage_made(folder: Path) -> tuple[list[dict[str, Any]], Candidates]:
    """40 problems with 6 samples each: as rows of a file, and as the stages' own tables make Candidates of them."""
    texts = [r"So $\boxed{\frac12}$.", "The answer is 0.5.", "The answer is 3.", "#### 4", "who knows", r"\boxed{x+1}"]
    problems, samples, scores = [], [], []
    for number in range(40):
        key = f"q{number:02d}"
        problems.append(
            (key, "test", None, "main", "toy", None, 1, f"Problem {number}", (r"\frac{1}{2}", "3")[number % 2])
        )
        for decoding, count in (("greedy", 1), ("sampled", 6)):
            for index in range(count):
                text = texts[(number * 7 + index * index * 3 + count) % 6]
                samples.append((key, decoding, index, text, "stop", 9, -1.0, 0))
                scores.append((key, decoding, index, (number * 31 + index * 17 + count) % 10 / 10))
    tables = [(problems, PROBLEMS), (samples, SAMPLES), (scores, SCORES)]
    frames = [pl.DataFrame(rows, schema=table.schema, orient="row") for rows, table in tables]
    for frame, (_, table) in zip(frames, tables, strict=True):
        write_table(frame, folder / f"{table.name}.parquet", table)
    run(ClusterAnswersParams(), problems=folder, samples=folder, out=folder)
    joined = frames[1].join(frames[2], on=["problem_id", "decoding", "sample_index"])
    rows = joined.join(frames[0].select("problem_id", "expected_answer"), on="problem_id").to_dicts()
    return rows, read_candidates(folder / "clusters.parquet", [folder / "scores.parquet"])[0]


def test_exported_tables_give_the_stages_numbers(tmp_path: Path) -> None:
    rows, candidates = stage_made(tmp_path)
    rows.sort(key=lambda row: row["completion"])  # the order of rows is no matter: sample_index has it
    for k in (1, 2, 8):
        found = evaluate_external(read(rows), "f", k)
        for name, selector in SELECTORS.items():
            assert found.p_correct(name).tolist() == selector(candidates, k).p_correct.tolist(), name
            assert found.found.selections[found.row][name][0].winner.tolist() == selector(candidates, k).winner.tolist()
    assert found.found.some.answers.equals(candidates.answers)


def test_the_folder_of_tables_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = evaluate_external(read(LISTS), "f", 8)
    curves = pl.DataFrame({"selector": ["Maj1"]})
    write_evaluation(found, curves, tmp_path / "new" / "out")
    written = {path.name for path in (tmp_path / "new" / "out").iterdir()}
    frames = {"results.csv", "curves.csv", "problems.csv", "verifiers.csv"}
    assert written == frames | {"clusters.parquet", "predictions.parquet"}
    assert pl.read_csv(tmp_path / "new" / "out" / "results.csv")["accuracy"].to_list() == list(EXPECTED.values())

    def broken(*arguments: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("mathtune_ranking.external_evaluation.write_table", broken)
    with pytest.raises(KeyError):
        write_evaluation(found, curves, tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


ONE = {"id": "p1", "problem": "3 + 4?", "answer": "7", "completions": [A, B], "scores": [0.1, 0.2]}
TWO = {**ONE, "id": "p2", "problem": "7?"}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"id": None}, "f0.jsonl:2: id: missing; every row needs its problem"),
        ({"id": " "}, "f0.jsonl:2: id: empty"),
        ({"id": ["p2", "p3"]}, "f0.jsonl:2: id: expected text, got ['p2', 'p3']"),
        ({"id": "p1"}, "f0.jsonl:2: problem: another one than in f0.jsonl:1"),
        ({"id": "p1", "problem": "3 + 4?"}, "f0.jsonl:2: problem id 'p1' has a list in f0.jsonl:1 already; "),
        ({"scores": [0.1]}, "f0.jsonl:2: scores: 1 for 2 completions"),
        ({"scores": [0.1, math.nan]}, "f0.jsonl:2: scores: expected a number, got nan"),
        ({"scores": [0.1, math.inf]}, "f0.jsonl:2: scores: expected a number, got inf"),
        ({"scores": [0.1, 10**400]}, "f0.jsonl:2: scores: expected a number, got 1000"),
        ({"scores": [0.1, "high"]}, "f0.jsonl:2: scores: expected a number, got 'high'"),
        (
            {"scores": [0.1, True]},
            "f0.jsonl:2: scores: expected a number, got True; booleans are grades, which --grades",
        ),
        ({"scores": [0.1, 1.5]}, "f0.jsonl:2: scores: expected a number in 0 … 1, got 1.5; --score-transform"),
        ({"scores": None}, "f0.jsonl:2: scores: 1 for 2 completions"),
        ({"completions": A}, "f0.jsonl:2: completions: expected a list as in the first row, got 'The answer is 7.'"),
        ({"completions": []}, "f0.jsonl:2: completions: no completions; leave the row out, or sample the problem"),
        ({"completions": [A, 7]}, "f0.jsonl:2: completions: expected text, got 7"),
        ({"completions": [A, None]}, "f0.jsonl:2: completions: expected text, got None"),
        (
            {"answer": None},
            "f0.jsonl:2: no reference answer; name its column with --answer, or give a file of problems",
        ),
        ({"answer": ["1", "2"]}, "f0.jsonl:2: answer: expected text, got ['1', '2']"),
        ({"answer": "So we see. " * 40}, "f0.jsonl:2: answer: a solution that states no answer; name the column"),
        ({"answer": "$"}, "f0.jsonl:2: answer: says nothing; name the column of the answer with --answer"),
    ],
)
def test_a_malformed_row_is_one_line_with_place_and_column(second: dict[str, Any], message: str) -> None:
    assert refused([ONE, {**TWO, **second}]).startswith(message)


def test_a_row_without_a_column_that_the_first_has() -> None:
    del (lacking := dict(TWO))["scores"]
    assert refused([ONE, lacking]) == "f0.jsonl:2: scores: missing, and the first row has it"
    assert refused([ONE], [lacking]) == "f1.jsonl:1: no column of scores, and the first file has one"
    single = {"id": "p1", "answer": "7", "completion": A}
    mixed = refused([single, {**single, "completion": [A, B]}])
    assert mixed.startswith("f0.jsonl:2: completion: expected one text as in the first row, got ['The answer is 7.'")


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([], {}, "f0.jsonl: is empty; it must hold at least one row"),
        (
            [ONE],
            {"scores": "reward"},
            "f0.jsonl:1: --scores reward: no such column; the columns are id, problem, answer,",
        ),
        ([ONE], {"problem_id": "key"}, "f0.jsonl:1: --problem-id key: no such column; the columns are id, problem,"),
        ([ONE], {"completions": "answer"}, "f0.jsonl:1: answer: expected a list, got '7'; one a row is --completion"),
        ([{"id": 1, "text": A}], {}, "f0.jsonl:1: no column known to hold completions; name it with --completions"),
        ([{"completion": A}], {}, "f0.jsonl:1: neither id nor text of the problem; name its column with --problem-id"),
        ([{"id": 1, "completion": A, "decoding": "beam"}], {}, "f0.jsonl:1: decoding: must be one of greedy, sampled,"),
        (
            [{"id": 1, "completion": A, "decoding": "greedy"}],
            {},
            "f0.jsonl:1: problem id '1' has no sampled completion",
        ),
    ],
)
def test_a_file_that_cannot_be_made_out_says_what_is_there(rows: list, options: dict[str, str], message: str) -> None:
    assert refused(rows, **options).startswith(message)


def test_hostile_text_stays_on_one_line_and_in_utf_8() -> None:
    rows = [{"id": "p\n\x1b[31m", "answer": "7", "completions": [A, "\ud800 The answer is 7."]}, {"id": "p2", "\n": 1}]
    assert "\x1b" not in refused(rows)
    assert completions(read(rows[:1]), "p\n\x1b[31m")[1] == "? The answer is 7."
    assert "the columns are ?, id" in refused([{"\n": 1, "id": 1}])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([A, B, 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["id", "problem", "answer", "completions", "completion", "scores", "outputs", "resps", "filter"]
)
names |= st.sampled_from(["is_correct", "greedy", "level", "sample_index", "decoding", "num_tokens", "finish_reason"])
mutations = st.lists(st.tuples(st.integers(0, 2), names, json_values), max_size=4)


@settings(max_examples=200, deadline=None)
@given(mutations, st.sampled_from(list(TRANSFORMS)), st.none() | st.integers(1, 3))
def test_mutated_rows_are_read_or_refused_in_one_line(
    changes: list[tuple[int, str, Any]], transform: str, n: int | None
) -> None:
    rows = [{**ONE}, {**TWO}, {**TWO, "id": "p3", "completions": [A]}]
    rows[2]["scores"] = [0.5]
    for row, name, value in changes:
        rows[row][name] = value
    try:
        samples = read(rows, transform=transform, n=n)
    except MathtuneError as error:
        [line] = str(error).splitlines()
        assert line.startswith("f0.jsonl")
    else:
        sampled = samples.samples.filter(pl.col("decoding") == "sampled")
        assert sampled.height == samples.problems.height * samples.num_samples
