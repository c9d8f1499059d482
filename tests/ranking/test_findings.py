"""The paper's findings: each from the paper's side, and called only where a corrected p says so."""

from dataclasses import replace

import polars as pl
import pytest

from mathtune_core.study import Study
from mathtune_ranking.comparisons import SCHEMA as COMPARISONS
from mathtune_ranking.findings import SCHEMA, findings

TUNING, STEPS, BOTH, MARGIN, RE_RANKING, WEIGHTED, SEQUENTIAL, AS_MANY_STEPS = (
    "Fine-tuning beats few-shot",
    "Step-by-step solutions beat terse ones",
    "Both styles together beat either alone",
    "The margin loss beats cross-entropy",
    "Re-ranking beats the vote",
    "Weighted re-ranking beats the vote",
    "Sequential fine-tuning beats SSFT",
    "… and SSFT of as many steps",
)


def compared(family: str, first: str, second: str, selector: str = "Maj1", **fields: object) -> dict[str, object]:
    """A line of comparisons.csv: +6 points, 2 to 9, p_holm 0.01 and 4 detectable, unless told."""
    known = {"generator": None, "verifier": None, "difference": 6.0, "low": 2.0, "high": 9.0, "p": 0.01}
    names = {"family": family, "selector": selector, "first": first, "second": second}
    return known | {"p_holm": 0.01, "detectable": 4.0} | names | fields


def found(study: Study, *rows: dict[str, object]) -> pl.DataFrame:
    return findings(pl.DataFrame(list(rows), schema=COMPARISONS), study)


@pytest.mark.parametrize("listed_first", ["rewritten", "original"])
def test_a_finding_is_told_from_the_papers_side(full_study, listed_first) -> None:
    if listed_first == "original":  # the later style stands first
        study, row = full_study, compared("styles", "rewritten", "original")
    else:
        study = replace(full_study, styles=("rewritten", "original"))
        row = compared("styles", "original", "rewritten", difference=-6.0, low=-9.0, high=-2.0)
    assert found(study, row).rows() == [
        (STEPS, "+5.0", "rewritten over original", "Maj1", 6.0, 2.0, 9.0, 0.01, 4.0, "holds")
    ]


@pytest.mark.parametrize(
    ("difference", "p_holm", "verdict"),
    [
        (6.0, 0.0499, "holds"),
        (6.0, 0.05, "not shown"),
        (6.0, 0.9, "not shown"),
        (-6.0, 0.0499, "opposite"),
        (-6.0, 0.05, "not shown"),
        (0.0, 1.0, "not shown"),
    ],
)
def test_verdicts_at_the_edge(full_study, difference, p_holm, verdict) -> None:
    row = compared("styles", "rewritten", "original", difference=difference, p_holm=p_holm)
    assert found(full_study, row)["verdict"].to_list() == [verdict]
    turned = compared("styles", "original", "rewritten", difference=-difference, p_holm=p_holm)
    assert found(full_study, turned)["verdict"].to_list() == [verdict]


def test_a_turned_zero_has_no_sign(full_study) -> None:
    row = found(full_study, compared("styles", "original", "rewritten", difference=0.0, low=0.0, high=0.0))
    assert [str(value) for value in row.select("difference", "low", "high").row(0)] == ["0.0", "0.0", "0.0"]


@pytest.mark.parametrize("turned", [False, True])
def test_margin_is_held_against_cross_entropy_whichever_is_listed_first(full_study, turned) -> None:
    first, second = ("xent", "margin") if turned else ("margin", "xent")
    sign = -1 if turned else 1
    told = {"generator": "original", "difference": sign * 6.0}
    rows = [compared("verifiers", first, second, selector, **told) for selector in ("RR.All", "RR.MajK", "W.RR")]
    frame = found(full_study, *rows, compared("verifiers", "rewritten", "xent", "RR.All", generator="rewritten"))
    assert frame.select("finding", "comparison", "selector", "difference").rows() == [
        (MARGIN, "original: margin over xent", "RR.All", 6.0),
        (MARGIN, "original: margin over xent", "RR.MajK", 6.0),
    ]


def test_a_mix_is_held_against_its_parts_alone(full_study) -> None:
    mixes = {"both": {"first": "original", "second": "rewritten"}, "absent": {"first": "original", "second": "both"}}
    study = replace(full_study, styles=("original", "rewritten", "imported", "both"), mixes=mixes)
    others = ("original", "rewritten", "imported", "few-shot")
    frame = found(study, *(compared("styles", "both", other) for other in others))
    assert frame.select("finding", "comparison").rows() == [
        (TUNING, "both over few-shot"),
        (BOTH, "both over original"),
        (BOTH, "both over rewritten"),
    ]  # a mix is not step by step: part of it is terse


def test_re_ranking_names_generator_and_verifier(full_study) -> None:
    told = {"generator": "control", "verifier": "xent"}
    selectors = ("RR.All", "RR.MajK", "W.RR", "W.RR.MajK")
    frame = found(full_study, *(compared("re-ranking", name, "Maj1", name, **told) for name in selectors))
    assert frame.select("finding", "comparison").rows() == [
        (RE_RANKING, "control: RR.All over Maj1, by xent"),
        (RE_RANKING, "control: RR.MajK over Maj1, by xent"),
        (WEIGHTED, "control: W.RR over Maj1, by xent"),
        (WEIGHTED, "control: W.RR.MajK over Maj1, by xent"),
    ]


def test_sequential_training_is_held_against_its_style_and_the_control(full_study) -> None:
    pairs = (("sequential-margin", "rewritten"), ("sequential-margin", "control"), ("control", "rewritten"))
    selectors = ("Pass@1", "Maj1", "W.RR")
    frame = found(full_study, *(compared("sequential", *pair, selector) for pair in pairs for selector in selectors))
    assert frame.select("finding", "comparison", "selector").rows() == [
        (SEQUENTIAL, "sequential-margin over rewritten", "Pass@1"),
        (SEQUENTIAL, "sequential-margin over rewritten", "Maj1"),
        (AS_MANY_STEPS, "sequential-margin over control", "Pass@1"),
        (AS_MANY_STEPS, "sequential-margin over control", "Maj1"),
    ]


def test_the_same_names_in_another_family_or_selector_are_another_question(full_study) -> None:
    rows = [compared("sequential", "rewritten", "original"), compared("styles", "rewritten", "original", "W.RR")]
    assert found(full_study, *rows).is_empty()


def test_findings_stand_in_the_papers_order(full_study) -> None:
    sequential = compared("sequential", "sequential-margin", "rewritten")
    frame = found(full_study, sequential, compared("styles", "rewritten", "original"))
    assert frame["finding"].to_list() == [STEPS, SEQUENTIAL]


def test_a_study_without_the_pieces_has_none(study) -> None:
    rows = [compared("styles", "verbose", "terse"), compared("verifiers", "other", "xent", "RR.All")]
    frame = found(study, *rows)
    assert frame.is_empty()
    assert dict(frame.schema) == SCHEMA
