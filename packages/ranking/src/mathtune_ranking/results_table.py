"""results.csv as a table for the terminal: at most 100 columns, plain text, the same wherever it is printed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_ranking.findings import HOLDS, NOT_SHOWN, OPPOSITE
from mathtune_ranking.paired_tests import ALPHA
from mathtune_ranking.selectors import SCORED

COLUMNS = ("Pass@1", "Maj1", "RR.All", "RR.MajK", "W.RR", "W.RR.MajK", "Pass@N")
MAX_WIDTH = 100


def render(evaluation: Path) -> str:
    """The table of the stage's output folder; raises MathtuneError when a file is missing."""
    results = read_csv(evaluation / "results.csv")
    choice = read_json(evaluation / "choice.json")
    counts = read_json(evaluation / "metrics.json")["counts"]
    comparisons = read_csv(evaluation / "comparisons.csv")
    headline = results.filter(pl.col("subset") == "headline")
    seeds = f", mean of {counts['seeds']} seeds" if counts["seeds"] > 1 else ""
    scored = by_verifier(headline)
    columns = COLUMNS if choice["selector"] in COLUMNS else (*COLUMNS, choice["selector"])
    lines = [
        f"Accuracy in percent on {counts['headline_problems']} test problems, "
        f"N = {counts['samples_a_problem']} samples a problem{seeds}",
        f"K = {choice['k']} and the selector to rely on, {choice['selector']}, were chosen on validation "
        f"({counts['val_problems']} problems)",
        *([] if scored.is_empty() else [f"Re-ranked by the verifier {headline['verifier'][0]}; the others are below"]),
        "",
        *_block(first_verifier(headline), columns, interval),
        "",
        "± half the interval over problems   * best of its column   Pass@N: any of N right (oracle)",
        *_off_centre(results),
        *verdict(comparisons, "styles", choice["selector"]),
        *problems_needed(comparisons, "styles", choice["selector"]),
        *_findings(read_csv(evaluation / "findings.csv")),
    ]
    if not scored.is_empty():
        lines += ["", "Every verifier on the same samples   * best for its generator", ""]
        told = verdict(comparisons, "verifiers", choice["selector"])  # nothing, where the vote was chosen
        lines += [*_block(scored, SCORED, interval), *([""] if told else []), *told]
    if counts["seeds"] > 1:
        lines += ["", "Lowest–highest seed", "", *_block(first_verifier(headline), columns, spread)]
    for subset in results.filter(pl.col("subset") != "headline").partition_by("subset", maintain_order=True):
        if not subset.drop("subset").equals(headline.drop("subset")):  # the headline's only subset is the headline
            problems = f"{subset['num_problems'][0]} problems"
            block = _block(first_verifier(subset), columns, interval)
            lines += ["", f"Subset {subset['subset'][0]} ({problems})", "", *block]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _off_centre(results: pl.DataFrame) -> list[str]:
    """The line that warns where ± reaches below 0 or above 100, which the intervals do not."""
    half = (pl.col("high") - pl.col("low")) / 2.0
    beyond = (pl.col("accuracy") < half) | (pl.col("accuracy") + half > 100.0)
    told = "Near 0 and 100 intervals reach farther inwards: results.csv has both ends"
    return [told] if results.filter(beyond).height else []


