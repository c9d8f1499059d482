"""The rule for figures drawn in Asymptote code, `[asy] … [/asy]`, as MATH has them in one problem or solution of seven.

A problem keeps its figures: their code is text, often the only place where a length or a point is given, and published
results on MATH are for prompts that hold it. A solution loses them: there they illustrate what the words say, no
reader of a sampled solution would see them, and hundreds of tokens of drawing are no step to learn.
"""

import re

FIGURE = re.compile(r"(?P<before>\s*)\[asy\].*?\[/asy\](?P<after>\s*)", re.DOTALL | re.IGNORECASE)


def has_figure(text: str) -> bool:
    """Whether the text holds a whole figure."""
    return FIGURE.search(text) is not None


def without_figures(text: str) -> str:
    """The text without its figures, the paragraphs around them kept apart; a figure that never ends is left alone."""
    return FIGURE.sub(lambda match: "\n\n" if "\n" in match["before"] + match["after"] else " ", text).strip()
