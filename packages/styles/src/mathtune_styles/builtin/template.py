"""What a problem template is: a seeded draw of numbers, dressed in words, with a terse solution and a SymPy check."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Subject = Literal[
    "Prealgebra",
    "Algebra",
    "Intermediate Algebra",
    "Number Theory",
    "Counting & Probability",
    "Geometry",
    "Precalculus",
]


@dataclass(frozen=True, slots=True)
class Draw:
    """One problem drawn from a template.

    `numbers` identifies the problem within its template whatever the wording: leakage between splits is keyed on
    (template, numbers), so it holds every quantity the answer depends on and nothing that is only wording.
    `check` recomputes the answer with SymPy, by another route than the solution where there is one.
    """

    numbers: tuple[int, ...]
    problem: str
    solution: str
    answer: str
    level: int
    check: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Template:
    """A named family of problems. `held_out` families occur in no training and no pretraining text."""

    name: str
    subject: Subject
    draw: Callable[[random.Random], Draw]
    held_out: bool = False
