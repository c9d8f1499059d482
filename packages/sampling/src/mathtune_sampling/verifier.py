"""Scores candidate solutions: S(X|P), the probability of " correct" against " incorrect" as the next token."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import verifier_ids, verifier_start_ids


class PromptTooLongError(MathtuneError):
    """A row whose prompt does not fit the verifier's context."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(row, reason)
        self.row, self.reason = row, reason

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}"


class Verifier(Protocol):
    """An outcome reward model over whole solutions."""

    def score_rows(self, problems: Sequence[str], completions: Sequence[str]) -> NDArray[np.float64]:
        """S(completions[i] | problems[i]) in 0 … 1, (rows,); a text that comes up again is scored once.

        S = σ(z_correct − z_incorrect) of the next token's logits (Liu et al. 2023, section 3.2). Raises
        PromptTooLongError, before any work, for a row whose prompt does not fit the model's context.
        """
        ...


def sigmoid(differences: Sequence[float]) -> NDArray[np.float64]:
    """σ of each logit difference, by itself: torch's rounds the rows that fill no vector register in another way."""
    return np.array([1.0 / (1.0 + exp(min(-x, 700.0))) for x in differences], dtype=np.float64)  # e^710 is too large


@dataclass(frozen=True, slots=True)
class VerifierPrompts:
    """The distinct prompts, and which of them each row has."""

    ids: list[tuple[int, ...]]
    shared: list[int]  # how many of a prompt's first tokens say the problem alone, so that its candidates share them
    rows: NDArray[np.int64]


def verifier_prompts(
    tokenizer: Any, problems: Sequence[str], completions: Sequence[str], context: int | None
) -> VerifierPrompts:
    """Tokenises each distinct text once. Raises PromptTooLongError as `Verifier.score_rows` does."""
    places: dict[tuple[int, ...], int] = {}
    shared: list[int] = []
    rows = np.empty(len(problems), dtype=np.int64)
    texts: dict[tuple[str, str], int] = {}
    starts: dict[str, list[int]] = {}
    for row, (problem, completion) in enumerate(zip(problems, completions, strict=True)):
        if (problem, completion) not in texts:
            ids = tuple(verifier_ids(tokenizer, problem, completion))
            if context is not None and len(ids) > context:
                raise PromptTooLongError(
                    row,
                    f"the verifier's prompt has {len(ids)} tokens and its context is {context}; "
                    "sample with a lower max_tokens or take a verifier with a longer context",
                )
            if problem not in starts:
                starts[problem] = verifier_start_ids(tokenizer, problem)
            if ids not in places:
                places[ids] = len(places)
                alike = zip(starts[problem], ids, strict=False)
                same = next((place for place, (a, b) in enumerate(alike) if a != b), len(starts[problem]))
                shared.append(min(same, len(ids) - 1))
            texts[problem, completion] = places[ids]
        rows[row] = texts[problem, completion]
    return VerifierPrompts(list(places), shared, rows)
