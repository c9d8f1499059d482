"""Two evaluations of the same test problems, side by side: what changed from one to the other, tested by problem.

Rows are paired by generator and selector. Each evaluation's re-ranking is that of its headline verifier, unless one is
asked for by name: a run with another verifier is thus compared with what it was meant to replace.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PREDICTIONS, PROBLEMS
from mathtune_core.tables import validate
from mathtune_ranking.comparisons import COMPARED
from mathtune_ranking.outcomes import percent
from mathtune_ranking.paired_tests import compare, holm
from mathtune_ranking.selectors import SCORED, SELECTORS, Floats

# Nothing else is drawn here, so these need no params.
PERMUTATIONS = 10_000
CONFIDENCE = 0.95
SEED = 0

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "generator": pl.String,
    "selector": pl.String,
    "verifier_a": pl.String,  # whose scores the selector read; null where it reads none
    "verifier_b": pl.String,
    "n_a": pl.Int32,
    "n_b": pl.Int32,
    "k_a": pl.Int32,
    "k_b": pl.Int32,
    "num_seeds_a": pl.Int64,
    "num_seeds_b": pl.Int64,
    "accuracy_a": pl.Float64,  # percentages, two decimals, the mean over seeds
    "accuracy_b": pl.Float64,
    "difference": pl.Float64,  # b less a, in points
    "low": pl.Float64,
    "high": pl.Float64,
    "test": pl.String,  # mcnemar or permutation
    "p": pl.Float64,  # two-sided
    "p_holm": pl.Float64,  # over the rows of this table
    "num_problems": pl.Int64,
    "gained": pl.List(pl.String),  # problems that b answers better, by how much, then by id
    "lost": pl.List(pl.String),
}


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """One run's predictions for its headline test problems."""

    name: str  # for messages: a revision
    problems: pl.DataFrame  # PROBLEMS, the headline's test problems that were sampled, by problem_id
    predictions: pl.DataFrame  # PREDICTIONS of those problems, in the order of the stage


def read_evaluation(
    name: str, predictions: pl.DataFrame, problems: pl.DataFrame, headline_subsets: Collection[str]
) -> Evaluation:
    """The headline of a run's two tables. Raises MathtuneError for malformed ones and where no problem is left."""
    validate(predictions, PREDICTIONS, f"{name}: predictions.parquet")
    validate(problems, PROBLEMS, f"{name}: problems.parquet")
    odd = predictions.filter(~pl.col("p_correct").is_between(0.0, 1.0))  # polars orders NaN above every number
    if odd.height:
        row = odd.row(0, named=True)
        raise MathtuneError(
            f"{name}: predictions.parquet: problem_id={row['problem_id']!r}: p_correct must be a number in 0 … 1, "
            f"got {row['p_correct']}"
        )
    sampled = predictions["problem_id"].unique().implode()
    kept = problems.filter(
        (pl.col("split") == "test")
        & pl.col("subset").is_in(list(headline_subsets))
        & pl.col("problem_id").is_in(sampled)
    ).sort("problem_id")
    if kept.is_empty():
        subsets = ", ".join(headline_subsets)
        raise MathtuneError(f"{name}: predictions.parquet: no test problem of evaluate.headline_subsets ({subsets})")
    return Evaluation(name, kept, predictions.join(kept, on="problem_id", how="semi", maintain_order="left"))


def require_same_test_set(a: Evaluation, b: Evaluation) -> None:
    """Raises MathtuneError with the counts and an example unless both have the same problems and right answers.

    A problem's id is a hash of its words, so equal ids are equal problems.
    """
    ids_a, ids_b = set(a.problems["problem_id"]), set(b.problems["problem_id"])
    if ids_a != ids_b:
        stray = min(ids_a ^ ids_b)
        whose = a if stray in ids_a else b
        raise MathtuneError(
            f"different test sets: {len(ids_a)} problems in {a.name}, {len(ids_b)} in {b.name}, {len(ids_a & ids_b)} "
            f"in both; {stray} is in {whose.name} alone; compare runs of one test set (build_problems, "
            "sample_solutions.test and evaluate.headline_subsets of params.yaml decide it)"
        )
    both = a.problems.join(b.problems, on="problem_id", suffix="_b")
    changed = both.filter(pl.col("expected_answer") != pl.col("expected_answer_b")).sort("problem_id")
    if changed.height:
        row = changed.row(0, named=True)
        raise MathtuneError(
            f"different test sets: {changed.height} of {both.height} problems have another right answer; "
            f"{row['problem_id']}: {row['expected_answer']!r} in {a.name}, {row['expected_answer_b']!r} in {b.name}"
        )


