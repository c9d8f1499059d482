"""Answers in words: their common spelling, numbers written out, and phrases that name a set."""

import re
from fractions import Fraction
from functools import lru_cache

from mathtune_answers.normalise import TEXT_END, TEXT_START

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = {word: n for n, word in enumerate(_UNITS)} | {word: 10 * n for n, word in enumerate(_TENS, start=2)}
LARGE = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_PARTS = {
    "half": 2, "halve": 2, "third": 3, "fourth": 4, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "sixteenth": 16, "twentieth": 20, "hundredth": 100,
    "thousandth": 1000,
}  # fmt: skip
_DROPPED = frozenset(("a", "an", "the", "and"))
EMPTY_SET = frozenset(
    (
        "no solution", "empty set", "null set", "no real solution", "there is no solution", "there are no solution",
        "no root", "no real root", "no value", "has no solution", "no such number exist", "no such value",
        "no possible value",
    )
)  # fmt: skip
ALL_REALS = frozenset(
    (
        "all real number", "all real", "all real value", "any real number", "every real number", "real number",
        "set of all real number", "set of real number", "all real x", "r", "all x", "any real value",
        "for all real number", "all number",
    )
)  # fmt: skip
INFINITE = {
    "infinity": "oo", "positive infinity": "oo", "plus infinity": "oo", "negative infinity": "-oo",
    "minus infinity": "-oo",
}  # fmt: skip
_SYNONYMS = {
    spelling: common
    for common, spellings in {
        "does not exist": ("dne", "doesn't exist", "do not exist", "doe not exist", "limit does not exist"),
        "infinitely many": (
            "infinitely many solution", "infinite solution", "infinite number of solution", "infinite",
            "there are infinitely many solution", "infinite many solution",
        ),
        "undefined": ("not defined", "it is undefined"),
        "impossible": ("it is impossible", "not possible", "it is not possible"),
        "neither": ("neither even nor odd", "neither odd nor even"),
    }.items()
    for spelling in spellings
}  # fmt: skip


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def phrase(text: str) -> str:
    """Return words in their common spelling: lower case, singular, no articles, ordinal endings or punctuation."""
    text = text.replace(TEXT_START, " ").replace(TEXT_END, " ").replace("\\ ", " ")
    text = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text.lower())
    words = re.sub(r"[\s,.;:!?\"()-]+", " ", text).split()
    kept = [_singular(word) for word in words if word not in _DROPPED or len(words) == 1]
    joined = " ".join(kept)
    return _SYNONYMS.get(joined, joined)


@lru_cache(maxsize=4096)
def number_in_words(text: str) -> int | Fraction | None:
    """Return the number that words spell, such as three-fourths or twenty-one, or None."""
    words = [word for word in re.split(r"[\s-]+", text.lower().strip()) if word != "and"]
    if not words or len(words) > 8 or any(not word.isalpha() for word in words):
        return None
    sign = 1
    if words[0] in ("negative", "minus"):
        sign, words = -1, words[1:]
    if words and words[-1].removesuffix("s") in _PARTS and (len(words) > 1 or words[-1] == "half"):
        top = _whole(words[:-1]) if words[:-1] not in ([], ["a"], ["one"]) else 1
        part = Fraction(1, _PARTS[words[-1].removesuffix("s").replace("halve", "half")])
        return None if top is None else sign * top * part
    whole = _whole(words)
    return None if whole is None else sign * whole


def _whole(words: list[str]) -> int | None:
    total, current, seen = 0, 0, False
    for word in words:
        if word in _SMALL:
            current += _SMALL[word]
        elif word in LARGE and (seen or word == "dozen"):
            if LARGE[word] >= 1_000:
                total, current = total + (current or 1) * LARGE[word], 0
            else:
                current = (current or 1) * LARGE[word]
        else:
            return None
        seen = True
    return total + current if seen else None


_LATEX_WORD = re.compile(r"\\[A-Za-z]+|[A-Za-z]{2,}")


def text_key(text: str) -> str:
    """Return the key of an answer that is no mathematics that we read: its text, words without case or articles."""
    shown = text.replace(TEXT_START, " ").replace(TEXT_END, " ")
    if re.fullmatch(r"[A-Za-z\d\s,.;:!?'\"()/-]*", shown) and re.search(r"[A-Za-z]{2}", shown):
        return phrase(shown)
    folded = _LATEX_WORD.sub(lambda word: word[0] if word[0][0] == "\\" else word[0].lower(), shown)
    return re.sub(r"\s+|(?<=\})(?=\{)", "", folded)
