"""The paper's findings (Liu et al. 2023, PaLM 2-L on MATH-500), each beside our comparisons that test it."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from mathtune_core.study import CONTROL, FEW_SHOT, Study
from mathtune_ranking.comparisons import VOTE
from mathtune_ranking.paired_tests import ALPHA

HOLDS, OPPOSITE, NOT_SHOWN = "holds", "opposite", "not shown"
MARGIN, XENT = "margin", "xent"  # verifiers named after their loss
TERSE = "original"

SCHEMA = {
    "finding": pl.String,
    "paper": pl.String,
    "comparison": pl.String,
    "selector": pl.String,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_holm": pl.Float64,
    "detectable": pl.Float64,
    "verdict": pl.String,  # holds or opposite at p_holm < ALPHA, else not shown
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What the paper says, by how many points, and which of our comparisons put it to the test."""

    text: str
    paper: str
    family: str
    selectors: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]  # what the paper found better, and than what


def paper_findings(study: Study) -> list[Finding]:
    """In the paper's order; those that this study has nothing to compare for come out empty."""
    recipes = [name for name in study.sequential if name != CONTROL]
    explicit = [style for style in study.styles if style not in (TERSE, *study.mixes)]
    parts = [(mix, part) for mix, components in study.mixes.items() for part in components.values()]
    both = ("Pass@1", VOTE)
    sequential = tuple((name, study.sequential_style) for name in recipes)
    return [
        Finding("Fine-tuning beats few-shot", "+1.6 to +7.6", "styles", (VOTE,), _each(study.styles, FEW_SHOT)),
        Finding("Step-by-step solutions beat terse ones", "+5.0", "styles", (VOTE,), _each(explicit, TERSE)),
        Finding("Both styles together beat either alone", "+1.0, +6.0", "styles", (VOTE,), tuple(parts)),
        Finding("The margin loss beats cross-entropy", "better", "verifiers", _RE_RANKED, ((MARGIN, XENT),)),
        Finding("Re-ranking beats the vote", "+1.8, +3.6", "re-ranking", _RE_RANKED, _each(_RE_RANKED, VOTE)),
        Finding("Weighted re-ranking beats the vote", "better", "re-ranking", _WEIGHTED, _each(_WEIGHTED, VOTE)),
        Finding("Sequential fine-tuning beats SSFT", "+0.6 to +2.0", "sequential", both, sequential),
        Finding("… and SSFT of as many steps", "not tested", "sequential", both, _each(recipes, CONTROL)),
    ]


_RE_RANKED, _WEIGHTED = ("RR.All", "RR.MajK"), ("W.RR", "W.RR.MajK")


def _each(better: Sequence[str], worse: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, worse) for name in better)


def findings(comparisons: pl.DataFrame, study: Study) -> pl.DataFrame:
    """A line for each comparison that tests a finding of the paper, with the columns of `SCHEMA`."""
    frames = [pl.DataFrame(schema=SCHEMA)]
    for finding in paper_findings(study):
        rows = comparisons.filter(
            (pl.col("family") == finding.family) & pl.col("selector").is_in(list(finding.selectors))
        )
        frames.append(_oriented(rows, finding.pairs).select(_columns(finding)))
    return pl.concat(frames)


def _oriented(rows: pl.DataFrame, pairs: tuple[tuple[str, str], ...]) -> pl.DataFrame:
    """The rows of the pairs, turned where need be so that what the paper found better stands first."""
    turned = rows.with_columns(
        first="second",
        second="first",
        difference=0.0 - pl.col("difference"),  # 0.0 less 0.0 is not −0.0
        low=0.0 - pl.col("high"),
        high=0.0 - pl.col("low"),
    )
    wanted = pl.DataFrame(list(pairs), schema={"first": pl.String, "second": pl.String}, orient="row")
    return pl.concat([rows, turned]).join(wanted, on=["first", "second"], how="semi", maintain_order="left")


def _columns(finding: Finding) -> list[pl.Expr]:
    shown = pl.col("p_holm") < ALPHA
    better, worse = shown & (pl.col("difference") > 0), shown & (pl.col("difference") < 0)
    whose = pl.format("{}: ", "generator").fill_null("") + pl.format("{} over {}", "first", "second")
    scorer = pl.format(", by {}", "verifier").fill_null("") if finding.family == "re-ranking" else pl.lit("")
    return [
        pl.lit(finding.text).alias("finding"),
        pl.lit(finding.paper).alias("paper"),
        (whose + scorer).alias("comparison"),
        *(pl.col(name) for name in ("selector", "difference", "low", "high", "p_holm", "detectable")),
        pl.when(better)
        .then(pl.lit(HOLDS))
        .when(worse)
        .then(pl.lit(OPPOSITE))
        .otherwise(pl.lit(NOT_SHOWN))
        .alias("verdict"),
    ]
