"""Take the unit, percent sign, degree sign or currency off an amount, leaving the nodes of the number."""

import re

from mathtune_answers.errors import UnreadableError
from mathtune_answers.functions import TRIGONOMETRIC
from mathtune_answers.nodes import Group, Node, Row, content, is_command, is_degree
from mathtune_answers.units import canonical_unit
from mathtune_answers.words import LARGE

_CURRENCIES = {"$": "dollar", "€": "euro", "£": "gbp", "¥": "yen", "₹": "rupee"}
_NEGATIONS = re.compile(r"\b(?:not|no|never|none)\b", re.IGNORECASE)
_SCALES = frozenset(("C", "F", "K"))  # after a degree sign: Celsius, Fahrenheit, Kelvin
_SCALE_NAMES = {"C": "celsius", "F": "fahrenheit", "K": "K"}


def _is_text(node: Node) -> bool:
    if isinstance(node, Group):
        return node.opener in "({" and bool(node.nodes) and all(inner.kind in ("text", "word") for inner in node.nodes)
    return node.kind in ("text", "word")


def _is_small_power(node: Node) -> bool:
    return bool(re.fullmatch(r"-?\d", content(node))) if node.kind in ("group", "number") else False


def _is_fraction_of_units(nodes: Row) -> bool:
    return len(nodes) == 3 and nodes[0].text == "frac" and _is_text(nodes[1]) and _is_text(nodes[2])


def _start(nodes: Row) -> int:
    """Return where the unit at the end begins, the length when there is none."""
    best = position = len(nodes)
    angle = any(node.kind == "function" and node.text in TRIGONOMETRIC for node in nodes)
    while position > 0:
        node = nodes[position - 1]
        if _is_fraction_of_units(nodes[max(0, position - 3) : position]):
            position -= 3
            best = position
        elif _is_text(node) or node.kind == "%":
            position -= 1
            best = position
        elif node.kind in ("/", ".", "*", "-") and position < len(nodes) and best == position:
            position -= 1
        elif position >= 2 and nodes[position - 2].kind == "^":
            if is_degree(node) and not angle:
                position -= 2
                best = position
            elif _is_small_power(node) and position >= 3 and _is_text(nodes[position - 3]):
                position -= 2
            else:
                break
        elif position >= 3 and node.kind == "symbol" and node.text in _SCALES and is_degree(nodes[position - 2]):
            position -= 1
        else:
            break
    return best


def _written(nodes: Row) -> str:
    """Return a unit's nodes as text, a fraction of units with a stroke."""
    pieces: list[str] = []
    for position, node in enumerate(nodes):
        if node.kind == "command" and node.text == "frac":
            continue
        if position and nodes[position - 1].kind == "command" and nodes[position - 1].text == "frac":
            pieces.append(f"{_plain(node)}/")
        elif is_degree(node):
            following = nodes[position + 1].text if position + 1 < len(nodes) else ""
            pieces.append(f" {_SCALE_NAMES.get(following, '°')} ")
        elif (node.kind == "symbol" and node.text in _SCALES) or (
            node.kind == "^" and position + 1 < len(nodes) and is_degree(nodes[position + 1])
        ):
            continue
        else:
            pieces.append(node.kind if node.kind in "^/" else f" {_plain(node)} " if _is_text(node) else _plain(node))
    return "".join(pieces)


def _plain(node: Node) -> str:
    return content(node).strip("(){}")


def without_unit(nodes: Row) -> tuple[Row, str, str]:
    """Return an amount without its unit, the unit's canonical name, and a word such as million that multiplies it.

    Raises UnreadableError for `5 not …`.
    """
    unit, multiple = "", ""
    start = _start(nodes)
    if 0 < start < len(nodes):
        written = _written(nodes[start:])
        if _NEGATIONS.search(written):
            raise UnreadableError("a negated remark")
        first, _, rest = written.strip().partition(" ")
        if first.lower() in LARGE:
            multiple, written = first.lower(), rest
        nodes, unit = nodes[:start], canonical_unit(written)
        while nodes and nodes[-1].kind in ("/", "*", ".", "-") and len(nodes) > 1:
            nodes = nodes[:-1]
    for position, node in enumerate(nodes[:2]):
        if node.kind in _CURRENCIES and (position == 0 or nodes[0].kind in "+-"):
            nodes = nodes[:position] + nodes[position + 1 :]
            unit = unit if unit and unit != "cent" else _CURRENCIES[node.kind]
            break
    if len(nodes) > 1 and nodes[-1].kind in _CURRENCIES:
        nodes, unit = nodes[:-1], unit or _CURRENCIES[nodes[-1].kind]
    return nodes, unit, multiple


def compound_quantity(nodes: Row) -> list[tuple[Row, str]] | None:
    """Return the numbers and units of a quantity such as `6 ft 3 in`, or None for anything else."""
    if len(nodes) < 4 or not _is_text(nodes[-1]) or sum(node.kind == "number" for node in nodes) < 2:
        return None
    pieces: list[tuple[Row, str]] = []
    start = 0
    for position, node in enumerate(nodes):
        if _is_text(node):
            number = tuple(part for part in nodes[start:position] if not is_command(part, "and"))
            if (
                not number
                or number[0].kind != "number"
                or any(part.kind not in ("number", "/") and part.text != "frac" for part in number)
            ):
                return None
            pieces.append((number, canonical_unit(_written((node,)))))
            start = position + 1
        elif is_command(node, "and") and position != start:
            return None
    return pieces if len(pieces) > 1 and start == len(nodes) else None
