"""Solving linear equations in one letter by steps that each do one thing."""

from fractions import Fraction
from typing import Literal

from mathtune_styles.expressions import Binary, Expression, Letter, Number, Unary, evaluate, parse_expression
from mathtune_styles.rewritten.expansion import Expansion, Step, expand
from mathtune_styles.rewritten.numerals import number_text, wrapped

Form = tuple[Fraction, Fraction]  # a and b of a x + b


def letters_of(expression: Expression) -> frozenset[str]:
    """The letters that occur."""
    match expression:
        case Letter(name):
            return frozenset({name})
        case Unary(_, operand):
            return letters_of(operand)
        case Binary(_, left, right):
            return letters_of(left) | letters_of(right)
        case _:
            return frozenset()


def linear_form(expression: Expression) -> Form | None:
    """(a, b) when the expression is a x + b in its letters, taken to be one; None when it is not linear."""
    if not letters_of(expression):
        value = evaluate(expression)
        return None if value is None else (Fraction(0), value)
    match expression:
        case Letter():
            return Fraction(1), Fraction(0)
        case Unary("-", operand):
            inner = linear_form(operand)
            return None if inner is None else (-inner[0], -inner[1])
        case Binary(operator, left, right):
            first, second = linear_form(left), linear_form(right)
            if first is None or second is None:
                return None
            return _combined(operator, first, second)
        case _:
            return None


def _combined(operator: str, first: Form, second: Form) -> Form | None:
    if operator == "+":
        return first[0] + second[0], first[1] + second[1]
    if operator == "-":
        return first[0] - second[0], first[1] - second[1]
    if operator == "*" and not first[0]:
        return first[1] * second[0], first[1] * second[1]
    if operator == "*" and not second[0]:
        return first[0] * second[1], first[1] * second[1]
    if operator == "/" and not second[0] and second[1]:
        return first[0] / second[1], first[1] / second[1]
    return None


def solve(left: Expression, right: Expression, decimals: bool = False) -> Expansion | None:
    """The steps from left = right to the letter's value, each true at that value.

    Returns None unless the equation is linear, in one letter, with one solution, and its numbers are in the budgets.
    """
    names = letters_of(left) | letters_of(right)
    first, second = linear_form(left), linear_form(right)
    if len(names) != 1 or first is None or second is None or first[0] == second[0]:
        return None
    (name,) = names
    steps: list[Step] = []
    if not (_is_collected(left) and _is_collected(right)):
        steps.append((_text(first, name, decimals), _text(second, name, decimals)))
    if abs(second[0]) > abs(first[0]) or (second[0] > first[0] and first[0] + second[0] == 0):
        first, second = second, first
    slope, shift = first[0] - second[0], first[1]
    if second[0]:
        sign = "-" if second[0] > 0 else "+"
        moved = _text((abs(second[0]), Fraction(0)), name, decimals)
        kept, left_over = (_text((size, Fraction(0)), name, decimals) for size in (first[0], slope))
        steps.append((f"{kept} {sign} {moved}", left_over))
        steps.append((_text((slope, shift), name, decimals), number_text(second[1], decimals)))
    target = second[1]
    if shift:
        left_over = _text((slope, Fraction(0)), name, decimals)
        if not _append(steps, left_over, target, "+" if shift < 0 else "-", abs(shift), decimals):
            return None
        target -= shift
    value = target / slope
    if slope == -1:
        steps.append((name, number_text(value, decimals)))
    elif slope != 1:
        turned = abs(slope.numerator) == 1
        if not _append(steps, name, target, "*" if turned else "/", 1 / slope if turned else slope, decimals):
            return None
    elif not shift:
        steps.append((name, number_text(value, decimals)))
    return Expansion(tuple(steps), value) if _all_true(steps, name, value) else None


def _append(
    steps: list[Step], side: str, left: Fraction, operator: Literal["+", "-", "*", "/"], right: Fraction, decimals: bool
) -> bool:
    """Append the steps of one operation, the last of them led by `side`; False when it cannot be expanded."""
    expansion = expand(Binary(operator, Number(left), Number(right)), decimals)
    if expansion is None:
        return False
    if expansion.steps:
        *earlier, last = expansion.steps
        steps.extend(earlier)
    else:  # a quotient that stands as a fraction
        quotient = f"{number_text(left, decimals)} \\div {wrapped(number_text(right, decimals))}"
        last = (quotient, number_text(expansion.value, decimals))
    steps.append((side, *last))
    return True


def _is_collected(side: Expression) -> bool:
    """Whether a side has at most one letter term and one number, in either order."""
    if isinstance(side, Binary) and side.operator in ("+", "-"):
        terms = [side.left, side.right]
        return all(map(_is_term, terms)) and len([term for term in terms if letters_of(term)]) == 1
    return _is_term(side)


def _is_term(side: Expression) -> bool:
    match side:
        case Number() | Letter():
            return True
        case Unary("-", operand):
            return _is_term(operand)
        case Binary("*" | "/", left, right):
            return _is_term(left) and _is_term(right) and bool(letters_of(side))
        case _:
            return False


def _text(form: Form, name: str, decimals: bool) -> str:
    """A x + b as it is written: 3x + 7, -x, -\\frac{2x}{3} - 1."""
    slope, shift = form
    if not slope:
        return number_text(shift, decimals)
    size = number_text(abs(slope), decimals)
    if "\\frac" in size:
        top = "" if abs(slope).numerator == 1 else str(abs(slope).numerator)
        term = f"\\frac{{{top}{name}}}{{{slope.denominator}}}"
    else:
        term = ("" if size == "1" else size) + name
    term = f"-{term}" if slope < 0 else term
    if not shift:
        return term
    return f"{term} {'-' if shift < 0 else '+'} {number_text(abs(shift), decimals)}"


def _all_true(steps: list[Step], name: str, value: Fraction) -> bool:
    """Whether every step's sides are equal at the solution."""
    for step in steps:
        sides = [parse_expression(side) for side in step]
        values = {None if side is None else evaluate(side, {name: value}) for side in sides}
        if len(values) != 1 or None in values:
            return False
    return True
