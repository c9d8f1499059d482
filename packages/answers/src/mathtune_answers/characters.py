"""Unicode mathematics, full-width characters and invisible marks, spelt in plain LaTeX."""

import re
import unicodedata
from functools import lru_cache

_CHARACTERS = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "﹣": "-", "×": r"\times ", "·": r"\cdot ",
    "⋅": r"\cdot ",
    "∙": r"\cdot ", "•": r"\cdot ", "÷": r"\div ", "⁄": "/", "∕": "/", "≤": r"\le ", "≥": r"\ge ", "⩽": r"\le ",
    "⩾": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "≡": r"\equiv ", "√": r"\sqrt ", "∛": r"\cbrt ", "∞": r"\infty ",
    "π": r"\pi ", "Π": r"\Pi ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∉": r"\notin ", "∅": r"\emptyset ",
    "ø": r"\emptyset ", "Ø": r"\emptyset ", "°": r"^\circ ", "º": r"^\circ ", "˚": r"^\circ ", "±": r"\pm ",
    "∓": r"\mp ",
    "′": "'", "’": "'", "‘": "'", "“": '"', "”": '"', "⟨": r"\langle ", "⟩": r"\rangle ", "〈": r"\langle ",
    "〉": r"\rangle ", "∠": r"\angle ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℚ": r"\mathbb{Q}", "ℕ": r"\mathbb{N}",
    "ℂ": r"\mathbb{C}", "…": r"\ldots ", "⋯": r"\ldots ", "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ",
    "γ": r"\gamma ", "δ": r"\delta ", "λ": r"\lambda ", "μ": r"\mu ", "σ": r"\sigma ", "φ": r"\phi ", "ω": r"\omega ",
    "ε": r"\epsilon ", "ρ": r"\rho ", "τ": r"\tau ", "Δ": r"\Delta ", "Ω": r"\Omega ", "Σ": r"\Sigma ", "∑": r"\sum ",
    "∫": r"\int ", "∂": r"\partial ", "→": r"\rightarrow ", "⇒": r"\Rightarrow ", "∣": "|", "∥": r"\|",
    "⌊": r"\lfloor ",
    "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ",
    "，": ", ", "；": "; ", "：": ":", "（": "(", "）": ")", "。": ".", "、": ", ", "∶": ":",
    "¢": r"\text{ cents}",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", "0123456789+-=()ni")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙₐₓ", "0123456789+-=()nax")
_SUPERSCRIPT_RUN = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ]+")
_SUBSCRIPT_RUN = re.compile(r"[₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙₐₓ]+")


@lru_cache(maxsize=1024)
def _odd_character(character: str) -> str:
    if character in _CHARACTERS:
        return _CHARACTERS[character]
    if unicodedata.category(character) in ("Cf", "Cc", "Cs", "Mn"):
        return ""
    plain = unicodedata.normalize("NFKC", character)
    if "⁄" in plain:
        top, bottom = plain.split("⁄")
        return rf"\frac{{{top}}}{{{bottom}}}"
    return plain


_ODD = re.compile(r"[^\x09\x0a\x0d\x20-\x7e]")


def ascii_mathematics(text: str) -> str:
    """Return the text with Unicode mathematics, full-width characters and invisible marks spelt in plain LaTeX."""
    if text.isascii() and text.isprintable():
        return text
    text = _SUPERSCRIPT_RUN.sub(lambda run: f"^{{{run[0].translate(_SUPERSCRIPTS)}}}", text)
    text = _SUBSCRIPT_RUN.sub(lambda run: f"_{{{run[0].translate(_SUBSCRIPTS)}}}", text)
    return _ODD.sub(lambda odd: _odd_character(odd[0]), text)
