"""A place in a row of nodes, and the small steps that every reader of expressions takes from it."""

from collections.abc import Mapping

from mathtune_answers.errors import UnreadableError
from mathtune_answers.nodes import Node, Row
from mathtune_answers.values import Value


class Cursor:
    """A position in a row of nodes; notes whether degrees were met and whether angles are converted to radians."""

    __slots__ = ("degrees", "environment", "nodes", "position", "radians")

    def __init__(self, nodes: Row, radians: bool, environment: Mapping[str, Value]) -> None:
        self.nodes, self.position, self.radians, self.degrees = nodes, 0, radians, False
        self.environment = environment

    def _peek(self) -> Node | None:
        return self.nodes[self.position] if self.position < len(self.nodes) else None

    def _take(self) -> Node:
        node = self._peek()
        if node is None:
            raise UnreadableError("a part is missing")
        self.position += 1
        return node

    def _skip(self, kind: str) -> bool:
        node = self._peek()
        if node is not None and node.kind == kind:
            self.position += 1
            return True
        return False

    def _command(self, name: str) -> bool:
        node = self._peek()
        if node is not None and node.kind == "command" and node.text == name:
            self.position += 1
            return True
        return False

    def _sign(self) -> int:
        """Read any run of plus and minus signs; 0 when there is none."""
        sign = 0
        while (node := self._peek()) is not None and node.kind in ("+", "-"):
            sign = (sign or 1) * (-1 if node.kind == "-" else 1)
            self.position += 1
        return sign
