"""Rows of nested tokens: their parts, their text and the questions that every reader asks of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from mathtune_answers.matrices import Operand
from mathtune_answers.tokens import Token

SEPARATORS = frozenset((",", ";"))


@dataclass(frozen=True, slots=True)
class Group:
    """A bracketed part: its brackets, what it holds, and its value when it is a single expression."""

    opener: str
    closer: str
    nodes: tuple["Node", ...]
    value: Operand | None = None
    degrees: bool = False
    spaced: bool = False
    kind: str = "group"
    text: str = ""


Node = Token | Group
Row = tuple[Node, ...]


def leaves(nodes: Row) -> Iterator[Token]:
    """Yield the tokens inside the nodes, brackets left out."""
    stack: list[Node] = list(reversed(nodes))
    while stack:
        node = stack.pop()
        if isinstance(node, Group):
            stack.extend(reversed(node.nodes))
        else:
            yield node


def split(nodes: Row, separators: frozenset[str]) -> list[Row]:
    """Return the parts between top-level separators."""
    parts: list[Row] = []
    start = 0
    for position, node in enumerate(nodes):
        if node.kind in separators:
            parts.append(nodes[start:position])
            start = position + 1
    parts.append(nodes[start:])
    return parts


def content(node: Node) -> str:
    """Return a name's or subscript's text, without braces."""
    pieces: list[str] = []
    stack: list[Node | str] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            pieces.append(part)
        elif isinstance(part, Group):
            bare = part.opener == "{"
            stack.extend(("" if bare else part.closer, *reversed(part.nodes), "" if bare else part.opener))
        else:
            pieces.append(part.text)
    return "".join(pieces)


def is_degree(node: Node) -> bool:
    """Return whether a node is a degree sign."""
    inner = node.nodes[0] if isinstance(node, Group) and len(node.nodes) == 1 else node
    return inner.kind == "command" and inner.text == "circ"


def is_command(node: Node, *names: str) -> bool:
    """Return whether a node is one of the commands."""
    return node.kind == "command" and node.text in names


def split_at(nodes: Row, name: str) -> list[Row]:
    """Return the parts between the top-level commands of a name."""
    parts: list[Row] = []
    start = 0
    for position, node in enumerate(nodes):
        if is_command(node, name):
            parts.append(nodes[start:position])
            start = position + 1
    return [*parts, nodes[start:]]


def stripped(nodes: Row) -> Row:
    """Return the row without punctuation at its ends and without braces that only group."""
    while nodes and nodes[-1].kind in (".", ",", ";", ":", "?"):
        nodes = nodes[:-1]
    while nodes and nodes[0].kind in (",", ".", ";", ":"):
        nodes = nodes[1:]
    while len(nodes) == 1 and isinstance(nodes[0], Group) and nodes[0].opener == "{" and nodes[0].value is None:
        if len(list_parts(nodes[0].nodes)) > 1:
            break
        nodes = nodes[0].nodes
    return nodes


def without_parameter(nodes: Row) -> Row:
    r"""Return the row without a closing remark that a parameter is whole, as in `2k\pi, k \in \mathbb{Z}`."""
    last = nodes[-1] if nodes else None
    if isinstance(last, Group) and last.opener == "(" and len(nodes) > 1:
        before, remark = nodes[:-1], last.nodes
    else:
        start = next((position for position in range(len(nodes) - 1, 0, -1) if nodes[position].kind in SEPARATORS), -1)
        before, remark = nodes[: max(start, 0)], nodes[start + 1 :]
    while remark and remark[0].kind in ("text", "word"):
        remark = remark[1:]
    if len(remark) < 3 or remark[0].kind != "symbol" or not is_command(remark[1], "in"):
        return nodes
    whole = "".join(map(content, remark[2:])).removeprefix("mathbb").rstrip("+") in ("Z", "N")
    return before if whole and any(leaf.text == remark[0].text for leaf in leaves(before)) else nodes


def list_parts(nodes: Row, connectors: bool = True) -> list[Row]:
    """Split at commas, semicolons, `and` and `or`; "2, and 3" has two parts."""
    parts: list[Row] = []
    start = 0
    for position, node in enumerate(nodes):
        comma = node.kind in SEPARATORS
        if comma or (connectors and is_command(node, "and", "or")):
            if position > start or comma:
                parts.append(nodes[start:position])
            start = position + 1
    if start < len(nodes) or not parts:
        parts.append(nodes[start:])
    return parts if len(parts) == 1 else [part for part in parts if part] if connectors else parts
