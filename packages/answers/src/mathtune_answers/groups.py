"""Nest the tokens of an answer by their brackets, evaluating each bracket as soon as it closes.

Nothing recurses, so three hundred nested fractions cost no more than three hundred in a row.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from mathtune_answers.errors import UnreadableError
from mathtune_answers.functions import TRIGONOMETRIC
from mathtune_answers.matrices import Operand
from mathtune_answers.nodes import Group, Node, Row
from mathtune_answers.tokens import Token

DEEPEST = 1_200
OPENERS = {
    "(": ")]",
    "[": ")]",
    "{": "}",
    "\\{": ("\\}",),
    "langle": ("rangle",),
    "lfloor": ("rfloor",),
    "lceil": ("rceil",),
}
CLOSERS = frozenset((")", "]", "}", "\\}", "rangle", "rfloor", "rceil", "end"))


@dataclass(slots=True)
class _Frame:
    opener: str
    environment: str
    radians: bool
    spaced: bool
    nodes: list[Node] = field(default_factory=list)


Evaluator = Callable[[Row, bool], tuple[Operand, bool]]


def _label(token: Token) -> str:
    return token.text if token.kind == "command" else token.kind


def _after_trigonometric(nodes: list[Node]) -> bool:
    """Return whether the last nodes are a trigonometric function, perhaps with an exponent."""
    if nodes and nodes[-1].kind == "function":
        return nodes[-1].text in TRIGONOMETRIC
    return (
        len(nodes) >= 3 and nodes[-2].kind == "^" and nodes[-3].kind == "function" and nodes[-3].text in TRIGONOMETRIC
    )


def _opens_bar(nodes: list[Node]) -> bool:
    return not nodes or (
        nodes[-1].kind
        in ("function", "^", "_", "*", "/", "+", "-", "=", "<", ">", ",", ";", "command", "&", "\\\\", "(", ":")
    )


def group(tokens: list[Token], evaluate: Evaluator) -> Row:
    """Return the tokens nested by brackets, each bracketed expression with its value; raises UnreadableError."""
    frames = [_Frame("", "", False, False)]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        top = frames[-1]
        label = _label(token)
        if label == "begin":
            name, position = _environment(tokens, position)
            frames.append(_Frame("begin", name, top.radians, token.spaced))
        elif label == "end":
            name, position = _environment(tokens, position)
            if top.opener != "begin" or top.environment != name:
                raise UnreadableError("an environment that does not end")
            _close(frames, "end", evaluate)
        elif label == "|":
            if top.opener == "|":
                if not top.nodes or (_opens_bar(top.nodes) and top.nodes[-1].kind != "command"):
                    frames.append(_Frame("|", "", top.radians, token.spaced))
                else:
                    _close(frames, "|", evaluate)
            elif _opens_bar(top.nodes) and any(_label(later) == "|" for later in tokens[position:]):
                frames.append(_Frame("|", "", top.radians, token.spaced))
            else:
                top.nodes.append(token)
        elif label in OPENERS:
            radians = top.radians or _after_trigonometric(top.nodes)
            frames.append(_Frame(label, "", radians, token.spaced))
        elif label in CLOSERS:
            if top.opener not in OPENERS or label not in OPENERS[top.opener]:
                raise UnreadableError("a bracket that does not match")
            _close(frames, label, evaluate)
        else:
            top.nodes.append(token)
        if len(frames) > DEEPEST:
            raise UnreadableError("nested too deep")
    if len(frames) != 1:
        raise UnreadableError("a bracket that does not close")
    return tuple(frames[0].nodes)


def _environment(tokens: list[Token], position: int) -> tuple[str, int]:
    """Read `{name}` after begin or end."""
    name = ""
    if position < len(tokens) and tokens[position].kind == "{":
        position += 1
        while position < len(tokens) and tokens[position].kind != "}":
            name += tokens[position].text
            position += 1
        position += 1
    if name == "array" and position < len(tokens) and tokens[position].kind == "{":
        while position < len(tokens) and tokens[position].kind != "}":
            position += 1
        position += 1
    return name, position


_STRUCTURE = frozenset((",", ";", "=", "<", ">", "&", "\\\\", ":"))


def _close(frames: list[_Frame], closer: str, evaluate: Evaluator) -> None:
    frame = frames.pop()
    nodes = tuple(frame.nodes)
    value, degrees = None, False
    single = len(nodes) == 1 and isinstance(nodes[0], Group)
    if frame.opener != "begin" and nodes and not any(node.kind in _STRUCTURE for node in nodes):
        if single and frame.opener in "({[":
            value, degrees = nodes[0].value, nodes[0].degrees  # type: ignore[union-attr]
        else:
            try:
                value, degrees = evaluate(nodes, frame.radians)
            except UnreadableError:
                value = None
    opener = frame.environment if frame.opener == "begin" else frame.opener
    frames[-1].nodes.append(Group(opener, closer, nodes, value, degrees, frame.spaced))
