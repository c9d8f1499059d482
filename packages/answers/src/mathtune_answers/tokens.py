"""Split normalised LaTeX, or plain text, into numbers, symbols, commands, words and signs."""

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from mathtune_answers.errors import UnreadableError
from mathtune_answers.normalise import ROW_BREAK
from mathtune_answers.precision import CONTEXT
from mathtune_answers.units import is_unit_word
from mathtune_answers.values import Value, constant, reduced

LONGEST = 25_000
LONGEST_NUMBER = 4_000
LARGEST_EXPONENT = 3_000

FUNCTIONS = frozenset(
    [
        "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "arccot", "arcsec", "arccsc",
        "sinh", "cosh", "tanh", "coth", "sech", "csch", "asin", "acos", "atan", "ln", "log", "lg", "exp",
        "sqrt", "abs", "floor", "ceil", "gcd", "lcm", "max", "min", "cis", "det", "Re", "Im", "sgn",
    ]
)  # fmt: skip
WORD_COMMANDS = FUNCTIONS | frozenset(
    [
        "pi", "oo", "inf", "infty", "infinity", "or", "and", "mod", "cup", "cap", "in", "sum", "int", "lim",
        "infin", "alpha", "beta", "theta", "phi", "gamma", "omega", "lambda", "times", "div", "pm", "sigma",
        "mu", "cdot",
    ]
)  # fmt: skip
ALIASES = {
    "oo": "infty", "inf": "infty", "infinity": "infty", "infin": "infty", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "cbrt": "cbrt", "varnothing": "emptyset", "leq": "le", "geq": "ge", "leqslant": "le",
    "geqslant": "ge", "lt": "<", "gt": ">", "neq": "ne", "ast": "*", "times": "*", "cdot": "*", "div": "/",
    "bmod": "mod", "lbrace": "{", "rbrace": "}", "to": "rightarrow", "implies": "Rightarrow", "lor": "or",
    "land": "and", "vee": "or", "wedge": "and", "colon": ":", "wp": "p", "varphi": "phi", "varepsilon": "epsilon",
    "vartheta": "theta", "backslash": "setminus", "smallsetminus": "setminus", "lvert": "|", "rvert": "|",
    "vert": "|", "mid": "|", "lparen": "(", "rparen": ")", "lbrack": "[", "rbrack": "]", "degree": "circ",
    "union": "cup", "bigcup": "cup", "tg": "tan", "ctg": "cot", "choose": "choose", "iff": "Leftrightarrow",
    "surd": "sqrt", "nleq": ">", "ngeq": "<", "nless": "ge", "ngtr": "le",
    "gets": "=", "doteq": "=", "simeq": "approx", "cong": "approx", "thickapprox": "approx",
}  # fmt: skip
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE](?:\d+(?![\d.])|[+-]\d+(?![\d.A-Za-z])))?)|\x02(?P<text>[^\x02\x03]*)\x03"
    r"|\\(?P<command>[A-Za-z]+|.)|(?P<letters>[A-Za-z]+)|(?P<relation><=|>=|(?<!\d)!=|:=|=>|==)|(?P<sign>.)",
    re.DOTALL,
)
_SIGN_ALIASES = {"<=": "le", ">=": "ge", "!=": "ne", ":=": "=", "==": "=", "<": "<", ">": ">", "=>": "Rightarrow"}


class Token(NamedTuple):
    """One piece of an answer; `kind` is number, symbol, command, function, text, word or the sign itself."""

    kind: str
    text: str
    value: Value | None = None
    spaced: bool = False


def number_value(literal: str) -> Value:
    """Return a literal's exact value; raises UnreadableError beyond four thousand digits."""
    if len(literal) > LONGEST_NUMBER:
        raise UnreadableError("a number too long")
    _mantissa, _, exponent = literal.lower().partition("e")
    if exponent and abs(int(exponent[:12])) > LARGEST_EXPONENT:
        return constant(CONTEXT.create_decimal(Decimal(literal)))
    return int(literal) if literal.isdigit() else reduced(Fraction(literal.rstrip(".") or "0"))


