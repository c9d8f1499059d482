"""The terminal table: what a person reads must be what results.csv says, within the width of a terminal."""

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_ranking import evaluate
from mathtune_ranking.comparisons import SCHEMA as COMPARISONS
from mathtune_ranking.findings import SCHEMA as FINDINGS
from mathtune_ranking.results_table import COLUMNS, MAX_WIDTH, finding_rows, problems_needed, render
from mathtune_ranking.selectors import SCORED

SELECTORS = {name: 10.0 * position for position, name in enumerate(COLUMNS, start=1)}
SHORT, LONG = "short", "a much longer name than fits here"
COUNTS = {"headline_problems": 40, "samples_a_problem": 16, "val_problems": 30, "seeds": 1}


def result(generator: str, selector: str, accuracy: float, **fields: object) -> dict[str, object]:
    """A line of results.csv: an interval of 6 points, seeds 1.5 below and 2.5 above."""
    known = {"split": "test", "subset": "headline", "generator": generator, "verifier": "xent", "selector": selector}
    bounds = {"low": accuracy - 2, "high": accuracy + 4, "lowest_seed": accuracy - 1.5, "highest_seed": accuracy + 2.5}
    return known | {"n": 16, "k": None, "accuracy": accuracy} | bounds | {"num_seeds": 1, "num_problems": 40} | fields


def compared(family: str, first: str, second: str, p_holm: float, **fields: object) -> dict[str, object]:
    """A line of comparisons.csv: −1.25 points in W.RR, with one seed."""
    names = {"family": family, "generator": None, "verifier": "xent", "selector": "W.RR"}
    told = {"first": first, "second": second, "difference": -1.25, "low": -3.0, "high": 1.0, "p": p_holm}
    seeds = {"lowest_seed": fields.get("difference", -1.25), "highest_seed": fields.get("difference", -1.25)}
    known = {"test": "mcnemar", "p_holm": p_holm, "detectable": 2.0, "problems_for_a_point": 4211}
    return names | told | seeds | known | fields


def finding(text: str, difference: float, verdict: str, detectable: float | None = 4.0) -> dict[str, object]:
    """A line of findings.csv."""
    told = {"finding": text, "paper": "+1.0, +6.0", "comparison": "a over b", "selector": "Maj1"}
    bounds = {"difference": difference, "low": difference - 1, "high": difference + 1, "p_holm": 0.5}
    return told | bounds | {"detectable": detectable, "verdict": verdict}


def write(
    folder: Path,
    results: list[dict[str, object]],
    pairs: Sequence[dict[str, object]] = (),
    findings: Sequence[dict[str, object]] = (),
    seeds: int = 1,
) -> None:
    pl.DataFrame(results, schema_overrides={"k": pl.Int64}).write_csv(folder / "results.csv")
    pl.DataFrame(list(pairs), schema=COMPARISONS).write_csv(folder / "comparisons.csv")
    pl.DataFrame(list(findings), schema=FINDINGS).write_csv(folder / "findings.csv")
    (folder / "metrics.json").write_text(json.dumps({"counts": COUNTS | {"seeds": seeds}}))
    (folder / "choice.json").write_text(json.dumps({"k": 4, "selector": "W.RR"}))


def write_two(folder: Path, p_holm: float, subsets: tuple[str, ...] = ("headline", "all"), second: str = LONG) -> None:
    """Two styles, the second 1.25 points better in every selector."""
    results = [
        result(style, selector, base + extra, subset=subset, num_problems=30 if subset == "apart" else 40)
        | {"low": base - 2, "high": base + 4}
        for subset in subsets
        for extra, style in ((0.0, SHORT), (1.25, second))
        for selector, base in SELECTORS.items()
    ]
    write(folder, results, [compared("styles", SHORT, second, p_holm)])


