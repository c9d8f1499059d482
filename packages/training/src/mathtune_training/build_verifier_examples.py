"""The stage that joins sampled solutions with their grades into the verifier's training table."""

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLE_KEY, SAMPLES, VERIFIER_EXAMPLES
from mathtune_core.tables import read_table, write_table
from mathtune_training.balance import POLICIES, Balance, balance_examples, collapse_duplicates

KEY = list(VERIFIER_EXAMPLES.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildVerifierExamplesParams:
    """Whose samples the verifier learns from (`styles`), how many a problem and style, and how classes are balanced.

    The balancing policies are stated in `mathtune_training.balance.POLICIES`, and in the stage's balance.json.
    """

    styles: tuple[str, ...]
    balance: Balance
    max_examples_per_problem: int

    def __post_init__(self) -> None:
        if not self.styles or len(set(self.styles)) < len(self.styles):
            raise ValueError(f"styles: must be one or more different styles, got {list(self.styles)}")
        if self.max_examples_per_problem < 1:
            raise ValueError(f"max_examples_per_problem: must be at least 1, got {self.max_examples_per_problem}")


def graded_samples(style: str, samples: pl.DataFrame, clusters: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    """The sampled (not the greedy) solutions of one style with problem text and grade, ordered by key.

    Raises MathtuneError when a problem is unknown or not of the train split, or a sample has no grade.
    """
    sampled = samples.filter(pl.col("decoding") == "sampled").sort(SAMPLE_KEY)
    joined = sampled.join(clusters.select(*SAMPLE_KEY, "is_correct"), on=SAMPLE_KEY, how="left").join(
        problems.select("problem_id", "split", "problem"), on="problem_id", how="left"
    )
    outside = joined.filter(pl.col("split").ne_missing("train"))
    if outside.height:
        split = outside["split"][0] or "no"
        raise MathtuneError(
            f"samples of {style}: problem {outside['problem_id'][0]} is of {split} split; a verifier learns from train "
            "problems alone"
        )
    ungraded = joined.filter(pl.col("is_correct").is_null())
    if ungraded.height:
        raise MathtuneError(
            f"clusters of {style}: sample {ungraded['sample_index'][0]} of problem {ungraded['problem_id'][0]} has no "
            "grade; run `dvc repro` so that samples and clusters are of one run"
        )
    return joined.with_columns(style=pl.lit(style), balanced=pl.lit(True)).select(*VERIFIER_EXAMPLES.schema)


def count_classes(examples: pl.DataFrame, styles: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Right and wrong examples of every style."""
    counts = {}
    for style in styles:
        grades = examples.filter(pl.col("style") == style)["is_correct"]
        counts[style] = {"right": int(grades.sum()), "wrong": int((~grades).sum())}
    return counts


def share_right(examples: pl.DataFrame, problems: pl.DataFrame) -> dict[str, dict[str, float]]:
    """The share of right samples by style and fold of their problems.

    Where both folds were sampled (sample_solutions.train.fold: null) it shows how much more often a generator is right
    on problems whose solutions it was trained on ("generator") than on those held out ("verifier").
    """
    joined = examples.join(problems.select("problem_id", "fold"), on="problem_id", how="left")
    means = joined.group_by("style", "fold").agg(pl.col("is_correct").mean()).sort("style", "fold")
    shares: dict[str, dict[str, float]] = {}
    for style, fold, share in means.iter_rows():
        shares.setdefault(style, {})[fold] = round(share, 4)
    return shares


def run(
    params: BuildVerifierExamplesParams,
    *,
    item: str,
    seed: int,
    samples: Path,
    clusters: Path,
    problems: Path,
    out: Path,
) -> None:
    """Writes out/verifier_examples.parquet and out/balance.json (counts by style, the policy stated).

    The table has every distinct sample, with `balanced` for those that the policy keeps.

    `samples` and `clusters` hold <style>/<seed>/<table>.parquet. Raises MathtuneError for what `graded_samples`
    refuses, and when there is no right or no wrong solution at all.
    """
    problem_table = read_table(problems / "problems.parquet", PROBLEMS)
    found = pl.concat(
        graded_samples(
            style,
            read_table(samples / style / str(seed) / "samples.parquet", SAMPLES),
            read_table(clusters / style / str(seed) / "clusters.parquet", CLUSTERS),
            problem_table,
        )
        for style in params.styles
    )
    distinct = collapse_duplicates(found)
    kept = balance_examples(distinct, params.balance, params.max_examples_per_problem, seed)
    right = int(kept["is_correct"].sum())
    if not 0 < right < kept.height:
        graded = int(found["is_correct"].sum())
        raise MathtuneError(
            f"{samples}: {graded} of the {found.height} sampled solutions of {', '.join(params.styles)} are right; "
            f"verifier {item} needs both right and wrong ones: train the generator for longer or shorter, or sample "
            "other problems"
        )
    chosen = kept.select(*KEY, "balanced")
    table = distinct.drop("balanced").join(chosen, on=KEY, how="left", maintain_order="left")
    write_table(
        table.with_columns(pl.col("balanced").fill_null(False)), out / "verifier_examples.parquet", VERIFIER_EXAMPLES
    )
    report = {
        "policy": f"{params.balance}: {POLICIES[params.balance]}",
        "share_right": share_right(found, problem_table),
        "sampled": count_classes(found, params.styles),
        "distinct": count_classes(distinct, params.styles),
        "kept": count_classes(kept, params.styles),
        "problems": kept["problem_id"].n_unique(),
        "right": right,
        "wrong": kept.height - right,
    }
    (out / "balance.json").write_text(json.dumps(report, indent=2) + "\n")
