"""What every selector made of every test problem in every row, and the tables that are read off it.

Accuracies are fractions in the arrays and percentages (0 … 100, two decimals) in the frames, which people read. With
several seeds an accuracy is the mean over them: a problem, with all its seeds, is the unit that intervals are over.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from mathtune_core.schemas import PREDICTIONS
from mathtune_core.study import Study
from mathtune_ranking.candidates import NO_ANSWER, Candidates, parts
from mathtune_ranking.intervals import intervals, intervals_of, moments
from mathtune_ranking.nested_subsets import Draws
from mathtune_ranking.rows import Row, Runs, headline_rows
from mathtune_ranking.selectors import RESTRICTED, SCORED, SELECTORS, SINGLE, Bools, Floats, Selection
from mathtune_ranking.subsets import CurvePoint, curve


@dataclass(frozen=True, slots=True)
class Resampling:
    """How p-values and averages over subsets are drawn, and how much of the chance of the problems intervals cover."""

    permutations: int
    subset_resamples: int
    confidence: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Selections by row and selector, one a seed; all rows have the same problems in the same order."""

    study: Study
    runs: Runs
    selections: dict[Row, dict[str, tuple[Selection, ...]]]
    k: int

    @property
    def headline(self) -> list[Row]:
        """One row a generator."""
        return headline_rows(self.study)

    @property
    def some(self) -> Candidates:
        """Any of the candidates, for what all have in common."""
        return next(iter(self.runs.values()))[0]

    def selectors_of(self, row: Row) -> tuple[str, ...]:
        """All of them in a headline row; in another verifier's row of the same samples, those that read its scores."""
        return tuple(SELECTORS) if row in self.headline else SCORED

    def by_seed(self, row: Row, selector: str) -> Floats:
        """p_correct, (S, P)."""
        return np.stack([selection.p_correct for selection in self.selections[row][selector]])

    def mean(self, row: Row, selector: str) -> Floats:
        """p_correct averaged over seeds, (P,)."""
        mean: Floats = self.by_seed(row, selector).mean(axis=0)
        return mean

    def samples_seen(self, selector: str) -> int:
        """The n of a selector."""
        return 1 if selector in SINGLE else self.some.num_samples

    def draws(self, seed: int) -> Draws:
        """What random orders of the samples are drawn from."""
        return Draws(seed, len(self.some.problem_ids), self.some.num_samples)

    def clusters_seen(self, selector: str) -> int | None:
        """The k of a selector, None where it has none."""
        return self.k if selector in RESTRICTED else None


def percent(fraction: float) -> float:
    """A fraction as a percentage with two decimals; never −0."""
    return round(100.0 * float(fraction), 2) + 0.0


def outcomes(study: Study, runs: Runs, k: int) -> Outcomes:
    """Every selector applied to every row and seed at n = N."""
    selections = {
        row: {name: tuple(selector(arrays, k) for arrays in of_seeds) for name, selector in SELECTORS.items()}
        for row, of_seeds in runs.items()
    }
    return Outcomes(study, runs, selections, k)


def results(found: Outcomes, members: dict[str, Bools], how: Resampling) -> pl.DataFrame:
    """Accuracy, interval and spread of each row and selector, over each subset of problems; `members` are masks (P,).

    The interval is over problems: what other seeds would change is not in it. `lowest_seed` and `highest_seed` are the
    extremes of the seeds' own accuracies, `seed_standard_deviation` theirs (by S − 1; null with one), in points.
    """
    names = [(row, selector) for row in found.runs for selector in found.selectors_of(row)]
    seeds = np.stack([found.by_seed(row, selector) for row, selector in names], axis=2)  # (S, P, M)
    values = seeds.mean(axis=0)
    lines = []
    for subset, mask in members.items():
        low, high = intervals(values[mask], how.confidence)
        means, of_seeds = values[mask].mean(axis=0), seeds[:, mask].mean(axis=1)
        for column, (row, selector) in enumerate(names):
            lines.append(
                {
                    "split": "test",
                    "subset": subset,
                    "generator": row.generator,
                    "verifier": row.verifier,
                    "selector": selector,
                    "n": found.samples_seen(selector),
                    "k": found.clusters_seen(selector),
                    "accuracy": percent(means[column]),
                    "low": percent(low[column]),
                    "high": percent(high[column]),
                    "lowest_seed": percent(of_seeds[:, column].min()),
                    "highest_seed": percent(of_seeds[:, column].max()),
                    "seed_standard_deviation": _spread(of_seeds[:, column]),
                    "num_seeds": len(of_seeds),
                    "num_problems": int(mask.sum()),
                }
            )
    return pl.DataFrame(lines, schema_overrides={"k": pl.Int64, "seed_standard_deviation": pl.Float64})


