r"""The steps of a solution, for every notation by one definition.

A text is cut into sentences at . ! ? and at line ends, but not before a lower-case word or beside a displayed formula.
A sentence with several equations is a step for each clause (cut at , ; : and before "and", "so", "or", "then") that
holds one: "$2x = 28 + 14 = 42$, so $x = 21$" is two steps, and so are two rows of an alignment unless the second starts
with =. A clause without an equation belongs to the one after it. The closing "The answer is $\boxed{…}$." is no step.
"""

import re
from dataclasses import dataclass

from mathtune_styles.closing import SENTENCE
from mathtune_styles.comparison.formulas import ENVIRONMENT_MARK, Formula, blank, find_formulas, without_figures

# Private characters stand for mathematics while sentences are cut, one for each character.
_FORMULA, _EQUATION = "\ue000", "\ue001"
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)[\"')\]]{0,3}\s{1,99}(?=[^a-z\s])|\n\s{0,99}(?=[^a-z\s])"
)
_CLAUSE_END = re.compile(r"[,;:]\s{1,9}|\s{1,9}(?=(?:and|so|or|then)\s)")
_WORD = re.compile(r"\\[A-Za-z]+|([^\W\d_]+(?:['’][^\W\d_]+)*)")
_SYMBOL = re.compile(
    r"(?P<skip>\s+|\\[,;:! ]|\\(?:left|right|displaystyle)(?![A-Za-z])|\^\{?\\circ\}?|\{,\})"
    r"|(?P<operator>\\(?:cdot|times|div|[dt]?frac|sqrt|[dt]?binom)(?![A-Za-z])|[+*/×÷·^!])"
    r"|(?P<minus>[-−–])|(?P<opening>[({\[|])|(?P<operand>\\[A-Za-z]+|x(?=\s)|.)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its text, the words of its prose in lower case, and its formulas."""

    text: str
    words: tuple[str, ...]
    formulas: tuple[Formula, ...]

    @property
    def operations(self) -> int | None:
        """The most operations on one side of its equations: what a reader must carry out at once. None without any."""
        sides = [
            side.text for formula in self.formulas if formula.equation is not None for side in formula.equation.sides
        ]
        return max(map(count_operations, sides), default=None)


def body(text: str) -> str:
    """The solution without the sentence that every style closes with."""
    return SENTENCE.sub("", text).rstrip()


def find_steps(text: str) -> list[Step]:
    """The steps of a solution, none for one that is nothing but its answer. Never raises."""
    text = body(text)
    formulas = find_formulas(text)
    mask = _masked(text, formulas)
    steps = []
    for start, end in _pieces(mask):
        words = tuple(match[1].lower() for match in _WORD.finditer(mask, start, end) if match[1])
        own = tuple(formula for formula in formulas if start <= formula.start < end)
        if words or own:
            steps.append(Step(text[start:end].strip(), words, own))
    return steps


def count_operations(latex: str) -> int:
    """Operation signs of `latex`: + − · ÷, fraction bars, powers, roots, binomials, factorials.

    A sign of a number, a product without a sign and degrees are none.
    """
    count, after_operand = 0, False
    for match in _SYMBOL.finditer(latex):
        kind = match.lastgroup
        if kind == "skip":
            continue
        count += kind == "operator" or (kind == "minus" and after_operand)
        # After 3! comes a minus that subtracts; after any other sign, one that is a number's own.
        after_operand = kind == "operand" or match[0] == "!"
    return count


def _masked(text: str, formulas: list[Formula]) -> str:
    """`text` at its length with formulas as private characters, but for the punctuation that ends them."""
    mask = list(ENVIRONMENT_MARK.sub(blank, without_figures(text)))
    for formula in formulas:
        mark = _FORMULA if formula.equation is None else _EQUATION
        mask[formula.start : formula.end] = mark * (formula.end - formula.start)
    for formula in formulas:
        if formula.displayed:
            before, after = formula.start - 1, formula.end
            while before >= 0 and (mask[before].isspace() or mask[before] == "\\"):
                mask[before], before = " ", before - 1
            while after < len(mask) and (mask[after].isspace() or mask[after] == "\\"):
                mask[after], after = " ", after + 1
            if formula.end - formula.start > 2:
                # It ends a clause, and a sentence where a new one begins after it.
                starts_anew = after < len(mask) and mask[after].isupper()
                mask[formula.end - 2 : formula.end] = ("." if starts_anew else ","), " "
        elif formula.content.rstrip().endswith((".", ",", ";", ":")):
            mask[formula.end - 1] = formula.content.rstrip()[-1]
    return "".join(mask)


def _pieces(mask: str) -> list[tuple[int, int]]:
    """The bounds of the steps: sentences, and clauses of those with several equations."""
    pieces = []
    for start, end in _cut(mask, 0, len(mask), _SENTENCE_END):
        begun = start
        clauses = _cut(mask, start, end, _CLAUSE_END)
        holding = [i for i, (first, last) in enumerate(clauses) if _EQUATION in mask[first:last]]
        for i in holding[:-1]:
            pieces.append((begun, clauses[i][1]))
            begun = clauses[i][1]
        pieces.append((begun, end))
    return pieces


def _cut(mask: str, start: int, end: int, boundary: re.Pattern[str]) -> list[tuple[int, int]]:
    ends = [match.end() for match in boundary.finditer(mask, start, end)]
    return list(zip([start, *ends], [*ends, end], strict=True))
