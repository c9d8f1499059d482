"""Formulas and their verdicts, in every notation; what only looks like an equation is none."""

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_styles.comparison.formulas import find_formulas


def verdicts(text: str) -> list[bool | str | None]:
    return ["none" if f.equation is None else f.equation.holds for f in find_formulas(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"We have $2 + 2 = 4$ and \(3 = 4\) and $x = 5$ and $y$.", [True, False, None, "none"]),
        (r"\begin{align*} a &= 2 + 2 \\ &= 4 \\ 2 \cdot 3 &= 7 \end{align*}", [True, False]),
        (r"\[\begin{aligned} 1 + 1 &= 2 \\ 1 + 2 &= 3 \end{aligned}\]", [True, True]),
        (r"\begin{align*} M &= \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \end{align*}", [None]),
        ("He sold 48/2 = 24 clips and 3*3=10 more.", [True, False]),
        (r"It costs 0.2 x 50 = \$10, then \$1,000 - \$200 = \$800.", [True, True]),
        ("Both (2*3=6 and 2*4=9), or ((1 + 2) * 3 = 9).", [True, False, True]),
        ("20% of 50 is 50 * 20% = 10.", [None]),
        ("He pays $4 * 2 = $<<4*2=8>>8 and $3*3 = $<<3*3=10>>10.\n#### 18", [True, False]),
    ],
)
def test_verdicts(text: str, expected: list[bool | str | None]) -> None:
    assert verdicts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x + 5 = 10",  # part of a longer chain: alone it would say that 5 is 10
        "60 students x 2/3 = 40",
        "1 1/2 = 3",
        "8:00 = 3",
        "192 / 1.2 = 1.2Y",
        "√(144) = 12",
        "n=1",
        "2010 was good",
    ],
)
def test_no_equation_in_plain_text(text: str) -> None:
    assert verdicts(text) == []


def test_bounds_hold_the_formula_with_its_delimiters() -> None:
    text = "So $1 + 1 = 2$, and 3 + 4 = 7 apples."
    assert [text[f.start : f.end] for f in find_formulas(text)] == ["$1 + 1 = 2$", "3 + 4 = 7"]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789+-*/=$()[]\\{}&x .,\nbegindalr", max_size=80))
def test_garbage_never_raises_and_formulas_do_not_overlap(text: str) -> None:
    found = find_formulas(text)
    assert all(0 <= f.start < f.end <= len(text) for f in found)
    assert all(first.end <= second.start for first, second in pairwise(found))


@pytest.mark.parametrize(
    "text", ["\\begin{align}" * 3_000, "1 = " * 20_000, "1+" * 20_000 + "1", "[asy]" * 9_000, "(-" * 20_000 + "1=1"]
)
def test_hostile_texts_end(text: str) -> None:
    find_formulas(text)


def test_gsm8ks_own_arithmetic_is_read_and_nearly_all_of_it_holds() -> None:
    if "MATHTUNE_DATA" not in os.environ:
        pytest.skip("MATHTUNE_DATA names no folder with gsm8k/train.jsonl")
    lines = (Path(os.environ["MATHTUNE_DATA"]) / "gsm8k" / "train.jsonl").read_text().splitlines()[:1_000]
    found = [verdict for line in lines for verdict in verdicts(json.loads(line)["answer"])]
    # Its calculator notes number 3.3 a solution; the few that fail round (10/3=3.33) or are mistakes of their authors.
    assert len(found) > 2_000
    assert found.count(False) < 0.01 * len(found)
