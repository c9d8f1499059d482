"""Toy candidates for the selectors, and the files of a small run for the stages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLES, SCORES, SOLUTIONS
from mathtune_core.tables import write_table
from mathtune_ranking.candidates import NO_ANSWER, Candidates

STYLES = ("terse", "verbose")
HOSTILE = '</pre><script>alert("x")</script><img src=x onerror=alert(1)>'


@pytest.fixture(scope="session")
def toy() -> Callable[..., Candidates]:
    """A function from [[(cluster or None, score, is_correct), …], …] to Candidates; greedy has no answer."""

    def build(*problems: list[tuple[int | None, float, bool]]) -> Candidates:
        cluster_id = np.array([[NO_ANSWER if c is None else c for c, _, _ in samples] for samples in problems])
        is_correct = np.array([[right for _, _, right in samples] for samples in problems])
        width = int(cluster_id.max()) + 1
        cluster_correct = np.zeros((len(problems), max(width, 1)), dtype=np.bool_)
        for row, column in zip(*np.nonzero(is_correct), strict=True):
            cluster_correct[row, cluster_id[row, column]] = True
        return Candidates(
            problem_ids=tuple(f"p{i}" for i in range(len(problems))),
            cluster_id=cluster_id,
            score=np.array([[score for _, score, _ in samples] for samples in problems]),
            is_correct=is_correct,
            greedy_cluster=np.full(len(problems), NO_ANSWER),
            greedy_correct=np.zeros(len(problems), dtype=np.bool_),
            cluster_correct=cluster_correct,
            answers=tuple(tuple(f"a{c}" for c in range(width)) for _ in problems),
        )

    return build


@pytest.fixture(scope="session")
def random_candidates(toy: Callable[..., Candidates]) -> Callable[[int, int, int], Candidates]:
    """A function (problems, N, seed): clusters 0 … 3 or none, 0 is right, scores tie often."""

    def build(num_problems: int, num_samples: int, seed: int) -> Candidates:
        generator = np.random.default_rng(seed)
        problems = []
        for _ in range(num_problems):
            clusters = [int(c) for c in generator.integers(-1, 4, size=num_samples)]
            scores = generator.integers(0, 5, size=num_samples) / 4
            problems.append([(None if c < 0 else c, float(s), c == 0) for c, s in zip(clusters, scores, strict=True)])
        return toy(*problems)

    return build


def _split(folder: Path, split: str, ids: list[str], style: str, num_samples: int, seed: int) -> None:
    generator = np.random.default_rng([seed, len(split), len(style)])
    samples: list[dict[str, Any]] = []
    clusters: list[dict[str, Any]] = []
    scores: list[dict[str, Any]] = []
    for problem_id in ids:
        for decoding, index in [("greedy", 0), *(("sampled", i) for i in range(num_samples))]:
            key = {"problem_id": problem_id, "decoding": decoding, "sample_index": index}
            cluster = int(generator.integers(-1, 3))
            if problem_id == "test-02":
                cluster = 0  # one problem that everybody gets right
            answer = None if cluster < 0 else ["42", "7<b>", "9"][cluster]
            score = float(np.round(generator.uniform(0.3 if cluster == 0 else 0.0, 1.0), 3))
            told = {"completion": f"{HOSTILE} {answer}", "finish_reason": "stop" if answer else "length"}
            samples.append({**key, **told, "num_tokens": 10 + index, "sum_logprob": -1.0, "seed": 0})
            grade = {"predicted_answer": answer, "cluster_id": None if cluster < 0 else cluster + 5}
            clusters.append({**key, **grade, "is_correct": cluster == 0})
            scores.append({**key, "verifier_score": score})
    stages = ("sample_solutions", samples, SAMPLES), ("cluster_answers", clusters, CLUSTERS)
    for stage, rows, table in (*stages, ("score_solutions", scores, SCORES)):
        path = folder / stage / split / style / f"{table.name}.parquet"
        write_table(pl.DataFrame(rows, schema=table.schema), path, table)


@pytest.fixture
def small_run(tmp_path: Path) -> Path:
    """A folder with the outputs of the stages before `evaluate`: 2 styles, 12 val and 20 test problems, N = 5."""
    rows = []
    for split, count in (("train", 3), ("val", 12), ("test", 20)):
        for number in range(count):
            rows.append(
                {
                    "problem_id": f"{split}-{number:02d}",
                    "split": split,
                    "fold": "generator" if split == "train" else None,
                    "subset": "hard" if number % 4 == 0 else "easy",
                    "source": "toy",
                    "subject": None,
                    "level": 1 + number % 2,
                    "problem": f"{HOSTILE} What is {number}?",
                    "expected_answer": "42",
                }
            )
    write_table(pl.DataFrame(rows, schema=PROBLEMS.schema), tmp_path / "problems.parquet", PROBLEMS)
    for split in ("val", "test"):
        ids = [row["problem_id"] for row in rows if row["split"] == split]
        for seed, style in enumerate(STYLES):
            _split(tmp_path, split, ids, style, 5, seed)
    solution = {"solution": HOSTILE, "predicted_answer": "42", "is_correct": True, "origin": "toy"}
    for style in STYLES:
        row = {"solution_id": f"{style}-0", "problem_id": "train-00", "style": style, **solution}
        path = tmp_path / "build_solutions" / style / "solutions.parquet"
        write_table(pl.DataFrame([row], schema=SOLUTIONS.schema), path, SOLUTIONS)
    return tmp_path
