"""What every selector makes of samples that other tools made: the tables of the stage `evaluate`."""

import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs

from mathtune_answers import cluster_samples
from mathtune_core.batches import write_batches
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import CLUSTERS, PREDICTIONS, SAMPLE_KEY, SCORES
from mathtune_core.study import Study
from mathtune_core.tables import write_table
from mathtune_ranking.candidates import candidates_of
from mathtune_ranking.external import ExternalSamples
from mathtune_ranking.outcomes import Outcomes, Resampling, curves, outcomes, predictions, results
from mathtune_ranking.paired_tests import Comparison, compare, holm
from mathtune_ranking.rows import Row
from mathtune_ranking.selectors import SCORED, SELECTORS, Bools, Floats
from mathtune_ranking.verifier_quality import VerifierQuality, verifier_quality

HEADLINE = "headline"
HOW = Resampling(permutations=10_000, subset_resamples=200, confidence=0.95, seed=0)
BREAKDOWNS = ("subject", "level")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Our grades beside the tool's own, over the samples that have both."""

    num_samples: int
    only_ours: int  # right by our grade alone
    only_theirs: int

    @property
    def num_alike(self) -> int:
        """Samples of one grade."""
        return self.num_samples - self.only_ours - self.only_theirs


@dataclass(frozen=True, slots=True, eq=False)
class ExternalEvaluation:
    """One file's samples, clustered, graded and selected from."""

    name: str
    samples: ExternalSamples
    clusters: pl.DataFrame  # CLUSTERS, of the sampled completions and the greedy ones there are
    found: Outcomes

    @property
    def row(self) -> Row:
        """The one row of the tables."""
        return self.found.headline[0]

    @property
    def selectors(self) -> tuple[str, ...]:
        """Those that the samples allow: without scores none that reads them, without greedy completions no Pass@1."""
        without = set() if self.samples.has_greedy else {"Pass@1"}
        without |= set(SCORED) if self.samples.scores is None else set()
        return tuple(name for name in SELECTORS if name not in without)

    @property
    def num_problems(self) -> int:
        """P."""
        return len(self.found.some.problem_ids)

    def p_correct(self, selector: str) -> Floats:
        """The chance that the selected answer is right, (P,)."""
        return self.found.mean(self.row, selector)


def evaluate_external(samples: ExternalSamples, name: str, k: int) -> ExternalEvaluation:
    """Clusters and grades the samples, and applies every selector, the restricted ones with K = `k`."""
    clusters = cluster_samples(samples.samples, samples.problems).sort(CLUSTERS.key)
    # Candidates have a score and a greedy solution; where the file has none, no table shows what comes of these.
    whole = clusters if samples.has_greedy else pl.concat([clusters, _no_greedy(samples.problems)])
    scored = pl.DataFrame(schema=SCORES.schema) if samples.scores is None else samples.scores
    unscored = whole.select(SAMPLE_KEY).join(scored, on=list(SAMPLE_KEY), how="anti").with_columns(verifier_score=0.0)
    all_scores = pl.concat([scored, unscored])
    (candidates,) = candidates_of(lambda: [whole], Path("clusters"), [(lambda: [all_scores], Path("scores"))])
    return ExternalEvaluation(name, samples, clusters, outcomes(_study(name), {_row(name): (candidates,)}, k))


def _no_greedy(problems: pl.DataFrame) -> pl.DataFrame:
    rows = [(problem_id, "greedy", 0, None, None, False) for problem_id in problems["problem_id"]]
    return pl.DataFrame(rows, schema=CLUSTERS.schema, orient="row")


def _row(name: str) -> Row:
    return Row(name, "scores")


def _study(name: str) -> Study:
    """One generator, one verifier, one seed."""
    return Study(
        base="",
        fetched=(),
        data="",
        launcher="",
        mixes={},
        styles=(name,),
        sequential=(),
        sequential_style="",
        recipes=(),
        verifiers=(_row(name).verifier,),
        shared_verifiers=(_row(name).verifier,),
        own_verifiers=(),
        seeds=(0,),
    )


def results_of(evaluation: ExternalEvaluation) -> pl.DataFrame:
    """results.csv, of the selectors that the samples allow."""
    everything: Bools = np.ones(evaluation.num_problems, dtype=np.bool_)
    return _allowed(evaluation, results(evaluation.found, {HEADLINE: everything}, HOW))


def breakdowns_of(evaluation: ExternalEvaluation) -> pl.DataFrame:
    """breakdowns.csv: results by the subject and level of the problems that have one."""
    frames = []
    for by in BREAKDOWNS:
        value = evaluation.samples.problems[by]  # in the order of the arrays, which is that of the ids
        members = {name: (value == name).fill_null(False).to_numpy() for name in value.drop_nulls().unique().sort()}
        if members:
            frame = _allowed(evaluation, results(evaluation.found, members, HOW))
            frames.append(frame.select(pl.lit(by).alias("by"), pl.col("subset").alias("value"), *_BREAKDOWN_COLUMNS))
    return pl.concat(frames) if frames else pl.DataFrame(schema=["by", "value", *_BREAKDOWN_COLUMNS])