@lru_cache(maxsize=4096)
def _letters(run: str, after_number: bool, spaced: bool) -> tuple[Token, ...]:
    """Return a run of letters as a command, a word or a product of symbols."""
    lower = run.lower()
    if after_number and lower in ("min", "in"):
        return (Token("word", run, None, spaced),)
    if run in WORD_COMMANDS or lower in {"sqrt", "pi", "or", "and", "infinity"}:
        name = run if run in WORD_COMMANDS else lower
        name = ALIASES.get(name, name)
        return (Token("function" if name in FUNCTIONS else "command", name, None, spaced),)
    if len(run) == 1:
        return (Token("symbol", run, None, spaced),)
    if after_number and is_unit_word(lower):
        return (Token("word", run, None, spaced),)
    for length in range(min(6, len(run) - 1), 1, -1):
        if run[:length] in FUNCTIONS | {"pi"} and len(run) - length <= 2:
            kind = "function" if run[:length] in FUNCTIONS else "command"
            return (Token(kind, run[:length], None, spaced), *_letters(run[length:], False, False))
    if len(run) == 2 and (run.isupper() or run.islower()) and lower not in TWO_LETTER_WORDS:
        return tuple(Token("symbol", letter, None, spaced) for letter in run)
    if len(run) == 3 and run.islower() and lower not in THREE_LETTER_WORDS:
        return tuple(Token("symbol", letter, None, spaced) for letter in run)
    return (Token("word", run, None, spaced),)


TWO_LETTER_WORDS = frozenset(
    [
        "no", "is", "of", "to", "at", "on", "by", "if", "so", "it", "we", "he", "as", "an", "am", "pm", "in",
        "do", "be", "or", "my", "up",
    ]
)  # fmt: skip
THREE_LETTER_WORDS = frozenset(
    [
        "the", "yes", "not", "odd", "one", "two", "six", "ten", "all", "any", "for", "are", "was", "has", "get",
        "day", "may", "red", "day", "his", "her", "can", "sum", "out", "and", "per", "who", "men", "big", "few",
        "new", "old", "own", "add", "age", "box", "boy", "car", "cat", "dog", "cup", "cut", "egg", "way", "win",
        "won", "tie", "top", "set", "sun", "mon", "tue", "wed", "thu", "fri", "sat", "jan", "feb", "mar", "apr",
        "jun", "jul", "aug", "sep", "oct", "nov", "dec", "you", "our", "its", "use", "let", "map", "ray", "arc",
        "fox", "pig", "hen", "cow", "bus", "pen", "hat", "dne", "nor", "both", "kid", "man", "map", "mix",
        "net", "oil", "pay", "pie", "tea", "tin", "toy", "van", "war", "web", "year", "zip",
    ]
)  # fmt: skip


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a normalised string; raises UnreadableError when it is longer than the budget."""
    if len(text) > LONGEST:
        raise UnreadableError("longer than the budget")
    tokens: list[Token] = []
    spaced = False
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup, match.group(match.lastgroup or 0)
        if kind == "space":
            spaced = True
            continue
        if kind == "number":
            tokens.append(Token("number", piece, number_value(piece), spaced))
        elif kind == "text":
            if piece.strip():
                tokens.append(Token("text", piece.strip(), None, spaced))
        elif kind == "letters":
            previous = tokens[-1].kind if tokens else ""
            tokens.extend(_letters(piece, previous in _VALUE_ENDS, spaced))
        elif kind == "command":
            tokens.append(_command(piece, spaced))
        elif piece == ROW_BREAK:
            tokens.append(Token("\\\\", piece, None, spaced))
        else:
            name = _SIGN_ALIASES.get(piece, piece)
            tokens.append(Token("command" if name.isalpha() else name, name, None, spaced))
        spaced = False
    return tokens


_VALUE_ENDS = frozenset(("number", "}", ")", "]", "%"))


def _command(name: str, spaced: bool) -> Token:
    if name in ("{", "}"):
        return Token("\\" + name, name, None, spaced)
    name = ALIASES.get(name, name)
    if name in FUNCTIONS:
        return Token("function", name, None, spaced)
    if name.isalpha():
        return Token("command", name, None, spaced)
    return Token(f"\\{name}" if name in ("{", "}", "\\") else name, name, None, spaced)
