"""The prompt templates and their rendering to token ids: training, sampling and scoring agree on every token.

Prompt and completion are tokenized apart and joined as ids, so no tokenizer merges across the seam and the ids a
model is trained on are, token for token, the ids it is sampled from.
"""

from collections.abc import Sequence
from typing import Protocol

from mathtune_core.errors import MathtuneError
from mathtune_core.shots import Shot

GENERATOR_PROMPT = "Problem: {problem}\nSolution:"
COMPLETION = " {solution}"
# Between a worked example and what follows it; a model that was shown examples goes on to another after its solution.
BETWEEN_SHOTS = "\n\n"
END_OF_SHOT = BETWEEN_SHOTS + GENERATOR_PROMPT.split("{problem}")[0].rstrip()
# The paper's wording (Liu et al. 2023, section 3.2).
VERIFIER_PROMPT = (
    "Here is a math problem: {problem} Here is a candidate solution: {completion} The above candidate solution is"
)
CORRECT, INCORRECT = " correct", " incorrect"


class Tokenizer(Protocol):
    """What rendering needs of a Hugging Face tokenizer."""

    eos_token_id: int | None

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """Token ids of `text`."""
        ...


def prompt_ids(tokenizer: Tokenizer, problem: str, shots: Sequence[Shot] = ()) -> list[int]:
    """Ids of the generator's prompt, with whatever start tokens the tokenizer adds of itself.

    `shots` are worked examples for a model without fine-tuning; they stand before the problem, written as it is.
    """
    worked = "".join(
        GENERATOR_PROMPT.format(problem=shot.problem) + COMPLETION.format(solution=shot.solution) + BETWEEN_SHOTS
        for shot in shots
    )
    return tokenizer.encode(worked + GENERATOR_PROMPT.format(problem=problem.strip()), add_special_tokens=True)


def completion_ids(tokenizer: Tokenizer, solution: str) -> list[int]:
    """Ids of a solution as the generator is to write it, the end token included."""
    text = COMPLETION.format(solution=solution.strip())
    return [*tokenizer.encode(text, add_special_tokens=False), end_token(tokenizer)]


def verifier_ids(tokenizer: Tokenizer, problem: str, completion: str) -> list[int]:
    """Ids of the verifier's prompt; the verdict is the next token."""
    text = VERIFIER_PROMPT.format(problem=problem.strip(), completion=completion.strip())
    return tokenizer.encode(text, add_special_tokens=True)


def verifier_start_ids(tokenizer: Tokenizer, problem: str) -> list[int]:
    """Ids of the verifier's prompt up to the candidate; its last may change when the text goes on."""
    start = VERIFIER_PROMPT.split("{completion}")[0].rstrip()
    return tokenizer.encode(start.format(problem=problem.strip()), add_special_tokens=True)


def verdict_tokens(tokenizer: Tokenizer) -> tuple[int, int]:
    """The ids of " correct" and " incorrect".

    Raises MathtuneError when either is not one token, since S(X|P) is defined on the next token alone.
    """
    ids = []
    for verdict in (CORRECT, INCORRECT):
        encoded = tokenizer.encode(verdict, add_special_tokens=False)
        if len(encoded) != 1:
            raise MathtuneError(
                f"the tokenizer splits the verdict {verdict!r} into {len(encoded)} tokens; choose words that are one "
                "token each: CORRECT and INCORRECT in mathtune_core/prompts.py"
            )
        ids.append(encoded[0])
    return ids[0], ids[1]


def end_token(tokenizer: Tokenizer) -> int:
    """The end token's id. Raises MathtuneError when the tokenizer has none."""
    if tokenizer.eos_token_id is None:
        raise MathtuneError("the tokenizer has no end-of-text token (eos_token); set one in its tokenizer_config.json")
    return tokenizer.eos_token_id
