r"""The mathematics of a solution, however it is written: LaTeX, displayed alignments, or arithmetic in plain text."""

import re
from dataclasses import dataclass
from functools import lru_cache

from mathtune_styles.equations import NOTE, Equation, find_equations, is_gsm8k, math_spans

_FIGURE = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)
_ENVIRONMENT = re.compile(
    r"\\begin\{(?P<name>(?:align|aligned|alignat|eqnarray|equation|gather|gathered|multline|split)\*?)\}"
    r"(?P<rows>.{0,4000}?)\\end\{(?P=name)\}",
    re.DOTALL,
)
_ROW_END = re.compile(r"\\\\(?:\[[^\]\n]*\])?")
ENVIRONMENT_MARK = re.compile(r"\\(?:begin|end)\{[a-z]+\*?\}")
# Its rows are no lines of an alignment.
_NESTED = re.compile(r"\\begin\{([a-zA-Z]*matrix|cases|array)\}.*?\\end\{\1\}", re.DOTALL)
_OPERAND = r"[-(]{0,3}(?:\\?\$\s{0,40})?(?:\d[\d,]*(?:\.\d+)?|\.\d+)%?\){0,3}"
_SIDE = rf"{_OPERAND}(?:\s{{0,2}}(?:[-+*/×÷·−–^]|x(?=[\s\d(])|\\?\*)\s{{0,2}}{_OPERAND}){{0,20}}"
# Up to forty blanks before a side's first number, for that is where GSM8K's notes are blanked out.
_ARITHMETIC = re.compile(rf"(?<![\w.,:/)√])(?<!√\(){_SIDE}(?:\s{{0,2}}=\s{{0,40}}{_SIDE}){{1,6}}(?![\w(]|[.,:]\d)")
_MONEY = re.compile(r"\\?\$")
# What makes it a part of a longer chain, with letters or units in it or a mixed number, of which it says nothing alone.
_BEFORE = re.compile(r"(?:[-+*/×÷·−–^=<>≈\d]|(?<!\w)x)\s{0,9}\Z")
_AFTER = re.compile(r"\s{0,9}[-+*/×÷·−–^=<>≈\d]")


@dataclass(frozen=True, slots=True)
class Formula:
    """One piece of mathematics. `start` and `end` bound it in the text with its delimiters.

    `equation` is its chain of sides with the verdict on them, None where there is no = sign outside brackets.
    `displayed` says that it stands on lines of its own, where a line break ends no sentence.
    """

    start: int
    end: int
    content: str
    equation: Equation | None
    displayed: bool


def blank(match: re.Match[str]) -> str:
    """As many blanks as the match is long."""
    return " " * len(match[0])


def without_figures(text: str) -> str:
    """`text` with blanks in place of figures' code and of calculator notes, so that positions stay."""
    return NOTE.sub(blank, _FIGURE.sub(blank, text))


def find_formulas(text: str) -> list[Formula]:
    r"""The formulas of `text` in order. Never raises.

    Those are LaTeX mathematics, rows of `align` and its like (a row that starts with = goes on with the one before),
    and chains of numbers and operation signs with = between them in plain text (48/2 = 24). In GSM8K's own notation
    dollar signs are money, so there only the last kind is looked for.
    """
    plain = without_figures(text)
    found: list[Formula] = []
    if not is_gsm8k(text):
        for start, end, content in math_spans(plain):
            displayed = plain.startswith(("$$", "\\["), start)
            found += _rows(plain, start, end, plain.index(content, start), content, displayed)
        plain = _blanked(plain, found)
        for match in _ENVIRONMENT.finditer(plain):
            found += _rows(plain, match.start(), match.end(), match.start("rows"), match["rows"], displayed=True)
        plain = _blanked(plain, found)
    for match in _ARITHMETIC.finditer(plain):
        if _BEFORE.search(plain, max(0, match.start() - 12), match.start()) or _AFTER.match(plain, match.end()):
            continue
        start, end = _within_brackets(plain, *match.span())
        latex = _MONEY.sub("", plain[start:end]).replace("x", r"\times")
        found.append(Formula(start, end, plain[start:end], _equation(latex), displayed=False))
    return sorted(found, key=lambda formula: formula.start)


def _rows(text: str, start: int, end: int, inner: int, content: str, displayed: bool) -> list[Formula]:
    """The formulas of one piece of mathematics, whose `content` starts at `inner`: one, or one a row of several."""
    if not _ENVIRONMENT.search(text, start, end):
        chain = ENVIRONMENT_MARK.sub("", content)
        return [Formula(start, end, content, _equation(chain), displayed)]
    chains: list[tuple[int, int, str]] = []
    position = 0
    row_ends = [match.span() for match in _ROW_END.finditer(_NESTED.sub(blank, content))]
    for row_end in [*row_ends, (len(content), len(content))]:
        chain = ENVIRONMENT_MARK.sub("", content[position : row_end[0]]).replace("&", " ").strip()
        if chain.startswith("=") and chains:
            first, _, before = chains[-1]
            chains[-1] = (first, row_end[0], f"{before} {chain}")
        elif chain:
            chains.append((position, row_end[0], chain))
        position = row_end[1]
    bounds = [(inner + first, inner + last, chain) for first, last, chain in chains]
    return [Formula(first, last, chain, _equation(chain), displayed) for first, last, chain in bounds]


def _within_brackets(text: str, start: int, end: int) -> tuple[int, int]:
    """The bounds without the brackets around the whole chain, in the manner of (2 + 3 = 5 apples)."""
    sign = text.index("=", start)
    while text[start] == "(" and text.count("(", start, sign) > text.count(")", start, sign):
        start += 1
    while text[end - 1] == ")" and text.count(")", start, end) > text.count("(", start, end):
        end -= 1
    return start, end


@lru_cache(maxsize=1 << 16)
def _equation(latex: str) -> Equation | None:
    return next(iter(find_equations(f"\\[{latex}\\]")), None)


def _blanked(text: str, formulas: list[Formula]) -> str:
    pieces, position = [], 0
    for formula in sorted(formulas, key=lambda formula: formula.start):
        pieces += [text[position : formula.start], " " * (formula.end - formula.start)]
        position = formula.end
    return "".join([*pieces, text[position:]])
