"""Toy candidates for the selectors, and the files of a small run for the stages."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLE_KEY, SAMPLES, SCORES, SOLUTIONS, Table
from mathtune_core.study import CONTROL, FEW_SHOT, Study
from mathtune_core.tables import write_table
from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.outcomes import Outcomes
from mathtune_ranking.rows import Row, rows_of
from mathtune_ranking.selectors import SELECTORS, Selection

SPLIT_SIZES = {"train": 3, "val": 12, "test": 20}
NUM_SAMPLES = 5
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
            answers=pl.Series([[f"a{c}" for c in range(width)]] * len(problems), dtype=pl.List(pl.String)),
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


@pytest.fixture(scope="session")
def study() -> Study:
    """Two styles, one verifier, one seed."""
    return Study(
        base="base",
        fetched=(),
        data="data",
        launcher="python",
        mixes={},
        styles=("terse", "verbose"),
        sequential=(),
        sequential_style="verbose",
        recipes=(),
        verifiers=("xent",),
        shared_verifiers=("xent",),
        own_verifiers=(),
        seeds=(0,),
    )


@pytest.fixture(scope="session")
def full_study(study: Study) -> Study:
    """Two styles, few-shot, the sequential recipe and its control; two shared verifiers and an own one; two seeds."""
    return replace(
        study,
        styles=("original", "rewritten"),
        sequential=("sequential-margin", CONTROL),
        sequential_style="rewritten",
        recipes=(FEW_SHOT, "sequential-margin", CONTROL),
        verifiers=("xent", "margin", "rewritten"),
        shared_verifiers=("xent", "margin"),
        own_verifiers=("rewritten",),
        seeds=(0, 1),
    )


@pytest.fixture(scope="session")
def outcomes_of(toy: Callable[..., Candidates]) -> Callable[..., Outcomes]:
    """A function from a study and each (row, selector)'s p_correct, by seed and problem, to Outcomes at K = 1."""

    def build(study: Study, p_correct: Callable[[Row, str], list[list[float]]]) -> Outcomes:
        selections = {
            row: {
                name: tuple(Selection(np.array(of_seed), np.full(len(of_seed), NO_ANSWER)) for of_seed in by_seed)
                for name in SELECTORS
                for by_seed in (p_correct(row, name),)
            }
            for row in rows_of(study)
        }
        num_problems = len(next(iter(selections.values()))["Maj1"][0].p_correct)
        arrays = toy(*([(0, 0.5, True)] for _ in range(num_problems)))
        return Outcomes(study, {row: (arrays,) * len(study.seeds) for row in selections}, selections, 1)

    return build


def _write(rows: list[dict[str, Any]], path: Path, table: Table) -> None:
    write_table(pl.DataFrame(rows, schema=table.schema), path / f"{table.name}.parquet", table)


def _sampled(folder: Path, ids: list[str], place: Path, key: list[int]) -> list[dict[str, Any]]:
    """Writes samples.parquet and clusters.parquet of one generator, split and seed; returns the clusters."""
    generator = np.random.default_rng(key)
    samples: list[dict[str, Any]] = []
    clusters: list[dict[str, Any]] = []
    for problem_id in ids:
        for decoding, index in [("greedy", 0), *(("sampled", i) for i in range(NUM_SAMPLES))]:
            one = {"problem_id": problem_id, "decoding": decoding, "sample_index": index}
            cluster = int(generator.integers(-1, 3))
            if problem_id == "test-02":
                cluster = 0  # one problem that everybody gets right
            answer = None if cluster < 0 else ["42", "7<b>", "9"][cluster]
            completion = f"{HOSTILE} {answer} of seed {place.name}"
            told = {"completion": completion, "finish_reason": "stop" if answer else "length"}
            samples.append({**one, **told, "num_tokens": 10 + index, "sum_logprob": -1.0, "seed": 0})
            grade = {"predicted_answer": answer, "cluster_id": None if cluster < 0 else cluster + 5}
            clusters.append({**one, **grade, "is_correct": cluster == 0})
    _write(samples, folder / "sample_solutions" / place, SAMPLES)
    _write(clusters, folder / "cluster_answers" / place, CLUSTERS)
    return clusters


def _scored(clusters: list[dict[str, Any]], path: Path, key: list[int]) -> None:
    generator = np.random.default_rng(key)
    scores = []
    for row in clusters:
        score = float(np.round(generator.uniform(0.3 if row["is_correct"] else 0.0, 1.0), 3))
        scores.append({name: row[name] for name in SAMPLE_KEY} | {"verifier_score": score})
    _write(scores, path, SCORES)


def write_run(folder: Path, study: Study) -> Path:
    """The outputs of the stages before `evaluate` for a study: 12 val and 20 test problems, N = 5."""
    problems = [
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
        for split, count in SPLIT_SIZES.items()
        for number in range(count)
    ]
    _write(problems, folder, PROBLEMS)
    for split in ("val", "test"):
        ids = [row["problem_id"] for row in problems if row["split"] == split]
        for position, generator in enumerate(study.generators):
            for seed in study.seeds:
                place, key = Path(split, generator, str(seed)), [position, seed, len(split)]
                clusters = _sampled(folder, ids, place, key)
                for number, verifier in enumerate(study.verifiers_of(generator)):
                    path = folder / "score_solutions" / split / verifier / generator / str(seed)
                    _scored(clusters, path, [*key, number + 1])
    solution = {"solution": HOSTILE, "predicted_answer": "42", "is_correct": True, "origin": "toy"}
    for style in study.styles:
        row = {"solution_id": f"{style}-0", "problem_id": "train-00", "style": style, **solution}
        _write([row], folder / "build_solutions" / style, SOLUTIONS)
    return folder


@pytest.fixture
def small_run(tmp_path: Path, study: Study) -> Path:
    """The run of `study`, to be changed at will."""
    return write_run(tmp_path, study)


@pytest.fixture(scope="session")
def full_run(tmp_path_factory: pytest.TempPathFactory, full_study: Study) -> Path:
    """The run of `full_study`, to be read only."""
    return write_run(tmp_path_factory.mktemp("full"), full_study)
