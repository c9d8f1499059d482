"""What the tiny base is pretrained on: the built-in templates' problems in mixed styles, arithmetic, drills, checks.

Runs within the frozen stage pretrain_base (`make base`); no (template, numbers) key of data/ occurs in it, and no
held-out template.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from tqdm import tqdm

from mathtune_core.prompts import COMPLETION, CORRECT, GENERATOR_PROMPT, INCORRECT, VERIFIER_PROMPT
from mathtune_styles.builtin import TEMPLATES
from mathtune_styles.builtin.problem_set import Key, leans_in
from mathtune_styles.builtin.template import Draw, Template
from mathtune_styles.drills import drill_document
from mathtune_styles.rewritten.rewrite import rewrite_solution


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildCorpusParams:
    """How many documents of each kind; drawn from the seen templates as data/ is."""

    original: int  # a problem with its terse solution
    rewritten: int  # a problem with its solution in explicit steps
    arithmetic: int  # one computation in explicit steps, without a problem
    drills: int  # eight computations of one step
    checks: int  # a problem, a solution whose answer is right or has slipped, and the verdict
    seed: int


def taken_keys(problems: Path) -> set[Key]:
    """The (template, numbers) keys of problems.jsonl."""
    with problems.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return {(row["template"], tuple(row["numbers"])) for row in rows}


def draws(templates: Sequence[Template], generator: random.Random, taken: set[Key]) -> Iterator[Draw]:
    """Endless draws that lean as data/ does, one try a template in turn, none with a key in `taken`.

    Raises ValueError when ten thousand tries in a row give nothing.
    """
    misses = 0
    while misses < 10_000:
        for template in templates:
            draw = template.draw(generator)
            if (template.name, draw.numbers) not in taken and leans_in(draw, generator):
                misses = 0
                yield draw
            else:
                misses += 1
    raise ValueError("nearly all numbers of the templates stand in data/; widen their ranges")


def generator_document(problem: str, solution: str) -> str:
    """A problem and its solution, laid out as the generator's prompt and completion."""
    return GENERATOR_PROMPT.format(problem=problem) + COMPLETION.format(solution=solution)


def explicit_solution(draw: Draw) -> str:
    """The draw's solution in explicit steps, or as it stands where the rewriter refuses."""
    return rewrite_solution(draw.solution).text or draw.solution


def check_document(draw: Draw, solution: str, generator: random.Random) -> str:
    """The verifier's prompt over the solution, its answer left or changed by a slip of one digit, and the verdict."""
    verdict = CORRECT
    digits = [i for i, character in enumerate(draw.answer) if character.isdigit()]
    if digits and generator.random() < 0.5:
        place = generator.choice(digits)
        other = generator.choice([d for d in "0123456789" if d != draw.answer[place]])
        slipped = draw.answer[:place] + other + draw.answer[place + 1 :]
        # Where the answer was computed it slips too: a model that errs writes its wrong result consistently.
        head, _, tail = solution.rpartition(f" {draw.answer}$")
        solution = f"{head} {slipped}${tail}" if head else solution
        solution = solution.replace(f"\\boxed{{{draw.answer}}}", f"\\boxed{{{slipped}}}")
        verdict = INCORRECT
    return VERIFIER_PROMPT.format(problem=draw.problem, completion=solution) + verdict


def arithmetic_document(generator: random.Random) -> str:
    """One random computation in the words of the explicit style."""
    small, large = generator.randint(2, 12), generator.randint(11, 99)
    other = generator.randint(2, 99)
    denominators = generator.randint(2, 12), generator.randint(2, 12)
    expression, value = generator.choice(
        [
            (f"{large} \\cdot {other}", large * other),
            (f"{large} \\cdot {small} + {other}", large * small + other),
            (f"{large} + {other} + {small}", large + other + small),
            (f"{large * 5} - {other}", large * 5 - other),
            (f"{large * small} \\div {small}", large),
            (f"{large} \\cdot {small} - {small} \\cdot {other}", large * small - small * other),
            (f"{small}^2 + {other}", small**2 + other),
            (f"({large} + {other}) \\cdot {small}", (large + other) * small),
            (f"\\frac{{{small * denominators[0]}}}{{{denominators[0]}}} + {other}", small + other),
        ]
    )
    return rewrite_solution(f"${expression} = {value}$. The answer is $\\boxed{{{value}}}$.").text or ""


WITHOUT_PROBLEM = {"arithmetic": arithmetic_document, "drills": drill_document}


def corpus(params: BuildCorpusParams, taken: set[Key]) -> pl.DataFrame:
    """The documents, shuffled: columns kind, text."""
    seen = [template for template in TEMPLATES if not template.held_out]
    rows: list[tuple[str, str]] = []
    for kind in ("original", "rewritten", "arithmetic", "drills", "checks"):
        generator = random.Random(f"{params.seed}/{kind}")
        stream = draws(seen, generator, taken)
        for _ in tqdm(range(getattr(params, kind)), desc=f"corpus: {kind}", unit="document"):
            if kind in WITHOUT_PROBLEM:
                rows.append((kind, WITHOUT_PROBLEM[kind](generator)))
                continue
            draw = next(stream)
            explicit = kind == "rewritten" or (kind == "checks" and generator.random() < 0.5)
            solution = explicit_solution(draw) if explicit else draw.solution
            if kind == "checks":
                rows.append((kind, check_document(draw, solution, generator)))
            else:
                rows.append((kind, generator_document(draw.problem, solution)))
    random.Random(f"{params.seed}/order").shuffle(rows)
    return pl.DataFrame(rows, schema={"kind": pl.String, "text": pl.String}, orient="row")


def run(params: BuildCorpusParams, *, problems: Path, out: Path) -> None:
    """Writes `out`/corpus.parquet; `problems` is the folder that holds problems.jsonl, whose keys it avoids."""
    corpus(params, taken_keys(problems / "problems.jsonl")).write_parquet(out / "corpus.parquet")
