"""How long problems and solutions are, and how many samples come to something: measured where a run has been, else
assumed by the source of the problems.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mathtune_cli.plan.section import Section

# Tokens that the prompts put around their texts, the same within one for the tiny base's tokenizer and SmolLM2's:
# "Problem: … Solution:", "Here is a math problem: … Here is a candidate solution:", "The above candidate solution is".
GENERATOR_FRAME, VERIFIER_START, VERIFIER_END = 5, 12, 6
EXPLICIT = "generated"  # a style without a length of its own is as long, and so are samples of the base itself
LARGE_MODEL = 1e9  # parameters: from here on a model is taken to solve what the small ones cannot


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Means, in tokens of the base's tokenizer. Raises ValueError("field: reason")."""

    problem: float
    solutions: Mapping[str, float]  # by style, the end token included; EXPLICIT among them
    distinct: float  # share of the samples whose text is not another's of the same problem: the others are scored once
    right: float  # share of the samples that are right and no copy: what rejection sampling and balancing keep
    samples: Mapping[str, float] = field(default_factory=dict)  # measured, by generator
    counts: Mapping[str, int] = field(default_factory=dict)  # measured, train solutions by style
    notes: tuple[str, ...] = ()  # where the numbers are from

    def __post_init__(self) -> None:
        if not self.problem > 0:
            raise ValueError(f"problem: must be above 0, got {self.problem}")
        if not all(length > 0 for length in [*self.solutions.values(), *self.samples.values()]):
            raise ValueError("solution: must be above 0")
        for name in ("distinct", "right"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: must be above 0 and at most 1, got {getattr(self, name)}")

    def solution(self, style: str) -> float:
        """Tokens of a solution of `style`."""
        return self.solutions.get(style, self.solutions[EXPLICIT])


# Means over: the built-in problems in the tiny base's tokens, and over the first 1,500 training problems of GSM8K and
# 4,500 of MATH in SmolLM2's. `generated` of GSM8K are SmolLM2's own samples, of MATH PRM800K's solutions.
ASSUMED: dict[str, tuple[float, dict[str, float]]] = {
    "builtin": (31, {"original": 42, "rewritten": 81, EXPLICIT: 71}),
    "gsm8k": (60, {"original": 101, "rewritten": 133, EXPLICIT: 75}),
    "math": (74, {"original": 201, "rewritten": 230, EXPLICIT: 400}),
}
SOURCES = {"math500": "math", "prm800k": "math", "table": "math"}  # whose lengths are another's


def assumed(params: Section, model_parameters: float) -> Lengths:
    """What is taken for a source of problems that nothing has been measured of."""
    source = params.section("build_problems").text("source")
    known = SOURCES.get(source, source)
    problem, solutions = ASSUMED.get(known, ASSUMED["math"])
    if known == "builtin":
        # Of the tiny base: it is right as often as 1 in 3 times, mostly in the same words.
        distinct, right = 0.65, 0.1
    else:
        distinct, right = 1.0, 0.4 if model_parameters >= LARGE_MODEL else 0.015  # the latter SmolLM2's on GSM8K
    return Lengths(
        problem=problem,
        solutions=solutions,
        distinct=distinct,
        right=right,
        notes=(f"Lengths: assumed for {source}.",),
    )


def stated(lengths: Lengths, problem: float | None, solution: float | None, right: float | None) -> Lengths:
    """`lengths` with what the user says in its place: `solution` holds for every style and sample."""
    if problem is not None:
        lengths = replace(lengths, problem=problem)
    if solution is not None:
        lengths = replace(lengths, solutions={EXPLICIT: solution}, samples={})
    if right is not None:
        lengths = replace(lengths, right=right)
    return lengths
