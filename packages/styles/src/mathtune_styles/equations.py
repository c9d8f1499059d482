"""Finding the numeric equations of a solution text, and checking each exactly."""

import re
from collections import Counter
from dataclasses import dataclass

from mathtune_styles.expressions import Expression, evaluate, parse_expression

__all__ = [
    "Equation",
    "EquationReport",
    "Side",
    "equation_report",
    "evaluate",
    "find_equations",
    "numeric_groups",
    "parse_expression",
]

NOTE = re.compile(r"<<([^<>]*)>>")
UNESCAPED_DOLLAR = re.compile(r"(?<!\\)\$")
_BOXED = re.compile(r"\s*\\boxed\{(.*)\}\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a chain: its text, and its expression when it is in the subset we parse."""

    text: str
    expression: Expression | None


@dataclass(frozen=True, slots=True)
class Equation:
    """A chain a = b = c found in a text. `start` and `end` bound it with its delimiters.

    `holds` speaks of the sides that are numbers and are linked by = signs (see `numeric_groups`): True when some are
    and every group agrees, False when two of a group differ, None when there is nothing to compare.
    """

    start: int
    end: int
    sides: tuple[Side, ...]
    holds: bool | None


@dataclass(frozen=True, slots=True)
class EquationReport:
    """How many equations of a text hold, fail, and cannot be told."""

    holding: int
    failing: int
    unchecked: int


def find_equations(text: str) -> list[Equation]:
    """The equations of `text` in order: those in LaTeX mathematics, or in GSM8K's <<calculator notes>>. Never raises.

    A text with notes has dollar signs that mean money, so there only the notes are read.
    """
    if is_gsm8k(text):
        spans = [(match.start(), match.end(), match.group(1)) for match in NOTE.finditer(text)]
    else:
        spans = math_spans(text)
    equations = []
    for start, end, content in spans:
        sides = split_sides(content)
        if len(sides) > 1:
            equations.append(Equation(start, end, sides, _holds(sides)))
    return equations


def equation_report(text: str) -> EquationReport:
    """Count the equations of `text` by outcome."""
    counts = Counter(equation.holds for equation in find_equations(text))
    return EquationReport(counts[True], counts[False], counts[None])


def money_escaped(text: str) -> str:
    """The text of a source without LaTeX, its dollar signs written as money."""
    return UNESCAPED_DOLLAR.sub(r"\\$", text)


def is_gsm8k(text: str) -> bool:
    """Whether `text` is in GSM8K's manner: calculator notes, or an answer after four hashes."""
    return NOTE.search(text) is not None or re.search(r"^####", text, re.MULTILINE) is not None


def math_spans(text: str) -> list[tuple[int, int, str]]:
    r"""Every piece of mathematics: (start, end, content), by $...$, $$...$$, \(...\) and \[...\], in one pass."""
    spans = []
    opened: tuple[int, str, str] | None = None  # start, opening and closing delimiter
    for match in re.finditer(r"\\\\|\\\$|\$\$?|\\[()\[\]]", text):
        token = match.group()
        if token in ("\\\\", "\\$"):
            continue
        if opened is None:
            closing = {"$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]"}.get(token)
            if closing is not None:
                opened = (match.start(), token, closing)
        elif token == opened[2]:
            start, opening, closing = opened
            spans.append((start, match.end(), text[start + len(opening) : match.start()]))
            opened = None
    return spans


def split_sides(content: str) -> tuple[Side, ...]:
    """The sides of a chain, cut at each = outside braces and parentheses; one side when there is none."""
    pieces, depth, start = [], 0, 0
    for position, character in enumerate(content):
        if character in "{([":
            depth += 1
        elif character in "})]":
            depth -= 1
        elif character == "=" and depth == 0:
            pieces.append(content[start:position])
            start = position + 1
    pieces.append(content[start:])
    return tuple(_side(piece.strip()) for piece in pieces)


def _side(text: str) -> Side:
    inner = text.rstrip(".,; ")
    boxed = _BOXED.fullmatch(inner)
    return Side(inner, parse_expression(boxed.group(1) if boxed else inner))


def numeric_groups(sides: tuple[Side, ...]) -> list[tuple[Expression, ...]]:
    """The sides with a value, two or more at a time, cut wherever a side is out of our subset.

    Such a side may hold another relation or a second equation (10 = \\sqrt{100} < x < 11 = \\sqrt{121}), so it links
    nothing; a side with letters does.
    """
    groups: list[list[Expression]] = [[]]
    for side in sides:
        if side.expression is None:
            groups.append([])
        elif evaluate(side.expression) is not None:
            groups[-1].append(side.expression)
    return [tuple(group) for group in groups if len(group) > 1]


def _holds(sides: tuple[Side, ...]) -> bool | None:
    groups = numeric_groups(sides)
    return all(len({evaluate(side) for side in group}) == 1 for group in groups) if groups else None
