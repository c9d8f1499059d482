"""The reference answers of another tool's samples: from a problems file, joined by id or by text, or from the rows."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mathtune_answers import canonical_key, extract_answer
from mathtune_core.errors import MathtuneError
from mathtune_ranking.external_columns import MISSING, Layout, Row, columns_of, find_columns, reach
from mathtune_ranking.external_rows import ExternalRow, label, optional

OF_PROBLEMS = ("problem_id", "problem", "answer", "subject", "level")
LONGEST_ANSWER = 300  # characters of a reference that is an answer and no solution


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known of a problem apart from its completions."""

    problem: str | None
    expected_answer: str
    subject: str | None
    level: str | None


@dataclass(frozen=True, slots=True)
class References:
    """A problems file, by id and by text; either may be empty."""

    place: str  # of its first row
    by_id: Mapping[str, Reference]
    by_text: Mapping[str, Reference]

    def __len__(self) -> int:
        return max(len(self.by_id), len(self.by_text))


def text_id(problem: str) -> str:
    """The id of a problem that has none: a hash of its text, whatever the spacing."""
    return hashlib.sha256(" ".join(problem.split()).encode()).hexdigest()[:16]


def reference_answer(reference: str, where: str, column: str) -> str:
    """The answer of a reference, which is an answer or a solution that states one.

    Raises MathtuneError for one that is neither.
    """
    found = extract_answer(reference)
    if found is None and len(reference) <= LONGEST_ANSWER:
        found = reference
    if found is None or not canonical_key(found):
        reason = "a solution that states no answer" if found is None else "says nothing"
        raise MathtuneError(f"{where}: {column}: {reason}; name the column of the answer with --answer")
    return found


def shared_out(given: Mapping[str, str], samples: Row, problems: Row) -> tuple[dict[str, str], dict[str, str]]:
    """The named columns that the samples have, and those that the problems file has; each must be in one of them."""
    of_samples, of_problems = dict(given), {}
    for field in OF_PROBLEMS:
        if field not in given:
            continue
        if reach(problems[1], given[field]) is not MISSING:
            of_problems[field] = given[field]
        if reach(samples[1], given[field]) is MISSING:
            del of_samples[field]
        if field not in of_problems and field not in of_samples:
            flag = f"--{field.replace('_', '-')} {given[field]}"
            there = columns_of(samples[1], problems[1])
            raise MathtuneError(f"{samples[0]}: {flag}: no such column, nor in {problems[0]}; {there}")
    return of_samples, of_problems


def read_references(first: Row, rows: Iterator[Row], given: Mapping[str, str]) -> References:
    """The rows of a problems file. Raises MathtuneError for a problem that is there twice, or has no reference."""
    layout = Layout(find_columns(first, OF_PROBLEMS, given), lists=False)
    if "answer" not in layout.columns:
        raise MathtuneError(f"{first[0]}: no reference answer; name its column with --answer; {columns_of(first[1])}")
    if not {"problem_id", "problem"} & set(layout.columns):
        advice = "name its column with --problem-id or --problem"
        raise MathtuneError(f"{first[0]}: neither id nor text of the problem; {advice}; {columns_of(first[1])}")
    by_id, by_text = dict[str, Reference](), dict[str, Reference]()
    for row in rows:
        found = {name: optional(row, layout, name, label) for name in layout.columns}
        for name in ("problem_id", "problem", "answer"):
            if name in found and found[name] is None:
                raise MathtuneError(f"{row[0]}: {layout.columns[name]}: missing; every problem needs it")
        answer = reference_answer(found["answer"] or "", row[0], layout.columns["answer"])
        reference = Reference(found.get("problem"), answer, found.get("subject"), found.get("level"))
        if problem_id := found.get("problem_id"):
            if problem_id in by_id:
                raise MathtuneError(f"{row[0]}: {layout.columns['problem_id']}: {problem_id!r} is there twice")
            by_id[problem_id] = reference
        if reference.problem is not None:
            earlier = by_text.setdefault(text_id(reference.problem), reference)
            if earlier.expected_answer != answer and not by_id:
                raise MathtuneError(f"{row[0]}: {layout.columns['problem']}: is there twice, with different answers")
    return References(first[0], by_id, by_text)


def reference_of(key: str, row: ExternalRow, references: References, by_id: bool) -> Reference:
    """The reference of a row's problem. Raises MathtuneError where the problems file has none."""
    found = references.by_id.get(key) if by_id else references.by_text.get(text_id(row.problem or ""))
    if found is None:
        what = f"problem id {key!r}" if by_id else "this problem's text"
        place = references.place.rpartition(":")[0]
        advice = "the columns compared are those of --problem-id or else --problem"
        raise MathtuneError(f"{row.where}: {what} is not in {place}; {advice}")
    return found
