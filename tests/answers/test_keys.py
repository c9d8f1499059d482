"""The relation: an equivalence by construction, on golden strings and on generated expressions."""

import json
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathtune_answers import canonical_key, cluster_answers, equivalent, grade

GOLDEN = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "golden" / "answers.jsonl").read_text("utf-8").splitlines()
]
STRINGS = sorted({pair[side] for pair in GOLDEN for side in ("a", "b")})


def expressions() -> st.SearchStrategy[str]:
    """LaTeX expressions of moderate depth over x, y and small numbers."""
    atoms = st.sampled_from(["x", "y", "2", "3", "7", r"\frac12", r"\sqrt{3}", r"\pi", "0.5", "i"])

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.tuples(inner, inner).map(lambda p: f"({p[0]}+{p[1]})"),
            st.tuples(inner, inner).map(lambda p: f"({p[0]})({p[1]})"),
            st.tuples(inner, inner).map(lambda p: rf"\frac{{{p[0]}}}{{11+({p[1]})^2}}"),
            inner.map(lambda e: f"({e})^2"),
            inner.map(lambda e: f"-({e})"),
        )

    return st.recursive(atoms, larger, max_leaves=5)


def test_the_relation_is_key_equality_and_so_an_equivalence() -> None:
    for a, b in combinations(STRINGS[:: max(1, len(STRINGS) // 150)], 2):
        assert equivalent(a, b) == (canonical_key(a) == canonical_key(b) != "")
        assert equivalent(a, b) == equivalent(b, a)


def test_related_answers_get_one_grade_from_every_reference() -> None:
    sample = STRINGS[:: max(1, len(STRINGS) // 120)]
    related = [(a, b) for a, b in combinations(STRINGS, 2) if equivalent(a, b)]
    assert len(related) > 200
    for a, b in related:
        assert grade(a, b)
        for reference in sample:
            assert grade(reference, a) == grade(reference, b), (reference, a, b)


def test_grading_does_not_depend_on_the_order() -> None:
    sample = STRINGS[:: max(1, len(STRINGS) // 150)]
    for a, b in combinations(sample, 2):
        assert grade(a, b) == grade(b, a), (a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("0.333", r"\frac13"),
        ("0.3333333", r"\frac13"),
        (r"25\%", "25"),
        (r"25\%", "0.25"),
        ("18 hours", r"18^\circ"),
        ("y = 2x+1", "2x+1"),
        ("x>3", "y>3"),
    ],
)
def test_what_only_grading_may_accept_is_not_related(a: str, b: str) -> None:
    assert not equivalent(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [("x=5", "5"), ("1/2", "0.5"), ("2x+2y=4", "y=2-x"), ("(1,2)", "(1.0, 2)"), ("f(x)=3x", "3x"), ("B", "(B)")],
)
def test_what_is_written_otherwise_is_related(a: str, b: str) -> None:
    assert equivalent(a, b)


@settings(max_examples=80, deadline=None)
@given(expressions(), expressions(), expressions())
def test_identities_hold_for_generated_expressions(a: str, b: str, c: str) -> None:
    assert equivalent(f"({a})({b}+{c})", f"({c})({a})+({b})({a})")
    assert equivalent(f"({a}+{b})^2", f"({a})^2+2({a})({b})+({b})^2")
    assert equivalent(f"{a}-({b})", f"-({b})+{a}")
    assert not equivalent(f"({a})^2+1", f"({a})^2+2")
    assert not equivalent(f"({a})^2+z", f"({a})^2+w")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(STRINGS), min_size=1, max_size=3).map("".join))
def test_any_text_has_a_key_and_equals_itself(text: str) -> None:
    key = canonical_key(text)
    assert equivalent(text, text) is (key != "")


PIECES = (
    r"\frac { } ( ) [ ] ^ _ \sqrt 1 2 x y \text{cm} % \$ \pm \le < = , ; \cup \in \sin \log ! | & \pi i "
    r"\infty - + / * ^\circ . or and : \{ \} \overline 0 \pmod \approx \choose \begin{pmatrix} "
    r"\end{pmatrix} \\ ∞ ½ ² p.m. 12:30 _2 "
)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES.split()), min_size=1, max_size=14).map(" ".join))
def test_any_mathematical_scrap_has_a_key(text: str) -> None:
    assert grade(text, text) is (canonical_key(text) != "")


@settings(max_examples=60, deadline=None)
@given(st.integers(-(10**30), 10**30), st.integers(1, 10**12), st.integers(2, 9))
def test_fractions_are_their_values(top: int, bottom: int, factor: int) -> None:
    reduced, unreduced = rf"\frac{{{top}}}{{{bottom}}}", f"{factor * top}/{factor * bottom}"
    assert equivalent(reduced, unreduced)
    assert not equivalent(reduced, rf"\frac{{{top + 1}}}{{{bottom}}}")


def test_clusters_of_plain_answers_are_the_relation() -> None:
    answers = ["1/2", "0.5", r"\frac{2}{4}", "2", "x=2", "(1,2)", "(2,1)"]
    labels = cluster_answers(answers)
    for (a, one), (b, other) in combinations(zip(answers, labels, strict=True), 2):
        assert (one == other) == equivalent(a, b)