def test_cells_marks_and_title(tmp_path) -> None:
    write_two(tmp_path, 0.3)
    lines = render(tmp_path).splitlines()
    assert "40 test problems, N = 16" in lines[0]
    assert "K = 4" in lines[1]
    assert "30 problems" in lines[1]
    assert lines[3].split() == ["generator", "Pass@1", "Maj1", "RR.All", "RR.MajK", "W.RR", "W.RR.MajK", "Pass@16"]
    assert lines[5].split() == ["short", *(f"{v}" for base in SELECTORS.values() for v in (base, "±3.0"))]
    assert lines[6].count("±3.0*") == len(COLUMNS)
    assert not {"Lowest", "Re-ranked", "verifier", "finding"} & set("".join(lines).split())
    assert max(map(len, lines)) <= MAX_WIDTH


def test_it_says_when_nothing_is_significant(tmp_path) -> None:
    write_two(tmp_path, 0.3)
    assert "No pairwise difference between styles in W.RR is significant after Holm" in render(tmp_path)


def test_it_names_the_better_style_when_one_is(tmp_path) -> None:
    write_two(tmp_path, 0.012, second="longer")
    text = render(tmp_path)
    assert "longer over short by 1.2 points, p = 0.0120" in text
    assert "No pairwise" not in text


def test_a_p_below_the_decimals_is_no_zero(tmp_path) -> None:
    write_two(tmp_path, 3e-9, second="longer")
    assert "longer over short by 1.2 points, p < 0.0001" in render(tmp_path)


def test_a_difference_shows_its_seeds_from_the_winners_side(tmp_path) -> None:
    results = [result(style, selector, base) for style in ("a", "few-shot") for selector, base in SELECTORS.items()]
    pair = compared("styles", "a", "few-shot", 0.01, difference=-2.0, lowest_seed=-5.25, highest_seed=0.75)
    write(tmp_path, results, [pair], seeds=3)
    assert "  few-shot over a by 2.0 points, p = 0.0100, seeds −0.8–5.2" in render(tmp_path).splitlines()


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([4211], ["One point between styles in W.RR would show on about 4,200 problems."]),
        ([41_820, None, 4251], ["One point between styles in W.RR would show on about 4,300 to 42,000 problems."]),
        ([4211, 4249], ["One point between styles in W.RR would show on about 4,200 problems."]),
        ([None], []),
        ([], []),
    ],
)
def test_how_many_problems_a_point_takes(counts, told) -> None:
    rows = [compared("styles", "a", "b", 0.2, problems_for_a_point=count) for count in counts]
    others = [
        compared("verifiers", "a", "b", 0.2, problems_for_a_point=7),
        compared("styles", "a", "b", 0.2, problems_for_a_point=7, selector="Maj1"),
    ]
    frame = pl.DataFrame([*rows, *others], schema=COMPARISONS)
    assert problems_needed(frame, "styles", "W.RR") == told


def test_subsets_get_blocks_unless_they_repeat_the_headline(tmp_path) -> None:
    write_two(tmp_path, 0.3)
    assert "Subset" not in render(tmp_path)
    write_two(tmp_path, 0.3, ("headline", "main", "apart"))
    text = render(tmp_path)
    assert "Subset main" not in text
    assert "Subset apart (30 problems)" in text


def test_wide_numbers_still_fit(tmp_path) -> None:
    write_two(tmp_path, 0.3)
    results = pl.read_csv(tmp_path / "results.csv")
    results.with_columns(accuracy=pl.lit(100.0), low=pl.lit(60.0), high=pl.lit(100.0)).write_csv(
        tmp_path / "results.csv"
    )
    assert max(map(len, render(tmp_path).splitlines())) <= MAX_WIDTH


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(MathtuneError, match=r"results\.csv: no such file"):
        render(tmp_path)


def test_nobody_is_best_where_all_fail(tmp_path) -> None:
    write_two(tmp_path, 0.3)
    results = pl.read_csv(tmp_path / "results.csv")
    results.with_columns(accuracy=pl.lit(0.0)).write_csv(tmp_path / "results.csv")
    assert "*" not in "".join(render(tmp_path).splitlines()[3:7])


