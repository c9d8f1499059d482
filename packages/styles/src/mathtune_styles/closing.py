r"""The sentence that every style closes with, `The answer is $\boxed{…}$.`, so that styles differ in their steps alone.

Two ways to it. `closed` lets a solution's own ending stand where it is that sentence, and turns GSM8K's `#### 72` into
it: calculator notes (<<48/2=24>>) go, and dollar signs are money and are escaped. `closed_with` states an answer from
elsewhere, whatever the solution ended in: an `# Answer` section (PRM800K's) gives way to it.
"""

import re

from mathtune_styles.equations import NOTE, money_escaped

SENTENCE = re.compile(r"(?:^|(?<=\s))The answer is \$\\boxed\{(?:[^$\\]|\\.)*\}\$\.\s*\Z")
_MARKED_RESULT = re.compile(r"\s*####[ \t]*(?P<answer>.+?)\s*\Z")
_MARKED_SECTION = re.compile(
    r"(?:\A|\n)\s*#{1,6} *(?:Final )?Answer\b:?\s*(?P<answer>[^\n]*).*\Z", re.DOTALL | re.IGNORECASE
)
_CLOSED = re.compile(r"[Tt]he (?:final )?answer is:? ?\$?\\boxed\{.*\}\$?\.?\s*\Z", re.DOTALL)
# Much the same sentence, which would be said twice; a longer one may hold a step.
_STATED = re.compile(r"\s*\bThe (?:final )?answer is:? [^\n=]{1,30}\Z")
_MONEY = re.compile(r"\A\$(?=\s?[\d.])")
_DOLLAR = re.compile(r"(?<!\\)\$")
_PERCENT = re.compile(r"(?<!\\)%")


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


def closed_with(solution: str, answer: str) -> str:
    """The solution, ending in the sentence for that answer; another ending that marks it gives way."""
    steps, _ = marked_answer(solution)
    # Inside the box there is mathematics already, and a bare % would comment out the rest.
    sentence = closing(_PERCENT.sub(r"\\%", _DOLLAR.sub("", answer)).strip())
    if steps.endswith(sentence):
        return steps
    return f"{SENTENCE.sub('', steps).rstrip()}\n{sentence}".lstrip()


def marked_answer(solution: str) -> tuple[str, str | None]:
    """The solution without its `# Answer` section, and what that states; None where it states nothing."""
    match = _MARKED_SECTION.search(solution)
    if not match:
        return solution.strip(), None
    return solution[: match.start()].strip(), match["answer"].strip() or None
