"""The canonical key of an answer: two answers are the same when their keys are."""

import hashlib
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from mathtune_answers import symbolic, values
from mathtune_answers.errors import UnreadableError
from mathtune_answers.forms import Form
from mathtune_answers.normalise import normalise
from mathtune_answers.precision import Pair, simplest
from mathtune_answers.reading import read
from mathtune_answers.tokens import LONGEST
from mathtune_answers.values import Samples, Value, value_key
from mathtune_answers.words import text_key
from mathtune_answers.workers import WORKER, CapReachedError

REMEMBERED = 2**18
LONGEST_KEY = 400
_SYMBOLIC = re.compile(
    r"\\(?:sum|prod|int|iint|oint|lim)(?![a-z])|\\frac\s*\{\s*(?:d|\\partial)\s*\}\s*\{\s*(?:d|\\partial)\s*\\?[a-z]+\s*\}"
)
_NAME = re.compile(r"\s*(?P<name>[A-Za-z](?:_\{?\w+\}?)?(?:\s*\(\s*\w+\s*\))?)\s*=(?P<rest>.*)", re.DOTALL)
_LETTER = re.compile(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])")
_LONG_NUMBER = re.compile(r"\d{7}|\^\s*\{?\s*-?\d{4}|\d!|\}\s*!|\^\s*(?:\{[^{}]*\^|\w\s*\^)")
_WORD = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{4}")
_capped: dict[str, None] = {}


def capped_answers() -> list[str]:
    """Return the answers that ran into a time or memory cap in this process; they stand for their text."""
    return list(_capped)


def _symbolic_value(text: str) -> Form:
    """Return the form of an expression with sums, integrals or limits; raises UnreadableError where there is none."""
    left, equals, right = text.rpartition("=")
    if equals and _SYMBOLIC.search(left) and not _SYMBOLIC.search(right) and left.count("{") == left.count("}"):
        worked_out = read(right)
        if worked_out is not None:
            return worked_out
    named = _NAME.fullmatch(text)
    latex = named["rest"] if named else text
    if (
        len(latex) > symbolic.LONGEST
        or not _SYMBOLIC.search(latex)
        or _LONG_NUMBER.search(latex)
        or _WORD.search(latex)
        or "=" in re.sub(r"_\s*\{[^{}]*\}", "", latex)
    ):
        raise UnreadableError("nothing for SymPy")
    points = {
        name: [str(point) for point in values.symbol(name).points]
        for name in sorted(set(_LETTER.findall(latex)))
        if name not in "ie"
    }
    reply = WORKER.ask({"latex": latex, "points": points})
    if "error" in reply:
        raise UnreadableError("SymPy cannot read it")
    if "spelling" in reply:
        return Form(f"sympy {reply['spelling']}", kind="text")
    value: Value
    if "rational" in reply:
        value = values.reduced(Fraction(reply["rational"]))
    else:
        numbers = tuple(simplest(Pair(Decimal(real), Decimal(imaginary))) for real, imaginary in reply["points"])
        value = values.recognised(Samples(numbers, frozenset(reply["symbols"])))
    return Form(value_key(value), value=value)


@lru_cache(maxsize=REMEMBERED)
def _remembered(answer: str) -> Form | None:
    if len(answer) > LONGEST:
        squeezed = "".join(answer.split())
        return Form("long " + _digest(squeezed), kind="text") if squeezed else None
    try:
        form = read(answer)
    except (UnreadableError, ArithmeticError, RecursionError):
        text = normalise(answer)
        try:
            form = _symbolic_value(text)
        except UnreadableError:
            form = _in_text(text)
    if form is not None and len(form.bare) > LONGEST_KEY:
        form = replace(form, bare=f"{form.kind} {_digest(form.bare)}")
    return form


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _in_text(text: str) -> Form | None:
    key = text_key(text)
    return Form("text " + key, kind="text") if key else None


def answer_form(answer: str) -> Form | None:
    """Return what an answer was read as, its text when it is no mathematics; None when it says nothing."""
    if answer in _capped:
        return _in_text(normalise(answer))
    try:
        return _remembered(answer)
    except CapReachedError:
        _capped[answer] = None
        return _in_text(normalise(answer))


def canonical_key(answer: str) -> str:
    """Return the string that stands for the answer's value; "" for an answer that says nothing."""
    form = answer_form(answer)
    return "" if form is None else form.key


def equivalent(a: str, b: str) -> bool:
    """Return whether two answers have the same key: a true equivalence relation on the answers that say something.

    Marks that one side leaves out (a unit, a percent sign, an inequality's unknown) make different keys here, because
    18 hours and 18 degrees would otherwise be the same through 18; `grade` and the clusters of one problem look past
    them.
    """
    key = canonical_key(a)
    return key != "" and key == canonical_key(b)
