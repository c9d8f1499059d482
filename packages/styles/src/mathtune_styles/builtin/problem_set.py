"""Draws the built-in problem set: `python -m mathtune_styles.builtin.problem_set data/problems.jsonl` (`make data`).

Problems lean towards small numbers and low levels, so that a model of a few million parameters has much to get right
and much left to learn; every template and level keeps a part. Leakage is keyed on (template, numbers): no two problems
of the set share a key, whatever their wording, and the pretraining corpus draws around every key that stands here.
"""

import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mathtune_styles.builtin import TEMPLATES
from mathtune_styles.builtin.latex import answer_latex
from mathtune_styles.builtin.template import Draw, Template

SEED = 20231016
TRAIN_PROBLEMS = 12_400
TEST_PROBLEMS = 520
HELD_OUT_PROBLEMS = 120
# The chance that a draw is kept: the share of its level, and a 25th of it where a number is above SMALL.
LEVEL_SHARES = {1: 1.0, 2: 1.0, 3: 0.6, 4: 0.3, 5: 0.3}
SMALL, LARGE_SHARE = 100, 0.04
# A template whose numbers run out gives fewer problems rather than loop for ever.
MAX_MISSES = 50

NUMBER = re.compile(r"\d+(?:\.\d+)?")

Key = tuple[str, tuple[int, ...]]


def leans_in(draw: Draw, generator: random.Random) -> bool:
    """Whether the draw is kept: always so for small numbers at level 1, the less often the larger and harder."""
    small = all(float(number) <= SMALL for number in NUMBER.findall(f"{draw.problem} {draw.solution}"))
    return generator.random() < LEVEL_SHARES[draw.level] * (1.0 if small else LARGE_SHARE)


def attempts(template: Template, seed: str, taken: set[Key]) -> Iterator[Draw | None]:
    """One try after another at a draw whose key is not in `taken`, which it is added to; None where a try is not kept.

    The first is kept whatever its numbers, so that no template goes missing. Ends when new numbers grow rare.
    """
    generator = random.Random(f"{seed}/{template.name}")
    texts: set[str] = set()
    misses = 0
    while misses < MAX_MISSES:
        draw = template.draw(generator)
        key = (template.name, draw.numbers)
        if key in taken or draw.problem in texts:
            misses += 1
            continue
        if texts and not leans_in(draw, generator):
            yield None
            continue
        misses = 0
        taken.add(key)
        texts.add(draw.problem)
        yield draw


def checked_row(template: Template, draw: Draw, split: str) -> dict[str, Any]:
    """The draw as a row of problems.jsonl, its answer recomputed by SymPy. Raises ValueError when they differ."""
    recomputed = answer_latex(draw.check())
    if recomputed != draw.answer or f"\\boxed{{{draw.answer}}}" not in draw.solution:
        raise ValueError(f"{template.name}{draw.numbers}: the solution says {draw.answer}, SymPy says {recomputed}")
    return {
        "problem": draw.problem,
        "solution": draw.solution,
        "answer": draw.answer,
        "subject": template.subject,
        "level": draw.level,
        "split": split,
        "template": template.name,
        "numbers": list(draw.numbers),
        "held_out_template": template.held_out,
    }


def problem_set(seed: int) -> list[dict[str, Any]]:
    """All rows: train and test problems of the seen templates, and test problems of the held-out ones."""
    taken: set[Key] = set()
    rows: list[dict[str, Any]] = []
    seen = [template for template in TEMPLATES if not template.held_out]
    held_out = [template for template in TEMPLATES if template.held_out]
    for templates, split, wanted in (
        (held_out, "test", HELD_OUT_PROBLEMS),
        (seen, "test", TEST_PROBLEMS),
        (seen, "train", TRAIN_PROBLEMS),
    ):
        streams = {template.name: attempts(template, f"{seed}/{split}", taken) for template in templates}
        part: list[dict[str, Any]] = []
        while len(part) < wanted and streams:
            # One try each, round by round: a template has as large a part as its numbers are small.
            for template in templates:
                try:
                    draw = next(streams[template.name]) if template.name in streams else None
                except StopIteration:
                    del streams[template.name]
                    continue
                if draw is not None and len(part) < wanted:
                    part.append(checked_row(template, draw, split))
        rows.extend(part)
    return rows


def main(path: Path) -> None:
    """Writes the problem set to `path`, one JSON object a line, under a temporary name first."""
    rows = problem_set(SEED)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    partial.replace(path)
    sys.stderr.write(f"{path}: {len(rows)} problems from {len(TEMPLATES)} templates\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
