r"""When two solutions of one problem are near-duplicates: they take the same computations in the same order.

The rule is that of rejection-sampling fine-tuning (Yuan et al. 2023, arXiv 2308.01825, section 3.3), which keeps one
solution of each list of equations, here made blind to LaTeX spelling. So a solution has a key of its own,
near-duplicates are those with equal keys, and finding them costs one pass over the solutions, not over their pairs.
"""

import re

from mathtune_styles.formulas import formulas

# A formula that computes or relates; a number, a name or the boxed answer alone is no step.
_COMPUTES = re.compile(
    r"[=<>≤≥≠≡+*×·÷−]|\\(?:cdot|times|div|leq?|geq?|neq?|equiv|approx|pm)(?![A-Za-z])|[\w)}\]]\s*-|\d\s*/\s*\d"
)
_SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\(?:text|mathrm|mbox|textrm|textbf)\s*\{[^{}]*\}", " "),  # words and units
        (r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits|quad|qquad|boxed|[,;:! ])(?![A-Za-z])|[~&]|\\\\", " "),
        (r"\\begin\{[^{}]*\}|\\end\{[^{}]*\}", " "),
        (r"(\d)(?:,|\{,\})(?=\d{3}(?!\d))", r"\1"),
        (r"\\[dt]frac(?![A-Za-z])", r"\\frac"),
        (r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}"),
        (r"\\(?:cdot|times)(?![A-Za-z])|[*×·]|(?<=\d)\s*x\s*(?=\d)", r" "),
        (r"\\div(?![A-Za-z])|÷", "/"),
        (r"[−–]", "-"),
        (r"\\leq?(?![A-Za-z])|≤", "<="),
        (r"\\geq?(?![A-Za-z])|≥", ">="),
        (r"\\neq?(?![A-Za-z])|≠", "!="),
        (r"\\?%", "%"),
        (r"(?<!\d)(\d{0,30}\.\d{0,30}?)0{1,30}(?!\d)", r"\1"),
    )
)
_FRACTION = re.compile(r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_GROUP = re.compile(r"\{([^{}]*)\}")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|\\[A-Za-z]+|(?<![A-Za-z])[A-Za-z](?![A-Za-z])|[-=<>+/^_!|()\[\]%≡]")
_SINGLE = re.compile(r"\(([\w.]+)\)")
_NESTING = 8  # fractions and groups within one another that are spelled out


def steps_key(solution: str) -> str:
    """What near-duplicates have in common: their computations in order, or their words where there are none.

    Wording, spacing, the boxed answer, multiplication signs and the ways to write a fraction make no difference.
    """
    computations = [formula for formula in formulas(solution) if _COMPUTES.search(formula)]
    tokens = [token for formula in computations for token in _tokens(formula)]
    if tokens:
        return " ".join(tokens)
    return "words: " + " ".join(re.findall(r"\w+", solution.lower()))


def _tokens(formula: str) -> list[str]:
    for pattern, replacement in _SPELLINGS:
        formula = pattern.sub(replacement, formula)
    for _ in range(_NESTING):
        formula, fractions = _FRACTION.subn(r" (\1)/(\2) ", formula)
        formula, groups = _GROUP.subn(r" (\1) ", formula) if not fractions else (formula, 0)
        if not fractions and not groups:
            break
    return _TOKEN.findall(_SINGLE.sub(r" \1 ", re.sub(r"\(\s*([\w.]+)\s*\)", r"(\1)", formula)))
