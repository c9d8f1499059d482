"""How one side of a chain follows from the one before: as a partial evaluation, or as a new thought."""

from fractions import Fraction

from mathtune_styles.expressions import Binary, Call, Expression, Number, Unary, evaluate


def is_atom(expression: Expression) -> bool:
    """Whether the expression is a number as it stands: a literal, or one literal over another, signed or not."""
    match expression:
        case Number() | Binary("/", Number(), Number(), True):
            return True
        case Unary("-", operand):
            return is_atom(operand)
        case _:
            return False


def has_decimal(expressions: list[Expression]) -> bool:
    """Whether any number in them is written with a decimal point."""
    return any(_decimal(expression) for expression in expressions)


def _decimal(expression: Expression) -> bool:
    match expression:
        case Number(_, decimal):
            return decimal
        case Unary(_, operand):
            return _decimal(operand)
        case Binary(_, left, right):
            return _decimal(left) or _decimal(right)
        case Call(_, arguments):
            return has_decimal(list(arguments))
        case _:
            return False


def is_reduction(whole: Expression, reduced: Expression) -> bool:
    """Whether `reduced` is `whole` with some of its parts replaced by their values."""
    if whole == reduced:
        return True
    if is_atom(reduced):
        value: Fraction | None = evaluate(whole)
        return value is not None and value == evaluate(reduced)
    match whole, reduced:
        case Unary(operator, operand), Unary(other, inner):
            return operator == other and is_reduction(operand, inner)
        case Binary(operator, left, right), Binary(other, first, second):
            return operator == other and is_reduction(left, first) and is_reduction(right, second)
        case _:
            return False