def _spread(accuracies: Floats) -> float | None:
    return percent(float(accuracies.std(ddof=1))) if len(accuracies) > 1 else None


def curves(found: Outcomes, headline: Bools, how: Resampling) -> pl.DataFrame:
    """Accuracy against every n for each generator and selector, in the order of SELECTORS.

    With intervals over problems and the standard error of averaging over subsets, 0 where that is exact.
    """
    frames = [_curves_of(found, row, headline, how) for row in found.headline]
    return pl.concat(frames)


def _curves_of(found: Outcomes, row: Row, headline: Bools, how: Resampling) -> pl.DataFrame:
    """One generator's, a block of problems after another: an accuracy for every n is as many numbers as samples."""
    of_all, variance = moments(np.empty((0, 1))), np.zeros(1)
    points: list[tuple[CurvePoint, ...]] = []
    for part in parts(len(headline)):
        of_seeds = [  # other subsets for each seed, so that their errors average out; the same for all generators
            curve(arrays.of(part), found.k, how.subset_resamples, found.draws(how.seed + position), part.start)
            for position, arrays in enumerate(found.runs[row])
        ]
        points, shown = list(zip(*of_seeds, strict=True)), headline[part]
        values = [np.mean([point.p_correct[shown] for point in of_point], axis=0) for of_point in points]
        of_all = of_all.and_of(moments(np.stack(values, axis=1)))
        variance = variance + [np.sum([point.variance[shown] for point in of_point]) for of_point in points]
    low, high = intervals_of(of_all, how.confidence)
    error = np.sqrt(variance) / (len(found.runs[row]) * of_all.num_problems)
    numbers = {"accuracy": of_all.mean, "low": low, "high": high}
    return pl.DataFrame(
        {
            "generator": [row.generator] * len(points),
            "selector": [of_point[0].selector for of_point in points],
            "n": [of_point[0].n for of_point in points],
            **{name: _percents(array) for name, array in numbers.items()},
            "monte_carlo_error": [percent(one) for one in error],
        }
    )


def predictions(found: Outcomes) -> Iterator[pl.DataFrame]:
    """The PREDICTIONS table at n = N (n = 1 for the selectors that look at one solution), in blocks of whole problems.

    A problem's rows are in the order of the generators, their verifiers, the selectors and the seeds.
    """
    for part in parts(len(found.some.problem_ids)):
        frames = [
            _predictions(found, row, selector, position, part)
            for row in found.runs
            for selector in found.selectors_of(row)
            for position in range(len(found.study.seeds))
        ]
        yield pl.concat(frames).sort("problem_id", maintain_order=True)


def _predictions(found: Outcomes, row: Row, selector: str, position: int, part: slice) -> pl.DataFrame:
    selection = found.selections[row][selector][position]
    arrays, winner = found.runs[row][position].of(part), pl.Series(selection.winner[part])
    chosen = arrays.answers.list.get(winner.set(winner == NO_ANSWER, None), null_on_oob=True)
    return pl.DataFrame(
        {
            "problem_id": list(arrays.problem_ids),
            "generator": row.generator,
            "verifier": row.verifier if selector in SCORED else None,
            "seed": found.study.seeds[position],
            "selector": selector,
            "n": found.samples_seen(selector),
            "k": found.clusters_seen(selector),
            "predicted_answer": chosen,
            "p_correct": selection.p_correct[part],
        },
        schema=PREDICTIONS.schema,
    )


def _percents(fractions: Floats) -> pl.Series:
    return pl.Series((100.0 * fractions).round(2) + 0.0)
