"""What every selector made of every test problem in every row, and the tables that are read off it.

Accuracies are fractions in the arrays and percentages (0 … 100, two decimals) in the frames, which people read. With
several seeds an accuracy is the mean over them: a problem, with all its seeds, is the unit that intervals are over.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mathtune_core.schemas import PREDICTIONS
from mathtune_core.study import Study
from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.intervals import intervals
from mathtune_ranking.rows import Row, Runs, headline_rows
from mathtune_ranking.selectors import RESTRICTED, SCORED, SELECTORS, SINGLE, Bools, Floats, Selection
from mathtune_ranking.subsets import curve


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
    lines: list[dict[str, object]] = []
    columns: list[Floats] = []
    for row in found.headline:
        of_seeds = [  # other subsets for each seed, so that their errors average out; the same for all generators
            curve(arrays, found.k, how.subset_resamples, how.seed + position)
            for position, arrays in enumerate(found.runs[row])
        ]
        for points in zip(*of_seeds, strict=True):
            values = np.mean([point.p_correct[headline] for point in points], axis=0)
            variance = np.sum([point.variance[headline] for point in points])
            error = np.sqrt(variance) / (len(points) * len(values))
            lines.append({"generator": row.generator, "selector": points[0].selector, "n": points[0].n})
            lines[-1]["monte_carlo_error"] = percent(error)
            columns.append(values)
    stacked = np.stack(columns, axis=1)
    low, high = intervals(stacked, how.confidence)
    bounds = {"accuracy": stacked.mean(axis=0), "low": low, "high": high}
    frame = pl.DataFrame(lines).with_columns(**{name: _percents(array) for name, array in bounds.items()})
    return frame.select("generator", "selector", "n", "accuracy", "low", "high", "monte_carlo_error")


def predictions(found: Outcomes) -> pl.DataFrame:
    """The PREDICTIONS table at n = N (n = 1 for the selectors that look at one solution)."""
    frames = []
    for row, of_seeds in found.runs.items():
        for selector in found.selectors_of(row):
            for seed, arrays, selection in zip(
                found.study.seeds, of_seeds, found.selections[row][selector], strict=True
            ):
                winners = zip(arrays.answers, selection.winner, strict=True)
                frame = pl.DataFrame(
                    {
                        "problem_id": list(arrays.problem_ids),
                        "generator": row.generator,
                        "verifier": row.verifier if selector in SCORED else None,
                        "seed": seed,
                        "selector": selector,
                        "n": found.samples_seen(selector),
                        "k": found.clusters_seen(selector),
                        "predicted_answer": [None if w == NO_ANSWER else texts[w] for texts, w in winners],
                        "p_correct": selection.p_correct,
                    },
                    schema=PREDICTIONS.schema,
                )
                frames.append(frame)
    return pl.concat(frames)


def _percents(fractions: Floats) -> pl.Series:
    return pl.Series((100.0 * fractions).round(2) + 0.0)
