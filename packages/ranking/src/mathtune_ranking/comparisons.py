"""Paired comparisons in five families: styles, verifiers, re-ranking, the sequential recipe, and all generators.

Each is a difference of two accuracies on the same problems (means over seeds). Holm's correction is taken over the
comparisons of one family under one selector, so that each question pays for itself alone. The first four are the
paper's questions; the fifth is which generator is best: whoever leads the table and whoever comes next are one of its
pairs, decided before anybody looked. Intervals and tests say what other problems would change; what other seeds would
is shown by the least and the greatest difference within one seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from mathtune_core.study import CONTROL, FEW_SHOT
from mathtune_ranking.outcomes import Outcomes, Resampling, percent
from mathtune_ranking.paired_tests import compare, holm
from mathtune_ranking.rows import Row
from mathtune_ranking.selectors import DEPLOYABLE, SCORED, Bools, Floats

COMPARED = ("Pass@1", *DEPLOYABLE)
VOTE = "Maj1"

SCHEMA = {
    "family": pl.String,  # styles, verifiers, re-ranking, sequential, generators
    "generator": pl.String,  # whose samples; null where two generators are compared
    "verifier": pl.String,  # whose scores; null where two verifiers are compared, or none is read
    "selector": pl.String,
    "first": pl.String,  # a generator, a verifier or a selector, as the family has it
    "second": pl.String,
    "difference": pl.Float64,  # the first's accuracy less the second's, in points
    "low": pl.Float64,
    "high": pl.Float64,
    "lowest_seed": pl.Float64,  # the least and the greatest difference within one seed
    "highest_seed": pl.Float64,
    "test": pl.String,  # mcnemar (every outcome 0 or 1) or permutation
    "p": pl.Float64,
    "p_holm": pl.Float64,
    "detectable": pl.Float64,  # the difference that 4 of 5 such test sets show, at p < 0.05 uncorrected; null: unknown
    "problems_for_a_point": pl.Int64,  # how many problems would detect a difference of one point so; null: unknown
}


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    family: str
    generator: str | None
    verifier: str | None
    selector: str
    first: str
    second: str
    outcomes: tuple[Floats, Floats]  # of the first and the second by seed, each (S, P)


def comparisons(found: Outcomes, headline: Bools, how: Resampling) -> pl.DataFrame:
    """All comparisons over the headline problems (mask (P,)), with the columns of `SCHEMA`."""
    pairs = [*_styles(found), *_verifiers(found), *_re_ranking(found), *_sequential(found), *_generators(found)]
    first, second = (np.stack([pair.outcomes[side][:, headline] for pair in pairs], axis=2) for side in (0, 1))
    of_seeds = (first - second).mean(axis=1)  # (S, M)
    compared = compare(first.mean(axis=0), second.mean(axis=0), how.permutations, how.confidence, how.seed)
    families: dict[tuple[str, str], list[int]] = {}
    for index, pair in enumerate(pairs):
        families.setdefault((pair.family, pair.selector), []).append(index)
    adjusted = np.empty(len(pairs))
    for members in families.values():
        adjusted[members] = holm([compared[index].p for index in members])
    rows = [
        (
            *(pair.family, pair.generator, pair.verifier, pair.selector, pair.first, pair.second),
            *(percent(number) for number in (one.difference, one.low, one.high, lowest, highest)),
            *(one.test, _digits(one.p), _digits(p_holm)),
            *(None if one.detectable is None else percent(one.detectable), one.problems_for_a_point),
        )
        for pair, one, p_holm, lowest, highest in zip(
            pairs, compared, adjusted, of_seeds.min(axis=0), of_seeds.max(axis=0), strict=True
        )
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _digits(p: float) -> float:
    """Four significant digits: an exact p may be far below what decimals show."""
    return float(f"{p:.4g}")


def _between(found: Outcomes, family: str, first: Row, second: Row, selector: str) -> _Pair:
    verifier = first.verifier if selector in SCORED else None
    outcomes = found.by_seed(first, selector), found.by_seed(second, selector)
    return _Pair(family, None, verifier, selector, first.generator, second.generator, outcomes)


def _each(found: Outcomes, family: str, rows: Sequence[Row]) -> list[_Pair]:
    return [
        _between(found, family, first, second, selector)
        for selector in COMPARED
        for second, first in combinations(rows, 2)
    ]


def _styles(found: Outcomes) -> list[_Pair]:
    """The styles and few-shot, each against each."""
    rows = [row for row in found.headline if row.generator in (FEW_SHOT, *found.study.styles)]
    return _each(found, "styles", rows)


def _verifiers(found: Outcomes) -> list[_Pair]:
    """The verifiers that scored the same samples, each against each."""
    return [
        _Pair("verifiers", generator, None, selector, first, second, (outcomes[first], outcomes[second]))
        for selector in SCORED
        for generator in found.study.styles
        for verifiers in (found.study.verifiers_of(generator),)
        for outcomes in ({name: found.by_seed(Row(generator, name), selector) for name in verifiers},)
        for second, first in combinations(verifiers, 2)
    ]


def _re_ranking(found: Outcomes) -> list[_Pair]:
    """Each way to re-rank against the vote, for every generator and verifier."""
    return [
        _Pair("re-ranking", row.generator, row.verifier, selector, selector, VOTE, outcomes)
        for selector in SCORED
        for row in found.runs
        for outcomes in ((found.by_seed(row, selector), found.by_seed(row, VOTE)),)
    ]


def _sequential(found: Outcomes) -> list[_Pair]:
    """A style's SSFT, the control of as many steps and the sequential recipes, each against each."""
    study = found.study
    if not study.sequential:
        return []
    recipes = sorted(study.sequential, key=lambda name: name != CONTROL)  # a recipe's gain over it is positive
    by_generator = {row.generator: row for row in found.headline}
    return _each(found, "sequential", [by_generator[name] for name in (study.sequential_style, *recipes)])


def _generators(found: Outcomes) -> list[_Pair]:
    """All generators, each against each; nothing where the family of styles is just that."""
    return _each(found, "generators", found.headline) if found.study.sequential else []
