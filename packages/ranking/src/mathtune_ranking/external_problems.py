"""The rows of other people's files, grouped by problem while they are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mathtune_core.errors import MathtuneError
from mathtune_ranking.external_columns import MISSING, Layout, Row, columns_of, find_layout, printable
from mathtune_ranking.external_references import text_id
from mathtune_ranking.external_rows import ExternalRow, read_row
from mathtune_ranking.score_transforms import Transform, as_it_is


@dataclass(slots=True)
class ExternalProblem:
    """One problem's rows, in the order of files and samples."""

    first: ExternalRow  # that named the problem
    rows: list[ExternalRow] = field(default_factory=list)  # of sampled completions
    greedy: list[str] = field(default_factory=list)

    @property
    def num_completions(self) -> int:
        """Sampled ones."""
        return sum(len(row.completions) for row in self.rows)

    @property
    def name(self) -> str:
        """The problem, for a message that begins with the place of its row."""
        return who(self.first)


@dataclass(slots=True)
class ExternalProblems:
    """All problems by id, or by a hash of their text where there are no ids."""

    problems: dict[str, ExternalProblem] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)  # of the first file, by field
    notes: list[str] = field(default_factory=list)

    def add_file(self, first: Row, rows: Iterable[Row], layout: Layout, transform: Transform) -> None:
        """Adds the samples of a file that begins with `first`.

        Raises MathtuneError for what `read_row` refuses, a row without its problem, one sample twice, or one problem's
        id for two problems.
        """
        _require_key(layout, self.columns, first)
        self.columns = self.columns or layout.columns
        # lm-evaluation-harness logs the samples of a problem once for each filter of its task.
        kept = layout.value(first[1], "filter") if layout.columns["completions"] == "resps" else MISSING
        added: dict[str, dict[int, ExternalRow]] = {}  # by problem and sample_index, or the row's position
        for position, row in enumerate(rows):
            if kept is not MISSING and layout.value(row[1], "filter") != kept:
                continue
            read = read_row(row, layout, transform)
            key = _key(read, layout)
            problem = self.problems.setdefault(key, ExternalProblem(read))
            _require_alike(problem.first, read, layout)
            if read.is_greedy:
                problem.greedy += read.completions
                continue
            of_problem = added.setdefault(key, {})
            if layout.lists and of_problem:
                earlier, advice = next(iter(of_problem.values())), "one completion a row is --completion"
                raise MathtuneError(f"{read.where}: {who(read)} has a list in {earlier.where} already; {advice}")
            index = position if read.sample_index is None else read.sample_index
            if index in of_problem:
                column, earlier = layout.columns["sample_index"], of_problem[index]
                raise MathtuneError(f"{read.where}: {column}: {index} of {who(read)} is in {earlier.where} already")
            of_problem[index] = read
        for key, by_index in added.items():
            self.problems[key].rows += [by_index[index] for index in sorted(by_index)]
        if kept is not MISSING:
            note = f"the rows of the filter {printable(kept)} are taken; those of other filters hold the same samples"
            self.notes += [] if note in self.notes else [note]

    def add_greedy_file(self, first: Row, rows: Iterable[Row], given: Mapping[str, str]) -> None:
        """Adds one completion of each problem, from a file that may hold further problems."""
        found = find_layout(first, given)
        layout = Layout({name: column for name, column in found.columns.items() if name in _OF_GREEDY}, found.lists)
        _require_key(layout, {name: column for name, column in self.columns.items() if name in _OF_GREEDY}, first)
        for row in rows:
            read = read_row(row, layout, as_it_is)
            problem = self.problems.get(_key(read, layout))
            if problem is not None:
                _require_alike(problem.first, read, layout)
                problem.greedy += read.completions

    def require_samples(self) -> None:
        """Raises MathtuneError where a problem has none, or where ids tell completions apart and not problems."""
        for problem in self.problems.values():
            if not problem.rows:
                raise MathtuneError(f"{problem.first.where}: {problem.name} has no sampled completion")
        texts = [problem.first.problem for problem in self.problems.values()]
        single = all(problem.num_completions == 1 for problem in self.problems.values())
        if single and "problem_id" in self.columns and None not in texts and len(set(texts)) < len(texts):
            place = next(iter(self.problems.values())).first.where
            advice = f"if it numbers completions, group them by the text: --problem-id {self.columns['problem']}"
            reason = "every row has another one, though problems repeat"
            raise MathtuneError(f"{place}: {self.columns['problem_id']}: {reason}; {advice}")


_OF_GREEDY = ("completions", "problem_id", "problem")


def who(read: ExternalRow) -> str:
    """A row's problem, for a message."""
    return "this problem" if read.problem_id is None else f"problem id {printable(repr(read.problem_id))}"


def _require_key(layout: Layout, of_first_file: Mapping[str, str], row: Row) -> None:
    where, fields = row
    if not {"problem_id", "problem"} & set(layout.columns):
        advice = "name its column with --problem-id or --problem"
        raise MathtuneError(f"{where}: neither id nor text of the problem; {advice}; {columns_of(fields)}")
    for name in ("problem_id", "scores"):
        if of_first_file and (name in layout.columns) != (name in of_first_file):
            one, other = ("no", "one") if name in of_first_file else ("a", "none")
            raise MathtuneError(f"{where}: {one} column of {name.replace('_', ' ')}, and the first file has {other}")


def _key(read: ExternalRow, layout: Layout) -> str:
    column = "problem_id" if "problem_id" in layout.columns else "problem"
    found = read.problem_id if column == "problem_id" else (read.problem or "").strip()
    if not found:
        raise MathtuneError(f"{read.where}: {layout.columns[column]}: missing; every row needs its problem")
    return found if column == "problem_id" else text_id(found)


def _require_alike(first: ExternalRow, read: ExternalRow, layout: Layout) -> None:
    """One id, one problem: two runs over different problems with the same numbers must not be pooled."""
    for name in ("problem", "answer"):
        here, there = getattr(read, name), getattr(first, name)
        if here != there and here is not None and there is not None and here.split() != there.split():
            raise MathtuneError(f"{read.where}: {layout.columns[name]}: another one than in {first.where}")
