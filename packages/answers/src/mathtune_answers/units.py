"""Units of measurement and counting nouns: one canonical name each, and what converts into what."""

import re
from fractions import Fraction
from functools import lru_cache

# dimension, base units to one of these, spellings
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("length", "1/1000", "mm millimeter millimetre"),
    ("length", "1/100", "cm centimeter centimetre"),
    ("length", "1/10", "dm decimeter decimetre"),
    ("length", "1", "m meter metre"),
    ("length", "1000", "km kilometer kilometre"),
    ("length", "127/5000", "in inch inche"),
    ("length", "381/1250", "ft foot feet"),
    ("length", "1143/1250", "yd yard"),
    ("length", "201168/125", "mi mile"),
    ("time", "1/1000", "ms millisecond"),
    ("time", "1", "s sec second"),
    ("time", "60", "min minute"),
    ("time", "3600", "h hr hour"),
    ("time", "86400", "day"),
    ("time", "604800", "wk week"),
    ("month", "1", "month"),
    ("month", "12", "yr year"),
    ("mass", "1/1000", "mg milligram"),
    ("mass", "1", "g gram gm"),
    ("mass", "1000", "kg kilogram"),
    ("mass", "45359237/100000", "lb pound"),
    ("mass", "45359237/1600000", "oz ounce"),
    ("mass", "1000000", "tonne"),
    ("volume", "1/1000", "ml mL milliliter millilitre"),
    ("volume", "1", "l L liter litre"),
    ("gallon", "4", "gal gallon"),
    ("gallon", "1", "qt quart"),
    ("gallon", "1/2", "pt pint"),
    ("gallon", "1/4", "cup"),
    ("money", "1", "dollar buck usd USD"),
    ("money", "1/100", "cent"),
    ("euro", "1", "euro eur EUR"),
    ("sterling", "1", "gbp"),
    ("yen", "1", "yen"),
    ("rupee", "1", "rupee rs"),
    ("angle", "1", "degree deg °"),
    ("radian", "1", "rad radian"),
    ("percent", "1", "percent % pct"),
    ("force", "1", "N newton"),
    ("energy", "1", "J joule"),
    ("energy", "1000", "kJ kilojoule"),
    ("power", "1", "W watt"),
    ("charge", "1", "C coulomb"),
    ("potential", "1", "V volt"),
    ("current", "1", "A amp ampere"),
    ("frequency", "1", "Hz hertz"),
    ("temperature", "1", "K kelvin"),
    ("celsius", "1", "celsius"),
    ("fahrenheit", "1", "fahrenheit"),
    ("speed", "1397/3125", "mph"),
    ("speed", "5/18", "kph kmph kmh"),
    ("data", "1", "mb Mb megabit"),
    ("data", "8", "MB megabyte"),
    ("amount", "1", "mol mole"),
    ("pressure", "1", "Pa pascal"),
    ("pressure", "1000", "kPa"),
    ("resistance", "1", "ohm"),
)
_SCALES: dict[str, tuple[str, Fraction]] = {}
_NAMES: dict[str, str] = {}
for _dimension, _scale, _spellings in _TABLE:
    _name = _spellings.split()[0]
    _SCALES[_name] = (_dimension, Fraction(_scale))
    for _spelling in _spellings.split():
        _NAMES[_spelling] = _name
_WORDS = frozenset(spelling.lower() for spelling in _NAMES if len(spelling) >= 2) | frozenset(
    ("sq", "square", "cubic", "units", "unit", "ways", "way", "people", "times", "ft", "hours")
)
_FILLERS = frozenset(
    [
        "a", "an", "the", "of", "about", "approximately", "in", "total", "altogether", "exactly", "only",
        "more", "per", "each", "old", "away", "apart", "long", "tall", "wide", "high", "such", "that",
        "different", "distinct", "possible", "positive", "whole", "full", "at", "least", "most", "his", "her",
        "their", "there", "are", "is", "were", "was",
    ]
)  # fmt: skip
_PIECE = re.compile(
    r"(?P<name>°|%|[A-Za-z]+)|(?P<power>\^\s*\{?\s*(?P<minus>-?)\s*(?P<exponent>\d)\s*\}?)|(?P<over>/)|(?P<other>.)"
)
_POWER_WORDS = {"square": 2, "squared": 2, "sq": 2, "cubic": 3, "cubed": 3, "cu": 3}


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 2 else word


def unit_name(word: str) -> str | None:
    """Return a unit's canonical name, or None for a word that is no unit; short symbols keep their case."""
    for spelling in (word, word.lower(), _singular(word.lower())):
        if spelling in _NAMES and (len(spelling) > 1 or spelling == word):
            return _NAMES[spelling]
    return None


def is_unit_word(word: str) -> bool:
    """Return whether letters straight after a number are a unit and not a product of unknowns."""
    return word in _WORDS or _singular(word) in _WORDS


@lru_cache(maxsize=8192)
def canonical_unit(text: str) -> str:
    """Return the canonical spelling of a unit or of the noun that follows a number; "" when it says nothing.

    Factors are sorted and joined by a dot, e.g. "km·h^-1"; nouns are singular and lower-case.
    """
    factors: dict[str, int] = {}
    nouns: list[str] = []
    sign, pending, last = 1, 1, ""
    for match in _PIECE.finditer(text.replace(".", " ")):
        if match["name"]:
            word = match["name"]
            if word.lower() == "per":
                sign = -1
                continue
            if word.lower() in _POWER_WORDS:
                exponent = _POWER_WORDS[word.lower()]
                if word.lower().endswith("ed") and last:
                    factors[last] *= exponent
                else:
                    pending = exponent
                continue
            name = unit_name(word)
            if name is None:
                noun = _singular(word.lower())
                if noun == "unit":
                    name = "unit"
                else:
                    if word.lower() not in _FILLERS:
                        nouns.append(noun)
                    continue
            factors[name] = factors.get(name, 0) + sign * pending
            last, pending = name, 1
        elif match["power"] and last:
            factors[last] *= int(match["minus"] + match["exponent"])
        elif match["over"]:
            sign = -1
    if pending != 1 and not factors:
        factors["unit"] = pending
    parts = [name if exponent == 1 else f"{name}^{exponent}" for name, exponent in sorted(factors.items()) if exponent]
    return "·".join(parts) if parts else " ".join(sorted(set(nouns)))


def scale(unit: str) -> tuple[str, Fraction] | None:
    """Return a canonical unit's dimension and its size in base units, or None for a noun."""
    dimensions: dict[str, int] = {}
    size = Fraction(1)
    for part in unit.split("·"):
        name, _, exponent = part.partition("^")
        if name not in _SCALES:
            return None
        dimension, factor = _SCALES[name]
        count = int(exponent or 1)
        if dimension == "speed":
            dimensions["length"] = dimensions.get("length", 0) + count
            dimensions["time"] = dimensions.get("time", 0) - count
        else:
            dimensions[dimension] = dimensions.get(dimension, 0) + count
        size *= factor**count
    return "·".join(f"{name}^{count}" for name, count in sorted(dimensions.items()) if count), size


def conflicts(a: str, b: str) -> bool:
    """Return whether two canonical units name different things; two counting nouns are remarks and never do."""
    if a == b or not a or not b:
        return False
    return scale(a) is not None or scale(b) is not None or "mod" in (a[:3], b[:3])
