"""Paired comparisons in four families, after the paper's: styles, verifiers, re-ranking, the sequential recipe.

Each is a difference of two accuracies on the same problems (means over seeds). Holm's correction is taken over the
comparisons of one family under one selector, so that each question pays for itself alone.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from mathtune_core.study import CONTROL, FEW_SHOT
from mathtune_ranking.outcomes import Outcomes, Resampling, percent
from mathtune_ranking.rows import Row
from mathtune_ranking.selectors import DEPLOYABLE, SCORED, Bools, Floats
from mathtune_ranking.statistics import compare, holm

COMPARED = ("Pass@1", *DEPLOYABLE)
VOTE = "Maj1"

SCHEMA = {
    "family": pl.String,  # styles, verifiers, re-ranking, sequential
    "generator": pl.String,  # whose samples; null where two generators are compared
    "verifier": pl.String,  # whose scores; null where two verifiers are compared, or none is read
    "selector": pl.String,
    "first": pl.String,  # a generator, a verifier or a selector, as the family has it
    "second": pl.String,
    "difference": pl.Float64,  # the first's accuracy less the second's, in points
    "low": pl.Float64,
    "high": pl.Float64,
    "p": pl.Float64,
    "p_holm": pl.Float64,
    "detectable": pl.Float64,  # the difference that 4 of 5 such test sets show, at p < 0.05 uncorrected; null: unknown
}


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    family: str
    generator: str | None
    verifier: str | None
    selector: str
    first: str
    second: str
    difference: Floats  # (P,)


def comparisons(found: Outcomes, headline: Bools, how: Resampling) -> pl.DataFrame:
    """All comparisons over the headline problems (mask (P,)), with the columns of `SCHEMA`."""
    pairs = [*_styles(found), *_verifiers(found), *_re_ranking(found), *_sequential(found)]
    differences = np.stack([pair.difference[headline] for pair in pairs], axis=1)
    compared = compare(differences, how.bootstrap_resamples, how.confidence, how.seed)
    families: dict[tuple[str, str], list[int]] = {}
    for index, pair in enumerate(pairs):
        families.setdefault((pair.family, pair.selector), []).append(index)
    adjusted = np.empty(len(pairs))
    for members in families.values():
        adjusted[members] = holm([compared[index].p for index in members])
    rows = [
        (
            *(pair.family, pair.generator, pair.verifier, pair.selector, pair.first, pair.second),
            *(percent(number) for number in (one.difference, one.low, one.high)),
            *(round(one.p, 5), round(float(p_holm), 5), percent(one.detectable)),
        )
        for pair, one, p_holm in zip(pairs, compared, adjusted, strict=True)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").with_columns(pl.col("detectable").fill_nan(None))


def _between(found: Outcomes, family: str, first: Row, second: Row, selector: str) -> _Pair:
    verifier = first.verifier if selector in SCORED else None
    difference = found.mean(first, selector) - found.mean(second, selector)
    return _Pair(family, None, verifier, selector, first.generator, second.generator, difference)


def _styles(found: Outcomes) -> list[_Pair]:
    """The styles and few-shot, each against each."""
    rows = [row for row in found.headline if row.generator in (FEW_SHOT, *found.study.styles)]
    return [
        _between(found, "styles", first, second, selector)
        for selector in COMPARED
        for second, first in combinations(rows, 2)
    ]


def _verifiers(found: Outcomes) -> list[_Pair]:
    """The verifiers that scored the same samples, each against each."""
    pairs = []
    for selector in SCORED:
        for generator in found.study.styles:
            verifiers = found.study.verifiers_of(generator)
            for second, first in combinations(verifiers, 2):
                means = (found.mean(Row(generator, verifier), selector) for verifier in (first, second))
                pairs.append(_Pair("verifiers", generator, None, selector, first, second, next(means) - next(means)))
    return pairs


def _re_ranking(found: Outcomes) -> list[_Pair]:
    """Each way to re-rank against the vote, for every generator and verifier."""
    return [
        _Pair("re-ranking", row.generator, row.verifier, selector, selector, VOTE, difference)
        for selector in SCORED
        for row in found.runs
        for difference in (found.mean(row, selector) - found.mean(row, VOTE),)
    ]


def _sequential(found: Outcomes) -> list[_Pair]:
    """Sequential fine-tuning against its style's SSFT and against the control; and the control against SSFT."""
    by_generator = {row.generator: row for row in found.headline}
    study = found.study
    against = [study.sequential_style, *(name for name in study.sequential if name == CONTROL)]
    return [
        _between(found, "sequential", by_generator[name], by_generator[other], selector)
        for selector in COMPARED
        for name in study.sequential
        for other in against
        if name != other
    ]
