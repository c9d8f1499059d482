"""Stage build_problems: one source read into the problems table, split, deduplicated and decontaminated."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import write_table
from mathtune_styles.decontaminate import content_hash, overlapping
from mathtune_styles.readers import READERS
from mathtune_styles.readers.figures import has_figure, without_figures
from mathtune_styles.readers.inputs import Input, check_pins
from mathtune_styles.readers.math import read_math500
from mathtune_styles.readers.resplit import resplit
from mathtune_styles.readers.source import Source, SourceProblem
from mathtune_styles.readers.table import OPTIONAL, REQUIRED

MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProblemsParams:
    """Where the problems come from and how many of each split are used.

    The official splits stand. Train is cut in the order of content hashes: validation first, then the verifier's
    problems, then the generator's. So a part that grows takes from the ones after it, and no problem that was held out
    comes to be trained on. With `test_location` the problems there are the test split, and the source's other test
    problems are train problems.
    """

    source: str
    location: str  # a folder, a file, or hub:NAME
    revision: str | None = None  # of a hub dataset
    columns: dict[str, str] = field(default_factory=dict)  # of the source `table`: our field to its column
    test_location: str | None = None  # MATH-500, to test on in place of the source's own test split
    test_revision: str | None = None
    sha256: dict[str, str] = field(default_factory=dict)  # of inputs, by their names in report.json; checked
    generator_problems: int  # train problems for SSFT
    verifier_problems: int  # train problems held out from SSFT
    val_problems: int
    test_problems: dict[str, int]  # `main`, and each group that is reported apart
    decontamination_words: int | None  # drop a train problem that shares so long a run with val or test; null: never

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown source, columns that do not fit it, no main test part, a size below zero."""
        if self.source not in READERS:
            raise ValueError(f"source: unknown source {self.source!r}; known: {', '.join(READERS)}")
        if self.source != "table" and self.columns:
            raise ValueError("columns: only for the source `table`; the other sources have columns of their own")
        for column in REQUIRED if self.source == "table" else ():
            if column not in self.columns:
                raise ValueError(f"columns: needs `{column}`, the column that holds it")
        for column in self.columns:
            if column not in (*REQUIRED, *OPTIONAL):
                raise ValueError(f"columns: {column}: unknown; known: {', '.join((*REQUIRED, *OPTIONAL))}")
        if self.test_revision is not None and self.test_location is None:
            raise ValueError("test_revision: needs test_location, the dataset it is a revision of")
        if MAIN not in self.test_problems:
            raise ValueError(f"test_problems: needs `{MAIN}`, the number of test problems in the result")
        for name in ("generator_problems", "verifier_problems", "val_problems"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: must be 0 or more")
        for group, count in self.test_problems.items():
            if count < 0:
                raise ValueError(f"test_problems: {group}: must be 0 or more")
        if self.decontamination_words is not None and self.decontamination_words < 1:
            raise ValueError("decontamination_words: must be at least 1, or null to drop nothing")


def choose(source: Source, params: BuildProblemsParams) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The rows of the problems table, each with its source solution, and the record of what was dropped."""
    dropped: Counter[str] = Counter()
    by_id: dict[str, SourceProblem] = {}
    # Where a problem stands in both official splits, the train copy goes. Of copies within a split one with a
    # solution stays, and of those the first by text, whatever the order of the rows.
    for problem in sorted(source.problems, key=_order):
        problem_id = content_hash(problem.problem)
        if problem_id in by_id:
            dropped[f"duplicate in {problem.split} of a problem in {by_id[problem_id].split}"] += 1
            continue
        by_id[problem_id] = problem
    ids = sorted(by_id)  # content hashes: an order that depends on nothing else
    test = [i for i in ids if by_id[i].split == "test"]
    train = [i for i in ids if by_id[i].split == "train"]
    chosen: dict[str, tuple[str, str | None, str]] = {}
    mains = [i for i in test if by_id[i].group is None or not source.group_is_apart]
    _take(mains, params.test_problems[MAIN], "test_problems.main", chosen, ("test", None, MAIN))
    for group, count in params.test_problems.items():
        if group != MAIN:
            pool = [i for i in test if by_id[i].group == group and i not in chosen]
            _take(pool, count, f"test_problems.{group}", chosen, ("test", None, group))
    _take(train, params.val_problems, "val_problems", chosen, ("val", None, MAIN))
    train = train[params.val_problems :]
    if params.decontamination_words is not None:
        kept = [by_id[i].problem for i in ids if by_id[i].split == "test" or i in chosen]
        # The code of a drawing is mostly what every drawing has.
        texts = [without_figures(by_id[i].problem) for i in train]
        leaks = overlapping(texts, map(without_figures, kept), params.decontamination_words)
        dropped["shares words with val or test"] += sum(leaks)
        train = [i for i, leak in zip(train, leaks, strict=True) if not leak]
    _take(train, params.verifier_problems, "verifier_problems", chosen, ("train", "verifier", MAIN))
    train = train[params.verifier_problems :]
    _take(train, params.generator_problems, "generator_problems", chosen, ("train", "generator", MAIN))
    rows: list[dict[str, object]] = [
        {
            "problem_id": i,
            "split": split,
            "fold": fold,
            "subset": subset,
            "source": params.source,
            "subject": by_id[i].subject,
            "level": by_id[i].level,
            "problem": by_id[i].problem,
            "expected_answer": by_id[i].answer,
            "solution": without_figures(by_id[i].solution or "") or None,
        }
        for i, (split, fold, subset) in sorted(chosen.items())
    ]
    report: dict[str, object] = {
        "files": [asdict(file) for file in source.files],
        "skipped": dict(source.skipped),
        "read": dict(Counter(p.split for p in source.problems)),
        "dropped": dict(dropped),
        "used": dict(Counter(" ".join(filter(None, part)) for part in chosen.values())),
        "figures": {
            "kept in problems": sum(has_figure(by_id[i].problem) for i in chosen),
            "removed from solutions": sum(has_figure(by_id[i].solution or "") for i in chosen),
        },
        "without a solution": sum(by_id[i].solution is None for i in chosen),
    }
    return rows, report


def _order(problem: SourceProblem) -> tuple[bool, bool, str, str, str]:
    """Test first, then what has a solution, then by text."""
    solution = problem.solution
    return problem.split != "test", solution is None, problem.problem, solution or "", problem.answer


def read_source(params: BuildProblemsParams) -> tuple[Source, dict[str, int] | None]:
    """The source with the test split that is asked for, and the counts of the new split where it has one.

    Raises MathtuneError for what cannot be read, and for an input whose sha256 is not the one pinned.
    """
    setting = "build_problems.location"
    source = READERS[params.source](Input(params.location, params.revision, setting, params.columns))
    counts = None
    if params.test_location is not None:
        test = read_math500(Input(params.test_location, params.test_revision, "build_problems.test_location"))
        source, counts = resplit(source, test)
    check_pins(source.files, params.sha256, "build_problems.sha256")
    return source, counts


def _take(
    pool: list[str],
    count: int,
    field: str,
    chosen: dict[str, tuple[str, str | None, str]],
    part: tuple[str, str | None, str],
) -> None:
    if count > len(pool):
        raise MathtuneError(f"params.yaml: build_problems.{field}: {count} wanted, the source has {len(pool)}")
    chosen.update(dict.fromkeys(pool[:count], part))


def run(params: BuildProblemsParams, *, out: Path) -> None:
    """Writes problems.parquet, source_solutions.parquet (each problem's own solution) and report.json."""
    source, resplit_counts = read_source(params)
    rows, report = choose(source, params)
    if resplit_counts is not None:
        report["resplit"] = resplit_counts
    frame = pl.DataFrame(rows, schema={**PROBLEMS.schema, "solution": pl.String})
    write_table(frame.drop("solution"), out / "problems.parquet", PROBLEMS)
    solutions = frame.filter(pl.col("split") != "test", pl.col("solution").is_not_null()).select(
        pl.format("{}/source", "problem_id").alias("solution_id"),
        "problem_id",
        pl.lit("source").alias("style"),
        "solution",
        pl.col("expected_answer").alias("predicted_answer"),
        pl.lit(True).alias("is_correct"),
        pl.col("source").alias("origin"),
    )
    write_table(solutions, out / "source_solutions.parquet", SOLUTIONS)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
