"""What accuracies cost, and the frontier, by hand."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_ranking.costs import SCHEMA, Rates, costs, read_rates
from mathtune_ranking.lengths import Lengths
from mathtune_ranking.rows import Row

HEADLINE = np.array([True, True, False])
XENT, MARGIN = Row("verbose", "xent"), Row("verbose", "margin")


def lengths(greedy: float, sampled: float) -> Lengths:
    """Means `greedy` and `sampled` over the two headline problems; the third is longer and not of the headline."""
    numbers = (np.array([mean - 1.0, mean + 1.0, 999.0]) for mean in (greedy, sampled))
    return Lengths(*numbers, cut_at_length=np.zeros(3), without_answer=np.zeros(3))


def table(*rows: tuple) -> pl.DataFrame:
    columns = ["generator", "verifier", "selector", "n", "accuracy", "low", "high"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def curve(*rows: tuple) -> pl.DataFrame:
    columns = ["generator", "selector", "n", "accuracy", "low", "high"]
    return pl.DataFrame(rows, schema=columns, orient="row")


RESULTS = table(
    ("terse", "xent", "Pass@1", 1, 30.0, 25.0, 35.0),
    ("terse", "xent", "Maj1", 4, 34.0, 29.0, 39.0),
    ("terse", "xent", "W.RR", 4, 35.0, 30.0, 40.0),
    ("terse", "xent", "Pass@N", 4, 90.0, 85.0, 95.0),
    ("verbose", "xent", "Pass@1", 1, 34.0, 29.0, 39.0),
    ("verbose", "xent", "Maj1", 4, 40.0, 35.0, 45.0),
    ("verbose", "xent", "W.RR", 4, 40.0, 35.0, 45.0),
    ("verbose", "margin", "W.RR", 4, 41.0, 36.0, 46.0),
)
CURVES = curve(
    ("verbose", "Maj1", 2, 33.0, 28.0, 38.0),
    ("verbose", "Maj1", 4, 39.0, 34.0, 44.0),  # drawn subsets end near the exact 40.0, which stands
    ("verbose", "W.RR", 2, 33.0, 28.0, 38.0),
    ("verbose", "Mean Pass@1", 4, 28.0, 23.0, 33.0),  # looks at one sample, whatever n
    ("terse", "Pass@n", 2, 60.0, 55.0, 65.0),
)
LENGTHS = {"terse": lengths(10.0, 12.0), "verbose": lengths(20.0, 25.0)}
UNKNOWN = Rates({"terse": None, "verbose": None}, {Row("terse", "xent"): None, XENT: None, MARGIN: None})


@pytest.fixture
def two(study):
    return replace(study, verifiers=("xent", "margin"), shared_verifiers=("xent", "margin"))


def priced(study, results=RESULTS, curves=CURVES, rates=UNKNOWN) -> dict[tuple, dict]:
    frame = costs(study, results, curves, LENGTHS, rates, HEADLINE)
    assert frame.schema == SCHEMA
    assert frame.select("generator", "verifier", "selector", "n").is_unique().all()
    return {(r["generator"], r["verifier"], r["selector"], r["n"]): r for r in frame.iter_rows(named=True)}


def test_tokens_are_those_written_and_those_a_verifier_reads(two) -> None:
    found = priced(two)
    cost = {
        key: (row["generated_tokens"], row["tokens"], row["verifier_calls"])
        for key, row in found.items()
        if key[0] == "verbose"
    }
    assert cost == {
        ("verbose", None, "Pass@1", 1): (20.0, 20.0, 0),  # the greedy solution's
        ("verbose", None, "Maj1", 2): (50.0, 50.0, 0),  # 2 · 25
        ("verbose", None, "Maj1", 4): (100.0, 100.0, 0),
        ("verbose", "xent", "W.RR", 2): (50.0, 100.0, 2),  # 2 · 25 written and read
        ("verbose", "xent", "W.RR", 4): (100.0, 200.0, 4),
        ("verbose", "margin", "W.RR", 4): (100.0, 200.0, 4),
    }
    assert found["verbose", None, "Maj1", 4]["accuracy"] == 40.0
    assert [key for key in found if key[2] == "Pass@n"] == [("terse", None, "Pass@n", 2), ("terse", None, "Pass@n", 4)]


def test_lines_stand_in_the_order_of_the_tables(two) -> None:
    assert list(priced(two)) == [
        ("terse", None, "Pass@1", 1),
        ("terse", None, "Maj1", 4),
        ("terse", None, "Pass@n", 2),
        ("terse", None, "Pass@n", 4),
        ("terse", "xent", "W.RR", 4),
        ("verbose", None, "Pass@1", 1),
        ("verbose", None, "Maj1", 2),
        ("verbose", None, "Maj1", 4),
        ("verbose", "xent", "W.RR", 2),
        ("verbose", "xent", "W.RR", 4),
        ("verbose", "margin", "W.RR", 4),
    ]


def test_the_frontier_is_what_nothing_cheaper_equals(two) -> None:
    # Tokens and accuracy: 10 → 30, 20 → 34, 48 → 34 (as good as 20), 50 → 33, 96 → 35, 100 → 40, 100 → 33,
    # 200 → 40 (as good as 100) and 41. The oracle's 90 for 48 counts for nothing.
    frontier = [key for key, row in priced(two).items() if row["on_frontier"]]
    assert frontier == [
        ("terse", None, "Pass@1", 1),
        ("terse", "xent", "W.RR", 4),
        ("verbose", None, "Pass@1", 1),
        ("verbose", None, "Maj1", 4),
        ("verbose", "margin", "W.RR", 4),
    ]


def test_what_is_equal_in_both_stands_side_by_side(study) -> None:
    results = RESULTS.filter((pl.col("selector") == "Maj1") & (pl.col("generator") == "verbose"))
    # Random is cheaper than the vote and as accurate: it is a floor and no rival.
    more = table(
        ("verbose", "xent", "Mean Pass@1", 1, 40.0, 35.0, 45.0), ("verbose", "xent", "Random", 1, 50.0, 45.0, 55.0)
    )
    same = curve(("verbose", "Maj1", 1, 40.0, 35.0, 45.0))
    found = priced(study, pl.concat([results, more]), same)
    assert [key[2:] for key, row in found.items() if row["on_frontier"]] == [("Mean Pass@1", 1), ("Maj1", 1)]


def test_seconds_are_those_of_the_tokens_and_of_the_calls(two) -> None:
    rates = Rates({"terse": 0.001, "verbose": 0.002}, {Row("terse", "xent"): None, XENT: 0.01, MARGIN: 0.02})
    found = priced(two, rates=rates)
    assert found["terse", None, "Maj1", 4]["seconds"] == 0.048  # 48 · 0.001
    assert found["verbose", None, "Pass@1", 1]["seconds"] == 0.04  # 20 · 0.002
    assert found["verbose", "xent", "W.RR", 2]["seconds"] == 0.12  # 50 · 0.002 + 2 · 0.01
    assert found["verbose", "margin", "W.RR", 4]["seconds"] == 0.28  # 100 · 0.002 + 4 · 0.02
    assert found["terse", "xent", "W.RR", 4]["seconds"] is None  # nobody timed its verifier
    assert {row["seconds"] for row in priced(two).values()} == {None}


def write(folder, **timing) -> None:
    folder.mkdir(parents=True)
    (folder / "timing.json").write_text(json.dumps(timing))


def test_rates_are_over_all_seeds_that_did_work(study, tmp_path) -> None:
    samples, scores = tmp_path / "samples", tmp_path / "scores"
    three = replace(study, seeds=(0, 1, 2))
    write(samples / "test/terse/0", seconds=1.0, tokens=100)
    write(samples / "test/terse/1", seconds=5.0, tokens=200)
    write(samples / "test/verbose/0", seconds=0.0, tokens=0, tokens_per_second=None)  # resumed when all was done
    write(scores / "test/xent/verbose/1", seconds=3.0, calls=60)
    rates = read_rates(three, samples, scores)
    assert rates.a_token == {"terse": 0.02, "verbose": None}
    assert rates.a_call == {Row("terse", "xent"): None, Row("verbose", "xent"): 0.05}


@pytest.mark.parametrize("text", ["", "[]", '{"seconds": 1.0, "calls": 3}', '{"seconds": "x", "tokens": 3}'])
def test_a_file_that_is_no_timing_is_named(study, tmp_path, text) -> None:
    write(tmp_path / "test/terse/0")
    (tmp_path / "test/terse/0/timing.json").write_text(text)
    with pytest.raises(MathtuneError, match=r"terse/0/timing\.json: needs the numbers `seconds` and `tokens`"):
        read_rates(study, tmp_path, tmp_path)
