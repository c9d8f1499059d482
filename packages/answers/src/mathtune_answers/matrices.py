"""Matrices of values: enough arithmetic to bring products, multiples and determinants to their entries."""

from dataclasses import dataclass

from mathtune_answers import values
from mathtune_answers.errors import UnreadableError
from mathtune_answers.values import Value, value_key

LARGEST_DETERMINANT = 6
LARGEST_POWER = 64


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix, or a vector as a matrix of one column or row."""

    rows: tuple[tuple[Value, ...], ...]

    def __post_init__(self) -> None:
        if not self.rows or not self.rows[0] or len({len(row) for row in self.rows}) != 1:
            raise UnreadableError("rows of different lengths")


Operand = Value | Matrix


def scaled(matrix: Matrix, factor: Value) -> Matrix:
    """Return factor times the matrix."""
    return Matrix(tuple(tuple(values.multiply(factor, entry) for entry in row) for row in matrix.rows))


def sum_of(a: Matrix, b: Matrix) -> Matrix:
    """Return a + b; raises UnreadableError when the shapes differ."""
    if len(a.rows) != len(b.rows) or len(a.rows[0]) != len(b.rows[0]):
        raise UnreadableError("matrices of different shapes")
    return Matrix(tuple(tuple(map(values.add, row, other)) for row, other in zip(a.rows, b.rows, strict=True)))


def product(a: Matrix, b: Matrix) -> Matrix:
    """Return the matrix product; raises UnreadableError when the shapes do not fit."""
    if len(a.rows[0]) != len(b.rows):
        raise UnreadableError("matrices that cannot be multiplied")
    columns = tuple(zip(*b.rows, strict=True))
    return Matrix(tuple(tuple(_dot(row, column) for column in columns) for row in a.rows))


def _dot(row: tuple[Value, ...], column: tuple[Value, ...]) -> Value:
    total: Value = 0
    for x, y in zip(row, column, strict=True):
        total = values.add(total, values.multiply(x, y))
    return total


def transposed(matrix: Matrix) -> Matrix:
    """Return the transpose."""
    return Matrix(tuple(zip(*matrix.rows, strict=True)))


def power(matrix: Matrix, exponent: int) -> Matrix:
    """Return a small whole power; -1 is the inverse of a two-by-two matrix."""
    if exponent == -1 and len(matrix.rows) == len(matrix.rows[0]) == 2:
        (a, b), (c, d) = matrix.rows
        turned = Matrix(((d, values.negate(b)), (values.negate(c), a)))
        return scaled(turned, values.reciprocal(determinant(matrix)))
    if not 1 <= exponent <= LARGEST_POWER:
        raise UnreadableError("a matrix power out of range")
    result = matrix
    for _ in range(exponent - 1):
        result = product(result, matrix)
    return result


def determinant(matrix: Matrix) -> Value:
    """Return the determinant by expansion along the first row."""
    size = len(matrix.rows)
    if size != len(matrix.rows[0]) or size > LARGEST_DETERMINANT:
        raise UnreadableError("no determinant")
    if size == 1:
        return matrix.rows[0][0]
    total: Value = 0
    for column, entry in enumerate(matrix.rows[0]):
        rest = Matrix(tuple(row[:column] + row[column + 1 :] for row in matrix.rows[1:]))
        term = values.multiply(entry, determinant(rest))
        total = values.add(total, values.negate(term) if column % 2 else term)
    return total


def matrix_key(matrix: Matrix) -> str:
    """Return the key of a matrix: its rows' keys."""
    return "matrix[" + ";".join(",".join(map(value_key, row)) for row in matrix.rows) + "]"
