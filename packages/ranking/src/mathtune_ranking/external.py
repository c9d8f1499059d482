"""Samples that other people's tools made, as our tables: completions grouped by problem, N of each, with references.

Rows come with their place, as (file:line, fields), so that every refusal names it. Files given together hold samples of
the same problems, in their order. docs/external.md says what is read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import SAMPLES, SCORES
from mathtune_ranking.external_columns import Layout, Row, find_layout
from mathtune_ranking.external_problems import ExternalProblem, ExternalProblems
from mathtune_ranking.external_references import (
    Reference,
    References,
    read_references,
    reference_answer,
    reference_of,
    shared_out,
)
from mathtune_ranking.external_rows import ExternalRow
from mathtune_ranking.score_transforms import TRANSFORMS

File = tuple[Path, Iterable[Row]]

TINY = 1e-6  # sums of scores are compared to nine decimals
PROBLEM_COLUMNS = ("problem_id", "problem", "expected_answer", "subject", "level")
SAMPLE_COLUMNS = {
    **{name: SAMPLES.schema[name] for name in ("problem_id", "decoding", "sample_index", "completion")},
    "grade": pl.Boolean(),
    "finish_reason": SAMPLES.schema["finish_reason"],
    "num_tokens": SAMPLES.schema["num_tokens"],
}


@dataclass(frozen=True, slots=True, eq=False)
class ExternalSamples:
    """P problems with N samples each, and what was done to get there."""

    problems: pl.DataFrame  # problem_id, problem, expected_answer, subject, level: nulls where unknown
    samples: pl.DataFrame  # SAMPLE_KEY, completion, grade, finish_reason, num_tokens: the last three null where unknown
    scores: pl.DataFrame | None  # SCORES, with 0 for a greedy completion; None where there are none
    num_samples: int  # N
    has_greedy: bool
    columns: Mapping[str, str]  # of the first file, by field
    notes: tuple[str, ...]  # what a reader of the numbers must know


def read_external(
    files: Sequence[File],
    given: Mapping[str, str],
    *,
    problems: File | None = None,
    greedy: File | None = None,
    transform: str = "none",
    n: int | None = None,
) -> ExternalSamples:
    """The samples of the files; `given` names columns, `transform` is one of TRANSFORMS.

    N is `n`, or the fewest samples that a problem has; each problem's first N are taken. References come from the
    `problems` file, joined by id or else by text, or from the rows themselves. `greedy` holds one completion a problem.
    Raises MathtuneError naming file, line and column.
    """
    readers = [_peeked(*file) for file in files]
    references: References | None = None
    if problems is not None:
        first, rows = _peeked(*problems)
        given, of_problems = shared_out(given, readers[0][0], first)
        references = read_references(first, rows, of_problems)
    found = ExternalProblems()
    for first, rows in readers:
        layout = find_layout(first, given)
        if references is not None:  # an `answer` in the samples may then be the model's
            layout = Layout({name: c for name, c in layout.columns.items() if name != "answer"}, layout.lists)
        found.add_file(first, rows, layout, TRANSFORMS[transform])
    found.require_samples()
    if greedy is not None:
        named = {name: given[name] for name in ("problem_id", "problem") if name in given}
        completion = given.get("completion") or given.get("completions")
        found.add_greedy_file(*_peeked(*greedy), named | ({"completion": completion} if completion else {}))
    count = _common_count(found, n)
    return _tables(found, _references_of(found, references), _greedy_of(found), count)


def _peeked(path: Path, rows: Iterable[Row]) -> tuple[Row, Iterator[Row]]:
    """The first row, and all of them. Raises MathtuneError where there is none."""
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        raise MathtuneError(f"{path}: is empty; it must hold at least one row")
    return first, chain([first], iterator)


def _common_count(found: ExternalProblems, n: int | None) -> int:
    """N; notes what it leaves out."""
    counts = [problem.num_completions for problem in found.problems.values()]
    fewest = min(found.problems.values(), key=lambda problem: problem.num_completions)
    place = fewest.first.where
    if n is not None and min(counts) < n:
        raise MathtuneError(f"{place}: {fewest.name} has {min(counts)} completions, and --n asks for {n}")
    count = n or min(counts)
    longer = [number for number in counts if number > count]
    if longer:
        why = f"--n {n}: " if n else f"N = {count}, the fewest that a problem has ({place}): "
        left = f"{sum(longer) - count * len(longer):,} later completions of {len(longer):,} problems are left out"
        found.notes.append(why + left)
    return count


def _references_of(found: ExternalProblems, references: References | None) -> dict[str, Reference]:
    """The reference of each problem, from the problems file or else from its own rows."""
    if references is None:
        return {key: _own_reference(problem, found.columns) for key, problem in found.problems.items()}
    by_id = "problem_id" in found.columns and not references.by_id.keys().isdisjoint(found.problems)
    known = {key: reference_of(key, p.first, references, by_id) for key, p in found.problems.items()}
    unused = len(references) - len(known)
    if unused > 0:
        found.notes.append(f"{unused:,} of {len(references):,} problems have no completions and are left out")
    return known


def _own_reference(problem: ExternalProblem, columns: Mapping[str, str]) -> Reference:
    first = problem.first
    stated = next((row for row in (first, *problem.rows) if row.answer is not None), None)
    if stated is None or stated.answer is None:
        advice = "name its column with --answer, or give a file of problems with --problems"
        raise MathtuneError(f"{first.where}: no reference answer; {advice}")
    answer = reference_answer(stated.answer, stated.where, columns["answer"])
    return Reference(first.problem, answer, first.subject, first.level)


def _greedy_of(found: ExternalProblems) -> dict[str, str]:
    """The greedy completion of every problem, or of none."""
    greedy = {}
    for key, problem in found.problems.items():
        texts = problem.greedy or [row.greedy for row in problem.rows[:1] if row.greedy is not None]
        if len(texts) > 1:
            raise MathtuneError(f"{problem.first.where}: {problem.name} has {len(texts)} greedy completions")
        greedy.update(dict.fromkeys([key], texts[0]) if texts else {})
    lacking = next((problem for key, problem in found.problems.items() if key not in greedy), None)
    if greedy and lacking is not None:
        raise MathtuneError(f"{lacking.first.where}: {lacking.name} has no greedy completion, and others have")
    return greedy


def _tables(
    found: ExternalProblems, known: Mapping[str, Reference], greedy: Mapping[str, str], count: int
) -> ExternalSamples:
    columns: dict[str, list[Any]] = {name: [] for name in (*SAMPLE_COLUMNS, "verifier_score")}
    for key, problem in found.problems.items():
        drawn = [entry for row in problem.rows for entry in _drawn(row)][:count]
        entries = [(key, "sampled", index, *entry) for index, entry in enumerate(drawn)]
        if greedy:
            entries.append((key, "greedy", 0, greedy[key], None, None, None, 0.0))
        for name, values in zip(columns, zip(*entries, strict=True), strict=True):
            columns[name] += values
    scored = "scores" in found.columns
    scores = pl.DataFrame({name: columns[name] for name in SCORES.schema}, schema=SCORES.schema) if scored else None
    rows = [(key, r.problem, r.expected_answer, r.subject, r.level) for key, r in known.items()]
    return ExternalSamples(
        problems=pl.DataFrame(rows, schema=dict.fromkeys(PROBLEM_COLUMNS, pl.String), orient="row").sort("problem_id"),
        samples=pl.DataFrame({name: columns[name] for name in SAMPLE_COLUMNS}, schema=SAMPLE_COLUMNS),
        scores=scores,
        num_samples=count,
        has_greedy=bool(greedy),
        columns=found.columns,
        notes=(*found.notes, *(_notes_on(scores) if scores is not None else ())),
    )


def _drawn(row: ExternalRow) -> Iterator[tuple[str, bool | None, str | None, int | None, float]]:
    """A row's completions with what is known of each: grade, finish_reason, number of tokens, score."""
    unknown = (None,) * len(row.completions)
    known = (row.grades or unknown, row.finish_reasons or unknown, row.num_tokens or unknown)
    return zip(row.completions, *known, row.scores or (0.0,) * len(row.completions), strict=True)


def _notes_on(scores: pl.DataFrame) -> tuple[str, ...]:
    values = scores.filter(pl.col("decoding") == "sampled")["verifier_score"]
    if values.is_in([0.0, 1.0]).all():
        return ("all scores are 0 or 1; if they are grades, name their column with --grades and not with --scores",)
    if (values < TINY).sum() > len(values) / 2:
        return ("most scores are below a millionth, where W.RR cannot tell them apart; take means over tokens",)
    return ()