def paired(
    a: Evaluation,
    b: Evaluation,
    *,
    generators: Sequence[str] = (),
    selectors: Sequence[str] = (),
    verifier: str | None = None,
) -> pl.DataFrame:
    """A row of `SCHEMA` for each generator and selector that both have, in the order of the result table.

    Without `generators` all that both have, without `selectors` the greedy answer and those that can be deployed,
    without `verifier` each run's headline one. Raises MathtuneError as `require_same_test_set` does, for a name that
    either run lacks, and where a run lacks predictions.
    """
    require_same_test_set(a, b)
    shared = shared_generators(a, b)
    _require_known(generators, shared, "--generator")
    _require_known(selectors, SELECTORS, "--selector")
    means = _means(a, verifier).join(
        _means(b, verifier), on=["generator", "selector", "problem_id"], how="inner", suffix="_b", maintain_order="left"
    )
    wanted = means.filter(
        pl.col("generator").is_in(list(generators or shared)), pl.col("selector").is_in(list(selectors or COMPARED))
    )
    if wanted.is_empty():
        raise MathtuneError(f"{a.name} and {b.name}: no generator and selector of those asked for is in both")
    ranks = {name: rank for rank, name in enumerate(SELECTORS)}
    groups = wanted.with_columns(
        place=pl.col("generator").replace_strict({name: rank for rank, name in enumerate(shared)}),
        rank=pl.col("selector").replace_strict(ranks),
    ).sort("place", "rank", "problem_id")
    return _rows(groups, a.problems.height)


def shared_generators(a: Evaluation, b: Evaluation) -> list[str]:
    """The generators of both, in the order of `a`. Raises MathtuneError when there is none."""
    of_b = set(b.predictions["generator"])
    shared = [name for name in a.predictions["generator"].unique(maintain_order=True) if name in of_b]
    if not shared:
        raise MathtuneError(f"{a.name} and {b.name} have no generator in common: nothing to pair")
    return shared


def _require_known(names: Sequence[str], known: Collection[str], flag: str) -> None:
    for name in names:
        if name not in known:
            raise MathtuneError(f"{flag} {name}: not in both; there are {', '.join(known)}")


def _means(of: Evaluation, verifier: str | None) -> pl.DataFrame:
    """p_correct a generator, selector and problem, averaged over seeds, re-ranked by one verifier a generator."""
    rows = of.predictions
    if verifier is not None and verifier not in set(rows["verifier"].drop_nulls()):
        known = ", ".join(rows["verifier"].drop_nulls().unique(maintain_order=True)) or "none"
        raise MathtuneError(f"--verifier {verifier}: not in {of.name}; it has {known}")
    scored = rows.filter(pl.col("selector").is_in(SCORED))
    first = scored.group_by("generator").agg(pl.col("verifier").first())  # in file order: the headline's stands first
    chosen = first if verifier is None else first.with_columns(verifier=pl.lit(verifier))
    kept = pl.concat(
        [
            rows.filter(~pl.col("selector").is_in(SCORED)),
            scored.join(chosen, on=["generator", "verifier"], how="semi"),
        ]
    )
    group = ["generator", "selector"]
    counts = kept.group_by(group).agg(pl.len().alias("rows"), pl.col("seed").n_unique().alias("seeds"))
    lacking = counts.filter(pl.col("rows") != pl.col("seeds") * of.problems.height).sort(group)
    if lacking.height:
        generator, selector, found, seeds = lacking.row(0)
        raise MathtuneError(
            f"{of.name}: predictions.parquet: {generator}, {selector}: {found} rows for {of.problems.height} problems "
            f"and {seeds} seeds; run `dvc repro evaluate` there"
        )
    return kept.group_by("generator", "selector", "problem_id").agg(
        pl.col("verifier").first(),
        pl.col("n").first(),
        pl.col("k").first(),
        pl.col("seed").n_unique().alias("num_seeds").cast(pl.Int64),
        pl.col("p_correct").mean(),
    )


def _rows(groups: pl.DataFrame, num_problems: int) -> pl.DataFrame:
    """One row a generator and selector of `groups`, which is sorted and holds `num_problems` rows of each."""
    heads = groups[::num_problems]
    ids = groups["problem_id"].head(num_problems).to_list()
    before, after = (groups[name].to_numpy().reshape(-1, num_problems).T for name in ("p_correct", "p_correct_b"))
    differences: Floats = after - before  # (P, M)
    compared = compare(after, before, PERMUTATIONS, CONFIDENCE, SEED)
    adjusted = holm([one.p for one in compared])
    lines = [
        {
            "generator": head["generator"],
            "selector": head["selector"],
            **{f"{name}_{side}": head[name + suffix] for name in _SHOWN for side, suffix in (("a", ""), ("b", "_b"))},
            "accuracy_a": percent(before[:, column].mean()),
            "accuracy_b": percent(after[:, column].mean()),
            "difference": percent(one.difference),
            "low": percent(one.low),
            "high": percent(one.high),
            "test": one.test,
            "p": round(one.p, 5),
            "p_holm": round(p_holm, 5),
            "num_problems": num_problems,
            "gained": _changed(ids, differences[:, column]),
            "lost": _changed(ids, -differences[:, column]),
        }
        for column, (head, one, p_holm) in enumerate(zip(heads.iter_rows(named=True), compared, adjusted, strict=True))
    ]
    return pl.DataFrame(lines, schema=SCHEMA)


_SHOWN = ("verifier", "n", "k", "num_seeds")


def _changed(ids: Sequence[str], gain: Floats) -> list[str]:
    """The ids of the problems with a gain, the largest first; `ids` are in order."""
    order = np.argsort(-gain, kind="stable")
    return [ids[place] for place in order if gain[place] > 1e-9]  # less is what averaging leaves of equal accuracies