def test_it_warns_where_plus_or_minus_would_leave_0_to_100(tmp_path) -> None:
    warning = "Near 0 and 100 intervals reach farther inwards: results.csv has both ends"
    write_two(tmp_path, 0.3)
    assert warning not in render(tmp_path)
    results = pl.read_csv(tmp_path / "results.csv")
    for accuracy in (0.0, 99.0):
        ends = {"low": max(0.0, accuracy - 6.0), "high": min(100.0, accuracy + 6.0)}
        edge = results.with_columns(accuracy=pl.lit(accuracy), **{name: pl.lit(end) for name, end in ends.items()})
        edge.write_csv(tmp_path / "results.csv")
        assert warning in render(tmp_path).splitlines(), accuracy


def test_nobody_is_best_alone(tmp_path) -> None:
    write(tmp_path, [result(SHORT, selector, base) for selector, base in SELECTORS.items()])
    assert "*" not in render(tmp_path).splitlines()[5]


def verified() -> list[dict[str, object]]:
    """Two styles with two verifiers each, and few-shot with one."""
    rows = []
    accuracy = {"Maj1.TopN": 80.0} | SELECTORS
    for name, more in (("few-shot", None), ("original", 5.0), ("rewritten", -5.0)):
        rows += [result(name, selector, base) for selector, base in accuracy.items()]
        if more is not None:
            rows += [result(name, selector, accuracy[selector] + more, verifier="margin") for selector in SCORED]
    return rows


def test_three_seeds_and_two_verifiers(tmp_path) -> None:
    pairs = [
        compared("styles", "rewritten", "original", 0.2),
        compared("verifiers", "margin", "xent", 0.03, generator="original", verifier=None, difference=5.0),
        compared("verifiers", "margin", "xent", 0.03, generator="rewritten", verifier=None, difference=-5.0),
        compared("verifiers", "margin", "xent", 0.01, generator="original", selector="RR.All"),
    ]
    write(tmp_path, verified(), pairs, [finding("Both beat one", 2.0, "holds")], seeds=3)
    text = render(tmp_path)
    lines = text.splitlines()
    assert max(map(len, lines)) <= MAX_WIDTH
    assert lines[0].endswith("N = 16 samples a problem, mean of 3 seeds")
    assert lines[2] == "Re-ranked by the verifier xent; the others are below"
    start = lines.index("Every verifier on the same samples   * best for its generator") + 2
    assert lines[start].split() == ["generator", *SCORED]
    scored = [*(SELECTORS[name] for name in SCORED[:-1]), 80.0]
    cells = [line.split() for line in lines[start + 2 : start + 6]]
    assert cells == [
        ["original", "by", "xent", *(f"{v}" for base in scored for v in (base, "±3.0"))],
        ["original", "by", "margin", *(f"{v}" for base in scored for v in (base + 5, "±3.0*"))],
        ["rewritten", "by", "xent", *(f"{v}" for base in scored for v in (base, "±3.0*"))],
        ["rewritten", "by", "margin", *(f"{v}" for base in scored for v in (base - 5, "±3.0"))],
    ]  # few-shot has one verifier, and nothing to compare
    assert lines[start + 7 : start + 10] == [
        "Significant in W.RR after Holm (p < 0.05):",
        "  original: margin over xent by 5.0 points, p = 0.0300",
        "  rewritten: xent over margin by 5.0 points, p = 0.0300",
    ]
    start = lines.index("Lowest–highest seed") + 2
    assert lines[start + 2].split() == ["few-shot", *(f"{base - 1.5}–{base + 2.5}" for base in SELECTORS.values())]
    assert "*" not in "".join(lines[start:])
    assert text.count("No pairwise difference between styles in W.RR") == 1


def test_the_chosen_selector_has_a_column_whatever_it_is(tmp_path) -> None:
    write(tmp_path, verified())
    assert "Maj1.TopN" not in render(tmp_path).splitlines()[4]
    (tmp_path / "choice.json").write_text(json.dumps({"k": 4, "selector": "Maj1.TopN"}))
    lines = render(tmp_path).splitlines()
    assert lines[4].split() == ["generator", *COLUMNS[:-1], "Pass@16", "Maj1.TopN"]
    assert lines[6].split()[-2:] == ["80.0", "±3.0*"]
    assert max(map(len, lines)) <= MAX_WIDTH


