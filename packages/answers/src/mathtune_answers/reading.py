"""Read an answer: its notations first, then words, then mathematics of any shape."""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from mathtune_answers import notations, relations, values, words
from mathtune_answers.errors import UnreadableError
from mathtune_answers.expressions import evaluate
from mathtune_answers.forms import Form
from mathtune_answers.groups import group
from mathtune_answers.intervals import REALS, intervals_key
from mathtune_answers.normalise import TEXT_END, TEXT_START, normalise
from mathtune_answers.shapes import Shape
from mathtune_answers.tokens import Token, tokenize
from mathtune_answers.values import value_key

LONGEST_WITH_SIGNS = 300
_NOTHING = frozenset(("None", "null", "nan", "NaN", "N/A", "[]", "()"))  # what code prints for no answer
_CONNECTORS = frozenset(("and", "or"))
_WORD_KINDS = frozenset(("word", "text", "symbol", ",", ".", "'", "-", "command", "?", ";", ":", '"'))
_WHOLE_LINE = Form(intervals_key(REALS), kind="interval")
_EMPTY = Form("{}", kind="list")
_BETWEEN_NAMES = re.compile(r"[,;]|\band\b", re.IGNORECASE)
MOST_WORDS_LISTED = 2
_NAME = re.compile(r"^[A-Za-z](?:_\{?\w+\}?)?\s*=\s*(?=\S)")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)")
_FRACTION = re.compile(r"(-?)(?:\\frac ?\{(-?\d{1,300})\} ?\{(\d{1,300})\}|(\d{1,300})/(\d{1,300}))")


def read(answer: str) -> Form | None:
    """Return what an answer says, or None for one that says nothing; raises UnreadableError for anything else."""
    text = normalise(answer)
    if not text or text in _NOTHING:
        return None
    if _NUMBER.fullmatch(text) and len(text) < 300:
        value = values.reduced(Fraction(text.rstrip(".") or "0"))
        return Form(value_key(value), value=value)
    if (fraction := _FRACTION.fullmatch(text)) and (bottom := int(fraction[3] or fraction[5])):
        value = values.reduced(Fraction(int(fraction[1] + "1") * int(fraction[2] or fraction[4]), bottom))
        return Form(value_key(value), value=value)
    unnamed = _NAME.sub("", text)
    for notation in (notations.time_of_day, notations.number_in_base, notations.ratio_in_words):
        form = notation(unnamed)
        if form is not None:
            return form
    option = notations.option(text)
    if option is not None:
        letter, rest = option
        inner = read(rest)
        if inner is not None:
            return replace(
                inner, name=f"option {letter}", alternates=inner.alternates | {value_key(values.symbol(letter))}
            )
    tokens = _connected(tokenize(text))
    if any(token.kind in ("word", "text") for token in tokens) and all(token.kind in _WORD_KINDS for token in tokens):
        form = _in_words(text)
        if form is not None:
            return form
    signs = any(token.kind == "command" and token.text in ("pm", "mp") for token in tokens)
    if signs and len(tokens) > LONGEST_WITH_SIGNS:
        raise UnreadableError("plus-minus in something too long")
    form = Shape(0, signs).form(group(tokens, evaluate))
    if form.kind != "equation":
        return form
    return replace(form, alternates=form.alternates | relations.solved(_without_remark(tokens)))


def _without_remark(tokens: list[Token]) -> list[Token]:
    r"""Cut off what an equation says of its parameter, as in `x = 2k\pi, k \in \mathbb{Z}`."""
    member = next((place for place, token in enumerate(tokens) if token.kind == "command" and token.text == "in"), 0)
    return tokens[: next((place for place in range(member, 0, -1) if tokens[place].kind in ",("), len(tokens))]


def _in_words(text: str) -> Form | None:
    """Return the form of an answer in words, None for what may be mathematics all the same."""
    shown = text.replace(TEXT_START, " ").replace(TEXT_END, " ").strip()
    if "\\" in shown:
        return None
    phrase = words.phrase(shown)
    if phrase in words.EMPTY_SET:
        return _EMPTY
    if phrase in words.ALL_REALS:
        return _WHOLE_LINE
    if phrase in words.INFINITE:
        infinite = values.constant(Decimal(words.INFINITE[phrase].replace("oo", "Infinity")))
        return Form(value_key(infinite), value=infinite)
    number = words.number_in_words(shown)
    if number is not None:
        return Form(value_key(values.reduced(Fraction(number))), value=number)
    if len(shown) == 2 and shown.isupper():
        return None
    letters = re.split(r"\s*(?:,|;|\band\b)\s*", shown)
    if len(letters) > 1 and all(len(letter) == 1 and letter.isalpha() for letter in letters):
        return Form(
            "{" + ",".join(sorted(value_key(values.symbol(letter)) for letter in set(letters))) + "}", kind="list"
        )
    names = [words.phrase(name) for name in _BETWEEN_NAMES.split(shown) if name.strip()]
    if 1 < len(names) == len(set(names)) and all(0 < len(name.split()) <= MOST_WORDS_LISTED for name in names):
        return Form("{" + ",".join(sorted(names)) + "}", kind="list")
    return Form("text " + phrase, kind="text")


def _connected(tokens: list[Token]) -> list[Token]:
    """Split words in text such as `hours, ` and ` girls and ` from the commas and connectors that they hold."""
    if len(tokens) < 2:
        return tokens
    result: list[Token] = []
    for token in tokens:
        if token.kind == "word" and token.text.lower() in _CONNECTORS:
            result.append(Token("command", token.text.lower(), None, True))
        elif token.kind == "text" and re.search(r"[,;]|\b(?:and|or)\b", token.text, re.IGNORECASE):
            for piece in re.split(r"([,;]|\b(?:and|or)\b)", token.text, flags=re.IGNORECASE):
                word = piece.strip()
                if word.lower() in _CONNECTORS:
                    result.append(Token("command", word.lower(), None, True))
                elif word in (",", ";"):
                    result.append(Token(word, word))
                elif word:
                    result.append(Token("text", word, None, True))
        else:
            result.append(token)
    return result
