"""The prompt that asks for a rewriting: a text file with a place for the problem and one for its solution."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathtune_core.errors import MathtuneError

PLACES = ("{problem}", "{solution}")
_PLACE = re.compile("|".join(re.escape(place) for place in PLACES))


@dataclass(frozen=True, slots=True)
class RewritePrompt:
    """The file's text without white space around it; each of PLACES stands in it once, the problem first."""

    text: str

    def render(self, problem: str, solution: str) -> str:
        """The prompt for one problem; what looks like a place within `problem` or `solution` stays as it is."""
        values = {"{problem}": problem.strip(), "{solution}": solution.strip()}
        return _PLACE.sub(lambda place: values[place.group()], self.text)

    @property
    def stops(self) -> tuple[str, ...]:
        """Where the next worked example would begin: at a blank line and what the file has before {problem}."""
        label = self.text.split("{problem}")[0].rpartition("\n\n")[2].rstrip()
        return (f"\n\n{label}",) if label else ()


def read_prompt(path: Path) -> RewritePrompt:
    """The prompt of a file. Raises MathtuneError for one that is missing, not UTF-8, or without its two places."""
    if not path.is_file():
        raise MathtuneError(f"{path}: no such file; write a prompt with {' and '.join(PLACES)} in it")
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise MathtuneError(f"{path}: not UTF-8 at byte {error.start + 1}; re-encode the file") from error
    found = tuple(_PLACE.findall(text))
    if found != PLACES:
        raise MathtuneError(
            f"{path}: expected {' and then '.join(PLACES)}, once each, found {', '.join(found) or 'neither'}"
        )
    return RewritePrompt(text.replace("\r\n", "\n").strip())


def rendered_ids(tokenizer: Any, text: str, chat: bool) -> list[int]:
    """Ids of a rendered prompt, as it is or as a user's message in the tokenizer's chat template.

    Raises MathtuneError for a tokenizer without a template.
    """
    if not chat:
        return list(tokenizer.encode(text, add_special_tokens=True))
    if getattr(tokenizer, "chat_template", None) is None:
        raise MathtuneError("build_solutions.model_rewritten.chat: the teacher's tokenizer has no chat template")
    message = tokenizer.apply_chat_template(
        [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True
    )
    return list(tokenizer.encode(message, add_special_tokens=False))
