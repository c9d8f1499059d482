"""Lengths measured in the tables of an earlier run."""

from dataclasses import replace
from pathlib import Path

import polars as pl
from tokenizers import Tokenizer

from mathtune_cli.plan.lengths import EXPLICIT, GENERATOR_FRAME, Lengths
from mathtune_core.prompts import COMPLETION, GENERATOR_PROMPT
from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLE_KEY, SAMPLES, SOLUTIONS
from mathtune_core.study import FEW_SHOT, Study
from mathtune_core.tables import read_table

TEXTS = 400  # of a table whose tokens are counted: the mean is within a few percent


def measured(lengths: Lengths, study: Study, source: str, artifacts: Path) -> Lengths:
    """`lengths` with all that `artifacts` knows better: of the same source, in the tokens of the same base.

    Tables of another source of problems are left alone. Raises MathtuneError for a table that is not as its schema.
    """
    problems_file, tokenizer_file = artifacts / "build_problems/problems.parquet", Path(study.base, "tokenizer.json")
    if not problems_file.is_file() or not tokenizer_file.is_file():
        return lengths
    problems = read_table(problems_file, PROBLEMS)
    if problems["source"][0] != source:
        return lengths
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    prompts = [GENERATOR_PROMPT.format(problem=text.strip()) for text in _some(problems["problem"])]
    found = replace(lengths, problem=_mean_tokens(tokenizer, prompts) - GENERATOR_FRAME, notes=())
    train = problems.filter(pl.col("fold") == "generator").select("problem_id")
    solutions, counts = dict(lengths.solutions), {}
    for style in study.styles:
        path = artifacts / "build_solutions" / style / "solutions.parquet"
        if path.is_file():
            table = read_table(path, SOLUTIONS)
            texts = [COMPLETION.format(solution=text.strip()) for text in _some(table["solution"])]
            solutions[style] = _mean_tokens(tokenizer, texts) + 1
            counts[style] = table.join(train, on="problem_id", how="semi").height
    found = replace(found, solutions=solutions, counts=counts)
    samples, distinct, right = _of_samples(study, artifacts)
    if FEW_SHOT in samples and EXPLICIT not in counts:
        found = replace(found, solutions={**found.solutions, EXPLICIT: samples[FEW_SHOT]})
    tables = ["problems", *(["solutions"] if counts else []), *(["samples"] if samples else [])]
    return replace(
        found,
        samples=samples,
        distinct=distinct or found.distinct,
        right=right or found.right,
        notes=(f"Lengths: measured, in {', '.join(tables)} of {artifacts}; the others assumed for {source}.",),
    )


def _of_samples(study: Study, artifacts: Path) -> tuple[dict[str, float], float | None, float | None]:
    """Tokens a sample of each generator, the share of distinct samples, and of distinct ones that are right."""
    lengths: dict[str, float] = {}
    drawn = distinct = graded = right = 0
    for generator in study.generators:
        for split in ("test", "val", "train"):
            place = Path(split, generator, str(study.seeds[0]))
            path = artifacts / "sample_solutions" / place / "samples.parquet"
            if not path.is_file():
                continue
            table = read_table(path, SAMPLES)
            lengths.setdefault(generator, float(table["num_tokens"].mean() or 1))  # type: ignore[arg-type]
            different = table.unique(["problem_id", "completion"])
            drawn, distinct = drawn + table.height, distinct + different.height
            clusters = artifacts / "cluster_answers" / place / "clusters.parquet"
            if clusters.is_file() and split == "train":
                grades = read_table(clusters, CLUSTERS).select(*SAMPLE_KEY, "is_correct")
                graded += table.height
                right += different.join(grades, on=SAMPLE_KEY).filter("is_correct").height
    return lengths, distinct / drawn if drawn else None, right / graded if right else None


def _some(texts: pl.Series) -> list[str]:
    return texts.sort().gather_every(max(1, len(texts) // TEXTS)).to_list()


def _mean_tokens(tokenizer: Tokenizer, texts: list[str]) -> float:
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    return sum(len(row.ids) for row in encoded) / len(encoded)
