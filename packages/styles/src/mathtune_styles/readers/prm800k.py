r"""PRM800K (Lightman et al. 2023): solutions of MATH by a GPT-4 model, step by step, every step rated by people."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathtune_answers.extract import extract_answer
from mathtune_answers.grade import grade
from mathtune_core.errors import MathtuneError
from mathtune_styles.closing import closed_with, marked_answer
from mathtune_styles.readers.fields import field, one_of, text
from mathtune_styles.readers.inputs import ALL_CONFIGS, SPLITS, Input, Rows, read_file, read_splits, split_of
from mathtune_styles.readers.source import Source, SourceFile, SourceProblem

FINISH_REASONS = ("solution", "found_error", "bad_problem", "give_up")
GOOD = 1

NOT_SOLVED = "labelling ended with "
NOT_GOOD = "a step not rated good"
NO_ANSWER = "no answer"
WRONG_ANSWER = "wrong answer"
UNKNOWN_ANSWER = "right answer not known"

# Some copies carry line breaks as a backslash and an n; before a letter that may be LaTeX (\neq) and is left alone.
_WRITTEN_BREAK = re.compile(r"\\n(?![A-Za-z])")
_LAST_FORMULA = re.compile(r"\$(?P<formula>[^$]+)\$[.!]?\s*\Z|(?:\A|\s)(?P<number>-?\d[\d,]*(?:\.\d+)?)[.!]?\s*\Z")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One solution followed to its end, a step a line, without its `# Answer` section.

    `stated` is the answer that it comes to, `answer` the right one, None where there is none or the row has none.
    """

    split: str
    problem: str
    steps: str
    stated: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Trajectories:
    """All solutions of an input, and why other rows gave none."""

    found: tuple[Trajectory, ...]
    files: tuple[SourceFile, ...]
    skipped: dict[str, int]


def read_trajectories(source: Input) -> Trajectories:
    """The solutions of a folder's *.jsonl files, of one file, or of a hub dataset.

    A row is of one of two forms. PRM800K's own, a label file of phase 1 or 2 (phase2_train.jsonl): a row counts only
    where `label.finish_reason` is "solution", which says that people followed it to the right answer; its steps are the
    chosen completions, or what a labeler wrote where all completions were bad; one chosen step that is not rated +1
    (0, no progress; −1, wrong; unrated) and the row is left out. Or steps already joined: `problem`, `steps`, `split`
    and, where it is known, `answer`. The split is the row's, else the one in the name of the file.
    """
    found: list[Trajectory] = []
    skipped: Counter[str] = Counter()
    read = _read(source)
    for part in read:
        for where, row in part.rows:
            split = row["split"] if "split" in row else split_of(part, source)
            split = one_of(split, SPLITS, "split", where)
            if "label" in row:
                question = field(row, "question", dict, where)
                steps = _rated_steps(field(row, "label", dict, where), f"{where}: label")
                answer = question.get("ground_truth_answer")
            else:
                question, steps, answer = row, _steps(row, where), row.get("answer")
            problem = text(question, "problem", where)
            if isinstance(steps, str):
                skipped[steps] += 1
                continue
            known = text({"answer": answer}, "answer", where) if answer is not None else None
            found.append(Trajectory(split, problem, *joined(steps), known))
    return Trajectories(tuple(found), tuple(part.record for part in read), dict(sorted(skipped.items())))


def read_prm800k(source: Input) -> Source:
    """PRM800K as problems with solutions: those solutions that state the right answer, graded; the others are counted.

    A problem with several is given several times, of which build_problems takes one; the style `imported` takes more.
    """
    read = read_trajectories(source)
    problems = []
    skipped = Counter(read.skipped)
    for trajectory in read.found:
        answer = trajectory.answer
        if answer is None:
            skipped[UNKNOWN_ANSWER] += 1
        elif trajectory.stated is None:
            skipped[NO_ANSWER] += 1
        elif not grade(answer, trajectory.stated):
            skipped[WRONG_ANSWER] += 1
        else:
            row = trajectory.split, trajectory.problem, closed_with(trajectory.steps, answer), answer
            problems.append(SourceProblem(*row, subject=None, level=None, group=None))
    return Source(tuple(problems), read.files, group_is_apart=False, skipped=dict(sorted(skipped.items())))


def joined(steps: list[str]) -> tuple[str, str | None]:
    """A step a line without the `# Answer` section, and the answer that the steps state, None where they state none.

    That is what stands under `# Answer`, else the last box or "the answer is …", else what the last step comes to: the
    last side of the formula, or the number, that it ends with. Whoever reads it grades it, so a wrong reading costs a
    solution and lets none in.
    """
    whole = _WRITTEN_BREAK.sub("\n", "\n".join(step.strip() for step in steps))
    solution, answer = marked_answer(whole)
    if answer is None:
        answer = extract_answer(solution)
    if answer is None:
        last = _LAST_FORMULA.search(solution.rpartition("\n")[2])
        answer = (last["formula"] or last["number"]).rpartition("=")[2].strip() if last else None
    return solution, answer


def _read(source: Input) -> list[Rows]:
    folder = Path(source.location)
    if source.is_hub or not folder.is_dir():
        return read_splits(source, config=ALL_CONFIGS)
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise MathtuneError(
            f"{folder}: no *.jsonl in it; set {source.setting} to the folder with PRM800K's label files"
        )
    return [read_file(file, source.setting) for file in files]


def _steps(row: dict[str, Any], where: str) -> list[str]:
    if "steps" not in row:
        raise MathtuneError(f"{where}: neither `label` (PRM800K's own form) nor `steps` (steps already joined)")
    steps = field(row, "steps", list, where)
    if not steps or not all(isinstance(step, str) for step in steps):
        raise MathtuneError(f"{where}: steps: expected a list of texts, not empty")
    return [str(step) for step in steps]


def _rated_steps(label: dict[str, Any], where: str) -> list[str] | str:
    """The chosen steps, or why the row gives no solution."""
    reason = one_of(label.get("finish_reason"), FINISH_REASONS, "finish_reason", where)
    if reason != "solution":
        return f"{NOT_SOLVED}{reason}"
    steps = []
    for index, step in enumerate(field(label, "steps", list, where)):
        at = f"{where}.steps[{index}]"
        if not isinstance(step, dict):
            raise MathtuneError(f"{at}: expected a JSON object, got {repr(step)[:60]}")
        chosen = step.get("chosen_completion")
        if chosen is None and step.get("human_completion") is not None:
            written = step["human_completion"]
            steps.append(text(written if isinstance(written, dict) else {"text": written}, "text", at))
            continue
        completions = field(step, "completions", list, at)
        if chosen is None:
            return NOT_GOOD
        if chosen not in range(len(completions)):
            raise MathtuneError(f"{at}.chosen_completion: {chosen!r}, and there are {len(completions)} completions")
        if completions[chosen].get("rating") != GOOD:
            return NOT_GOOD
        steps.append(text(completions[chosen], "text", at))
    if not steps:
        raise MathtuneError(f"{where}.steps: empty")
    return steps
