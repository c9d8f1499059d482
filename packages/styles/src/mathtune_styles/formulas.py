"""The formulas of a solution, whether they stand in LaTeX, in calculator notes or in plain text."""

import re

from mathtune_styles.equations import NOTE, is_gsm8k, math_spans

# `5*4 + 1 = 21` in running text: from the start of the left side, which holds an operator, to the last number. The
# lengths are bounded, so that a text without an = costs no more for being long.
_PLAIN = re.compile(
    r"(?<![\w.,*x×·/÷+\-−%])[-−]?[\d(.][\d().,% ]{0,60}[-+*x×·/÷−][-\d().,% +*x×·/÷−]{0,120}="
    r"[-\d().,% +*x×·/÷−=]{0,120}\d[\d)%]{0,30}"
)
# Before half of a computation, of which it may be false: 3 boxes * 4 + 1 = 13, 20% of 50 - 1 = 9.
_GOES_BEFORE = re.compile(
    r"(?:(?:%|\b(?:half|thirds?|quarters?|fifths?|tenths?)) of|\b(?:times|by|plus|minus)|[*x×·/÷+−-])\s*\Z"
)
_LOOK_BACK = 20
_MONEY = re.compile(r"\\?\$(?=\s?[\d.])")


def formulas(text: str) -> list[str]:
    """The contents of every piece of mathematics in `text`, in order, plain arithmetic included."""
    if is_gsm8k(text):
        return [match.group(1) for match in NOTE.finditer(text)]
    found, position = [], 0
    for start, end, content in [*math_spans(text), (len(text), len(text), "")]:
        between = _MONEY.sub("", text[position:start])
        for match in _PLAIN.finditer(between):
            if not _GOES_BEFORE.search(between[max(0, match.start() - _LOOK_BACK) : match.start()]):
                found.append(match.group())
        found.append(content)
        position = end
    return [formula for formula in found if formula]
