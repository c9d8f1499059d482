"""Two evaluations paired by generator, selector and problem; the numbers are worked by hand beside each case."""

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PREDICTIONS, PROBLEMS
from mathtune_ranking.paired import Evaluation, paired, read_evaluation

Outcomes = dict[tuple[str, str | None, int, str], list[float]]  # generator, verifier, seed, selector

IDS = [f"p{place}" for place in range(8)]


def problems(answers: dict[str, str] | None = None, subset: str = "main") -> pl.DataFrame:
    rows = [
        (name, "test", None, subset, "toy", None, None, f"Problem {name}", answer)
        for name, answer in (answers or dict.fromkeys(IDS, "1")).items()
    ]
    return pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row")


def predictions(outcomes: Outcomes, ids: list[str] = IDS, k: int = 2) -> pl.DataFrame:
    rows = [
        (name, generator, verifier, seed, selector, 4, k if "MajK" in selector else None, "1", right)
        for (generator, verifier, seed, selector), values in outcomes.items()
        for name, right in zip(ids, values, strict=True)
    ]
    return pl.DataFrame(rows, schema=PREDICTIONS.schema, orient="row")


def evaluation(name: str, outcomes: Outcomes, table: pl.DataFrame | None = None) -> Evaluation:
    table = problems() if table is None else table
    return read_evaluation(name, predictions(outcomes, table["problem_id"].to_list()), table, ["main"])


def row(rows: pl.DataFrame, generator: str, selector: str) -> dict[str, object]:
    return rows.row(by_predicate=(pl.col("generator") == generator) & (pl.col("selector") == selector), named=True)


def test_a_change_is_the_second_less_the_first_with_the_problems_behind_it() -> None:
    a = evaluation("old", {("g", None, 0, "Maj1"): [1, 1, 1, 0, 0, 0, 0, 0]})
    b = evaluation("new", {("g", None, 0, "Maj1"): [0, 1, 1, 1, 1, 1, 1, 1]})
    found = row(paired(a, b), "g", "Maj1")
    assert (found["accuracy_a"], found["accuracy_b"], found["difference"]) == (37.5, 87.5, 50.0)
    assert found["gained"] == ["p3", "p4", "p5", "p6", "p7"]
    assert found["lost"] == ["p0"]
    # Of 6 changed problems 5 or more one way, two-sided: 2 × (6 + 1) / 2^6 = 0.21875.
    assert found["p"] == pytest.approx(0.21875, abs=0.02)
    assert found["p_holm"] == found["p"]  # one row
    assert found["low"] < 50.0 < found["high"]


def test_seeds_are_averaged_before_they_are_paired_and_may_differ_in_number() -> None:
    a = evaluation("one", {("g", None, 0, "Maj1"): [1, 1, 0, 0, 0.5, 0, 0, 0]})
    b = evaluation(
        "two",
        {("g", None, 0, "Maj1"): [1, 0, 0, 1, 0.5, 0, 0, 0], ("g", None, 1, "Maj1"): [1, 0, 1, 1, 0.5, 0, 0, 0]},
    )
    found = row(paired(a, b), "g", "Maj1")
    assert (found["num_seeds_a"], found["num_seeds_b"]) == (1, 2)
    assert (found["accuracy_a"], found["accuracy_b"]) == (31.25, 37.5)
    assert (found["gained"], found["lost"]) == (["p3", "p2"], ["p1"])  # by one, then by a half


def test_rows_come_in_the_order_of_the_result_table_and_pay_for_one_another() -> None:
    right, wrong = [1.0] * 8, [0.0] * 8
    before: Outcomes = {(g, None, 0, s): wrong for g in ("z", "a") for s in ("Maj1", "Pass@1", "Pass@N")}
    after: Outcomes = {key: right if key[0] == "z" else wrong for key in before}
    rows = paired(evaluation("old", before), evaluation("new", after))
    assert rows.select("generator", "selector").rows() == [  # the oracle only when asked for
        ("z", "Pass@1"),
        ("z", "Maj1"),
        ("a", "Pass@1"),
        ("a", "Maj1"),
    ]
    first, *_, last = rows.iter_rows(named=True)
    assert first["p"] == pytest.approx(2 / 2**8, abs=0.003)
    assert first["p_holm"] == pytest.approx(4 * first["p"], abs=1e-4)  # Holm: the least of four p, times four
    assert (last["p"], last["p_holm"]) == (1.0, 1.0)


