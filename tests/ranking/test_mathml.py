"""Formulas as MathML in a browser: what they become, what is left as source, and what is money."""

import json
import os
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser, Page

from mathtune_ranking.page.document import FOLDER

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: its DevTools protocol drives the page")

SHAPE = """
const shape = (node) => node.nodeType === 3 ? node.textContent
  : `(${[node.localName, ...[...node.childNodes].map(shape)].join(" ")})`;
const formula = (source) => { const made = MathML.render(source); return made && shape(made.firstChild); };
const segments = (text) => Prose.split(text).map((one) => [one.kind[0] + (one.display ? "d" : ""), one.text]);
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Page:
    scripts = "".join(
        f"<script>{(FOLDER / name).read_text()}</script>" for name in ("latex_symbols.js", "mathml.js", "prose.js")
    )
    path = tmp_path_factory.mktemp("mathml") / "page.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{scripts}<script>{SHAPE}</script><body>", encoding="utf-8")
    with Browser() as browser:
        yield browser.open(path.as_uri())


def call(page: Page, function: str, *arguments: object):
    return page.evaluate(f"{function}({', '.join(map(json.dumps, arguments))})")


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        (r"\frac{1}{2}", "(mfrac (mn 1) (mn 2))"),
        (r"\frac12x", "(mfrac (mn 1) (mn 2)) (mi x)"),
        (r"\dfrac{a}b", "(mstyle (mfrac (mi a) (mi b)))"),
        (r"{a \over b}", "(mrow (mfrac (mi a) (mi b)))"),
        (r"\sqrt{2}", "(msqrt (mn 2))"),
        (r"\sqrt[3]{x}", "(mroot (mi x) (mn 3))"),
        ("x^2", "(msup (mi x) (mn 2))"),
        ("x_1^{10}", "(msubsup (mi x) (mn 1) (mn 10))"),
        ("x^10", "(msup (mi x) (mn 1)) (mn 0)"),  # TeX raises one digit
        ("f'", "(msup (mi f) (mo ′))"),
        (r"90^\circ", "(msup (mn 90) (mo ∘))"),
        (r"10{,}000", "(mn 10) (mo ,) (mn 000)"),
        ("-1", "(mo −) (mn 1)"),
        (r"\alpha\le\Gamma", "(mi α) (mo ≤) (mi Γ)"),
        (r"\boxed{7}", "(mrow (mn 7))"),
        (r"\text{if } x", "(mtext if\u00a0) (mi x)"),
        (r"\text{if $x$}", "(mtext if\u00a0) (mi x)"),
        (r"\mathrm{cm}", "(mi cm)"),
        (r"\mathbb{R}", "(mi ℝ)"),
        (r"\left(\frac{1}{2}\right)", "(mrow (mo () (mfrac (mn 1) (mn 2)) (mo )))"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
         "(mrow (mo () (mtable (mtr (mtd (mn 1)) (mtd (mn 2))) (mtr (mtd (mn 3)) (mtd (mn 4)))) (mo )))"),
        (r"\begin{cases}a\\b\end{cases}", "(mrow (mo {) (mtable (mtr (mtd (mi a))) (mtr (mtd (mi b)))))"),
        (r"\overline{AB}", "(mrow (mrow (mi A) (mi B)))"),
        (r"\vec v", "(mover (mi v) (mo →))"),
        (r"\sum_{i=1}^n", "(munderover (mo ∑) (mrow (mi i) (mo =) (mn 1)) (mi n))"),
        (r"\binom{n}{2}", "(mrow (mo () (mfrac (mi n) (mn 2)) (mo )))"),
        (r"\not=", "(mo ≠)"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_formula_becomes_mathml(page, source, shape) -> None:
    assert call(page, "formula", source) == f"(mrow{' ' if shape else ''}{shape})"


@pytest.mark.parametrize(
    "source",
    [
        r"\unknown{x}", r"\frac{1", r"\frac{1}", "x^2^3", "x_1_2", r"\left( x", "a & b", "}", "{",
        r"\begin{tikz}\end{tikz}",
        r"\begin{pmatrix}1", r"\begin{pmatrix}1\end{bmatrix}", r"\text{\unknown}", "$", "\\", r"\sqrt[3", r"\color",
        "{" * 10_000, "{" * 3_000 + "}" * 3_000, r"\frac" * 2_000, r"\sqrt" * 2_000, "x^" * 4_000, "x" * 10_001,
        r"\left(" * 1_000, r"\begin{matrix}" * 500, r"\constructor{x}", r"\__proto__",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_left(page, source) -> None:
    assert call(page, "formula", source) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Let $x$ be", [["t", "Let "], ["f", "x"], ["t", " be"]]),
        (r"\(a\) \[b\] $$c$$", [["f", "a"], ["t", " "], ["fd", "b"], ["t", " "], ["fd", "c"]]),
        ("costs $5 and $6.", [["t", "costs $5 and $6."]]),
        ("earns $20*3=$60 a day", [["t", "earns $20*3=$60 a day"]]),
        ("$<<5*2=10>>10 in all, $3 left", [["t", "$<<5*2=10>>10 in all, $3 left"]]),
        (r"pays \$5 for $x$", [["t", "pays $5 for "], ["f", "x"]]),
        ("gives $5$ and $12$.", [["t", "gives "], ["f", "5"], ["t", " and "], ["f", "12"], ["t", "."]]),
        ("one $ alone", [["t", "one $ alone"]]),
        ("not over\n\n$a\n\nb$", [["t", "not over\n\n$a\n\nb$"]]),
        (r"so \boxed{\frac{1}{2}}.", [["t", "so "], ["f", r"\boxed{\frac{1}{2}}"], ["t", "."]]),
        (r"\begin{align*}a&=b\end{align*}", [["fd", r"\begin{align*}a&=b\end{align*}"]]),
        (r"50\% of \textbf{all}", [["t", "50% of all"]]),
        ("[asy]draw();[/asy] [1]", [["s", "[asy]draw();[/asy]"], ["t", " [1]"]]),
        (r"open \( and \[ $$ \begin{align}", [["t", r"open \( and \[ $$ \begin{align}"]]),
        ("", []),
    ],
)
def test_a_text_is_split_into_words_and_formulas(page, text, expected) -> None:
    assert call(page, "segments", text) == expected


@pytest.mark.parametrize(
    "unit", ["$", "\\(", "\\[", "$$ ", "${", "\\begin{align}", "[asy]", "\\boxed{", "{", "\\", "$ $\n\n", "<b>"]
)
def test_a_long_text_of_openings_is_shown_soon(page, unit) -> None:
    text = unit * (40_000 // len(unit))
    shown = page.evaluate(
        f"(() => {{ const start = performance.now(); const made = document.createElement('div'); "
        f"made.append(Prose.render({json.dumps(text)})); "
        "return [made.textContent.length, performance.now() - start]; })()"
    )
    assert shown[0] > 0
    assert shown[1] < 20_000  # quadratic in this length would be minutes


def test_answers_are_formulas_or_words(page) -> None:
    kinds = page.evaluate(
        r"""["\\frac{1}{2}", "x+1", "(-\\infty, 3]", "Monday", "7<b>", "\\bad{", "$5"].map((text) => {
          const made = document.createElement("div"); made.append(Prose.answer(text));
          return [made.firstChild.localName ?? "#text", made.textContent]; })"""
    )
    assert [kind for kind, _ in kinds] == ["math", "math", "math", "#text", "math", "code", "#text"]
    assert [text for _, text in kinds][3:] == ["Monday", "7<b>", "\\bad{", "$5"]


def _rows(name: str) -> list[dict[str, str]]:
    folder = os.environ.get("MATHTUNE_DATA")
    if not folder or not (Path(folder) / name).is_file():
        pytest.skip(f"needs {name} under MATHTUNE_DATA")
    return [json.loads(line) for line in (Path(folder) / name).read_text(encoding="utf-8").splitlines()]


def test_of_real_formulas_nearly_all_are_rendered(page) -> None:
    texts = [row[field] for row in _rows("math/test.jsonl") for field in ("problem", "solution")]
    found = page.evaluate(
        f"{json.dumps(texts)}.flatMap(Prose.split).filter((one) => one.kind === 'formula')"
        ".map((one) => MathML.render(one.text, one.display) !== null)"
    )
    assert len(found) > 5_000
    assert sum(found) / len(found) > 0.99  # 5,546 of 5,547 when this was written


def test_no_amount_of_money_is_taken_for_a_formula(page) -> None:
    texts = [row[field] for row in _rows("gsm8k/test.jsonl") for field in ("question", "answer")]
    kinds = page.evaluate(f"{json.dumps(texts)}.flatMap(Prose.split).map((one) => one.kind)")
    assert set(kinds) == {"text"}
