"""What kind of thing a problem asks for, read off its expected answer."""

from fractions import Fraction
from string import ascii_uppercase

from mathtune_answers.keys import answer_form, canonical_key

TYPES = ("integer", "fraction or decimal", "expression", "equation or inequality", "several values", "text")
_OF_KIND = {
    "base": "integer",  # in another base than ten
    "equation": "equation or inequality",
    "inequality": "equation or inequality",
    "text": "text",
    "time": "text",
}


def answer_type(answer: str) -> str:
    """One of `TYPES`, by what the answers package reads.

    A rational number is an integer or a fraction or decimal, with or without a unit; any other single value (with a
    root, pi, i or an unknown) is an expression, but for a capital letter alone, an option of a multiple choice: text.
    Tuples, sets, lists, intervals, ratios and matrices are several values.
    """
    form = answer_form(answer)
    if form is None:
        return "text"
    if form.kind != "value":
        return _OF_KIND.get(form.kind, "several values")
    if isinstance(form.value, int):
        return "integer"
    if isinstance(form.value, Fraction):
        return "fraction or decimal"
    return "text" if form.key in {canonical_key(letter) for letter in ascii_uppercase} else "expression"
