"""What every selector made of every test problem in every style, and the tables that are read off it.

Accuracies are fractions in the arrays and percentages (0 … 100, two decimals) in the frames, which people read.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from mathtune_core.schemas import PREDICTIONS
from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.selectors import DEPLOYABLE, RESTRICTED, SELECTORS, SINGLE, Bools, Floats, Selection
from mathtune_ranking.statistics import compare, holm, intervals
from mathtune_ranking.subsets import curve

COMPARED = ("Pass@1", *DEPLOYABLE)
BY_LEVEL = ("Pass@1", "Maj1", "W.RR")


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals and averages are drawn."""

    bootstrap_resamples: int
    subset_resamples: int
    confidence: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Selections by style and selector; all styles have the same problems in the same order."""

    candidates: dict[str, Candidates]
    selections: dict[str, dict[str, Selection]]
    k: int

    def samples_seen(self, style: str, selector: str) -> int:
        """The n of a selector."""
        return 1 if selector in SINGLE else self.candidates[style].num_samples

    def clusters_seen(self, selector: str) -> int | None:
        """The k of a selector, None where it has none."""
        return self.k if selector in RESTRICTED else None


def percent(fraction: float) -> float:
    """A fraction as a percentage with two decimals; never −0."""
    return round(100.0 * float(fraction), 2) + 0.0


def outcomes(candidates: dict[str, Candidates], k: int) -> Outcomes:
    """Every selector applied to every style at n = N."""
    selections = {
        style: {name: selector(arrays, k) for name, selector in SELECTORS.items()}
        for style, arrays in candidates.items()
    }
    return Outcomes(candidates, selections, k)


def results(found: Outcomes, members: dict[str, Bools], how: Resampling) -> pl.DataFrame:
    """Accuracy and interval of each style and selector, over each subset of problems; `members` are masks (P,)."""
    names = [(style, selector) for style, chosen in found.selections.items() for selector in chosen]
    values = np.stack([found.selections[style][selector].p_correct for style, selector in names], axis=1)
    rows = []
    for subset, mask in members.items():
        low, high = intervals(values[mask], how.bootstrap_resamples, how.confidence, how.seed)
        means = values[mask].mean(axis=0)
        for column, (style, selector) in enumerate(names):
            rows.append(
                {
                    "split": "test",
                    "subset": subset,
                    "style": style,
                    "selector": selector,
                    "n": found.samples_seen(style, selector),
                    "k": found.clusters_seen(selector),
                    "accuracy": percent(means[column]),
                    "low": percent(low[column]),
                    "high": percent(high[column]),
                    "num_problems": int(mask.sum()),
                }
            )
    return pl.DataFrame(rows, schema_overrides={"k": pl.Int64})


def curves(found: Outcomes, headline: Bools, how: Resampling) -> pl.DataFrame:
    """Accuracy against n for each style, with intervals over problems and the error of averaging over subsets."""
    rows: list[dict[str, object]] = []
    columns: list[Floats] = []
    for style, arrays in found.candidates.items():
        for point in curve(arrays, how.subset_resamples, how.seed):
            columns.append(point.p_correct[headline])
            rows.append({"style": style, "selector": point.selector, "n": point.n})
            rows[-1]["monte_carlo_error"] = percent(point.monte_carlo_error)
    values = np.stack(columns, axis=1)
    low, high = intervals(values, how.bootstrap_resamples, how.confidence, how.seed)
    bounds = {"accuracy": values.mean(axis=0), "low": low, "high": high}
    frame = pl.DataFrame(rows).with_columns(**{name: _percents(array) for name, array in bounds.items()})
    return frame.select("style", "selector", "n", "accuracy", "low", "high", "monte_carlo_error")


def comparisons(found: Outcomes, headline: Bools, how: Resampling) -> pl.DataFrame:
    """Every pair of styles under every selector; Holm's family is the pairs under one selector."""
    pairs = list(combinations(found.selections, 2))
    p_correct = {
        key: {name: one.p_correct[headline] for name, one in of.items()} for key, of in found.selections.items()
    }
    columns = [p_correct[first][name] - p_correct[second][name] for name in COMPARED for first, second in pairs]
    differences = np.stack(columns, axis=1) if columns else np.zeros((int(headline.sum()), 0))
    compared = iter(compare(differences, how.bootstrap_resamples, how.confidence, how.seed))
    rows: list[dict[str, object]] = []
    for selector in COMPARED:
        family = [(first, second, next(compared)) for first, second in pairs]
        adjusted = holm([one.p for _, _, one in family])
        for (first, second, one), p_holm in zip(family, adjusted, strict=True):
            rows.append(
                {
                    "selector": selector,
                    "first": first,
                    "second": second,
                    "difference": percent(one.difference),
                    "low": percent(one.low),
                    "high": percent(one.high),
                    "p": round(one.p, 5),
                    "p_holm": round(p_holm, 5),
                }
            )
    text, number = dict.fromkeys(("selector", "first", "second"), pl.String), pl.Float64
    return pl.DataFrame(rows, schema=text | dict.fromkeys(("difference", "low", "high", "p", "p_holm"), number))


def levels(found: Outcomes, level: pl.Series, headline: Bools, how: Resampling) -> pl.DataFrame:
    """Accuracy by level, of the problems that have one; `level` is (P,), with nulls."""
    names = [(style, selector) for style in found.selections for selector in BY_LEVEL]
    values = np.stack([found.selections[style][selector].p_correct for style, selector in names], axis=1)
    rows = []
    for value in level.drop_nulls().unique().sort():
        mask = headline & (level == value).fill_null(False).to_numpy()
        if not mask.any():
            continue
        low, high = intervals(values[mask], how.bootstrap_resamples, how.confidence, how.seed)
        for column, (style, selector) in enumerate(names):
            accuracy = percent(values[mask, column].mean())
            bounds = (percent(low[column]), percent(high[column]))
            rows.append((value, style, selector, accuracy, *bounds, int(mask.sum())))
    kinds = [pl.Int64, pl.String, pl.String, pl.Float64, pl.Float64, pl.Float64, pl.Int64]
    columns = ["level", "style", "selector", "accuracy", "low", "high", "num_problems"]
    return pl.DataFrame(rows, schema=dict(zip(columns, kinds, strict=True)), orient="row")


def predictions(found: Outcomes) -> pl.DataFrame:
    """The PREDICTIONS table at n = N (n = 1 for the selectors that look at one solution)."""
    frames = []
    for style, chosen in found.selections.items():
        arrays = found.candidates[style]
        for selector, selection in chosen.items():
            winners = zip(arrays.answers, selection.winner, strict=True)
            frame = pl.DataFrame(
                {
                    "problem_id": list(arrays.problem_ids),
                    "style": style,
                    "selector": selector,
                    "n": found.samples_seen(style, selector),
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
