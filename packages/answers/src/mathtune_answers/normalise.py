r"""Clean an answer's spelling: look-alike characters, spacing, wrappers and LaTeX noise that never change what it says.

Text inside `\text{…}` comes out between the control characters STX and ETX, so that later steps know words from
products of letters.
"""

import re

from mathtune_answers.characters import ascii_mathematics
from mathtune_answers.phrases import rewritten

TEXT_START, TEXT_END = "\x02", "\x03"
ROW_BREAK = "\x05"
_DOLLAR = "\x04"
_TEXT_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|rm|normal|sf|tt|sc|md|up)?|mathrm|mathbf|mathit|mathsf|mathtt|mathnormal|mbox|hbox|emph"
    r"|operatorname\*?|boldsymbol|bold|pmb|bm|underline|uline|mathcal|mathscr|mathfrak|textcolor\{\w+\}|color\{\w+\}"
    r"|rm|bf|it|sf|tt)\s*\{([^{}]*(?:\^\s*\{[^{}]*\}[^{}]*)*)\}"
)
_STYLE = re.compile(
    r"\\(?:left|right|[bB]ig{1,2}[lrm]?|middle)(?![a-zA-Z])\s*\.?(?<!\.)|\\(?:left|right)\.|\\(?:displaystyle|textstyle|scriptstyle"
    r"|limits|nolimits|mathstrut|strut|hfill|noindent|centering|rm|bf|it|boldmath|Large|large|small|nonumber"
    r"|notag|relax|blacksquare|square|qed|mathopen|mathclose|mathrel|mathop|mathord|mathbin|allowbreak|nobreak)(?![a-zA-Z])"
)
_SPACING = re.compile(
    r"\\(?:quad|qquad)|\\(?:,|;|:|!|>|\s|/)|\\(?:thinspace|medspace|thickspace|enspace|space|negthinspace)(?![a-zA-Z])|~"
    r"|\\(?:hspace|vspace|hskip|kern|mkern|mskip)\*?\s*(?:\{[^{}]*\}|-?[\d.]+\s*(?:mu|em|ex|pt))"
)
_PHANTOM = re.compile(r"\\[hv]?phantom\s*(?:\{[^{}]*\}|[^\s{}\\])|\\(?:label|tag)\*?\s*\{[^{}]*\}")
_FRACTION = re.compile(r"\\(?:[dtcs]|nice)frac(?![a-z])")
_LOST_BACKSLASH = re.compile(r"(?<![\\A-Za-z])([dt]?frac|sqrt|text|boxed|mathrm|binom)(?=\s*\{)")
_THOUSANDS_MARK = re.compile(r"(?<=\d)(?:\{,\}|,\\!|\{,\\!\}|\\,|\{\\,\}|,\{\}|\{\}\,|\\ )\s*(?=\d{3}(?!\d))")
_MATH = re.compile(r"\$\$?|\\\(|\\\)|\\\[|\\\]")
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z .,'-]*")
_ENDS = " \t\r\n.,;:"
_LABEL = re.compile(
    r"^(?:(?:thus|so|hence|therefore|and|then|we|get|find|that|the|our|final|correct|best|exact|approximate|required"
    r"|solution|answer)\b[\s,]*)*(?:\b(?:answers?|ans|solutions?(?:\s+set)?|results?|value)\b)\s*"
    r"(?:is|are|=|:|equals|to the (?:problem|question) is)*\s*:?\s*(?=\S)",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?=[A-Z])(?!.*\bnot?\b)(?:[A-Za-z ,'-]*?\s)?(?:\b(?:is|are|equals|be|that|get|gives|obtain|have|of|thus"
    r"|therefore|hence|so|was|identity)\b|:)\s*[:,]?\s*$",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"^\s*(?:is|are|as)?\s*(?:our|the|a|required|final)*\s*(?:answers?|solutions?|correct|result)?\s*[.:;,!]*\s*$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"^(?:the|so|thus|therefore|hence|our|we|it|its|there|total|this|that|these|his|her|their|[A-Z][a-z]+)\b"
    r"(?!.*\bnot\b)[A-Za-z ,']*?\b(?:is|are|equals|was|were|find that|get|have|has|loses|gains|earns|makes|pays|costs"
    r"|needs|spends|saves|sold)\s*:?\s+(?=[-+\d\\(\[{$.|<>€£$\x04]|[A-Za-z]\s*(?:[=<>]|\\[lg][et]))"
)


def closing_brace(text: str, start: int) -> int:
    """Return the position of the brace that closes the one opened just before `start`, or -1."""
    depth = 1
    for match in _BRACES.finditer(text, start):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if depth == 0:
                return match.start()
    return -1


_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_BOX = re.compile(r"\\(?:f|frame)?box(?:ed)?\s*\{|\\(?:ensuremath|displaylimits|smash|mathord|ans|answer)\s*\{")
_DISPLAY = re.compile(
    r"\\begin\s*\{(equation|align|aligned|gather|gathered|split|displaymath|math|center)\*?\}"
    r"((?:(?!\\\\|\\begin|\x05).)*)\\end\s*\{\1\*?\}"
)
_QUOTED = re.compile(r"([*'])([^*']+)\1")


def _unboxed(text: str) -> str:
    for _ in range(500):
        match = _BOX.search(text)
        if not match:
            break
        end = closing_brace(text, match.end())
        end = len(text) if end < 0 else end
        text = f"{text[: match.start()]} {text[match.end() : end]} {text[end + 1 :]}"
    return text


_EQUALS = frozenset(("is", "equals", "is equal to", "="))


def _math_only(text: str) -> str:
    """Drop the prose around the only formula of a sentence, and the marks of formulas elsewhere."""
    pieces = _MATH.split(text)
    if len(pieces) == 2 and "$" in text and re.match(r"\s*(?:US)?-?\$\s*[\d.]", text):
        return text.replace("$", _DOLLAR, 1)
    if len(pieces) == 3 and (pieces[0].strip() or pieces[2].strip()):
        lead, formula, tail = pieces
        if (
            not lead.strip() or _LEAD.match(lead.strip()) or _LABEL.sub("", lead.strip() + " .").strip() == "."
        ) and _TAIL.match(tail):
            return formula
    if (
        len(pieces) == 5
        and pieces[2].strip() in _EQUALS
        and _LEAD.match(f"{pieces[0].strip()} is")
        and _TAIL.match(pieces[4])
    ):
        return pieces[3]
    return " ".join(pieces) if len(pieces) > 3 else "".join(f" {piece}" for piece in pieces)


_UNIT_LETTERS = re.compile(r"[msghlNLJWVKAqdny]|[A-Za-z]+(?:[/. ^-]+[A-Za-z]+|\^\{?-?\d\}?)+")
_AFTER_AMOUNT = re.compile(r"(?:[\d})/.\x03]\s*(?:\\cdot\s*)?-?[\s~]*|\d\s*\\frac\{|\}\{)$")


_AFTER_COMMAND = re.compile(r"\\[A-Za-z]+$")
_FUNCTION_NAMES = frozenset(
    ("sin", "cos", "tan", "cot", "csc", "cis", "ln", "log", "lg", "arcsin", "arccos", "arctan", "gcd", "lcm", "det")
)


def _text_content(match: re.Match[str]) -> str:
    content = match[1]
    stripped = content.strip(" ~")
    if match[0].startswith(r"\operatorname") or stripped in _FUNCTION_NAMES:
        return "\\" + stripped + " "
    if _UNIT_LETTERS.fullmatch(stripped) and _AFTER_AMOUNT.search(
        match.string[max(0, match.start() - 12) : match.start()]
    ):
        return f"{TEXT_START}{stripped}{TEXT_END}"
    if len(stripped) == 1 or not stripped or TEXT_START in content:
        bare = content.replace(TEXT_START, "").replace(TEXT_END, "") if TEXT_START not in stripped[1:-1] else stripped
        return " " + bare if _AFTER_COMMAND.search(match.string[max(0, match.start() - 16) : match.start()]) else bare
    if (
        match[0].startswith((r"\mathbf", r"\boldsymbol", r"\bold", r"\pmb", r"\bm", r"\underline"))
        and not stripped.isalpha()
    ):
        return content
    if _PLAIN_WORDS.fullmatch(stripped) and not re.match(r"(?i)[ap]\.?\s*m\b", stripped):
        return f"{TEXT_START}{content}{TEXT_END}"
    return f" {content} "


def _texts(text: str) -> str:
    for _ in range(400):
        text, count = _TEXT_COMMAND.subn(_text_content, text)
        if not count:
            break
    return text


def _balanced(text: str) -> str:
    """Drop closing braces that nothing opened and add the ones lost at the end."""
    depth, cuts = 0, []
    for match in _BRACES.finditer(text):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if depth < 0:
                cuts.append(match.start())
                depth = 0
    for cut in reversed(cuts):
        text = text[:cut] + text[cut + 1 :]
    return text + "}" * depth


def _fractions_over(text: str) -> str:
    r"""Write TeX's infix `{a \over b}` as `\frac{a}{b}`; without braces it ends at a sign of a list or relation."""
    for _ in range(200):
        match = _OVER.search(text)
        if not match:
            break
        start, depth = match.start(), 0
        while start > 0 and not (depth == 0 and (text[start - 1] == "{" or _OVER_LIMITS.match(text[start - 1]))):
            start -= 1
            depth += {"}": 1, "{": -1}.get(text[start], 0)
        end, depth = match.end(), 0
        while end < len(text) and not (depth == 0 and (text[end] == "}" or _OVER_LIMITS.match(text[end]))):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        top, bottom = text[start : match.start()], text[match.end() : end]
        if re.search(r"\d\s*\{$", text[:start]) and text[end : end + 1] == "}":
            start, end = start - 1, end + 1  # `6{3\over4}` is a mixed number, which has no braces of its own
        text = f"{text[:start]}\\frac{{{top}}}{{{bottom}}}{text[end:]}"
    return text


_OUTWARD = re.compile(r"([\[\]])([^\[\]]*[,;][^\[\]]*)([\[\]])")


def _inward(interval: re.Match[str]) -> str:
    """Write the French ]1,4[ as (1,4)."""
    return f"{'(' if interval[1] == ']' else '['}{interval[2]}{')' if interval[3] == '[' else ']'}"


def _unclosed(text: str) -> str:
    """Add the bracket lost at one end, or drop a stray one: `(1,2` is (1,2), `5)` is 5."""
    opened = sum(map(text.count, "(["))
    closed = sum(map(text.count, ")]"))
    if opened == closed + 1 and text[0] in "([":
        return text + (")" if text[0] == "(" else "]") if "," in text else text[1:]
    if closed == opened + 1 and text[-1] in ")]" and "," not in text:
        return text[:-1]
    return text


_COMMA_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_SPACE_GROUPS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?: \d{3})+(?![\d,])")
_OPENERS, _CLOSERS = "([{", ")]}"


