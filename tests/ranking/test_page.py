"""report.html in a browser: it runs no text, fetches nothing, and the explorer works by keyboard, link and filter."""

import itertools
import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from browser import CHROMIUM, Browser, Page
from report_inputs import build

from mathtune_core.schemas import PROBLEMS, SAMPLES
from mathtune_core.tables import read_table, write_table
from mathtune_ranking import evaluate
from mathtune_ranking.candidates import NO_ANSWER
from mathtune_ranking.rows import Row, read_runs
from mathtune_ranking.selectors import SELECTORS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: its DevTools protocol drives the page"),
]

PARAMS = evaluate.EvaluateParams(
    headline_subsets=("easy", "hard"),
    majk_candidates=(2,),
    permutations=50,
    confidence=0.95,
    subset_resamples=5,
    seed=0,
)
RUN = "globalThis.ran=true"
HOSTILE = (
    f"<script>{RUN}</script>",
    f'</script><script>{RUN}</script><img src="x" onerror="{RUN}">',
    f'<svg onload="{RUN}"><a href="javascript:{RUN}">$x$</a></svg>',
    f"$\\text{{<img src=x onerror={RUN}>}}$ \\(<script>{RUN}</script>\\)",
    f"$\\href{{javascript:{RUN}}}{{x}}$ \\unicode{{x3c}} \u2028 \u2029 \x00 ]]> <!-- {{{{ 7*7 }}}} {{% raw %}}",
    "$" + "{" * 10_000 + "$" + "{" * 10_000,
    "\\frac" * 3_000 + "\\begin{matrix}" * 300,
    "<iframe src='https://example.com'></iframe><link rel=stylesheet href='//example.com'>"
    "<style>*{display:none}</style>",
    "\u202eright to left\u202c \ud7ff \U0001f600 " + "x" * 3_000,
)
READY = "document.querySelector('#explorer-app').dataset.ready !== undefined"
CHOOSE = "(name, value) => { const part = document.querySelector(`[data-part=${name}]`); part.value = value; \
part.dispatchEvent(new Event(part.type === 'search' ? 'input' : 'change')); }"


@pytest.fixture(scope="module")
def run(full_run, tmp_path_factory) -> Path:
    """The run of `full_study` with every completion a hostile one, and one of every kind for each generator."""
    folder = tmp_path_factory.mktemp("page") / "run"
    shutil.copytree(full_run, folder, ignore=shutil.ignore_patterns("of-test-*"))
    for path in sorted((folder / "sample_solutions").rglob("samples.parquet")):
        table = read_table(path, SAMPLES)
        texts = list(itertools.islice(itertools.cycle(HOSTILE), table.height))
        write_table(table.with_columns(completion=pl.Series(texts)), path, SAMPLES)
    return folder


@pytest.fixture(scope="module")
def report(run, full_study) -> Path:
    build(run, full_study, PARAMS, run / "report")
    return run / "report" / "report.html"


@pytest.fixture(scope="module")
def browser():
    with Browser() as found:
        yield found


@pytest.fixture
def page(browser, report):
    found = browser.open(report.as_uri())
    found.until(READY)
    yield found
    found.close()


def place(page: Page) -> str:
    return page.evaluate("document.querySelector('[data-part=place]').textContent")


def listed(page: Page) -> int:
    return page.evaluate("document.querySelectorAll('[role=option]').length")


def choose(page: Page, name: str, value: str) -> None:
    page.evaluate(f"({CHOOSE})({json.dumps(name)}, {json.dumps(value)})")
    page.until("!document.querySelector('#explorer-app').hasAttribute('aria-busy')")


def test_no_text_runs_and_nothing_is_fetched(page, report) -> None:
    page.evaluate("document.querySelector('[data-part=open]').click()")
    for generator in ("few-shot", "control"):
        choose(page, "generator", generator)
        for _ in range(4):
            page.evaluate("document.querySelector('[data-part=next]').click()")
    page.evaluate("document.querySelector('[data-part=source]').click()")
    shown = page.evaluate("document.querySelector('[data-part=view]').textContent")
    assert f"<script>{RUN}</script>" in shown
    assert "{" * 10_000 in shown
    assert "\\frac" * 3_000 in shown
    assert page.evaluate("globalThis.ran") is None
    view = "document.querySelector('[data-part=view]')"
    assert page.evaluate(f"{view}.querySelectorAll('script, img, iframe, svg, style, link, a').length") == 0
    assert page.complaints() == []
    assert {url.split("#")[0] for url in page.requests()} == {report.as_uri()}


