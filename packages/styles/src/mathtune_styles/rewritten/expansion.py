"""Expanding a computation into steps that each do one thing, in the order of operations."""

from dataclasses import dataclass
from fractions import Fraction

from mathtune_styles.expressions import Binary, Call, Expression, Number, Unary, evaluate
from mathtune_styles.rewritten.numerals import is_plain
from mathtune_styles.rewritten.operations import Operand, Operations, Step, StopExpandingError

__all__ = ["Expansion", "Step", "expand"]


@dataclass(frozen=True, slots=True)
class Expansion:
    """The steps of one computation, each a chain of equal sides in LaTeX, and its value."""

    steps: tuple[Step, ...]
    value: Fraction

    @property
    def adds_detail(self) -> bool:
        """Whether the steps say more than that the expression equals its value."""
        return len(self.steps) > 1 or any(len(step) > 2 for step in self.steps)


def expand(expression: Expression, decimals: bool = False) -> Expansion | None:
    """The one-operation steps of a numeric expression, in the order of operations.

    With `decimals`, values that are short decimals are written as such, and otherwise as fractions. Returns None when
    the expression has a letter, no rational value, or needs too many steps or too large numbers.
    """
    value = evaluate(expression)
    if value is None:
        return None
    expander = _Expander(decimals)
    try:
        result = expander.visit(expression)
        if not expander.steps and result.denominator != value.denominator:
            expander.emit(*expander.reduction(result.numerator, result.denominator))
    except StopExpandingError:
        return None
    steps = expander.steps
    if steps and steps[-1] != expander.latest:
        steps.append(expander.latest)  # it was written before, but the steps have to end in the value
    return Expansion(tuple(steps), value)


class _Expander(Operations):
    """Walks an expression, its operands before its operation."""

    def visit(self, expression: Expression) -> Operand:
        match expression:
            case Number(value):
                return self.result(value)
            case Unary(operator, operand):
                steps_before = len(self.steps)
                inner = self.visit(operand)
                return self.unary(operator, inner, len(self.steps) > steps_before)
            case Binary("^", base, exponent):
                first, second = self.visit(base), self.visit(exponent)
                return self.power(first, int(second.value)) if second.value.denominator == 1 else self.stop()
            case Binary("/", Number(top), Number(bottom)) if self.is_fraction(top, bottom):
                sign = 1 if bottom > 0 else -1
                return Operand(top / bottom, int(sign * bottom))
            case Binary(operator, left, right):
                first, second = self.visit(left), self.visit(right)
                if operator in ("+", "-"):
                    return self.sum(operator, first, second)
                return self.product(first, second) if operator == "*" else self.quotient(first, second)
            case Call(function, arguments):
                values = [self.visit(argument).value for argument in arguments]
                return self.call(function, [int(value) for value in values])
            case _:
                return self.stop()

    def is_fraction(self, top: Fraction, bottom: Fraction) -> bool:
        """Whether top over bottom is a number as it stands, not a division to carry out."""
        whole = top.denominator == 1 and bottom.denominator == 1 and bottom != 0
        return whole and not is_plain(top / bottom, self.decimals)

    def stop(self) -> Operand:
        raise StopExpandingError
