"""`mathtune vote`: answers the problems of a split by majority vote, with as many samples as each vote needs."""

import argparse
import time
from collections.abc import Sequence

import polars as pl

from mathtune_answers import cluster_answers, extract_answer, grade
from mathtune_cli.generator import PURPOSE, flag_error, open_generator, sampling_params
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS
from mathtune_core.tables import read_table
from mathtune_sampling.adaptive import AdaptiveSampler, StoppingRule
from mathtune_sampling.collect import requests_of
from mathtune_sampling.requests import Completion
from mathtune_sampling.sample_solutions import read_shots_of
from mathtune_sampling.sampler import Sampler


def vote(chosen: argparse.Namespace) -> str:
    """Runs the command and returns its report.

    Raises MathtuneError for values that make no sense and for what `open_generator` and `Sampler.generate` refuse.
    """
    shots = read_shots_of(chosen.model)
    try:
        params = sampling_params(chosen, shots)
        rule = None if chosen.error_rate is None else StoppingRule(chosen.n, chosen.wave, chosen.error_rate)
    except ValueError as error:
        raise flag_error("vote", error) from error
    problems = read_table(chosen.problems, PROBLEMS).filter(pl.col("split") == chosen.split).sort("problem_id")
    if problems.is_empty():
        raise MathtuneError(f"{chosen.problems}: no problem of split {chosen.split}")
    opened = open_generator(chosen.model)
    sampler: Sampler = opened.sampler if rule is None else AdaptiveSampler(opened.sampler, votes, rule)
    started = time.monotonic()
    requests = requests_of(problems, opened.tokenizer, shots)
    done = list(sampler.generate(requests, params, seed=chosen.seed, purpose=PURPOSE))
    return report(done, problems, chosen.n, time.monotonic() - started)


def votes(texts: Sequence[str]) -> list[int | None]:
    """The cluster of each text's answer; None where there is none."""
    return cluster_answers([extract_answer(text) for text in texts])


def share_right(expected: str, texts: Sequence[str]) -> float:
    """The vote's expected accuracy: equals among the leaders share it; without any answer it is 0."""
    answers = [extract_answer(text) for text in texts]
    labels = cluster_answers(answers)
    counts = {label: labels.count(label) for label in labels if label is not None}
    if not counts:
        return 0.0
    leaders = [label for label, count in counts.items() if count == max(counts.values())]
    right = [grade(expected, answers[labels.index(label)] or "") for label in leaders]
    return sum(right) / len(right)


def report(done: Sequence[Sequence[Completion]], problems: pl.DataFrame, n: int, seconds: float) -> str:
    """What the vote got right and what it cost."""
    expected = dict(problems.select("problem_id", "expected_answer").iter_rows())
    right = sum(share_right(expected[rows[0].problem_id], [row.text for row in rows]) for rows in done)
    drawn = sum(len(rows) for rows in done)
    tokens = sum(row.num_tokens for rows in done for row in rows)
    cost = f"{drawn:,} samples of {n * len(done):,} ({drawn / len(done):.1f} a problem), {tokens:,} tokens"
    return (
        f"{len(done)} problems, Maj1 {100 * right / len(done):.1f}% of at most {n} samples\n{cost} in {seconds:.1f} s"
    )