_BREAKDOWN_COLUMNS = ("generator", "selector", "accuracy", "low", "high", "num_problems")


def curves_of(evaluation: ExternalEvaluation) -> pl.DataFrame:
    """curves.csv, of the selectors that the samples allow."""
    everything: Bools = np.ones(evaluation.num_problems, dtype=np.bool_)
    return _allowed(evaluation, curves(evaluation.found, everything, HOW))


def _allowed(evaluation: ExternalEvaluation, table: pl.DataFrame) -> pl.DataFrame:
    """The rows of the selectors that the samples allow; without scores no verifier has a name."""
    rows = table.filter(pl.col("selector").is_in([*evaluation.selectors, "Pass@n"]))
    if evaluation.samples.scores is not None or "verifier" not in rows.columns:
        return rows
    return rows.with_columns(verifier=pl.lit(None, dtype=pl.String))


def quality_of(evaluation: ExternalEvaluation) -> VerifierQuality | None:
    """What the scores are worth; None without scores."""
    return None if evaluation.samples.scores is None else verifier_quality(evaluation.found.some)


def disagreements_of(evaluation: ExternalEvaluation) -> pl.DataFrame:
    """The samples that the tool graded otherwise than we do, with both grades."""
    graded = evaluation.samples.samples.filter(pl.col("grade").is_not_null()).rename({"grade": "their_grade"})
    joined = graded.join(evaluation.clusters, on=list(SAMPLE_KEY), how="left", maintain_order="left")
    other = joined.filter(pl.col("their_grade") != pl.col("is_correct")).join(
        evaluation.samples.problems, on="problem_id", how="left", maintain_order="left"
    )
    columns = ("expected_answer", "predicted_answer", "is_correct", "their_grade", "completion")
    return other.select(*SAMPLE_KEY, *columns)


def agreement_of(evaluation: ExternalEvaluation) -> Agreement | None:
    """Counts of our grades and theirs; None where the file has none of theirs."""
    graded = evaluation.samples.samples["grade"].drop_nulls().len()
    other = disagreements_of(evaluation)
    ours = int(other["is_correct"].sum())
    return Agreement(graded, ours, other.height - ours) if graded else None


def compared(first: ExternalEvaluation, second: ExternalEvaluation) -> dict[str, tuple[Comparison, float]]:
    """The second's accuracy less the first's, by selector, tested on their common problems.

    Beside each comparison its p after Holm over all of them, for a reader looks at all and keeps the best. Raises
    MathtuneError unless both have the same problems.
    """
    mine, theirs = (set(evaluation.samples.problems["problem_id"]) for evaluation in (first, second))
    stray, missing = sorted(theirs - mine), sorted(mine - theirs)
    if stray or missing:
        where = f"{second.name} and not {first.name}" if stray else f"{first.name} and not {second.name}"
        raise MathtuneError(f"--against: problem {(stray or missing)[0]!r} is in {where}; both need the same problems")
    selectors = [name for name in first.selectors if name in second.selectors]
    before, after = (np.stack([run.p_correct(name) for name in selectors], axis=1) for run in (first, second))
    found = compare(after, before, HOW.permutations, HOW.confidence, HOW.seed)
    return dict(zip(selectors, zip(found, holm([one.p for one in found]), strict=True), strict=True))


def write_evaluation(evaluation: ExternalEvaluation, curves: pl.DataFrame, out: Path) -> None:
    """Writes the tables into the new folder `out`, which appears whole or not at all.

    results.csv, curves.csv, clusters.parquet, predictions.parquet, problems.csv; and where there is something to say
    breakdowns.csv, verifiers.csv and disagreements.csv.
    """
    quality = quality_of(evaluation)
    frames = {
        "results": results_of(evaluation),
        "curves": curves,
        "problems": evaluation.samples.problems,
        "breakdowns": breakdowns_of(evaluation),
        "disagreements": disagreements_of(evaluation),
    }
    if quality is not None:
        row = {"generator": evaluation.name, "verifier": _row(evaluation.name).verifier, **asdict(quality)}
        frames["verifiers"] = pl.DataFrame([row]).with_columns(cs.float().round(4))
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{out.name}.", dir=out.parent))
    try:
        for name, frame in frames.items():
            if not frame.is_empty():
                frame.write_csv(partial / f"{name}.csv")
        write_table(evaluation.clusters, partial / "clusters.parquet", CLUSTERS)
        with write_batches(partial / "predictions.parquet", PREDICTIONS) as add:
            for frame in predictions(evaluation.found):
                add(_allowed(evaluation, frame))
        partial.chmod(0o755)  # mkdtemp makes folders for their owner alone
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
