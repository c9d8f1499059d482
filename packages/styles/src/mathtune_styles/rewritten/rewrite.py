r"""The `rewritten` style: a solution whose computations are spelled out one operation at a time, its answer kept.

Pure functions over one solution. A computation is expanded where it stands: `$2 \cdot 3 + 4 = 10$` becomes
`$2 \cdot 3 + 4$: $2 \cdot 3 = 6$, $6 + 4 = 10$`, so the sentence around it still reads, and a reader that writes from
left to right has every number it needs before it needs it.
"""

import re
from dataclasses import dataclass

from mathtune_styles.closing import closed, closing
from mathtune_styles.equations import NOTE, Equation, Side, find_equations, is_gsm8k, money_escaped, split_sides
from mathtune_styles.expressions import Binary, Expression, Letter, Number, evaluate, parse_expression
from mathtune_styles.rewritten.expansion import Expansion, Step, expand
from mathtune_styles.rewritten.linear import letters_of, solve
from mathtune_styles.rewritten.reductions import has_decimal, is_atom, is_reduction
from mathtune_styles.step_check import check_with_sympy

MAX_SOLUTION = 20_000

NO_ANSWER = "no boxed answer"
TOO_LONG = "too long"
FALSE_EQUATION = "an equation does not hold"
FALSE_STEP = "a step does not hold"
ANSWER_CHANGED = "the answer changed"

