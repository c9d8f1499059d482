"""Plain text for a terminal: tables, names that fit, and texts of others that cannot move the cursor."""

import shutil
from collections.abc import Sequence

MAX_WIDTH = 100
GAP = 2


def width() -> int:
    """The terminal's columns, at most MAX_WIDTH; MAX_WIDTH where the output is no terminal."""
    return min(MAX_WIDTH, shutil.get_terminal_size((MAX_WIDTH, 24)).columns)


def clipped(name: str, columns: int) -> str:
    """`name` in at most `columns` columns; a longer one loses its middle: names that begin alike still differ."""
    if len(name) <= columns:
        return name
    tail = (columns - 1) // 2
    return f"{name[: columns - 1 - tail]}…{name[len(name) - tail :]}"


def harmless(text: str) -> str:
    """`text` with what a terminal would obey (escape sequences, changes of direction, …) shown as its code.

    Models write what they were trained on, so a completion is not to be trusted. Line ends stay.
    """
    return "".join(one if one.isprintable() or one == "\n" else _code(one) for one in text.replace("\t", "    "))


def _code(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> list[str]:
    """The lines of a table: the first `texts` columns flush left, the others right, a rule below the header."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        (" " * GAP)
        .join(
            cell.ljust(size) if column < texts else cell.rjust(size)
            for column, (cell, size) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in (header, *rows)
    ]
    return [lines[0], "─" * (sum(widths) + GAP * (len(widths) - 1)), *lines[1:]]
