r"""The sentence that every style closes with, "The answer is $\boxed{…}$.", where a source marks its answer otherwise.

Styles are to differ in their steps and not in how they mark the answer. So an `# Answer` section at the end (PRM800K's)
becomes the sentence, and a solution with its last box inside a sentence (MATH's) gets it as one more.
"""

import re

_MARKED = re.compile(r"(?:\A|\n)\s*#{1,6} *(?:Final )?Answer\b:?\s*(?P<answer>[^\n]*).*\Z", re.DOTALL | re.IGNORECASE)
_SENTENCE = re.compile(r"\s*The answer is \$\\boxed\{(?:[^\n$]|\\\$)*\}\$\.\Z")
_DOLLAR = re.compile(r"(?<!\\)\$")
_PERCENT = re.compile(r"(?<!\\)%")


def marked_answer(solution: str) -> tuple[str, str | None]:
    """The solution without its `# Answer` section, and what that states; None where it states nothing."""
    match = _MARKED.search(solution)
    if not match:
        return solution.strip(), None
    return solution[: match.start()].strip(), match["answer"].strip() or None


def closed(solution: str, answer: str) -> str:
    """The solution, ending in the closing sentence with that answer; another ending that marks it gives way to it."""
    steps, _ = marked_answer(solution)
    # Inside the box there is mathematics already, and a bare % would comment out the rest.
    boxed = _PERCENT.sub(r"\\%", _DOLLAR.sub("", answer)).strip()
    sentence = f"The answer is $\\boxed{{{boxed}}}$."
    if steps.endswith(sentence):
        return steps
    return f"{_SENTENCE.sub('', steps)}\n{sentence}".lstrip()
