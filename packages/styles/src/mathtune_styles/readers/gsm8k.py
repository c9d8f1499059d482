"""GSM8K: grade-school word problems with calculator notes and an answer after four hashes."""

import re

from mathtune_core.errors import MathtuneError
from mathtune_styles.readers.fields import text
from mathtune_styles.readers.inputs import Input, read_splits, split_of
from mathtune_styles.readers.source import Source, SourceProblem

CALCULATOR_NOTE = re.compile(r"<<[^>]*>>")
EASY_STEPS = 2


def read_gsm8k(source: Input) -> Source:
    """GSM8K's train and test: a folder with train.jsonl and test.jsonl, or `hub:openai/gsm8k` at a pinned revision.

    A problem solved in at most two noted computations is in the group "easy".
    """
    problems: list[SourceProblem] = []
    read = read_splits(source, config="main")
    for part in read:
        split = split_of(part, source)
        for where, row in part.rows:
            solution = text(row, "answer", where)
            marked = solution.rpartition("####")
            if not marked[1] or not marked[2].strip():
                raise MathtuneError(f"{where}: answer: no `#### result` at the end; is this GSM8K's format?")
            steps = len(CALCULATOR_NOTE.findall(solution))
            problems.append(
                SourceProblem(
                    split=split,
                    problem=text(row, "question", where),
                    solution=solution,
                    answer=marked[2].strip().replace(",", ""),
                    subject=None,
                    level=min(max(steps, 1), 5),
                    group="easy" if steps <= EASY_STEPS else None,
                )
            )
    return Source(tuple(problems), tuple(part.record for part in read), group_is_apart=False)
