"""The rows of the tables: a generator whose samples one verifier scored, with the candidates of every seed."""

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.study import Study
from mathtune_ranking.candidates import Candidates, read_candidates


@dataclass(frozen=True, slots=True)
class Row:
    """A generator and the verifier that scored its samples."""

    generator: str
    verifier: str


Runs = dict[Row, tuple[Candidates, ...]]  # one Candidates a seed, in the order of study.seeds


def rows_of(study: Study) -> list[Row]:
    """All rows: each generator with its headline verifier first."""
    return [Row(generator, verifier) for generator in study.generators for verifier in study.verifiers_of(generator)]


def headline_rows(study: Study) -> list[Row]:
    """One row a generator, with the verifier that scored every generator's samples."""
    return [Row(generator, study.verifiers_of(generator)[0]) for generator in study.generators]


def num_problems(runs: Runs) -> int:
    """P, the same for all of them."""
    return len(next(iter(runs.values()))[0].problem_ids)


def read_runs(study: Study, clusters: Path, scores: Path, split: str, problems: pl.DataFrame) -> Runs:
    """The candidates of every row and seed of a split.

    `clusters` and `scores` hold <split>/<generator>/<seed>/clusters.parquet and <split>/<verifier>/<generator>/<seed>/
    scores.parquet. Raises MathtuneError for unequal problems or N, or a problem that is not of `split`.
    """
    known = set(problems.filter(pl.col("split") == split)["problem_id"])
    found: dict[Row, list[Candidates]] = {row: [] for row in rows_of(study)}
    first: Candidates | None = None
    for generator in study.generators:
        of_generator = [row for row in found if row.generator == generator]
        for seed in study.seeds:
            path = clusters / split / generator / str(seed) / "clusters.parquet"
            folders = [scores / split / row.verifier / generator / str(seed) for row in of_generator]
            of_verifiers = read_candidates(path, [folder / "scores.parquet" for folder in folders])
            candidates = of_verifiers[0]
            stray = sorted(set(candidates.problem_ids) - known)
            if stray:
                raise MathtuneError(f"{path}: problem_id={stray[0]!r}: not a problem of split {split}; run `dvc repro`")
            first = first or candidates
            if candidates.problem_ids != first.problem_ids or candidates.num_samples != first.num_samples:
                of_first = f"generator {study.generators[0]}, seed {study.seeds[0]}"
                raise MathtuneError(f"{path}: has other problems or another N than {of_first}; run `dvc repro`")
            for row, of_verifier in zip(of_generator, of_verifiers, strict=True):
                found[row].append(replace(of_verifier, problem_ids=first.problem_ids))
    return {row: tuple(of_seeds) for row, of_seeds in found.items()}