_DELIMITERS = re.compile(r"\A(?:\$\$?|\\[(\[])|(?:\$\$?|\\[)\]])\Z")
_HASHES = re.compile(r"^####[ \t]*(.*?)\s*\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The outcome for one solution: its new text and how many computations were expanded, or why it was rejected."""

    text: str | None
    rejection: str | None = None
    expanded: int = 0


def rewrite_solution(solution: str) -> Rewrite:
    r"""Rewrite a solution that ends in \boxed{...}, or one in GSM8K's manner (notes and ####). Never raises.

    A solution with nothing to expand comes back as it is but for its ending, and in GSM8K's manner its notes.
    Rejected are solutions with a false equation, with no answer, or over the length budget, and any rewriting whose
    answer or whose steps would not check: the last two guard against our own mistakes.
    """
    if len(solution) > MAX_SOLUTION:
        return Rewrite(None, TOO_LONG)
    gsm8k = is_gsm8k(solution)
    answer = _hashed_answer(solution) if gsm8k else last_boxed(solution)
    if not answer:
        return Rewrite(None, NO_ANSWER)
    equations = find_equations(solution)
    if any(equation.holds is False for equation in equations):
        return Rewrite(None, FALSE_EQUATION)
    replacements = _note_replacements(solution) if gsm8k else _math_replacements(solution, equations)
    expanded = sum(replacement.expands for replacement in replacements)
    if gsm8k:
        steps = _HASHES.sub("", _replaced(solution, replacements, money=True)).strip()
        text = f"{steps}\n{closing(answer)}".strip()
    else:
        text = closed(_replaced(solution, replacements), answer)
    if last_boxed(text) != answer:
        return Rewrite(None, ANSWER_CHANGED)
    if any(equation.holds is False for equation in find_equations(text)) or not check_with_sympy(text):
        return Rewrite(None, FALSE_STEP)
    return Rewrite(text, expanded=expanded)


def last_boxed(text: str) -> str | None:
    r"""The content of the last \boxed{...}, its braces matched; None when there is none, or it is not closed."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth, begin = 1, start + len("\\boxed{")
    for position in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[begin:position]
    return None


def _hashed_answer(solution: str) -> str | None:
    match = _HASHES.search(solution)
    return match.group(1).lstrip("$").strip().replace(",", "") if match else None


@dataclass(frozen=True, slots=True)
class _Replacement:
    start: int
    end: int
    text: str
    expands: bool


def _replaced(solution: str, replacements: list[_Replacement], money: bool = False) -> str:
    """The solution with its replacements; with `money`, dollar signs outside them mean money, and are escaped."""
    pieces, position = [], 0
    for replacement in [*replacements, _Replacement(len(solution), len(solution), "", False)]:
        kept = solution[position : replacement.start]
        pieces += [money_escaped(kept) if money else kept, replacement.text]
        position = replacement.end
    return "".join(pieces)


def _written(steps: tuple[Step, ...]) -> str:
    return ", ".join(f"${' = '.join(step)}$" for step in steps)


def _note_replacements(solution: str) -> list[_Replacement]:
    """Each note gives way to its steps in parentheses, before the result it stands next to, or to nothing."""
    replacements = []
    for match in NOTE.finditer(solution):
        sides = split_sides(match.group(1))
        steps = _note_steps(sides)
        if not steps:
            replacements.append(_Replacement(match.start(), match.end(), "", False))
            continue
        # In "= $<<2*3+4=10>>10" the dollar sign belongs to the result, so the steps go before it.
        currency = solution[: match.start()].endswith("$")
        start = match.start() - currency
        before = "" if solution[:start].endswith((" ", "\n")) or not start else " "
        text = f"{before}({_written(steps)}) " + ("\\$" if currency else "")
        replacements.append(_Replacement(start, match.end(), text, True))
    return replacements


def _note_steps(sides: tuple[Side, ...]) -> tuple[Step, ...]:
    first, last = sides[0].expression, sides[-1].expression
    if len(sides) != 2 or first is None or not isinstance(last, Number):
        return ()
    expansion = expand(first, decimals=True)
    return expansion.steps if expansion is not None and expansion.adds_detail else ()


def _math_replacements(solution: str, equations: list[Equation]) -> list[_Replacement]:
    """Expand each piece of mathematics that computes a number, and each x = ... that solves the linear equation before.

    Steps are written in the line, so a displayed computation becomes part of the sentence that it stood in.
    """
    replacements = []
    unsolved: dict[str, tuple[Expression, Expression]] = {}
    for equation in equations:
        solved = _solved(equation, unsolved)
        text = solved if solved is not None else _expanded(equation)
        if text is None:
            continue
        # In "$3^2 = 9.$" the full stop is the sentence's.
        content = _DELIMITERS.sub("", solution[equation.start : equation.end]).rstrip()
        text += content[len(content.rstrip(".,;")) :]
        before, after = solution[: equation.start], solution[equation.end :]
        if not solution.startswith("$", equation.start) or solution.startswith("$$", equation.start):
            text = f"{' ' * bool(before[-1:].strip())}{text}{' ' * after[:1].isalnum()}"
        replacements.append(_Replacement(equation.start, equation.end, text, True))
    return replacements


def _solved(equation: Equation, unsolved: dict[str, tuple[Expression, Expression]]) -> str | None:
    """The solving steps when the equation is a letter's value; another equation in one letter is kept in `unsolved`."""
    if len(equation.sides) != 2:
        return None
    left, right = (side.expression for side in equation.sides)
    if left is None or right is None:
        return None
    letters = letters_of(left) | letters_of(right)
    if not isinstance(left, Letter) or letters_of(right):
        if len(letters) == 1:
            unsolved[next(iter(letters))] = left, right
        return None
    if not is_atom(right) or left.name not in unsolved:
        return None
    solution = solve(*unsolved.pop(left.name), decimals=isinstance(right, Number) and right.decimal)
    if solution is None or solution.value != evaluate(right) or not solution.steps:
        return None
    steps = _with_source_ending(solution, equation.sides[-1])
    return _written(steps)


def _expanded(equation: Equation) -> str | None:
    """The equation with the steps that lead to its last number, or None when there is nothing to add."""
    sides = equation.sides
    numeric = [side.expression is not None and evaluate(side.expression) is not None for side in sides]
    lead = numeric.index(True) if True in numeric else len(sides)
    prefix, values = sides[:lead], sides[lead:]
    if len(values) < 2 or not all(numeric[lead:]) or any("," in side.text or not side.text for side in prefix):
        return None
    expressions = [side.expression for side in values if side.expression is not None]
    if not is_atom(expressions[-1]):
        return None
    # The source's own partial results give way to ours; a side that is new (10^2 - 8^2 = (10 - 8)(10 + 8)) stays.
    head = 0
    for index in range(1, len(values)):
        if not is_reduction(expressions[head], expressions[index]):
            head = index
    if head == len(values) - 1:
        return None
    expansion = expand(expressions[head], has_decimal(expressions))
    if expansion is None or not expansion.adds_detail:
        return None
    boxed_later = "\\boxed" in values[-1].text and len(prefix) > 0 and len(expansion.steps) > 1
    steps = expansion.steps if boxed_later else _with_source_ending(expansion, values[-1])
    kept = [side.text for side in values[: head + 1] if side.text]
    names = [side.text for side in prefix]
    if len(steps) == 1:
        return f"${' = '.join([*names, *kept, *steps[0][1:]])}$"
    if not names and head == 0 and any(parse_expression(step[0]) == expressions[0] for step in steps):
        return _written(steps)  # one operation, which one of the steps states: it need not be announced
    closing = f", so ${' = '.join([*names, values[-1].text])}$" if names else ""
    return f"${' = '.join([*names, *kept])}$: {_written(steps)}{closing}"


def _with_source_ending(expansion: Expansion, source: Side) -> tuple[Step, ...]:
    """The steps, ending in the source's own writing of the value (0.50, \\boxed{10}, an unreduced fraction)."""
    *earlier, last = expansion.steps
    if last[-1] == source.text:
        return expansion.steps
    unreduced = "\\boxed" not in source.text and isinstance(source.expression, Binary)
    if unreduced and parse_expression(last[-1]) == source.expression:
        return (*earlier, (*last[:-1], source.text))
    return (*earlier, (*last, source.text) if unreduced else (*last[:-1], source.text))
