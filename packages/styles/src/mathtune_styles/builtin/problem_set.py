"""Draws the built-in problem set: `python -m mathtune_styles.builtin.problem_set data/problems.jsonl` (`make data`).

Leakage is keyed on (template, numbers): no two problems of the set share a key, whatever their wording, and the
pretraining corpus draws around every key that stands here.
"""

import json
import random
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
# A template whose numbers run out gives fewer problems rather than loop for ever.
DRAWS_PER_PROBLEM = 50

Key = tuple[str, tuple[int, ...]]


def fresh_draws(template: Template, seed: str, taken: set[Key]) -> Iterator[Draw]:
    """Draws of `template` whose key is not in `taken`, which they are added to; ends when new numbers grow rare."""
    generator = random.Random(f"{seed}/{template.name}")
    texts: set[str] = set()
    misses = 0
    while misses < DRAWS_PER_PROBLEM:
        draw = template.draw(generator)
        key = (template.name, draw.numbers)
        if key in taken or draw.problem in texts:
            misses += 1
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
        streams = {template.name: fresh_draws(template, f"{seed}/{split}", taken) for template in templates}
        part: list[dict[str, Any]] = []
        while len(part) < wanted and streams:
            # Round by round, so that a template that runs dry leaves its share to the others.
            for template in templates:
                draw = next(streams[template.name], None) if template.name in streams else None
                if draw is None:
                    streams.pop(template.name, None)
                elif len(part) < wanted:
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
