"""The tables that stages hand one another: long format, keyed, never positional."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns, the columns that identify a row, and the columns that may be null."""

    name: str
    schema: pl.Schema
    key: tuple[str, ...]
    nullable: frozenset[str] = frozenset()

    def only(self, columns: Collection[str]) -> "Table":
        """The table of the key and these columns alone."""
        kept = {name: dtype for name, dtype in self.schema.items() if name in self.key or name in columns}
        return Table(self.name, pl.Schema(kept), self.key, self.nullable)


SAMPLE_KEY = ("problem_id", "decoding", "sample_index")
SPLITS = ("train", "val", "test")
FOLDS = ("generator", "verifier")
DECODINGS = ("greedy", "sampled")

_SAMPLE_KEY_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "problem_id": pl.String,
    "decoding": pl.String,  # greedy (one a problem) or sampled
    "sample_index": pl.Int32,  # 0 … N − 1 within a decoding
}

PROBLEMS = Table(
    "problems",
    pl.Schema(
        {
            "problem_id": pl.String,  # hash of the problem's words, whatever their case and spacing
            "split": pl.String,  # train, val, test
            "fold": pl.String,  # within train: generator (for SSFT) or verifier (held out from SSFT)
            "subset": pl.String,  # what is reported apart: seen/held-out templates, easy/harder problems
            "source": pl.String,
            "subject": pl.String,
            "level": pl.Int32,  # 1 (easiest) to 5
            "problem": pl.String,
            "expected_answer": pl.String,
        }
    ),
    key=("problem_id",),
    nullable=frozenset({"fold", "subject", "level"}),
)

SOLUTIONS = Table(
    "solutions",
    pl.Schema(
        {
            "solution_id": pl.String,
            "problem_id": pl.String,
            "style": pl.String,
            "solution": pl.String,
            "predicted_answer": pl.String,
            "is_correct": pl.Boolean,
            "origin": pl.String,  # dataset, or model + prompt that wrote it
        }
    ),
    key=("solution_id",),
    nullable=frozenset({"predicted_answer", "is_correct"}),
)

SAMPLES = Table(
    "samples",
    pl.Schema(
        {
            **_SAMPLE_KEY_COLUMNS,
            "completion": pl.String,
            "finish_reason": pl.String,  # stop (the model ended it) or length (cut at max_tokens)
            "num_tokens": pl.Int32,  # generated, the end token included
            "sum_logprob": pl.Float64,  # natural log, under the model's own distribution (temperature 1)
            "seed": pl.Int64,
        }
    ),
    key=SAMPLE_KEY,
)

CLUSTERS = Table(
    "clusters",
    pl.Schema(
        {
            **_SAMPLE_KEY_COLUMNS,
            "predicted_answer": pl.String,
            "cluster_id": pl.Int32,  # within a problem; null exactly when there is no answer
            "is_correct": pl.Boolean,  # no answer is wrong
        }
    ),
    key=SAMPLE_KEY,
    nullable=frozenset({"predicted_answer", "cluster_id"}),
)

VERIFIER_EXAMPLES = Table(
    "verifier_examples",
    pl.Schema(
        {
            **_SAMPLE_KEY_COLUMNS,
            "style": pl.String,  # whose generator wrote the completion
            "problem": pl.String,
            "completion": pl.String,
            "is_correct": pl.Boolean,
            "balanced": pl.Boolean,  # kept by the balancing policy; losses that compare read the others as well
        }
    ),
    key=("style", *SAMPLE_KEY),
)

SCORES = Table(
    "scores",
    pl.Schema({**_SAMPLE_KEY_COLUMNS, "verifier_score": pl.Float64}),  # S(X|P), in 0 … 1
    key=SAMPLE_KEY,
)

PREDICTIONS = Table(
    "predictions",
    pl.Schema(
        {
            "problem_id": pl.String,
            "generator": pl.String,  # a style, or the name of a recipe
            "verifier": pl.String,  # whose scores the selector read; null where it reads none
            "seed": pl.Int64,
            "selector": pl.String,
            "n": pl.Int32,  # samples the selector saw
            "k": pl.Int32,  # clusters it was restricted to; null where it has none
            "predicted_answer": pl.String,  # of the winner; the first of equals by answer text where several tie
            "p_correct": pl.Float64,  # 0 or 1, or between where a tie is broken at random
        }
    ),
    key=("problem_id", "generator", "verifier", "seed", "selector", "n"),
    nullable=frozenset({"verifier", "k", "predicted_answer"}),
)
