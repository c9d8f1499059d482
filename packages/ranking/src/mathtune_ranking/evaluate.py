"""The stage `evaluate`: what each generator is worth under each way of choosing among its samples.

Every accuracy in the files it writes is a percentage (0 … 100, two decimals), except `p_correct` in
predictions.parquet and the shares and qualities in verifiers.csv, reliability.csv and cluster_sizes.csv, which are
fractions. These three are of all test problems, the rest of the headline ones unless a column says otherwise. What is
tuned is tuned on `val`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mathtune_core.batches import read_batches, write_batches
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PREDICTIONS, PROBLEMS
from mathtune_core.study import Study
from mathtune_ranking.breakdowns import breakdowns
from mathtune_ranking.candidates import Candidates
from mathtune_ranking.choice import Choice, choose, flattery
from mathtune_ranking.cluster_sizes import cluster_sizes
from mathtune_ranking.comparisons import comparisons
from mathtune_ranking.costs import costs, read_rates
from mathtune_ranking.findings import findings
from mathtune_ranking.lengths import lengths_table, read_lengths
from mathtune_ranking.outcomes import Resampling, outcomes, percent, predictions
from mathtune_ranking.outcomes import curves as curves_table
from mathtune_ranking.outcomes import results as results_table
from mathtune_ranking.overrules import overrules
from mathtune_ranking.reliability import reliability
from mathtune_ranking.rows import Row, Runs, headline_rows, num_problems, read_runs
from mathtune_ranking.selectors import Bools, Floats
from mathtune_ranking.verifier_quality import verifiers

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
    "Maj1.TopN": "maj1_topn@{n}",
    "Pass@N": "pass@{n}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateParams:
    """The section `evaluate:` of params.yaml."""

    headline_subsets: tuple[str, ...]  # values of problems.subset that make up the headline numbers
    majk_candidates: tuple[int, ...]  # the K to choose from on val
    permutations: int
    confidence: float  # of the intervals, e.g. 0.95
    subset_resamples: int  # random orders of a problem's samples, each a subset of every size
    seed: int

    def __post_init__(self) -> None:
        """Refuses, as `field: reason`, what would fail later or mean nothing."""
        for name in ("headline_subsets", "majk_candidates"):
            values = getattr(self, name)
            if not values or len(set(values)) != len(values):
                raise ValueError(f"{name}: needs at least one value, each once, got {list(values)}")
        for name in ("permutations", "subset_resamples"):
            if getattr(self, name) < 2:
                raise ValueError(f"{name}: must be at least 2, got {getattr(self, name)}")
        if min(self.majk_candidates) < 1:
            raise ValueError(f"majk_candidates: each must be at least 1, got {list(self.majk_candidates)}")
        if not 0.0 < self.confidence < 1.0:
            raise ValueError(f"confidence: must lie between 0 and 1, got {self.confidence}")
        if self.seed < 0:
            raise ValueError(f"seed: must not be negative, got {self.seed}")


def run(
    params: EvaluateParams, *, study: Study, problems: Path, samples: Path, clusters: Path, scores: Path, out: Path
) -> None:
    """Reads the samples, clusters and scores of every generator, verifier and seed of the study; writes into `out`.

    metrics.json, choice.json, predictions.parquet, and as CSV results, curves, comparisons, findings, breakdowns,
    lengths, costs, verifiers, reliability, cluster_sizes and overrules. When the stages before run again, only the
    seconds in costs.csv change. Raises MathtuneError for a missing, malformed or mismatched table.
    """
    columns = set(PROBLEMS.schema) - {"problem"}
    table = pl.concat(read_batches(problems / "problems.parquet", PROBLEMS, columns=columns))
    validation = read_runs(study, clusters, scores, "val", table)
    choice, val_problems = choose(_of_headline(study, validation), params.majk_candidates), num_problems(validation)
    del validation  # the test split needs the room
    test = read_runs(study, clusters, scores, "test", table)
    found = outcomes(study, test, choice.k)
    rows = _aligned(found.some, table)
    members = _members(rows["subset"], params.headline_subsets, problems)
    headline = members[HEADLINE]
    how = Resampling(params.permutations, params.subset_resamples, params.confidence, params.seed)

    results, curves = results_table(found, members, how), curves_table(found, headline, how)
    lengths, rates = read_lengths(found, samples, clusters), read_rates(study, samples, scores)
    mean_tokens: Floats = np.mean([of.sampled_tokens for of in lengths.values()], axis=0)
    of_headline = results.filter(pl.col("subset") == HEADLINE)
    compared = comparisons(found, headline, how)
    counts = {
        "test_problems": rows.height,
        "headline_problems": int(headline.sum()),
        "test_problems_without_samples": table.filter(pl.col("split") == "test").height - rows.height,
        "val_problems": val_problems,
        "samples_a_problem": found.some.num_samples,
        "seeds": len(study.seeds),
        "k": choice.k,
        "interval_percent": percent(params.confidence),
    }
    flattered = flattery(_of_headline(study, test), choice, params.majk_candidates, headline)
    _write_json(_metrics(of_headline, study, counts), out / "metrics.json")
    _write_json(_choice(choice, flattered), out / "choice.json")
    frames = {
        "results": results,
        "curves": curves,
        "comparisons": compared,
        "findings": findings(compared, study),
        "breakdowns": breakdowns(found, rows, mean_tokens, headline, params.confidence),
        "lengths": lengths_table(lengths, headline),
        "costs": costs(study, of_headline, curves, lengths, rates, headline),
        "verifiers": verifiers(test),
        "reliability": reliability(test, params.confidence),
        "cluster_sizes": cluster_sizes(found, params.confidence),
        "overrules": overrules(found, headline),
    }
    for name, frame in frames.items():
        frame.write_csv(out / f"{name}.csv")
    with write_batches(out / "predictions.parquet", PREDICTIONS) as add:
        for frame in predictions(found):
            add(frame)


def _of_headline(study: Study, runs: Runs) -> list[Candidates]:
    return [candidates for row in headline_rows(study) for candidates in runs[row]]


def _aligned(candidates: Candidates, problems: pl.DataFrame) -> pl.DataFrame:
    """The rows of `problems` in the order of the arrays."""
    order = pl.DataFrame({"problem_id": candidates.problem_ids})
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


def _metrics(of_headline: pl.DataFrame, study: Study, counts: dict[str, float]) -> dict[str, Any]:
    """{generator: {metric: percentage}} of the headline, what other verifiers make of it, and the counts behind it."""
    metrics: dict[str, Any] = {}
    firsts = headline_rows(study)
    for row in of_headline.iter_rows(named=True):
        name = METRIC_NAMES[row["selector"]].format(n=row["n"])
        of_row = metrics.setdefault(row["generator"], {})
        if Row(row["generator"], row["verifier"]) not in firsts:
            of_row = of_row.setdefault(f"verifier {row['verifier']}", {})
        of_row.setdefault(name, row["accuracy"])  # with N = 1, pass@1 stays greedy
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


def _write_json(value: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
