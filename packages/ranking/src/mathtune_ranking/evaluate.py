"""The stage `evaluate`: what each generator is worth under each way of choosing among its samples.

Every accuracy in the files it writes is a percentage (0 … 100, two decimals), except `p_correct` in
predictions.parquet and the qualities in verifiers.csv, which are fractions. What is tuned is tuned on `val`.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import CLUSTERS, PREDICTIONS, PROBLEMS, SAMPLE_KEY, SAMPLES
from mathtune_core.study import Study
from mathtune_core.tables import read_table, write_table
from mathtune_ranking.candidates import Candidates, require_same_keys
from mathtune_ranking.choice import Choice, choose, flattery
from mathtune_ranking.comparisons import comparisons
from mathtune_ranking.findings import findings
from mathtune_ranking.outcomes import Outcomes, Resampling, curves, levels, outcomes, percent
from mathtune_ranking.outcomes import predictions as predictions_table
from mathtune_ranking.outcomes import results as results_table
from mathtune_ranking.rows import Row, Runs, headline_rows, read_runs
from mathtune_ranking.selectors import Bools
from mathtune_ranking.verifier_quality import verifier_quality

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
    bootstrap_resamples: int
    confidence: float  # of the intervals, e.g. 0.95
    subset_resamples: int  # random orders of a problem's samples, each a subset of every size
    seed: int

    def __post_init__(self) -> None:
        """Refuses, as `field: reason`, what would fail later or mean nothing."""
        for name in ("headline_subsets", "majk_candidates"):
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


def run(
    params: EvaluateParams, *, study: Study, problems: Path, samples: Path, clusters: Path, scores: Path, out: Path
) -> None:
    """Reads the samples, clusters and scores of every generator, verifier and seed of the study; writes into `out`.

    metrics.json, results.csv, curves.csv, comparisons.csv, findings.csv, levels.csv, lengths.csv, choice.json,
    verifiers.csv, predictions.parquet. Raises MathtuneError for a missing, malformed or mismatched table.
    """
    table = read_table(problems / "problems.parquet", PROBLEMS)
    validation, test = (read_runs(study, clusters, scores, split, table) for split in ("val", "test"))
    choice = choose(_of_headline(study, validation), params.majk_candidates)
    found = outcomes(study, test, choice.k)
    rows = _aligned(found.some, table)
    members = _members(rows["subset"], params.headline_subsets, problems)
    headline = members[HEADLINE]
    how = Resampling(params.bootstrap_resamples, params.subset_resamples, params.confidence, params.seed)

    results = results_table(found, members, how)
    compared = comparisons(found, headline, how)
    counts = {
        "test_problems": rows.height,
        "headline_problems": int(headline.sum()),
        "test_problems_without_samples": table.filter(pl.col("split") == "test").height - rows.height,
        "val_problems": len(next(iter(validation.values()))[0].problem_ids),
        "samples_a_problem": found.some.num_samples,
        "seeds": len(study.seeds),
        "k": choice.k,
        "interval_percent": percent(params.confidence),
    }
    flattered = flattery(_of_headline(study, test), choice, params.majk_candidates)
    _write_json(_metrics(results, study, counts), out / "metrics.json")
    _write_json(_choice(choice, flattered), out / "choice.json")
    frames = {
        "results": results,
        "curves": curves(found, headline, how),
        "comparisons": compared,
        "findings": findings(compared, study),
        "levels": levels(found, rows["level"], headline, how),
        "lengths": _lengths(found, samples, clusters, headline),
        "verifiers": _verifiers(test),
    }
    for name, frame in frames.items():
        frame.write_csv(out / f"{name}.csv")
    write_table(predictions_table(found), out / "predictions.parquet", PREDICTIONS)


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


def _lengths(found: Outcomes, samples: Path, clusters: Path, headline: Bools) -> pl.DataFrame:
    """Tokens a sampled completion of the headline problems, and the shares cut short and without an answer."""
    problem_ids = pl.Series(found.some.problem_ids).filter(pl.Series(headline)).implode()
    rows = []
    for row in found.headline:
        frames = []
        for seed in found.study.seeds:
            path, other = (root / "test" / row.generator / str(seed) for root in (samples, clusters))
            sampled = read_table(path / "samples.parquet", SAMPLES)
            clustered = read_table(other / "clusters.parquet", CLUSTERS)
            require_same_keys(sampled, path / "samples.parquet", clustered, other / "clusters.parquet")
            frames.append(sampled.join(clustered, on=list(SAMPLE_KEY)))
        kept = pl.concat(frames).filter((pl.col("decoding") == "sampled") & pl.col("problem_id").is_in(problem_ids))
        shares = kept.select(
            mean_tokens=pl.col("num_tokens").mean(),
            cut_at_length=(pl.col("finish_reason") == "length").mean(),
            without_answer=pl.col("cluster_id").is_null().mean(),
        ).row(0)
        rows.append((row.generator, round(shares[0], 2), percent(shares[1]), percent(shares[2])))
    columns = ["generator", "mean_tokens", "cut_at_length", "without_answer"]
    kinds = [pl.String, pl.Float64, pl.Float64, pl.Float64]
    return pl.DataFrame(rows, schema=dict(zip(columns, kinds, strict=True)), orient="row")


def _verifiers(runs: Runs) -> pl.DataFrame:
    """How well each verifier tells each generator's samples apart: the mean over seeds, counts their sum."""
    frames = []
    for row, of_seeds in runs.items():
        by_seed = pl.DataFrame(
            [asdict(verifier_quality(candidates)) for candidates in of_seeds], infer_schema_length=None
        )
        counts = ("num_mixed_problems", "num_samples")
        means = by_seed.select(
            pl.lit(row.generator).alias("generator"),
            pl.lit(row.verifier).alias("verifier"),
            *(pl.col(n).sum() if n in counts else pl.col(n).cast(pl.Float64).mean().round(4) for n in by_seed.columns),
        )
        frames.append(means)
    return pl.concat(frames)


def _metrics(results: pl.DataFrame, study: Study, counts: dict[str, float]) -> dict[str, Any]:
    """{generator: {metric: percentage}} of the headline, what other verifiers make of it, and the counts behind it."""
    metrics: dict[str, Any] = {}
    of_headline = headline_rows(study)
    for row in results.filter(pl.col("subset") == HEADLINE).iter_rows(named=True):
        name = METRIC_NAMES[row["selector"]].format(n=row["n"])
        of_row = metrics.setdefault(row["generator"], {})
        if Row(row["generator"], row["verifier"]) not in of_headline:
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
