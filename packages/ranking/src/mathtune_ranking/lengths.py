"""How long the solutions of each generator are, in generated tokens."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from mathtune_core.batches import read_batches
from mathtune_core.schemas import CLUSTERS, SAMPLE_KEY, SAMPLES
from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.outcomes import Outcomes, percent
from mathtune_ranking.sample_keys import refuse_samples, rows_of_problems
from mathtune_ranking.selectors import Bools, Floats

SCHEMA = {
    "generator": pl.String,
    "mean_tokens": pl.Float64,
    "cut_at_length": pl.Float64,  # percent of the samples
    "without_answer": pl.Float64,  # percent of the samples
}


@dataclass(frozen=True, slots=True, eq=False)
class Lengths:
    """One generator's means a problem, over samples and seeds; each (P,), in the order of the candidates."""

    greedy_tokens: Floats
    sampled_tokens: Floats
    cut_at_length: Floats  # shares of the samples
    without_answer: Floats


def read_lengths(found: Outcomes, samples: Path, clusters: Path) -> dict[str, Lengths]:
    """The lengths of every generator's test solutions.

    `samples` holds test/<generator>/<seed>/samples.parquet, `clusters` the same of clusters.parquet. Raises
    MathtuneError for a sample that only one of the two has.
    """
    lengths = {}
    for row in found.headline:
        of_seeds = []
        for seed, candidates in zip(found.study.seeds, found.runs[row], strict=True):
            place = Path("test", row.generator, str(seed))
            path, other = samples / place / "samples.parquet", clusters / place / "clusters.parquet"
            of_seed = _by_problem(path, candidates)
            if of_seed is None:
                clustered, sampled = partial(read_batches, other, CLUSTERS), partial(read_batches, path, SAMPLES)
                refuse_samples(partial(clustered, columns=()), other, partial(sampled, columns=()), path)
            of_seeds.append(of_seed)
        lengths[row.generator] = Lengths(*np.mean(of_seeds, axis=0).T)
    return lengths


def _by_problem(samples: Path, candidates: Candidates) -> Floats | None:
    """The means of one seed, (P, 4), as in `Lengths`; None where the file has not the candidates' samples."""
    place = {problem_id: row for row, problem_id in enumerate(candidates.problem_ids)}
    means = np.full((len(place), 4), np.nan)
    means[:, 3] = (candidates.cluster_id == NO_ANSWER).mean(axis=1)
    for batch in read_batches(samples, SAMPLES, columns=["num_tokens", "finish_reason"]):
        rows = batch.sort(SAMPLE_KEY)
        problems = rows_of_problems(rows, place, candidates.num_samples)
        if problems is None:
            return None
        tokens = rows["num_tokens"].to_numpy().reshape(len(problems), -1)
        cut = (rows["finish_reason"] == "length").to_numpy().reshape(tokens.shape)
        columns = (tokens[:, 0], tokens[:, 1:].mean(axis=1), cut[:, 1:].mean(axis=1))
        means[problems, :3] = np.stack(columns, axis=1)
    return None if np.isnan(means).any() else means


def lengths_table(lengths: dict[str, Lengths], headline: Bools) -> pl.DataFrame:
    """Tokens a sampled solution of the headline problems (mask (P,)), and how many are cut short or give no answer."""
    rows = [
        (
            generator,
            round(float(of.sampled_tokens[headline].mean()), 2),
            percent(of.cut_at_length[headline].mean()),
            percent(of.without_answer[headline].mean()),
        )
        for generator, of in lengths.items()
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
