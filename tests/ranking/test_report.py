"""report.html: one file, nothing fetched, hostile text shown and never run."""

import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS
from mathtune_core.tables import read_table
from mathtune_ranking import evaluate, report
from mathtune_ranking.page.charts import Point, Series, axis_top, line_chart
from mathtune_ranking.page.explorer import CHOOSERS, examples
from mathtune_ranking.page.figures import finding, read_evaluation

VOID = {"meta", "br", "img", "link", "input", "hr"}
PARAMS = evaluate.EvaluateParams(
    styles=("terse", "verbose"),
    headline_subsets=("easy", "hard"),
    majk_candidates=(1, 2),
    bootstrap_resamples=200,
    confidence=0.9,
    subset_resamples=10,
    seed=0,
)


class Page(HTMLParser):
    """Tags with their attributes, text, and whether every tag was closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.words.append(data)


def build(folder: Path, out: str, num_examples: int = 4) -> str:
    paths = {
        "problems": folder,
        "samples": folder / "sample_solutions",
        "clusters": folder / "cluster_answers",
        "scores": folder / "score_solutions",
    }
    for name in (f"{out}-evaluate", out):
        (folder / name).mkdir()
    evaluate.run(PARAMS, **paths, out=folder / f"{out}-evaluate")
    report.run(
        report.ReportParams(title="A <title>", num_examples=num_examples),
        evaluation=folder / f"{out}-evaluate",
        **paths,
        solutions=folder / "build_solutions",
        out=folder / out,
    )
    return (folder / out / "report.html").read_text(encoding="utf-8")


def test_hostile_text_is_shown_and_never_run(small_run) -> None:
    text = build(small_run, "out")
    page = Page(text)
    assert not {"script", "img", "iframe", "object", "b<"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "<script" not in text.lower()
    shown = "".join(page.words)
    assert shown.count('<script>alert("x")</script>') > 20  # completions, problems and solutions, all as text
    assert "7<b>" in shown


def test_it_is_well_formed_and_fetches_nothing(small_run) -> None:
    text = build(small_run, "out")
    page = Page(text)
    assert page.open == []
    assert not [a for _, a in page.tags for name in a if name in ("src", "href", "srcset", "data")]
    assert not re.search(r"url\(|@import", text)
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    identifiers = [a["id"] for _, a in page.tags if "id" in a]
    assert len(identifiers) == len(set(identifiers))


def test_it_opens_with_the_finding(small_run) -> None:
    words = " ".join(" ".join(Page(build(small_run, "out")).words).split())
    opening = words[words.index("With ") :]
    assert re.match(
        r"With [\w.]+, the selector that did best on validation, (terse|verbose) solves the most: [\d.]+% of 20",
        opening,
    )
    assert "90% interval" in opening[:250]
    assert "after Holm" in opening[:500]


def test_tables_charts_and_examples_are_there(small_run) -> None:
    page = Page(build(small_run, "out", num_examples=3))
    tags = [tag for tag, _ in page.tags]
    assert len([a for tag, a in page.tags if tag == "svg" and a.get("role") == "img"]) == 4
    assert len([a for tag, a in page.tags if tag == "details" and str(a.get("id", "")).startswith("problem-")]) == 3
    assert tags.count("caption") == tags.count("table") == 6  # headline, two subsets, the paper, levels, verifier
    assert {"58.8", "PaLM", "MATH"} <= set(" ".join(page.words).split())


def test_every_sample_of_an_example_is_in_one_cluster(small_run) -> None:
    text = build(small_run, "out", num_examples=2)
    assert text.count('<div class="sample">') == 2 * 2 * 5


def test_same_inputs_same_bytes(small_run) -> None:
    assert build(small_run, "first") == build(small_run, "second")


def test_no_examples_and_no_solutions_leave_their_sections_out(small_run) -> None:
    for path in (small_run / "build_solutions").rglob("*.parquet"):
        path.unlink()
    words = " ".join(Page(build(small_run, "out", num_examples=0)).words)
    assert "Single problems" not in words
    assert "One problem, every style" not in words


def test_a_missing_evaluation_is_named(small_run) -> None:
    with pytest.raises(MathtuneError, match=r"results\.csv: no such file"):
        report.run(
            report.ReportParams(title="t", num_examples=1),
            evaluation=small_run / "nowhere",
            problems=small_run,
            samples=small_run / "sample_solutions",
            clusters=small_run / "cluster_answers",
            scores=small_run / "score_solutions",
            solutions=small_run / "build_solutions",
            out=small_run,
        )


def test_a_negative_number_of_examples_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^num_examples: "):
        report.ReportParams(title="t", num_examples=-1)


def test_chart_places_points_on_its_axes() -> None:
    points = (Point(1, 0.0, 0.0, 10.0), Point(4, 25.0, 20.0, 30.0), Point(16, 50.0, 40.0, 50.0))
    svg = line_chart("<t>", [Series("<s>", 2, points)], 50.0)
    assert 'class="line s2" points="46.0,274.0 256.0,144.0 466.0,14.0"' in svg  # n halves the axis at 4 of 16
    assert "<s>" not in svg
    assert "&lt;s&gt;" in svg


def test_axis_ends_at_a_round_percentage() -> None:
    assert axis_top([41.2]) == 50.0
    assert axis_top([40.0]) == 40.0
    assert axis_top([99.0]) == 100.0
    assert axis_top([0.0]) == 10.0


@pytest.mark.parametrize("first", ["terse", "verbose"])
def test_the_lead_is_told_from_the_winners_side(small_run, first) -> None:
    build(small_run, "out")
    folder = small_run / "out-evaluate"
    results = pl.read_csv(folder / "results.csv")
    told = pl.when(pl.col("style") == "terse").then(80.0).otherwise(70.0)
    results.with_columns(accuracy=told).write_csv(folder / "results.csv")
    second, sign = ("verbose", 1) if first == "terse" else ("terse", -1)
    low, high = sorted((sign * 4.0, sign * 16.0))
    pair = {"first": first, "second": second, "difference": sign * 10.0, "low": low, "high": high, "p": 0.01}
    rows = [pair | {"selector": selector, "p_holm": 0.01} for selector in CHOOSERS]
    pl.DataFrame(rows).write_csv(folder / "comparisons.csv")
    assert finding(read_evaluation(folder))[1] == (
        "That is 10.0 points more than verbose (90% interval 4.0 to 16.0, p = 0.010 after Holm): "
        "a difference this test set can show."
    )


def test_styles_that_tie_share_the_finding(small_run) -> None:
    build(small_run, "out")
    folder = small_run / "out-evaluate"
    results = pl.read_csv(folder / "results.csv")
    results.with_columns(accuracy=pl.lit(75.0)).write_csv(folder / "results.csv")
    sentences = finding(read_evaluation(folder))
    assert "terse and verbose solve the most: 75.0% of 20" in sentences[0]
    assert len(sentences) == 2
    assert sentences[1].startswith("Terse's greedy answer gets 75.0%")


def test_a_subset_that_is_the_whole_headline_has_no_table_of_its_own(small_run) -> None:
    build(small_run, "out")
    folder = small_run / "out-evaluate"
    results = pl.read_csv(folder / "results.csv")
    headline = results.filter(pl.col("subset") == "headline")
    pl.concat([headline, headline.with_columns(subset=pl.lit("main"))]).write_csv(folder / "results.csv")
    assert read_evaluation(folder).subsets == ["headline"]
    other = headline.with_columns(pl.lit("easy").alias("subset"), accuracy=pl.lit(1.0))
    pl.concat([headline, other]).write_csv(folder / "results.csv")
    assert read_evaluation(folder).subsets == ["headline", "easy"]


def test_explorer_puts_disagreement_first_and_names_who_chose_what(small_run) -> None:
    problems = read_table(small_run / "problems.parquet", PROBLEMS)
    found = evaluate.read_styles(
        PARAMS.styles, small_run / "cluster_answers", small_run / "score_solutions", "test", problems
    )
    shown = examples(found, 2, problems, small_run / "sample_solutions", 20)
    for example in shown:
        for style, clusters in example.styles:
            assert sorted(name for cluster in clusters for name in cluster.chosen_by) == sorted(CHOOSERS)
            best = max(
                (cluster for cluster in clusters if cluster.answer is not None and cluster.samples),
                key=lambda cluster: cluster.samples[0].score,
            )
            assert "RR.All" in best.chosen_by
            assert sum(len(cluster.samples) for cluster in clusters) == found[style].num_samples
    assert shown[-1].problem["problem_id"] == "test-02"  # on which nobody disagrees
    assert shown[-1].summary == " · ".join(f"{name} 2/2" for name in CHOOSERS)
