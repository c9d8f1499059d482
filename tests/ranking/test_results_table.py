"""The terminal table: what a person reads must be what results.csv says, within the width of a terminal."""

import json
from pathlib import Path

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_ranking.results_table import COLUMNS, MAX_WIDTH, render

SELECTORS = {name: 10.0 * position for position, name in enumerate(COLUMNS, start=1)}


def write(
    folder: Path,
    p_holm: float,
    subsets: tuple[str, ...] = ("headline", "all"),
    names=("short", "a much longer name than fits here"),
) -> None:
    rows = [
        {"split": "test", "subset": subset, "style": style, "selector": selector, "n": 16, "k": None}
        | {"accuracy": base + extra, "low": base - 2, "high": base + 4, "num_problems": 30 if subset == "apart" else 40}
        for subset in subsets
        for extra, style in zip((0.0, 1.25), names, strict=True)
        for selector, base in SELECTORS.items()
    ]
    pl.DataFrame(rows, schema_overrides={"k": pl.Int64}).write_csv(folder / "results.csv")
    pair = {"selector": "W.RR", "first": names[0], "second": names[1], "difference": -1.25, "low": -3.0, "high": 1.0}
    pl.DataFrame([pair | {"p": p_holm, "p_holm": p_holm}]).write_csv(folder / "comparisons.csv")
    counts = {"headline_problems": 40, "samples_a_problem": 16, "val_problems": 30}
    (folder / "metrics.json").write_text(json.dumps({"counts": counts}))
    (folder / "choice.json").write_text(json.dumps({"k": 4, "selector": "W.RR"}))


def test_cells_marks_and_title(tmp_path) -> None:
    write(tmp_path, 0.3)
    lines = render(tmp_path).splitlines()
    assert "40 test problems, N = 16" in lines[0]
    assert "K = 4" in lines[1]
    assert "30 problems" in lines[1]
    assert lines[3].split() == ["style", "Pass@1", "Maj1", "RR.All", "RR.MajK", "W.RR", "W.RR.MajK", "Pass@16"]
    assert lines[5].split() == ["short", *(f"{v}" for base in SELECTORS.values() for v in (base, "±3.0"))]
    assert lines[6].count("±3.0*") == len(COLUMNS)
    assert max(map(len, lines)) <= MAX_WIDTH


def test_it_says_when_nothing_is_significant(tmp_path) -> None:
    write(tmp_path, 0.3)
    assert "No pairwise difference between styles in W.RR is significant after Holm" in render(tmp_path)


def test_it_names_the_better_style_when_one_is(tmp_path) -> None:
    write(tmp_path, 0.012, names=("short", "longer"))
    text = render(tmp_path)
    assert "longer over short by 1.2 points, p = 0.0120" in text
    assert "No pairwise" not in text


def test_subsets_get_blocks_unless_they_repeat_the_headline(tmp_path) -> None:
    write(tmp_path, 0.3)
    assert "Subset" not in render(tmp_path)
    write(tmp_path, 0.3, ("headline", "main", "apart"))
    text = render(tmp_path)
    assert "Subset main" not in text
    assert "Subset apart (30 problems)" in text


def test_wide_numbers_still_fit(tmp_path) -> None:
    write(tmp_path, 0.3)
    results = pl.read_csv(tmp_path / "results.csv")
    results.with_columns(accuracy=pl.lit(100.0), low=pl.lit(60.0)).write_csv(tmp_path / "results.csv")
    assert max(map(len, render(tmp_path).splitlines())) <= MAX_WIDTH


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(MathtuneError, match=r"results\.csv: no such file"):
        render(tmp_path)


def test_nobody_is_best_where_all_fail(tmp_path) -> None:
    write(tmp_path, 0.3)
    results = pl.read_csv(tmp_path / "results.csv")
    results.with_columns(accuracy=pl.lit(0.0)).write_csv(tmp_path / "results.csv")
    assert "*" not in "".join(render(tmp_path).splitlines()[3:7])