def test_a_generator_that_several_verifiers_scored_stands_once_in_the_headline(tmp_path) -> None:
    write(tmp_path, verified())
    lines = render(tmp_path).splitlines()
    assert [line.split()[0] for line in lines[6:9]] == ["few-shot", "original", "rewritten"]
    assert lines[7].split()[5:7] == ["30.0", "±3.0*"]  # RR.All by xent, not by margin


def test_findings_count_their_comparisons(tmp_path) -> None:
    findings = [
        finding("Both beat one", 6.0, "holds", 3.0),
        finding("Both beat one", -0.04, "not shown", 5.25),
        finding("Both beat one", 1.0, "opposite", None),
        finding("Tuning pays", -2.0, "opposite"),
        finding("Steps pay", 1.0, "not shown", None),
        finding("Steps pay", 1.01, "not shown", None),
    ]
    assert finding_rows(pl.DataFrame(findings, schema=FINDINGS)) == [
        ("Both beat one", "+1.0, +6.0", "+0.0 to +6.0", "5.2", "holds in 1 of 3, opposite in 1 of 3"),
        ("Tuning pays", "+1.0, +6.0", "−2.0", "4.0", "opposite"),
        ("Steps pay", "+1.0, +6.0", "+1.0", "unknown", "not shown"),
    ]
    write(tmp_path, verified(), findings=findings)
    lines = render(tmp_path).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("The paper's findings"))
    assert lines[start].split() == ["The", "paper's", "findings", "paper", "here", "detects", "verdict"]
    assert lines[start + 2].endswith("5.2      holds in 1 of 3")
    assert lines[start + 3].split() == ["opposite", "in", "1", "of", "3"]
    assert lines[start + 3].index("opposite") == lines[start].index("verdict")
    assert lines[start + 4].split() == ["Tuning", "pays", "+1.0,", "+6.0", "−2.0", "4.0", "opposite"]


def test_findings_that_go_both_ways_fit(tmp_path) -> None:
    text = "Both styles together beat either alone"
    both = [
        finding(text, 19.2 * sign, verdict) for sign, verdict in ((1, "holds"), (-1, "opposite")) for _ in range(16)
    ]
    write(tmp_path, verified(), findings=[row | {"paper": "+1.6 to +7.6"} for row in both])
    assert max(map(len, render(tmp_path).splitlines())) <= MAX_WIDTH


def test_no_findings_leave_no_heading(tmp_path) -> None:
    write_two(tmp_path, 0.3)
    assert "finding" not in render(tmp_path)
    assert finding_rows(pl.DataFrame(schema=FINDINGS)) == []


def test_names_that_begin_alike_still_differ_where_there_is_no_room(tmp_path) -> None:
    names = ("sequential-margin", "sequential-xent")
    write(tmp_path, [result(name, selector, 50.0, low=20.0) for name in names for selector in COLUMNS])
    lines = render(tmp_path).splitlines()
    assert [line.split()[0] for line in lines[5:7]] == ["sequenti…-margin", "sequential-xent"]
    wide = [result(name, selector, 100.0, low=20.0) for name in names for selector in COLUMNS]
    write(tmp_path, wide)
    lines = render(tmp_path).splitlines()
    assert [line.split()[0] for line in lines[5:7]] == ["sequ…rgin", "sequ…xent"]
    assert max(map(len, lines)) <= MAX_WIDTH


def test_what_the_stage_writes_fits(full_run, full_study) -> None:
    out = full_run / "of-test-results-table"
    out.mkdir()
    folders = {"samples": "sample_solutions", "clusters": "cluster_answers", "scores": "score_solutions"}
    params = evaluate.EvaluateParams(
        headline_subsets=("easy",),
        majk_candidates=(2,),
        permutations=100,
        confidence=0.95,
        subset_resamples=5,
        seed=0,
    )
    paths = {name: full_run / folder for name, folder in folders.items()}
    evaluate.run(params, study=full_study, problems=full_run, **paths, out=out)
    text = render(out)
    assert max(map(len, text.splitlines())) <= MAX_WIDTH
    for heading in ("mean of 2 seeds", "Every verifier", "Lowest–highest seed", "The paper's findings", "Subset hard"):
        assert heading in text
