r"""The sentence that every style closes with, `The answer is $\boxed{…}$.`, so that styles differ in their steps alone.

Calculator notes (GSM8K's <<48/2=24>>) go, and a `#### 72` ending becomes that sentence. Where a solution ends so, its
dollar signs are money and are escaped.
"""

import re

from mathtune_styles.equations import NOTE, money_escaped

_MARKED_RESULT = re.compile(r"\s*####[ \t]*(?P<answer>.+?)\s*\Z")
_CLOSED = re.compile(r"[Tt]he (?:final )?answer is:? ?\$?\\boxed\{.*\}\$?\.?\s*\Z", re.DOTALL)
# Much the same sentence, which would be said twice; a longer one may hold a step.
_STATED = re.compile(r"\s*\bThe (?:final )?answer is:? [^\n=]{1,30}\Z")
_MONEY = re.compile(r"\A\$(?=\s?[\d.])")


def closing(answer: str) -> str:
    """The sentence itself."""
    return rf"The answer is $\boxed{{{answer}}}$."


def closed(solution: str, answer: str | None) -> str:
    """The solution, ending in the sentence for `answer`, or for the result that it marks itself with ####.

    A solution that ends so already, or that has no answer, keeps its ending. An answer's dollar sign is escaped.
    """
    text = NOTE.sub("", solution)
    marked = _MARKED_RESULT.search(text)
    if marked:
        result = marked["answer"].lstrip("$").strip().replace(",", "")
        return f"{money_escaped(text[: marked.start()])}\n{closing(result)}".strip()
    text = text.strip()
    if answer is None or _CLOSED.search(text):
        return text
    escaped = _MONEY.sub(r"\\$", answer)
    return f"{_STATED.sub('', text)} {closing(escaped)}".strip()
