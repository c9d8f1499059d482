"""A teacher: the model that writes a style's solutions, any checkpoint behind `Sampler`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathtune_core.digests import hash_weights
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import SAMPLES
from mathtune_sampling.backend import EngineParams, Opened, open_sampler
from mathtune_sampling.checkpoint import configured_context
from mathtune_sampling.collect import collect
from mathtune_sampling.requests import Request, SamplingParams

COLUMNS = ("problem_id", "decoding", "sample_index", "completion", "finish_reason", "num_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherParams(EngineParams):
    """What every style that a model writes says of it. Raises ValueError("field: reason")."""

    teacher: str | None = None  # a checkpoint folder; null takes the study's base, before any fine-tuning
    max_problems: int
    n: int  # samples a problem
    temperature: float
    top_p: float
    top_k: int = 0  # 0 takes every token
    min_p: float = 0.0
    max_tokens: int
    stop: tuple[str, ...] = ()  # a sample ends before the first of these texts
    max_kept: int  # solutions kept a problem at most
    seed: int

    def __post_init__(self) -> None:
        EngineParams.__post_init__(self)
        self.sampling()  # checks its own
        for name in ("max_problems", "max_kept"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least 1, got {getattr(self, name)}")

    def sampling(self, *more_stops: str) -> SamplingParams:
        """The part a sampler reads; a sample also ends before the first of `more_stops`."""
        return SamplingParams(
            n=self.n,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            max_tokens=self.max_tokens,
            stop=(*self.stop, *more_stops),
        )


@dataclass(frozen=True, slots=True)
class Teacher:
    """An opened checkpoint folder and the hash of its weights."""

    opened: Opened
    folder: Path
    weights: str  # sha256

    @property
    def tokenizer(self) -> Any:
        """The checkpoint's tokenizer."""
        return self.opened.tokenizer

    @property
    def name(self) -> str:
        """What origins call it: its folder (the one above where that is only `model`) and the start of the hash."""
        folder = self.folder.parent if self.folder.name == "model" else self.folder
        return f"{folder.name} {self.weights[:12]}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A teacher's samples (columns COLUMNS) and the problems that were not asked, their prompts being too long."""

    samples: pl.DataFrame
    too_long: tuple[str, ...]


def open_teacher(params: TeacherParams, base: Path) -> Teacher:
    """The checkpoint that `params` name, behind their backend.

    Raises MathtuneError for a folder that holds no loadable checkpoint.
    """
    folder = base if params.teacher is None else Path(params.teacher)
    opened = open_sampler(folder, params)
    return Teacher(opened, folder, hash_weights(folder))


def draw(
    teacher: Teacher, requests: Sequence[Request], params: TeacherParams, stops: Sequence[str], unfinished: Path
) -> Drawn:
    """`params.n` samples of each request whose prompt leaves room for `params.max_tokens` in the model's context.

    All styles share the purpose of their noise. Raises MathtuneError when no prompt leaves room.
    """
    limit = configured_context(teacher.folder)
    fitting = [r for r in requests if limit is None or len(r.prompt_ids) + params.max_tokens <= limit]
    if requests and not fitting:
        shortest = min(len(request.prompt_ids) for request in requests)
        raise MathtuneError(
            f"{teacher.folder}: the shortest prompt has {shortest} tokens, and with max_tokens {params.max_tokens} it "
            f"exceeds the teacher's context of {limit}; take fewer or shorter worked examples, or lower max_tokens"
        )
    keyed: Any = {"seed": params.seed, "purpose": "style data", "decodings": ("sampled",)}
    collected = collect(
        teacher.opened, teacher.folder, fitting, params.sampling(*stops), **keyed, unfinished=unfinished
    )
    rows = [
        (c.problem_id, c.decoding, c.sample_index, c.text, c.finish_reason, c.num_tokens)
        for of_problem in collected.completions()
        for c in of_problem
    ]
    schema = {name: SAMPLES.schema[name] for name in COLUMNS}
    asked = {request.problem_id for request in fitting}
    return Drawn(
        pl.DataFrame(rows, schema=schema, orient="row"),
        tuple(sorted(request.problem_id for request in requests if request.problem_id not in asked)),
    )
