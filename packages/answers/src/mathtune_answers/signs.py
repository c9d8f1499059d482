"""Plus-minus signs: an answer with one is two answers."""

from dataclasses import replace

from mathtune_answers.errors import UnreadableError
from mathtune_answers.expressions import evaluate
from mathtune_answers.nodes import Group, Node, Row, is_command
from mathtune_answers.tokens import Token

MOST_SIGNS = 3


def has_sign(node: Group) -> bool:
    """Return whether a bracket holds a plus-minus sign."""
    return any(
        is_command(inner, "pm", "mp") or (isinstance(inner, Group) and inner.value is None and has_sign(inner))
        for inner in node.nodes
    )


def _count_signs(nodes: Row) -> int:
    return sum(is_command(node, "pm", "mp") or (isinstance(node, Group) and _count_signs(node.nodes)) for node in nodes)


def readings(nodes: Row) -> list[Row]:
    """Return the readings of a part with plus-minus signs: all independent, but a minus-plus follows its plus-minus."""
    count = _count_signs(nodes)
    if not count:
        return [nodes]
    if count > MOST_SIGNS:
        raise UnreadableError("too many signs")
    linked = any(_mentions(node, "mp") for node in nodes)
    choices = 1 if linked else count
    return [_with_signs(nodes, pattern, linked, [0]) for pattern in range(2**choices)]


def _mentions(node: Node, name: str) -> bool:
    return any(_mentions(inner, name) for inner in node.nodes) if isinstance(node, Group) else is_command(node, name)


def _with_signs(nodes: Row, pattern: int, linked: bool, seen: list[int]) -> Row:
    result: list[Node] = []
    for node in nodes:
        if isinstance(node, Group) and has_sign(node):
            inner = _with_signs(node.nodes, pattern, linked, seen)
            try:
                value, degrees = evaluate(inner)
            except UnreadableError:
                value, degrees = None, False
            result.append(replace(node, nodes=inner, value=value, degrees=degrees))
        elif is_command(node, "pm", "mp"):
            bit = pattern & 1 if linked else pattern >> seen[0] & 1
            seen[0] += 1
            result.append(Token("-" if bool(bit) != (node.text == "mp") else "+", "+"))
        else:
            result.append(node)
    return tuple(result)
