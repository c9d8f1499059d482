"""The stage `evaluate`: what each solution style is worth under each way of choosing among its samples.

Every accuracy in the files it writes is a percentage (0 … 100, two decimals), except `p_correct` in
predictions.parquet and the qualities in verifier.json, which are fractions. What is tuned is tuned on `val`.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import CLUSTERS, PREDICTIONS, PROBLEMS, SAMPLES
from mathtune_core.tables import read_table, write_table
from mathtune_ranking.candidates import Candidates, read_candidates, require_same_keys
from mathtune_ranking.choice import Choice, choose, flattery
from mathtune_ranking.outcomes import Outcomes, Resampling, comparisons, curves, levels, outcomes, percent
from mathtune_ranking.outcomes import predictions as predictions_table
from mathtune_ranking.outcomes import results as results_table
from mathtune_ranking.selectors import Bools
from mathtune_ranking.verifier_quality import VerifierQuality, verifier_quality

HEADLINE = "headline"

# Names for metrics.json: no dots, which `dvc metrics` would take for nesting.
METRIC_NAMES = {
    "Pass@1": "pass@1",
    "Mean Pass@1": "mean_pass@1",
    "Random": "random@{n}",
    "Maj1": "maj1@{n}",
    "MajK": "majk@{n}",
    "RR.All": "rr_all@{n}",
    "RR.MajK": "rr_majk@{n}",
    "W.RR": "w_rr@{n}",
    "W.RR.MajK": "w_rr_majk@{n}",
    "Pass@N": "pass@{n}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateParams:
    """The section `evaluate:` of params.yaml."""

    styles: tuple[str, ...]
    headline_subsets: tuple[str, ...]  # values of problems.subset that make up the headline numbers
    majk_candidates: tuple[int, ...]  # the K to choose from on val
    bootstrap_resamples: int
    confidence: float  # of the intervals, e.g. 0.95
    subset_resamples: int  # random subsets a point of the curves
    seed: int

    def __post_init__(self) -> None:
        """Refuses, as `field: reason`, what would fail later or mean nothing."""
        for name in ("styles", "headline_subsets", "majk_candidates"):
            values = getattr(self, name)
            if not values or len(set(values)) != len(values):
                raise ValueError(f"{name}: needs at least one value, each once, got {list(values)}")
        for name in ("bootstrap_resamples", "subset_resamples"):
            if getattr(self, name) < 2:
                raise ValueError(f"{name}: must be at least 2, got {getattr(self, name)}")
        if min(self.majk_candidates) < 1:
            raise ValueError(f"majk_candidates: each must be at least 1, got {list(self.majk_candidates)}")
        if not 0.0 < self.confidence < 1.0:
            raise ValueError(f"confidence: must lie between 0 and 1, got {self.confidence}")
        if self.seed < 0:
            raise ValueError(f"seed: must not be negative, got {self.seed}")


def run(params: EvaluateParams, *, problems: Path, samples: Path, clusters: Path, scores: Path, out: Path) -> None:
    """Reads <folder>/<split>/<style>/<table>.parquet for `samples`, `clusters` and `scores`; writes into `out`.

    metrics.json, results.csv, curves.csv, comparisons.csv, levels.csv, lengths.csv, choice.json, verifier.json,
    predictions.parquet. Raises MathtuneError for a missing, malformed or mismatched table.
    """
    table = read_table(problems / "problems.parquet", PROBLEMS)
    validation, test = (read_styles(params.styles, clusters, scores, split, table) for split in ("val", "test"))
    choice = choose(validation, params.majk_candidates)
    found = outcomes(test, choice.k)
    rows = _aligned(test, table)
    members = _members(rows["subset"], params.headline_subsets, problems)
    headline = members[HEADLINE]
    how = Resampling(params.bootstrap_resamples, params.subset_resamples, params.confidence, params.seed)

    results = results_table(found, members, how)
    quality = {style: verifier_quality(candidates) for style, candidates in test.items()}
    counts = {
        "test_problems": rows.height,
        "headline_problems": int(headline.sum()),
        "test_problems_without_samples": table.filter(pl.col("split") == "test").height - rows.height,
        "val_problems": len(next(iter(validation.values())).problem_ids),
        "samples_a_problem": next(iter(test.values())).num_samples,
        "k": choice.k,
        "interval_percent": percent(params.confidence),
    }
    _write_json(_metrics(results, counts), out / "metrics.json")
    _write_json(_choice(choice, flattery(test, choice, params.majk_candidates)), out / "choice.json")
    _write_json(_verifier(quality), out / "verifier.json")
    frames = {
        "results": results,
        "curves": curves(found, headline, how),
        "comparisons": comparisons(found, headline, how),
        "levels": levels(found, rows["level"], headline, how),
        "lengths": _lengths(found, samples, clusters, headline),
    }
    for name, frame in frames.items():
        frame.write_csv(out / f"{name}.csv")
    write_table(predictions_table(found), out / "predictions.parquet", PREDICTIONS)


def read_styles(
    styles: tuple[str, ...], clusters: Path, scores: Path, split: str, problems: pl.DataFrame
) -> dict[str, Candidates]:
    """Each style's candidates; raises MathtuneError for unequal problems or N, or a problem not of `split`."""
    found: dict[str, Candidates] = {}
    known = set(problems.filter(pl.col("split") == split)["problem_id"])
    for style in styles:
        path = clusters / split / style / "clusters.parquet"
        candidates = read_candidates(path, scores / split / style / "scores.parquet")
        stray = sorted(set(candidates.problem_ids) - known)
        if stray:
            raise MathtuneError(f"{path}: problem_id={stray[0]!r}: not a problem of split {split}; run `dvc repro`")
        if not candidates.problem_ids:
            raise MathtuneError(f"{path}: has no rows; sample at least one {split} problem")
        first = next(iter(found.values()), candidates)
        if candidates.problem_ids != first.problem_ids or candidates.num_samples != first.num_samples:
            raise MathtuneError(f"{path}: style {style} has other problems or another N than {styles[0]}")
        found[style] = candidates
    return found


