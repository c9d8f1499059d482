r"""Pairs of answers with known labels: MATH's answers, rewritten and look-alike; math-verify's verdict."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def data(*parts: str) -> Path:
    root = os.environ.get("MATHTUNE_DATA")
    path = Path(root or "", *parts)
    if not root or not path.exists():
        pytest.skip(f"MATHTUNE_DATA is not set, or there is no {'/'.join(parts)} in it")
    return path


# Rewritten forms. Each rule keeps the meaning, or changes it, by construction; one that does not apply yields nothing.

INTEGER = re.compile(r"-?\d+")
FRACTION = re.compile(r"(?P<sign>-?)\\frac\{(?P<top>\d+)\}\{(?P<bottom>\d+)\}")
_PLAIN_TUPLE = re.compile(r"\((?P<items>[^()\[\],]+(?:,[^()\[\],]+)+)\)")
_PLAIN_LIST = re.compile(r"-?\d+(?:, ?-?\d+)+")


_RAY = re.compile(r"[(\[] ?-?[^()\[\],]+, ?\\infty ?\)|\( ?-\\infty ?, ?[^()\[\],]+[)\]]")
RESPELLED = {
    r"\\pi(?![a-z])": ("π", r"{\\pi}"),
    r"(?<![a-z])\\sqrt\{(\d+)\}": (r"√\1", r"sqrt(\1)", r"\\sqrt{{\1}}"),
    r"\\frac\{(\d)\}\{(\d)\}": (r"\\frac\1\2", r"\\tfrac{\1}{\2}", r"{\1\\over\2}"),
    r"\^\\circ": (r"^{\\circ}", "°", r"\\text{ degrees}"),
    r"\\text\{([^{}]+)\}": (r"\1", r"\\mathrm{\1}", r"\\textbf{\1}"),
    r"\{pmatrix\}": ("{bmatrix}",),
    r"(?<=\d)i$": (r"\\mathrm{i}", r"\\cdot i", "*i"),
    r"(?<=\d)(?=\\pi|\\sqrt)": (r"\\cdot ", r"\\,", "*"),
    r"\^(\d)(?!\d)": (r"^{\1}", r"**\1"),
    r"\\le(?![a-z])|\\leq(?![a-z])": (r"\\leqslant ", "≤"),
}


def same(answer: str) -> Iterator[str]:
    """Yield other spellings of one answer."""
    yield f"${answer}$"
    yield rf"\boxed{{{answer}}}"
    yield f"${answer}$."
    if r"\frac" in answer:
        yield answer.replace(r"\frac", r"\dfrac")
    if r"\sqrt{" in answer:
        yield answer.replace(r"\sqrt{", r"\sqrt {")
    if "(" in answer and r"\left" not in answer and answer.count("(") == answer.count(")"):
        yield answer.replace("(", r"\left(").replace(")", r"\right)")
    if "+" in answer:
        yield answer.replace("+", " + ")
    if (terms := answer.split("+"))[1:] and not re.search(r"[(){}\[\],=<>|-]", answer):
        yield "+".join(reversed(terms))
    for spelling, others in RESPELLED.items():
        for other in others:
            changed = re.sub(spelling, other, answer)
            if changed != answer:
                yield changed
    if _RAY.fullmatch(answer):
        low, high = answer[1:-1].split(",")
        name_first = {"(": "x>", "[": r"x\ge "}[answer[0]] + low
        name_last = {")": "x<", "]": r"x\le "}[answer[-1]] + high
        yield name_first if r"\infty" in high else name_last
        yield rf"x \in {answer}"
    if INTEGER.fullmatch(answer):
        number = int(answer)
        yield f"{number}.0"
        yield rf"\frac{{{3 * number}}}{{3}}"
        yield f"x = {number}"
        yield rf"\text{{{number}}}"
        yield f"{number}.00"
        if abs(number) >= 1_000:
            yield f"{number:,}"
            yield f"{number:,}".replace(",", "{,}")
            yield f"{number:,}".replace(",", r",\!")
    if fraction := FRACTION.fullmatch(answer):
        sign, top, bottom = fraction["sign"], int(fraction["top"]), int(fraction["bottom"])
        yield f"{sign}{top}/{bottom}"
        yield rf"{sign}\frac{{{2 * top}}}{{{2 * bottom}}}"
        yield rf"\frac{{{sign}{top}}}{{{bottom}}}"
        yield rf"x={answer}"
        if top > bottom > 1 and top % bottom:
            yield rf"{sign}{top // bottom}\frac{{{top % bottom}}}{{{bottom}}}"
        if 100 % bottom == 0:
            yield f"{sign}{top * (100 // bottom) / 100}"
    if tupled := _PLAIN_TUPLE.fullmatch(answer):
        yield "(" + r",\,".join(item.strip() for item in tupled["items"].split(",")) + ")"
    if _PLAIN_LIST.fullmatch(answer):
        items = [item.strip() for item in answer.split(",")]
        yield ", ".join(reversed(items))
        yield r"\{" + ",".join(items) + r"\}"


MISSPELLED = {
    r"\\pi(?![a-z])": r"\\pi^{3}",
    r"\((?=-?\d+, ?\\infty)": "[",
    r"(?<=\\infty,)( ?-?\d+)\)": r"\1]",
    r"\+(?=\d*i$)": "-",
    r"(?<=[a-z])\^2(?!\d)": "^5",
    r"(?<=\\begin\{pmatrix\} )(?=[1-9])": "-",
}


def different(answer: str) -> Iterator[str]:
    """Yield answers that look alike and mean something else."""
    if INTEGER.fullmatch(answer):
        number = int(answer)
        yield str(number + 1)
        yield str(10 * number + 7)
        if number:
            yield str(-number)
            yield rf"\frac{{{number}}}{{7}}"
        yield f"{number}, {number + 2}"
    if fraction := FRACTION.fullmatch(answer):
        sign, top, bottom = fraction["sign"], int(fraction["top"]), int(fraction["bottom"])
        if top != bottom:
            yield rf"{sign}\frac{{{bottom}}}{{{top}}}"
        yield rf"{sign}\frac{{{top}}}{{{bottom + 1}}}"
        yield f"{sign}{top}.{bottom}1"
    if tupled := _PLAIN_TUPLE.fullmatch(answer):
        items = [item.strip() for item in tupled["items"].split(",")]
        if len(set(items)) == len(items):
            yield "(" + ",".join(reversed(items)) + ")"
        yield "(" + ",".join([*items, "17"]) + ")"
    if _PLAIN_LIST.fullmatch(answer):
        yield f"{answer}, 9973"
    if r"\sqrt{" in answer:
        yield answer.replace(r"\sqrt{", r"\sqrt{1+", 1)
    for spelling, other in MISSPELLED.items():
        changed = re.sub(spelling, other, answer, count=1)
        if changed != answer:
            yield changed
    if not re.search(r"[=<>]|\\[lg]eq?\b|\\text|[a-z]{3}|\\in\b|\\pm|,|\\begin", answer):
        yield f"{answer}+1"


def pairs_of(golds: list[str]) -> list[tuple[str, str, bool]]:
    """Every rewritten form and every look-alike of each answer, each pair once, with whether it means the same."""
    pairs = {(gold, form): True for gold in golds for form in same(gold)}
    pairs.update({(gold, form): False for gold in golds for form in different(gold)})
    return [(*pair, label) for pair, label in pairs.items()]


def in_dollars(answer: str) -> str:
    """Return an answer as math-verify wants it: LaTeX outside dollars would not be taken for any."""
    return answer if re.match(r"\$.*(?<!\\)\$\.?$", answer, re.DOTALL) else f"${answer}$"


def verdict_of_math_verify(math_verify: Any, reference: str, answer: str) -> bool:
    return bool(math_verify.verify(math_verify.parse(in_dollars(reference)), math_verify.parse(in_dollars(answer))))