def test_generators_and_selectors_can_be_named() -> None:
    some: Outcomes = {(g, None, 0, s): [1.0] * 8 for g in ("g", "h") for s in ("Maj1", "Pass@1", "Pass@N")}
    a, b = evaluation("old", some), evaluation("new", some)
    rows = paired(a, b, generators=["h"], selectors=["Pass@N", "Maj1"])
    assert rows.select("generator", "selector").rows() == [("h", "Maj1"), ("h", "Pass@N")]
    with pytest.raises(MathtuneError, match=r"^--generator k: not in both; there are g, h$"):
        paired(a, b, generators=["k"])
    with pytest.raises(MathtuneError, match=r"^--selector Maj: not in both; there are "):
        paired(a, b, selectors=["Maj"])


def test_re_ranking_is_the_headline_verifiers_unless_one_is_named() -> None:
    right, wrong = [1.0] * 8, [0.0] * 8
    a = evaluation("old", {("g", "xent", 0, "W.RR"): right, ("g", "margin", 0, "W.RR"): wrong})
    b = evaluation("new", {("g", "margin", 0, "W.RR"): right})
    [found] = paired(a, b).iter_rows(named=True)
    assert (found["verifier_a"], found["verifier_b"], found["difference"]) == ("xent", "margin", 0.0)
    [found] = paired(a, b, verifier="margin").iter_rows(named=True)
    assert (found["verifier_a"], found["verifier_b"], found["difference"]) == ("margin", "margin", 100.0)
    with pytest.raises(MathtuneError, match=r"^--verifier xent: not in new; it has margin$"):
        paired(a, b, verifier="xent")


def test_only_the_headline_problems_count() -> None:
    table = pl.concat([problems(), problems({"p8": "1", "p9": "1"}, "held-out")])
    outcomes = predictions({("g", None, 0, "Maj1"): [1.0] * 8 + [0.0] * 2}, [*IDS, "p8", "p9"])
    a = read_evaluation("old", outcomes, table, ["main"])
    [found] = paired(a, a).iter_rows(named=True)
    assert (found["accuracy_a"], found["num_problems"]) == (100.0, 8)
    with pytest.raises(MathtuneError, match=r"^old: .*no test problem of evaluate.headline_subsets \(hard\)$"):
        read_evaluation("old", outcomes, table, ["hard"])


def test_other_problems_are_another_test_set() -> None:
    some: Outcomes = {("g", None, 0, "Maj1"): [1.0] * 8}
    more = problems(dict.fromkeys([*IDS, "p8"], "1"))
    a, b = evaluation("old", some), evaluation("new", {("g", None, 0, "Maj1"): [1.0] * 9}, more)
    for first, second, counts in ((a, b, "8 problems in old, 9 in new"), (b, a, "9 problems in new, 8 in old")):
        with pytest.raises(MathtuneError, match=rf"^different test sets: {counts}, 8 in both; p8 is in new alone; "):
            paired(first, second)


def test_another_right_answer_is_another_test_set() -> None:
    some: Outcomes = {("g", None, 0, "Maj1"): [1.0] * 8}
    corrected = problems({**dict.fromkeys(IDS, "1"), "p5": "2"})
    with pytest.raises(
        MathtuneError,
        match=r"^different test sets: 1 of 8 problems have another right answer; p5: '1' in old, '2' in new$",
    ):
        paired(evaluation("old", some), evaluation("new", some, corrected))


def test_predictions_that_lack_a_problem_or_a_seed_are_refused() -> None:
    whole = predictions({("g", None, 0, "Maj1"): [1.0] * 8, ("g", None, 1, "Maj1"): [1.0] * 8})
    a = read_evaluation("old", whole, problems(), ["main"])
    b = read_evaluation("new", whole.slice(0, 15), problems(), ["main"])
    with pytest.raises(
        MathtuneError, match=r"^new: predictions.parquet: g, Maj1: 15 rows for 8 problems and 2 seeds; "
    ):
        paired(a, b)


@pytest.mark.parametrize("value", [1.5, -0.1, float("nan")])
def test_an_outcome_that_is_no_probability_is_refused(value: float) -> None:
    odd = predictions({("g", None, 0, "Maj1"): [1, 1, value, 1, 1, 1, 1, 1]})
    with pytest.raises(MathtuneError, match=r"^old: predictions.parquet: problem_id='p2': p_correct must be a number"):
        read_evaluation("old", odd, problems(), ["main"])


def test_nothing_in_common_is_refused() -> None:
    a = evaluation("old", {("g", None, 0, "Maj1"): [1.0] * 8})
    with pytest.raises(MathtuneError, match=r"^old and new have no generator in common: nothing to pair$"):
        paired(a, evaluation("new", {("h", None, 0, "Maj1"): [1.0] * 8}))
    with pytest.raises(MathtuneError, match=r"^old and new: no generator and selector of those asked for is in both$"):
        paired(a, evaluation("new", {("g", None, 0, "Pass@1"): [1.0] * 8}))