def _thousands(text: str) -> str:
    """Drop thousands separators: 1,000 is a number, but inside brackets 100,200 is a pair."""
    if "," in text and _COMMA_GROUPS.search(text):

        def joined(match: re.Match[str]) -> str:
            before = text[: match.start()]
            inside = any(before.count(a) > before.count(b) for a, b in zip(_OPENERS, _CLOSERS, strict=True))
            groups = match[0].split(",")
            if inside and not any(group[0] == "0" for group in groups[1:]):
                return match[0]
            return "".join(groups)

        text = _COMMA_GROUPS.sub(joined, text)
    if re.fullmatch(r"\D*\d{1,3}(?: \d{3})+(?:\.\d+)?\D*", text):
        text = _SPACE_GROUPS.sub(lambda match: match[0].replace(" ", ""), text)
    return text


_OVER = re.compile(r"\\over(?![a-zA-Z])\s*")
_OVER_LIMITS = re.compile(r"[=<>,;()\[\]$]")
_TRIGONOMETRIC = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_DEGREES_IN_WORDS = re.compile(r"(?<=\d)\s*\x02?\s*degrees?\s*\x03?(?![a-zA-Z])")
_MARKDOWN = re.compile(r"^(?:\*\*|__|#+ |`+)+|(?:\*\*|__|`+)+$|\*\*(?=[\s.,;:])|(?<=\s)\*\*")
_LEADING_SIGN = re.compile(r"^(?:\s|=|\\(?:therefore|implies|Rightarrow|Longrightarrow|rightarrow|to)(?![a-zA-Z]))+")
_RATE = re.compile(
    r"(?<=[\d}) ])(?:km|m|cm|ft|mi|kg|g|N|J|L|miles|feet|meters) ?/ ?(?:hour|hr|h|sec|s|min|m|kg|day)(?:\^\{?\d\}?)?$"
)
_LONE_UNIT = re.compile(r"(?<=\d )[mgsLlNJW](?:\^\{?\d\}?)?$")
_TEXT_LEAD = re.compile(rf"^{TEXT_START}([^{TEXT_END}]*){TEXT_END}\s*(?=\S)")
_WHITESPACE = re.compile(r"\s+")
_SIMPLE = re.compile(r"[0-9.,+=()-]*|[A-Za-z]")


