"""`mathtune solve`: answers one problem with a model, and shows what the answer was chosen from and why."""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mathtune_cli.generator import PURPOSE, flag_error, open_generator, sampling_params
from mathtune_cli.models import artifact
from mathtune_cli.pool import Pool, pool, selectors_of
from mathtune_cli.pool_text import render
from mathtune_core.errors import MathtuneError
from mathtune_ranking.results_table import read_json
from mathtune_sampling.collect import requests_of
from mathtune_sampling.sample_solutions import DECODINGS, read_shots_of
from mathtune_sampling.score_solutions import open_verifier
from mathtune_styles.decontaminate import content_hash

CHOICE = Path("artifacts/evaluate/choice.json")
PAPER_K = 8  # Liu et al. 2023, section 3.2


@dataclass(frozen=True, slots=True)
class Setup:
    """Which models answer, and what chooses among their solutions."""

    model: Path
    verifier: Path | None
    selector: str
    k: int
    reason: str  # why this selector


def solve(chosen: argparse.Namespace) -> str:
    """Runs the command and returns what it prints.

    Raises MathtuneError for an empty problem, flags that make no sense, and a model that is missing or unreadable.
    """
    problem = read_problem(chosen.problem)
    setup = set_up(chosen)
    shots = read_shots_of(setup.model)
    try:
        params = sampling_params(chosen, shots)
    except ValueError as error:
        raise flag_error("solve", error) from error
    opened = open_generator(setup.model)
    asked = pl.DataFrame({"problem_id": [content_hash(problem)], "problem": [problem]})
    started = time.monotonic()
    requests = requests_of(asked, opened.tokenizer, shots)
    [completions] = opened.sampler.generate(requests, params, seed=chosen.seed, purpose=PURPOSE, decodings=DECODINGS)
    scores = None
    if setup.verifier is not None:
        verifier = open_verifier(setup.verifier, "float32", 8192)
        rows = verifier.score_rows([problem] * len(completions), [row.text for row in completions])
        scores = [float(score) for score in rows]
    seconds = time.monotonic() - started
    found = pool(completions, chosen.seed, scores, setup.k)
    if chosen.json:
        return as_json(found, setup, problem)
    tokens = int(found.solutions["num_tokens"].sum())
    lines = [
        f"generator  {setup.model}",
        f"verifier   {setup.verifier or 'none'}",
        f"solutions  {chosen.n} sampled and the greedy one, {tokens:,} tokens in {seconds:.1f} s",
        "",
        render(found, setup.selector, setup.k, setup.reason, with_samples=chosen.samples),
    ]
    return "\n".join(lines)


def read_problem(argument: str) -> str:
    """The problem's text: the argument itself, or stdin for `-`. Raises MathtuneError unless it is text."""
    try:
        text = sys.stdin.buffer.read().decode("utf-8") if argument == "-" else argument
        text.encode("utf-8")  # an argument that was not UTF-8 holds surrogates
    except UnicodeError as error:
        raise MathtuneError("mathtune solve: the problem is not UTF-8; re-encode it") from error
    if not text.strip():
        raise MathtuneError("mathtune solve: the problem is empty; give its text, or - to read it from stdin")
    return text.strip()


def set_up(chosen: argparse.Namespace) -> Setup:
    """Models and selector from the flags, dvc.yaml and the last evaluation. Raises MathtuneError as `solve` does."""
    are_default = chosen.model is None and chosen.verifier is None
    model: Path = chosen.model or artifact("generator")
    if chosen.model is None and not model.is_dir():
        raise MathtuneError(f"{model}: no model here; `make repro` trains it, or name a checkpoint with --model")
    verifier: Path | None = chosen.verifier
    if are_default:
        verifier = artifact("verifier")
        if not verifier.is_dir():
            sys.stderr.write(f"{verifier}: no verifier here, so answers are voted on; `dvc repro train_verifier`\n")
            verifier = None
    tuned = read_json(CHOICE) if are_default and CHOICE.is_file() else {}
    k = chosen.k if chosen.k is not None else int(tuned.get("k", PAPER_K))
    if k < 1:
        raise MathtuneError(f"mathtune solve: --k: must be at least 1, got {k}")
    known = selectors_of(verifier is not None)
    if chosen.selector is not None:
        if chosen.selector not in known:
            lacking = " (others need a --verifier)" if verifier is None else ""
            raise MathtuneError(
                f"mathtune solve: --selector: must be one of {', '.join(known)}{lacking}, got {chosen.selector}"
            )
        return Setup(model, verifier, chosen.selector, k, "as you asked")
    if tuned.get("selector") in known:
        return Setup(model, verifier, tuned["selector"], k, "chosen on validation")
    if verifier is not None:
        return Setup(model, verifier, "RR.MajK", k, "the paper's best")
    return Setup(model, verifier, "Maj1", k, "there is no verifier")


def as_json(found: Pool, setup: Setup, problem: str) -> str:
    """Everything as one object; its fields stand in docs/commands.md."""
    winner = found.winner(setup.selector)
    rows = found.solutions.select(
        "decoding",
        "sample_index",
        "completion",
        pl.col("predicted_answer").alias("answer"),
        "cluster",
        "score" if found.is_scored else pl.lit(None).alias("score"),
        "finish_reason",
        "num_tokens",
        "sum_logprob",
    )
    document = {
        "problem": problem,
        "model": str(setup.model),
        "verifier": None if setup.verifier is None else str(setup.verifier),
        "selector": setup.selector,
        "k": setup.k,
        "answer": None if winner is None else found.clusters[winner].answer,
        "solution": found.best_solution(winner, setup.selector)["completion"],
        "clusters": [
            {
                "answer": cluster.answer,
                "votes": cluster.votes,
                "score_sum": cluster.score_sum if found.is_scored else None,
                "best_score": cluster.best_score if found.is_scored and cluster.votes else None,
                "is_greedy": cluster.is_greedy,
                "chances": {name: chances[place] for name, chances in found.picks.items()},
            }
            for place, cluster in enumerate(found.clusters)
        ],
        "solutions": rows.to_dicts(),
    }
    return json.dumps(document, indent=2)