def first_verifier(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each generator the rows of its first verifier, with all selectors.

    `row` is its name in a table, and the best is marked among those of one `group`: here all of them.
    """
    first = pl.col("verifier") == pl.col("verifier").first().over("generator")
    return rows.filter(first).with_columns(row="generator", group=pl.lit("all"))


def by_verifier(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the selectors that read scores, of the generators that several verifiers scored.

    `row` names generator and verifier; `group` is the generator.
    """
    several = pl.col("verifier").n_unique().over("generator") > 1
    row = pl.format("{} by {}", "generator", "verifier")
    return rows.filter(several & pl.col("selector").is_in(SCORED)).with_columns(row=row, group="generator")


def verdict(comparisons: pl.DataFrame, family: str, selector: str) -> list[str]:
    """One line a significant difference of a family under `selector`, or the line that says there is none."""
    pairs = comparisons.filter((pl.col("family") == family) & (pl.col("selector") == selector))
    if pairs.is_empty():
        return []
    real = pairs.filter(pl.col("p_holm") < ALPHA).sort("p_holm", "generator", "first", "second")
    if real.is_empty():
        return [f"No pairwise difference between {family} in {selector} is significant after Holm (p < {ALPHA})."]
    return [f"Significant in {selector} after Holm (p < {ALPHA}):", *map(_pair, real.iter_rows(named=True))]


def _pair(row: dict[str, Any]) -> str:
    first, second, sign = row["first"], row["second"], 1.0
    if row["difference"] < 0:
        first, second, sign = second, first, -1.0
    whose = f"{row['generator']}: " if row["generator"] else ""
    line = f"  {whose}{first} over {second} by {sign * row['difference']:.1f} points, {p_text(row['p_holm'])}"
    if row["lowest_seed"] == row["highest_seed"]:  # one seed
        return line
    extremes = sorted(sign * row[name] for name in ("lowest_seed", "highest_seed"))
    return f"{line}, seeds {'–'.join(f'{round(points, 1) + 0.0:.1f}'.replace('-', '−') for points in extremes)}"


def p_text(p: float) -> str:
    """A p-value to four decimals; an exact one may be far below them."""
    return f"p = {p:.4f}" if p >= 0.0001 else "p < 0.0001"


def problems_needed(comparisons: pl.DataFrame, family: str, selector: str) -> list[str]:
    """The line that says how many problems would show a point between two of a family; none where that is unknown."""
    pairs = comparisons.filter((pl.col("family") == family) & (pl.col("selector") == selector))
    counts = pairs["problems_for_a_point"].drop_nulls().sort().to_list()
    if not counts:
        return []
    ends = dict.fromkeys(f"{_two_digits(count):,}" for count in (counts[0], counts[-1]))  # once where they are equal
    return [f"One point between {family} in {selector} would show on about {' to '.join(ends)} problems."]


def _two_digits(count: int) -> int:
    return int(round(count, 2 - len(str(count))))


def finding_rows(findings: pl.DataFrame) -> list[tuple[str, str, str, str, str]]:
    """A row a finding of the paper.

    Its text, the paper's points, ours from the least to the most, what the least sharp of our comparisons could detect,
    and in how many of them it holds.
    """
    rows = []
    for frame in findings.partition_by("finding", maintain_order=True):
        extremes = (
            _signed(float(value)) for value in frame["difference"].sort().to_list()[:: max(1, frame.height - 1)]
        )
        points = " to ".join(dict.fromkeys(extremes))  # once where they are equal
        known = [value for value in frame["detectable"].to_list() if value is not None]
        detectable = f"{max(known):.1f}" if known else "unknown"
        rows.append((frame["finding"][0], frame["paper"][0], points, detectable, _verdict(frame["verdict"])))
    return rows


def _verdict(verdicts: pl.Series) -> str:
    counts = {name: int((verdicts == name).sum()) for name in (HOLDS, OPPOSITE)}
    told = [
        f"{name} in {count} of {len(verdicts)}" if len(verdicts) > 1 else name
        for name, count in counts.items()
        if count
    ]
    return ", ".join(told) or NOT_SHOWN


def _signed(points: float) -> str:
    return f"{round(points, 1) + 0.0:+.1f}".replace("-", "−")


def _findings(findings: pl.DataFrame) -> list[str]:
    if findings.is_empty():
        return []
    rows = [["The paper's findings", "paper", "here", "detects", "verdict"]]
    for *told, verdicts in finding_rows(findings):
        first, *others = verdicts.split(", ")  # a line each
        rows += [[*told, first], *(["", "", "", "", other] for other in others)]
    widths = [max(len(row[column]) for row in rows) + 2 for column in range(5)]
    lines = ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return [
        "",
        lines[0],
        "─" * min(MAX_WIDTH, sum(widths) - 2),
        *lines[1:],
        "",
        f"here: points, least to most   verdict: p < {ALPHA} after Holm, of the comparisons in findings.csv",
        "detects: the difference that 4 of 5 such test sets would show, uncorrected",
    ]


def _block(rows: pl.DataFrame, columns: tuple[str, ...], cell: Callable[[dict[str, Any], bool], str]) -> list[str]:
    names = rows["row"].unique(maintain_order=True).to_list()
    cells = {(row["row"], row["selector"]): row for row in marked(rows).iter_rows(named=True)}
    body = [[cell(cells[name, column], cells[name, column]["best"]) for column in columns] for name in names]
    headers = [column.replace("Pass@N", f"Pass@{cells[names[0], column]['n']}") for column in columns]
    widths = [max(len(line[i]) for line in [headers, *body]) + 1 for i in range(len(columns))]
    name_width = max(9, min(max(map(len, names)), MAX_WIDTH - sum(widths)))
    lines = [_line("generator", headers, name_width, widths), "─" * (name_width + sum(widths))]
    return lines + [_line(name, line, name_width, widths) for name, line in zip(names, body, strict=True)]


def marked(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `best`: whether a row leads its group in its selector. Nobody does where all fail, or alone."""
    group = ["group", "selector"]
    leads = (pl.col("accuracy") == pl.col("accuracy").max().over(group)) & (pl.col("accuracy") > 0.0)
    return rows.with_columns(best=leads & (pl.len().over(group) > 1))


def _line(name: str, cells: list[str], name_width: int, widths: list[int]) -> str:
    tail = (name_width - 1) // 2  # a name that is too long loses its middle: names that begin alike still differ
    short = name if len(name) <= name_width else f"{name[: name_width - 1 - tail]}…{name[-tail:]}"
    return short.ljust(name_width) + "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def interval(row: dict[str, Any], best: bool) -> str:
    """The accuracy and half its interval, marked where it is the best."""
    return f"{row['accuracy']:.1f} ±{(row['high'] - row['low']) / 2:.1f}{'*' if best else ' '}"


def spread(row: dict[str, Any], best: bool) -> str:
    """The lowest and the highest seed's accuracy."""
    return f"{row['lowest_seed']:.1f}–{row['highest_seed']:.1f} "


def read_csv(path: Path) -> pl.DataFrame:
    """A CSV the stage wrote; raises MathtuneError when it is missing."""
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; `dvc repro evaluate` makes it")
    return pl.read_csv(path, infer_schema_length=None)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object the stage wrote; raises MathtuneError when it is missing."""
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; `dvc repro evaluate` makes it")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