def normalise(text: str) -> str:
    """Return the answer in plain LaTeX without wrappers, spacing commands, styles or a closing full stop."""
    text = _WHITESPACE.sub(" ", ascii_mathematics(text)).strip()
    if (
        len(text) < 60
        and ".." not in text
        and _SIMPLE.fullmatch(text)
        and text[:1] not in ("=", "+")
        and text.count("(") == text.count(")")
    ):
        return _thousands(text.rstrip(_ENDS))
    text = _MARKDOWN.sub("", text).replace("**", "^")
    if "\\\\" in text and (r"\begin" not in text or r"\\begin" in text):
        text = re.sub(r"\\\\(?=[A-Za-z{}()\[\],;!%$ ])", r"\\", text)
    text = _LOST_BACKSLASH.sub(r"\\\1", text)
    if "&" in text:
        text = text.replace("&lt;", "<").replace("&gt;", ">")
    if r"\begin" in text:
        text = re.sub(r"\\cr(?![a-z])", lambda _: "\\\\", text)
        text = re.sub(r"(?<!\\)\\(?=-?\d)", r"\\\\", text)
        text = re.sub(r"\\\\(?:\s*\[[\d.]+\s*\w*\])?", f" {ROW_BREAK} ", text)
        text = _DISPLAY.sub(lambda display: display[2].replace("&", ""), text)
    if "answer>" in text:
        text = re.sub(r"</?answer>", " ", text)
    if text[:1] in ("*", "'") and (quoted := _QUOTED.fullmatch(text)):
        text = quoted[2]
    text = _unboxed(_balanced(text))
    if r"\over" in text:
        text = _fractions_over(text)
    text = (
        text.replace(r"\$", _DOLLAR).replace(r"\%", "%").replace(r"\#", "#").replace(r"\&", " and ").replace(r"\_", "_")
    )
    text = _SENTENCE.sub("", _math_only(_LABEL.sub("", text.strip())).strip())
    text = _STYLE.sub(" ", _PHANTOM.sub("", _FRACTION.sub(r"\\frac", text)))
    text = _THOUSANDS_MARK.sub("", text)
    text = _SPACING.sub(" ", text.replace(r"\!", ""))
    if "{.}" in text:
        text = re.sub(r"(?<=\d)\{\.\}(?=\d)", ".", text)
    text = _thousands(_texts(text.replace("{,}", ",")))
    text = _WHITESPACE.sub(" ", text)
    lower = text.lower()
    text = rewritten(text, lower)
    if "degree" in lower and _TRIGONOMETRIC.search(text):
        text = _DEGREES_IN_WORDS.sub(r"^\\circ ", text)
    text = _WHITESPACE.sub(" ", text.replace("{}", "").replace(_DOLLAR, "$")).strip(' \t\r\n,;:"').rstrip(_ENDS + "\\")
    if text[:1] == "]" or text[-1:] == "[":
        text = _OUTWARD.sub(_inward, text)
    text = _unclosed(text)
    text = _LEADING_SIGN.sub("", text)
    for unit in (_RATE, _LONE_UNIT):
        text = unit.sub(lambda match: f"{TEXT_START}{match[0]}{TEXT_END}", text)
    lead = _TEXT_LEAD.match(text)
    if lead and (_LEAD.match(lead[1].strip()) or not _LABEL.sub("", lead[1].strip() + " .").strip(" .")):
        text = text[lead.end() :]
    return _SENTENCE.sub("", _LABEL.sub("", text)) if text[:1].isupper() else text
