r"""Find the final answer that a solution states, or say that it states none: a stray number is never an answer."""

import re

import polars as pl

_BRACES = re.compile(
    r"(?P<box>\\(?:f|frame)?box(?:ed)?\s*\{)|\\boxed\s+(?P<bare>\w[\w.]*)(?=\s*(?:\$|\\\)|\Z))|\\.|[{}]", re.DOTALL
)
_MARKER = re.compile(
    r"(?P<section>^(?:\#{1,6}[ ]{0,9}(?:\*\*)?|\*\*)(?:final[ ])?answer[ ]{0,9}:?(?:\*\*)?:?[ ]{0,9}$)"
    r"|(?P<hash>\#{4}(?!\#))"
    r"|(?P<letter>^A(?:nswer)?:)"
    r"|(?P<tag><answer>)"
    r"|(?P<phrase>\b(?:answers?|ans)\b(?:[ ](?:to|for)[ ](?:the|this)[ ](?:problem|question))?(?:\*\*|__|\\\*)?[ ]*"
    r"(?:(?:is|are|(?:would|must|will|should)[ ]be)\b|=|:)[ ]*(?:\*\*|__)?[ ]*:?)",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_RUN_ON = re.compile(
    r"\s*(?:<\|[^>]*\|>|(?:Q|Question|Problem|Exercise)\s*\d*\s*[:.]|(?:Human|User|Instruction|Input)\s*:"
    r"|\#+\s*(?:Question|Problem|Instruction)\b)",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"(?:step|case|part|solution|method|approach|conclusion|summary|verification|check|proof|problem|question|final"
    r"|answer|explanation|calculations?|analysis|given|note|therefore|thus|finding|simplify\w*|understand\w*|determin\w*"
    r"|solv\w*|comput\w*|calculat\w*|option|subcase|example|key|using|sub|the)\b",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"(?:\s|\*\*|__|:|=|,|\b(?:therefore|thus|hence|simply|just|indeed|then|also|still|clearly|now|so|exactly|equal\ to"
    r"|approximately|about|roughly|given\ by|as\ follows)\b)+",
    re.IGNORECASE | re.VERBOSE,
)
_NO_STATEMENT = re.compile(
    r"(?:obtained|found|in\b|correct\b|incorrect|wrong|not\b|determined|calculated|derived|consistent|supposed|expected"
    r"|required|asked|what|how|which|whether|because|based|to\b|unclear|reasonable|valid|the\s+same\b|between\b|different\b"
    r"|(?:greater|less|more|larger|smaller|fewer)\s+than\b|an?\s+(?:\w+\s+)?(?:number|value|function|integer|fraction)\b)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\.(?=\s+[A-Z]|\s*$)|\n|\s+(?=because\b|since\b|which\b|so that\b|I hope\b)")
_FORMULA = re.compile(r"\$\$(?P<a>.+?)\$\$|\\\[(?P<b>.+?)\\\]|\$(?P<c>[^$\n]+)\$|\\\((?P<d>.+?)\\\)", re.DOTALL)
_SUPPOSED = re.compile(
    r"\b(?:since|if|because|suppose|assum(?:e|ing)|whether|when|unless|until)\s+(?:that\s+)?(?:(?:the|my|our|this)\s+)?"
    r"(?:(?:final|correct)\s+)?$",
    re.IGNORECASE,
)
_PROSE = re.compile(r"(?:first|let|since|to|if|we|step|there|each)\b", re.IGNORECASE)
_ITEM = re.compile(r"\d\.\s+[A-Z*]")
_TAG_END = re.compile(r"</answer>", re.IGNORECASE)
_FORMULA_MARKS = re.compile(r"\$|\\[()\[\]]")
_NUMBER_THEN_PROSE = re.compile(r"(-?\$?\d[\d,./]*%?)\s+(?=[A-Z][a-z]+\s)")
_MATHEMATICS = re.compile(r"[\d\\$=<>^]|(?<![A-Za-z])[A-Za-z](?![A-Za-z])")
# A last box whose content nests braces at most once, with no box in it and no brace or command after it: nothing that
# stands before it can change what it says. It is of ASCII alone, for what counts as white space beyond is disputed.
_PLAIN_BOX = (
    r"(?:\A|[^\\])\\(?:f|frame)?box(?:ed)?\{((?:\\?[ -\[\]-z|~]|\{(?:\\?[ -\[\]-z|~])*\})*)\}"
    r"(?:[^{}\\]|\\[^{}\\A-Za-z])*\z"
)
_MAY_STATE = r"(?im)box|think>|####|ans|^a:"  # without any of these `extract_answer` finds nothing
MOST_WORDS = 6
LONGEST_STATEMENT = 2_000


def _last_box(text: str) -> tuple[str | None, bool]:
    """Return the content of the last complete box, and whether there is any box, complete or not."""
    open_braces: list[int] = []
    content, seen = None, False
    for match in _BRACES.finditer(text):
        if match["bare"]:
            content, seen = match["bare"].rstrip("."), True
        elif match["box"]:
            seen = True
            open_braces.append(match.end())
        elif match[0] == "{":
            open_braces.append(-1)
        elif match[0] == "}" and open_braces:
            start = open_braces.pop()
            if start >= 0:
                content = text[start : match.start()].strip() or content
    return content, seen


def _is_cut_off(stated: str) -> bool:
    """Return whether a formula was begun and not ended, as at the end of a truncated sample."""
    if stated.count("{") > stated.count("}") or stated.endswith(("=", "\\", "+")):
        return True
    if any(stated.count(opener) > stated.count(closer) for opener, closer in (("\\(", "\\)"), ("\\[", "\\]"))):
        return True
    dollars = stated.replace("\\$", "")
    return dollars.count("$") % 2 == 1 and not dollars.rpartition("$")[2].lstrip()[:1].isdigit()


def _statement(rest: str, in_words: bool) -> str | None:
    """Return what is stated at the start of `rest`: a displayed formula or the first sentence; None for other prose."""
    filler = _FILLER.match(rest)
    rest = rest[filler.end() :] if filler else rest
    formula = _FORMULA.match(rest)
    if formula and re.match(r"\s*(?:[.,;:!]|\*\*)*\s*(?:\n|$|[A-Z])", rest[formula.end() :]):
        return next(group for group in formula.groups() if group).strip().removesuffix(".").strip() or None
    end = _SENTENCE_END.search(rest)
    stated = (rest[: end.start()] if end else rest).strip()
    stated = stated.strip("*_").strip().removesuffix(".").rstrip(",;:").strip()
    if not stated or _NO_STATEMENT.match(stated) or _is_cut_off(stated):
        return None
    formula = _FORMULA.fullmatch(stated)
    inner = next((group for group in formula.groups() if group), "") if formula else ""
    if inner and not _FORMULA_MARKS.search(inner):
        return inner.strip() or None
    if in_words and not _MATHEMATICS.search(stated) and len(stated.split()) > MOST_WORDS:
        return None
    return stated


def _after_hashes(rest: str) -> str | None:
    """Return the answer after `####`, None when the hashes head a section of prose."""
    line = rest.split("\n", 1)[0].strip()
    if _ITEM.match(line):
        return None
    number = _NUMBER_THEN_PROSE.match(line)
    if number:
        return number[1]
    if not line.strip("#*_-.:;$ ") or line.endswith(":") or _HEADING.match(line):
        return None
    if not _MATHEMATICS.search(line) and len(line.split()) > 2:
        return None
    return line.removesuffix(".").strip()


def _candidate(match: re.Match[str], text: str) -> str | None:
    rest = text[match.end() : match.end() + LONGEST_STATEMENT]
    if match["hash"]:
        return _after_hashes(rest)
    if match["tag"]:
        end = _TAG_END.search(rest)
        return rest[: end.start()].strip() or None if end else None
    if match["letter"]:
        return None if _PROSE.match(rest.lstrip()) else _statement(rest, in_words=False)
    if match["section"]:
        return _statement(rest, in_words=True)
    if _TAG_END.search(rest.split("\n", 1)[0]) or _SUPPOSED.search(text, max(0, match.start() - 60), match.start()):
        return None
    return _statement(rest, in_words=True)


def _without_run_on(text: str) -> str:
    """Cut off a further question that a model went on to ask after its `#### answer`."""
    for match in re.finditer(r"####(?!#)[^\n]*", text):
        if _after_hashes(match[0][4:]) is not None and _RUN_ON.match(text, match.end()):
            return text[: match.end()]
    return text


def extract_answer(text: str) -> str | None:
    r"""Return the final answer that a solution states, or None when it states none.

    That is the content of the last complete `\boxed{…}` or `\fbox{…}`; without a box, what follows the last of
    `####`, `# Answer`, `A:`, "the (final) answer is" and `<answer>`. A text whose only box is cut off states no
    answer: a truncated sample must not turn into a vote.
    """
    if "</think>" in text:
        text = text.rpartition("</think>")[2]
    elif "<think>" in text:
        return None
    if "box" in text:
        content, seen = _last_box(text)
        if seen:
            return content
    if "####" in text:
        text = _without_run_on(text)
    for match in reversed(list(_MARKER.finditer(text))):
        answer = _candidate(match, text)
        if answer is not None:
            return answer
    return None


def extract_answers(texts: pl.Series) -> pl.Series:
    """`extract_answer` of each text. Most end with a plain box or state nothing, which takes no Python call a text."""
    content = texts.str.extract(_PLAIN_BOX, 1)
    answer = content.str.strip_chars(" ")
    plain = (answer != "") & ~content.str.contains("box", literal=True) & ~texts.str.contains("think>", literal=True)
    left = (~plain.fill_null(value=False) & texts.str.contains(_MAY_STATE)).arg_true()
    others = pl.Series([extract_answer(text) for text in texts.gather(left)], dtype=pl.String)
    return answer.scatter(left, others).alias("predicted_answer")
