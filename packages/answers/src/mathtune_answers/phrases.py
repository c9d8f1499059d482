"""Spellings and English phrases that stand for mathematics, rewritten as LaTeX: `x10^3`, `+/-`, `x is less than 2`."""

import re

# Rarely anything to do, so a rewrite is tried only where one of its words occurs, in lower case.
_REWRITES: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (("...", "dots"), re.compile(r"\.\.\.+|\\(?:dots[cbmio]?|cdots|hdots|ldots)(?![a-zA-Z])"), r"\\ldots "),
    (("x",), re.compile(r"(?<=\d) ?x ?(?=10\s*\^)"), r"\\times "),
    (("+",), re.compile(r"\+\s*/\s*-|^\+-"), r"\\pm "),
    (("per cent",), re.compile(r"\bper cent\b"), "percent"),
    (
        ("o", r"\deg"),
        re.compile(r"\^\s*\{?\s*o\s*\}?(?![a-zA-Z])|\\deg(?:ree)?(?![a-zA-Z])"),
        r"^\\circ ",
    ),
    (("u",), re.compile(r"(?<=[\])}])\s*U\s*(?=[\[({\\])"), r" \\cup "),
    ((r"\not",), re.compile(r"\\not\s*(?:=|\{=\})"), r"\\ne "),
    ((r"\root",), re.compile(r"\\root\s*\{?(\w+)\}?\s*\\of\s*"), r"\\sqrt[\1]"),
    (
        ("circ",),
        re.compile(r"(\d+)\s*\^\s*\{?\s*\\circ\s*\}?\s*(\d+)\s*(?:'|\^\s*\{?\s*\\prime\s*\}?)(?!\s*[\d'])"),
        r"(\1+\2/60)^\\circ ",
    ),
    (
        ("greater than", "less than"),
        re.compile(
            r"^\x02?(?:all |any )?(?:real )?(?:numbers?|values?)(?: of x)?(?: that are)? (?=(?:greater|less) than)"
        ),
        "x ",
    ),
    (
        ("greater than or", "less than or"),
        re.compile(r"\x02?\s*(?:is |are )?greater than or equal to\s*\x03?"),
        r"\\ge ",
    ),
    (("less than or",), re.compile(r"\x02?\s*(?:is |are )?less than or equal to\s*\x03?"), r"\\le "),
    (("greater than",), re.compile(r"\x02?\s*(?:is |are )?greater than\s*\x03?"), " > "),
    (("less than",), re.compile(r"\x02?\s*(?:is |are )?less than\s*\x03?"), " < "),
    (("integer",), re.compile(
            r"[\s,]*\x02?[\s,]*(?:where|for|with|and)?\s*\x03?\s*\b([a-z])\s*\x02?\s*is (?:an|any) integer\s*\x03?$"
        ), r", \1 \\in \\mathbb{Z}"),
    (("where", "for", "with"), re.compile(r"[\s,]*\x02[\s,]*(?:where|for|with)\s*\x03\s*(?=[a-z]\s*\\in)"), ", "),
    (("equal",), re.compile(r"\s*\x02?\s*(?:\bequals|\bis equal to)\b\s*\x03?\s*"), " = "),
    (
        ("point", "pair", "vector", "interval", "ratio", "domain", "range", "set"),
        re.compile(
            r"^\x02?\s*(?:the )?(?:ordered |closed |open |solution )?(?:points?|pairs?|vectors?|intervals?|ratio|domain"
            r"|range|set)\s*(?:is|are|:)?\s*\x03?\s*:?\s*(?=[-(\[\d]|\\[{l])",
            re.IGNORECASE,
        ),
        "",
    ),
    (
        ("option", "choice"),
        re.compile(r"^\x02?\s*(?:answer )?(?:option|choice)\s+\(?([A-H])\b\)?\s*[:.]?\s*\x03?", re.IGNORECASE),
        r"(\1) ",
    ),
    (("morning",), re.compile(r"(?<=\d)\s*\x02?\s*in the morning\s*\x03?$"), " a.m."),
    (("afternoon", "evening"), re.compile(r"(?<=\d)\s*\x02?\s*in the (?:afternoon|evening)\s*\x03?$"), " p.m."),
    (("noon",), re.compile(r"(?<=\d)\s*\x02?\s*noon\s*\x03?$"), " p.m."),
    (("us", "usd"), re.compile(r"^\s*(?:USD?\s*\x04|USD\s*(?=\d))"), "\x04"),
    (("rs", "inr"), re.compile(r"^\s*(?:Rs\.?|INR)\s*(?=\d)"), "₹"),
    (("omega",), re.compile(r"(?<=\d)\s*\\Omega\s*$"), "\x02ohm\x03"),
    (("i hope",), re.compile(r"\.? ?I hope (?:it|this) is correct.*$"), ""),
    (("c_",), re.compile(r"(?:\{\})?[_^]\{?(\d+)\}?\s*C_\{?(\d+)\}?"), r"\\binom{\1}{\2}"),
    (
        ("about", "approx", "around", "roughly"),
        re.compile(r"^\s*(?:about|approximately|around|roughly|approx\.?)\s+(?=[-\d\\$])", re.IGNORECASE),
        "",
    ),
    (
        ("st", "nd", "rd", "th"),
        re.compile(r"(\d)\s*\^?\{?\s*\x02?\s*(?:st|nd|rd|th)\s*\x03?\s*\}?(?![a-zA-Z])"),
        r"\1",
    ),
    (
        ("except", "but", "other than", "equal to", "excluding"),
        re.compile(
            r"^\x02?(?:x is |x can be )?(?:all|any|every|the)? ?(?:real )?(?:numbers?|values?|reals)?(?: of x)? ?"
            r"(?:except|but|other than|not equal to|excluding)(?: for| when)?\s*\x03?\s*(?:x\s*=\s*)?(?=[-\d\\])",
            re.IGNORECASE,
        ),
        r"x\\ne ",
    ),
)  # fmt: skip
_WORDS = tuple((word, place) for place, (words, _, _) in enumerate(_REWRITES) for word in words)


def rewritten(text: str, lower: str) -> str:
    """Return the text with its phrases as LaTeX; `lower` is the text in lower case."""
    places = {place for word, place in _WORDS if word in lower}
    for place in sorted(places):
        _, pattern, replacement = _REWRITES[place]
        text = pattern.sub(replacement, text)
    return text
