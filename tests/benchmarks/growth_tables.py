"""The tables of a run as large as one likes, written in batches, so that making them needs no memory either.

    python growth_tables.py FOLDER PROBLEMS

Writes problems.parquet and, for so many test problems and a hundred of val, samples.parquet of 64 samples and a greedy
one each, and scores.parquet. A completion is some 300 characters, no two alike: four computations, then the answer in a
box. A problem has its own share of right samples, the rest falls on up to 40 wrong answers, the first ones by far the
most often; one sample in twenty is cut off before its box. Right samples score higher, with much overlap.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

from mathtune_core.batches import write_batches
from mathtune_core.schemas import PROBLEMS, SAMPLES, SCORES, Table

SAMPLES_A_PROBLEM = 64
VAL_PROBLEMS = 100
PROBLEMS_AT_ONCE = 1_000
KINDS = (  # what stands before and after an answer's number
    ("", ""),
    (r"\frac{", "}{7}"),
    ("", r"\pi"),
    ("", r"\sqrt{3}"),
    ("(", ", 2)"),
    ("", r"\%"),
    ("", ".5"),
    ("", r" \text{ cm}"),
)
STEPS = (
    "First we add the two given lengths, which gives ${} + {} = {}$ in all. "
    "Each of the parts counts ${}$ times, so together they make ${} \\cdot {} = {}$ of the whole figure. "
    "Taking away what was counted twice leaves ${} - {} = {}$, and half of it lies on either side, "
    "which the second condition confirms. "
)


def problem_ids(split: str, numbers: np.ndarray) -> pl.Series:
    """Ids of 16 characters, in the order of their numbers."""
    return pl.Series([f"{split:>04.4}{number:012d}" for number in numbers])


def problems(split: str, numbers: np.ndarray) -> pl.DataFrame:
    """Problems of a split, by number."""
    number = pl.Series("number", numbers)
    return pl.select(
        problem_id=problem_ids(split, numbers),
        split=pl.lit(split),
        fold=pl.lit(None, dtype=pl.String),
        subset=pl.lit("main"),
        source=pl.lit("growth"),
        subject=pl.Series(["algebra", "geometry", "counting"])[(number % 3).to_list()],
        level=(number % 5 + 1).cast(pl.Int32),
        problem=pl.Series([f"What is the value of figure {n} when its first side is {n % 97}?" for n in numbers]),
        expected_answer=_answers(number, pl.Series("answer", np.zeros(len(numbers), dtype=np.int64))),
    )


def _answers(number: pl.Series, answer: pl.Series) -> pl.Series:
    """The text of a problem's `answer`-th answer, 0 the right one; of some 10,000 texts in all."""
    value, kind = number * 37 % 1_201 + answer * 3 + 2, number % len(KINDS)
    before, after = (pl.Series(side).gather(kind) for side in zip(*KINDS, strict=True))
    return before + value.cast(pl.String) + after


def samples(split: str, numbers: np.ndarray, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The samples of some problems, the greedy one first, and their scores."""
    generator = np.random.default_rng([seed, len(split), int(numbers[0])])
    width = SAMPLES_A_PROBLEM + 1
    shape = (len(numbers), width)
    num_wrong = generator.integers(2, 41, (shape[0], 1))
    wrong = 1 + np.floor(num_wrong * generator.random(shape) ** 3).astype(np.int64)
    answer = np.where(generator.random(shape) < generator.beta(0.7, 0.9, (shape[0], 1)), 0, wrong)
    cut = generator.random(shape) < 0.05
    logit = generator.normal(size=shape) + 1.2 * ((answer == 0) & ~cut) + 0.7 * generator.normal(size=(shape[0], 1))
    a, b, c, d = (pl.Series(part.ravel()) for part in generator.integers(100, 10_000, (4, *shape)))
    frame = pl.select(
        problem_id=problem_ids(split, numbers).gather(np.repeat(np.arange(shape[0]), width)),
        decoding=pl.Series((np.arange(width) == 0).tolist() * shape[0]),
        sample_index=pl.Series(np.tile(np.maximum(np.arange(width) - 1, 0), shape[0]).astype(np.int32)),
        cut=pl.Series(cut.ravel()),
        steps=pl.format(STEPS, a, b, a + b, c, a + b, c, (a + b) * c, (a + b) * c, d, (a + b) * c - d),
        answer=_answers(pl.Series(np.repeat(numbers, width)), pl.Series(answer.ravel())),
    ).with_columns(decoding=pl.when("decoding").then(pl.lit("greedy")).otherwise(pl.lit("sampled")))
    stated = pl.concat_str("steps", pl.lit("The answer is $\\boxed{"), "answer", pl.lit("}$."))
    sampled = frame.select(
        *("problem_id", "decoding", "sample_index"),
        completion=pl.when("cut").then("steps").otherwise(stated),
        finish_reason=pl.when("cut").then(pl.lit("length")).otherwise(pl.lit("stop")),
        num_tokens=pl.Series(generator.integers(90, 140, cut.size, dtype=np.int32)),
        sum_logprob=pl.Series(-generator.gamma(4.0, 3.0, cut.size)),
        seed=pl.lit(seed, dtype=pl.Int64),
    )
    scored = frame.select(
        *("problem_id", "decoding", "sample_index"),
        verifier_score=pl.Series((1.0 / (1.0 + np.exp(-logit))).astype(np.float32).astype(np.float64).ravel()),
    )
    return sampled, scored


def write(folder: Path, num_problems: int) -> None:
    """See the module's docstring; in the places of a study with one generator, one verifier and one seed."""
    sizes = {"val": VAL_PROBLEMS, "test": num_problems}
    parts = [
        (split, np.arange(start, min(start + PROBLEMS_AT_ONCE, size)))
        for split, size in sizes.items()
        for start in range(0, size, PROBLEMS_AT_ONCE)
    ]
    with write_batches(_path(folder, "build_problems", PROBLEMS), PROBLEMS) as add:
        for split, numbers in parts:
            add(problems(split, numbers))
    for split in sizes:
        sampled_at = _path(folder / "sample_solutions" / split / "style", "0", SAMPLES)
        scored_at = _path(folder / "score_solutions" / split / "xent" / "style", "0", SCORES)
        with write_batches(sampled_at, SAMPLES) as add_samples, write_batches(scored_at, SCORES) as add_scores:
            for _, numbers in (part for part in parts if part[0] == split):
                sampled, scored = samples(split, numbers, 0)
                add_samples(sampled)
                add_scores(scored)


def _path(folder: Path, name: str, table: Table) -> Path:
    return folder / name / f"{table.name}.parquet"


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
