"""Arithmetic of what an expression may be worth: a value or a matrix."""

from mathtune_answers import matrices, values
from mathtune_answers.errors import UnreadableError
from mathtune_answers.matrices import Matrix, Operand
from mathtune_answers.values import Value


def scalar_of(operand: Operand | None) -> Value:
    """Return a value; raises UnreadableError for a matrix."""
    if operand is None or isinstance(operand, Matrix):
        raise UnreadableError("not a number or an expression")
    return operand


def added(a: Operand, b: Operand) -> Operand:
    """Return a + b."""
    if isinstance(a, Matrix) and isinstance(b, Matrix):
        return matrices.sum_of(a, b)
    return values.add(scalar_of(a), scalar_of(b))


def negated(a: Operand) -> Operand:
    """Return -a."""
    return matrices.scaled(a, -1) if isinstance(a, Matrix) else values.negate(a)


def multiplied(a: Operand, b: Operand) -> Operand:
    """Return a · b."""
    if isinstance(a, Matrix):
        return matrices.product(a, b) if isinstance(b, Matrix) else matrices.scaled(a, b)
    return matrices.scaled(b, a) if isinstance(b, Matrix) else values.multiply(a, b)


def divided(a: Operand, b: Operand) -> Operand:
    """Return a / b; raises UnreadableError for a matrix below the stroke."""
    return multiplied(a, values.reciprocal(scalar_of(b)))
