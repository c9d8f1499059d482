"""The files of the stage `evaluate` as the report reads them: loaded, and their columns checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_ranking.results_table import first_verifier, read_json

HEADLINE = "headline"
_POINTS = ("accuracy", "low", "high")

# The columns that the report reads, of each file.
COLUMNS = {
    "results": ("subset", "generator", "verifier", "selector", "n", *_POINTS, "lowest_seed", "highest_seed"),
    "comparisons": (
        *("family", "generator", "verifier", "selector", "first", "second", "difference", "low", "high"),
        *("p", "p_holm", "detectable", "test", "problems_for_a_point"),
    ),
    "curves": ("generator", "selector", "n", *_POINTS, "monte_carlo_error"),
    "breakdowns": ("by", "value", "generator", "selector", *_POINTS, "num_problems"),
    "lengths": ("generator", "mean_tokens", "cut_at_length", "without_answer"),
    "findings": ("finding", "paper", "comparison", "selector", "difference", "p_holm", "detectable", "verdict"),
    "verifiers": (
        *("generator", "verifier", "auc", "auc_within_problems", "num_mixed_problems"),
        *("expected_calibration_error", "base_rate", "num_samples"),
    ),
    "reliability": ("generator", "verifier", "mean_score", "share_right", "low", "high", "num_samples"),
    "cluster_sizes": ("generator", "size", "num_clusters", "share_right", "low", "high"),
    "overrules": (
        *("generator", "verifier", "selector", "num_problems"),
        *("overruled", "right_instead", "wrong_instead", "neither"),
    ),
    "costs": (
        *("generator", "verifier", "selector", "n", *_POINTS),
        *("tokens", "verifier_calls", "seconds", "on_frontier"),
    ),
}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The files of an evaluation folder, loaded; the CSVs are as `evaluate` describes them."""

    results: pl.DataFrame
    comparisons: pl.DataFrame
    curves: pl.DataFrame
    breakdowns: pl.DataFrame
    lengths: pl.DataFrame
    findings: pl.DataFrame
    verifiers: pl.DataFrame
    reliability: pl.DataFrame
    cluster_sizes: pl.DataFrame
    overrules: pl.DataFrame
    costs: pl.DataFrame
    choice: dict[str, Any]
    counts: dict[str, Any]

    @property
    def generators(self) -> list[str]:
        """In the order of params.yaml."""
        return self.results["generator"].unique(maintain_order=True).to_list()

    @property
    def subsets(self) -> list[str]:
        """The headline first; a subset that is the whole headline is not named again."""
        names = self.results["subset"].unique(maintain_order=True).to_list()
        tables = {name: self.results.filter(pl.col("subset") == name).drop("subset") for name in names}
        return [name for name in names if name == names[0] or not tables[name].equals(tables[names[0]])]

    @property
    def headline(self) -> pl.DataFrame:
        """The headline results, of each generator with its first verifier."""
        return first_verifier(self.results.filter(pl.col("subset") == HEADLINE))

    @property
    def interval(self) -> str:
        """The intervals' width, as `95%`."""
        return f"{self.counts['interval_percent']:g}%"


def read_evaluation(folder: Path) -> Evaluation:
    """Raises MathtuneError, naming it, for a file of the stage `evaluate` or a column that is missing."""
    frames = {name: read_columns(folder / f"{name}.csv", columns) for name, columns in COLUMNS.items()}
    return Evaluation(
        **frames,
        choice=read_json(folder / "choice.json"),
        counts=read_json(folder / "metrics.json")["counts"],
    )


def read_columns(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    """A CSV that must have `columns`; raises MathtuneError naming the file and the first column that it lacks."""
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; `dvc repro` makes it")
    frame = pl.read_csv(path, infer_schema_length=None)
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise MathtuneError(f"{path}: {missing[0]}: column is missing; the file is of another version, run `dvc repro`")
    return frame