def _aligned(test: dict[str, Candidates], problems: pl.DataFrame) -> pl.DataFrame:
    """The rows of `problems` in the order of the arrays."""
    order = pl.DataFrame({"problem_id": next(iter(test.values())).problem_ids})
    return order.join(problems, on="problem_id", how="left", maintain_order="left")


def _members(subset: pl.Series, headline_subsets: tuple[str, ...], problems: Path) -> dict[str, Bools]:
    """Masks (P,) of the headline and of each subset."""
    present = subset.unique().sort().to_list()
    for name in headline_subsets:
        if name not in present:
            raise MathtuneError(f"{problems}: evaluate.headline_subsets: no sampled test problem of subset {name!r}")
    if HEADLINE in present:
        raise MathtuneError(f"{problems}: problems.subset: {HEADLINE!r} is the name of the summary; use another")
    masks: dict[str, Bools] = {HEADLINE: subset.is_in(headline_subsets).to_numpy()}
    return masks | {name: (subset == name).to_numpy() for name in present}


def _lengths(found: Outcomes, samples: Path, clusters: Path, headline: Bools) -> pl.DataFrame:
    """Tokens a sampled completion of the headline problems, and the shares cut short and without an answer."""
    rows = []
    for style, candidates in found.candidates.items():
        path, other = (root / "test" / style for root in (samples, clusters))
        sampled = read_table(path / "samples.parquet", SAMPLES)
        clustered = read_table(other / "clusters.parquet", CLUSTERS)
        require_same_keys(sampled, path / "samples.parquet", clustered, other / "clusters.parquet")
        kept = np.array(candidates.problem_ids)[headline].tolist()
        of_headline = sampled.filter((pl.col("decoding") == "sampled") & pl.col("problem_id").is_in(kept))
        rows.append(
            {
                "style": style,
                "mean_tokens": round(float(of_headline["num_tokens"].cast(pl.Float64).to_numpy().mean()), 2),
                "cut_at_length": percent((of_headline["finish_reason"] == "length").to_numpy().mean()),
                "without_answer": percent((candidates.cluster_id[headline] < 0).mean()),
            }
        )
    return pl.DataFrame(rows)


def _metrics(results: pl.DataFrame, counts: dict[str, float]) -> dict[str, Any]:
    """{style: {metric: percentage}} of the headline, and the counts behind it."""
    metrics: dict[str, Any] = {}
    for row in results.filter(pl.col("subset") == HEADLINE).iter_rows(named=True):
        name = METRIC_NAMES[row["selector"]].format(n=row["n"])
        metrics.setdefault(row["style"], {}).setdefault(name, row["accuracy"])  # with N = 1, pass@1 stays greedy
    return {**metrics, "counts": counts}


def _choice(choice: Choice, flattered: float) -> dict[str, Any]:
    by_k = {str(k): percent(accuracy) for k, accuracy in choice.accuracy_by_k.items()}
    by_selector = {selector: percent(accuracy) for selector, accuracy in choice.accuracy_by_selector.items()}
    return {
        "k": choice.k,
        "selector": choice.selector,
        "val_accuracy_by_k": by_k,
        "val_accuracy_by_selector": by_selector,
        "points_gained_had_it_been_tuned_on_test": percent(flattered),
    }


def _verifier(quality: dict[str, VerifierQuality]) -> dict[str, Any]:
    rounded = {style: asdict(one) for style, one in quality.items()}
    return {s: {k: round(v, 4) if isinstance(v, float) else v for k, v in one.items()} for s, one in rounded.items()}


def _write_json(value: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