def test_the_policy_stops_what_is_not_ours(page) -> None:
    page.evaluate(
        f"(() => {{ const script = document.createElement('script'); script.textContent = '{RUN}'; "
        "document.body.append(script); const image = new Image(); image.src = 'https://example.com/x.png'; "
        "document.body.append(image); })()"
    )
    assert page.evaluate("globalThis.ran") is None
    page.until("document.images[0].complete")
    refused = [text for text in page.complaints() if "Content Security Policy" in text]
    assert len(refused) == 2
    assert page.evaluate("document.images[0].naturalWidth") == 0


def test_it_works_by_keyboard(page) -> None:
    page.evaluate("document.querySelector('[data-part=list]').focus()")
    assert place(page) == "Problem 1 of 20"
    for key, expected in (
        ("j", 2),
        ("ArrowDown", 3),
        ("ArrowRight", 4),
        ("k", 3),
        ("ArrowUp", 2),
        ("End", 20),
        ("j", 20),
        ("Home", 1),
    ):
        page.press(key)
        assert place(page) == f"Problem {expected} of 20", key
    selected = page.evaluate("document.querySelector('[aria-selected=true]').id")
    assert page.evaluate("document.querySelector('[data-part=list]').getAttribute('aria-activedescendant')") == selected
    assert page.evaluate("location.hash").startswith("#problem=test-00&generator=")
    reached = []
    for _ in range(6):
        page.press("Tab")
        reached.append(page.evaluate("document.activeElement.dataset.part ?? document.activeElement.localName"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", reached
    assert reached[:5] == ["open", "source", "previous", "next", "copy"]
    assert "summary" in reached
    page.evaluate("document.querySelector('[data-part=search]').focus()")
    page.press("j")
    assert page.evaluate("document.querySelector('[data-part=search]').value") == "j"  # typing is typing


def test_filters_count_what_the_tables_hold(page, run, full_study) -> None:
    problems = read_table(run / "problems.parquet", PROBLEMS)
    runs = read_runs(full_study, run / "cluster_answers", run / "score_solutions", "test", problems)
    head = json.loads((run / "report-evaluate" / "choice.json").read_text())
    for generator, verifier in (("original", "margin"), ("rewritten", "rewritten")):
        choose(page, "generator", generator)
        choose(page, "verifier", verifier)
        candidates = runs[Row(generator, verifier)][0]
        by = {name: SELECTORS[name](candidates, head["k"]) for name in SELECTORS}
        chosen = by[head["selector"]].p_correct
        sampled = by["Pass@N"].p_correct == 1
        expected = {
            "all": 20,
            "right": (chosen == 1).sum(),
            "wrong": (chosen == 0).sum(),
            "wrong-though-sampled": ((chosen < 1) & sampled).sum(),
            "disagree": (by["Maj1"].winner != by["RR.All"].winner).sum(),
            "no-answer": ((candidates.cluster_id == NO_ANSWER).sum(axis=1) * 2 >= 5).sum(),
        }
        for name, count in expected.items():
            choose(page, "filter", name)
            assert listed(page) == count, (generator, verifier, name)
            text = page.evaluate("document.querySelector('[data-part=filter]').selectedOptions[0].textContent")
            assert text.endswith(f"({count})")
        choose(page, "filter", "all")
    choose(page, "level", "2")
    assert listed(page) == 10
    choose(page, "search", "WHAT IS 13?")
    assert listed(page) == 1
    choose(page, "search", "nowhere")
    assert "No problem passes" in page.evaluate("document.querySelector('[data-part=view]').textContent")


def test_a_link_opens_what_it_names(browser, report) -> None:
    link = "#problem=test-07&generator=rewritten&verifier=margin&filter=disagree"
    page = browser.open(report.as_uri() + link)
    page.until(READY)
    values = page.evaluate(
        "['generator', 'verifier', 'filter'].map((name) => document.querySelector(`[data-part=${name}]`).value)"
    )
    assert values == ["rewritten", "margin", "disagree"]
    assert "What is 7?" in page.evaluate("document.querySelector('[data-part=view] .problem').textContent")
    page.evaluate("location.hash = '#problem=test-11&generator=control'")
    page.until("document.querySelector('[data-part=view] .problem').textContent.includes('What is 11?')")
    page.evaluate("location.hash = '#problem=gone&generator=control'")
    page.until("document.querySelector('[data-part=message]').textContent.includes('not in this report')")
    assert page.complaints() == []
    page.close()


def test_what_was_chosen_is_explained(page, run, full_study) -> None:
    rows = page.evaluate(
        "[...document.querySelectorAll('.decisions tbody tr')]"
        ".map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    assert [row[0] for row in rows] == ["Pass@1", "Maj1", "RR.All", "RR.MajK", "W.RR", "W.RR.MajK", "Maj1.TopN"]
    assert all("right" in row[1] or "wrong" in row[1] for row in rows)
    reasons = page.evaluate(
        """(() => {
          const cluster = (label, scores) => ({ label, none: label < 0, samples: scores.map((score) => ({ score })),
            best: scores[0] ?? null, sum: scores.reduce((a, b) => a + b, 0) });
          const [a, b] = [cluster(0, [0.5, 0.4, 0.3]), cluster(1, [0.9])];
          const [c, none] = [cluster(2, [0.2]), cluster(-1, [0.95])];
          const all = [a, b, c, none];
          return ["Pass@1", "Maj1", "RR.All", "W.RR"]
            .map((name) => Reasons.why(name, all, name === "RR.All" ? b : a, 6, 2))
            .concat([Reasons.why("RR.MajK", all, b, 6, 2), Reasons.why("W.RR.MajK", all, a, 6, 8),
              Reasons.why("Maj1", [b, c], b, 6, 2), Reasons.why("Maj1", all, none, 6, 2),
              // Of 0.9, 0.5, 0.4, 0.3, 0.2 the best three: two of a, one of b.
              Reasons.why("Maj1.TopN", all, a, 6, 2)]);
        })()"""
    )
    assert reasons == [
        "the greedy solution's answer; it has no vote",
        "3 of 6 votes; the next has 1",
        "highest score of all, 0.900; the next answer's best is 0.500",
        "largest sum of scores, 1.20; the next is 0.90",
        "highest score within the top 2 clusters, 2 tying for the last place, 0.900; the next answer's best is 0.500",
        "largest sum of scores, all 3 answers being within the top 8, 1.20; the next is 0.90",
        "1 of 6 votes, as many as 1 other answer: one is drawn at random",
        "no sample gives an answer",
        "2 of the 3 best-scored; the next has 1",
    ]


def test_nothing_is_wider_than_a_phone(browser, report) -> None:
    page = browser.open(report.as_uri(), width=360, height=740)
    page.until(READY)
    page.evaluate("document.querySelector('[data-part=open]').click()")
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    for _ in range(3):
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.evaluate("document.querySelector('[data-part=next]').click()")
    page.close()


CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = (colour) => { const [r, g, b] = rgb(colour).map((value) => { const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (node) => { for (let at = node; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (rgb(colour)[3] === 255) return colour; } return "white"; };
  const worst = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (node.closest("script, style, noscript, title")) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(node.closest("svg") ? style.fill : style.color), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const name = `${node.localName}.${node.getAttribute("class") ?? ""}`;
    if (ratio < 4.5) worst.set(name, Math.round(ratio * 100) / 100);
  }
  return [...worst];
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_contrast_in_both_themes(browser, report, dark) -> None:
    page = browser.open(report.as_uri(), dark=dark)
    page.until(READY)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(20, 23, 27)") == dark
    assert page.evaluate(CONTRAST) == []  # WCAG 2.2 AA, 1.4.3: 4.5 to 1
    page.close()


def test_charts_and_tables_are_chosen_and_lines_hidden(page) -> None:
    panels = "[...document.querySelectorAll('#by-selector > div')]"
    shown = f"{panels}.filter((panel) => !panel.hidden).map((panel) => panel.dataset.name)"
    assert len(page.evaluate(shown)) == 1
    page.evaluate(
        "(() => { const chooser = document.querySelector('[data-chooses=by-selector]'); chooser.value = 'W.RR'; "
        "chooser.dispatchEvent(new Event('change')); })()"
    )
    assert page.evaluate(shown) == ["W.RR"]
    hidden = "document.querySelectorAll('#curves ~ .charts g.off').length"
    assert page.evaluate(hidden) == 0
    page.evaluate("document.querySelector('#curves ~ .charts [data-hides=original]').click()")
    assert page.evaluate(hidden) > 0
