"""report.html: one file, nothing fetched, hostile text shown and never run."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from report_inputs import build as build_report
from report_inputs import write_others

from mathtune_core.errors import MathtuneError
from mathtune_core.study import Study
from mathtune_ranking import evaluate, report
from mathtune_ranking.page import explorer
from mathtune_ranking.page.evaluation import COLUMNS, read_evaluation
from mathtune_ranking.page.tables import verifier_rows
from mathtune_ranking.results_table import finding_rows

VOID = {"meta", "br", "img", "link", "input", "hr"}
PARAMS = evaluate.EvaluateParams(
    headline_subsets=("easy", "hard"),
    majk_candidates=(1, 2),
    permutations=200,
    confidence=0.9,
    subset_resamples=10,
    seed=0,
)


class Page(HTMLParser):
    """Tags with their attributes, text outside scripts and styles, and whether every tag was closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.code: list[str] = []
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
        (self.code if self.open and self.open[-1] in ("script", "style") else self.words).append(data)


def build(folder: Path, study: Study, out: str = "out", num_examples: int = 100) -> str:
    return build_report(folder, study, PARAMS, folder / out, num_examples=num_examples)


@pytest.fixture(scope="module")
def full(full_run, full_study) -> str:
    """The report of the run of `full_study`."""
    return build(full_run, full_study, "of-test-report")


@pytest.fixture(scope="module")
def full_evaluation(full, full_run) -> Path:
    return full_run / "of-test-report-evaluate"


def test_hostile_text_is_shown_and_never_markup(small_run, study) -> None:
    text = build(small_run, study)
    page = Page(text)
    assert not {"img", "iframe", "object", "b<"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "alert" not in "".join(page.code)
    assert '<script>alert("x")</script>' in "".join(page.words)  # a problem and its solutions, as text


def test_it_is_well_formed_and_fetches_nothing(full) -> None:
    page = Page(full)
    assert page.open == []
    links = [a[name] for _, a in page.tags for name in a if name in ("src", "href", "srcset", "data", "action")]
    assert {link for link in links if not str(link).startswith("#")} == {"data:,"}  # the icon that nobody asks for
    assert not re.search(r"url\(|@import|\bimport\(|fetch\(|XMLHttpRequest|WebSocket|sendBeacon", full)
    assert set(re.findall(r"https?://[^\"' <]+", full)) == {"http://www.w3.org/1998/Math/MathML"}  # a name, not a load
    identifiers = [a["id"] for _, a in page.tags if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    targets = {str(link)[1:] for link in links if str(link).startswith("#")}
    assert targets <= set(identifiers)


def test_every_region_table_and_control_has_a_name(full) -> None:
    page = Page(full)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table") > 20
    for tag, attributes in page.tags:
        if tag == "svg":
            assert attributes.get("aria-label") or attributes.get("aria-hidden") == "true"
        if attributes.get("role") in ("region", "listbox"):
            assert attributes.get("aria-label")
            assert attributes.get("tabindex") == "0"
        assert "style" not in attributes  # the policy would refuse it


def test_it_opens_with_the_finding(small_run, study) -> None:
    words = " ".join(" ".join(Page(build(small_run, study)).words).split())
    opening = words[words.index("With ") :]
    assert re.match(
        r"With [\w.]+, the selector that did best on validation, (terse|verbose) solves the most: [\d.]+% of 20",
        opening,
    )
    assert "90% interval" in opening[:250]
    assert "after Holm" in opening[:500]
    assert "were chosen on 12 validation problems" in opening


def test_tables_charts_and_the_explorer_are_there(full, full_study) -> None:
    page = Page(full)
    words = set(" ".join(page.words).split())
    assert {"58.8", "47.6", "PaLM", "MATH,"} <= words
    charts = [a["aria-label"] for tag, a in page.tags if tag == "svg" and a.get("role") == "img"]
    assert {label.split(":")[0] for label in charts} > {*full_study.generators, "Maj1", "RR.All", "W.RR", "Pass@n"}
    assert len([label for label in charts if label.startswith("Verifier ")]) == len(full_study.verifiers)
    assert len([label for label in charts if "loss against step" in label]) == 3
    for option in ("wrong-though-sampled", "disagree", "no-answer"):
        assert f'value="{option}"' in full


def test_same_inputs_same_bytes(small_run, study) -> None:
    assert build(small_run, study, "first") == build(small_run, study, "second")


def test_no_examples_and_no_solutions_leave_their_sections_out(small_run, study) -> None:
    for path in (small_run / "build_solutions").rglob("*.parquet"):
        path.unlink()
    text = build(small_run, study, num_examples=0)
    words = " ".join(Page(text).words)
    assert "single problems" not in words
    assert "One problem, every style" not in words
    assert "DecompressionStream" not in text


def test_every_file_it_reads_is_missed_by_name(full_run, full_study, full_evaluation, tmp_path) -> None:
    others = write_others(tmp_path / "inputs", full_study)
    paths = [full_evaluation / f"{name}.csv" for name in COLUMNS]
    paths += [others["styles"] / f"{name}.csv" for name in ("profile", "lengths", "overlap", "coverage")]
    paths += [others["generators"] / "original/1/loss.csv", others["verifiers"] / "margin/0/val_loss.csv"]
    paths += [others["generators"] / "control/0/loss.csv", full_evaluation / "choice.json"]
    for path in paths:
        hidden = path.rename(path.with_suffix(".hidden"))
        try:
            with pytest.raises(MathtuneError, match=rf"{path.name}: no such file"):
                report.run(
                    report.ReportParams(title="t", num_examples=0),
                    study=full_study,
                    evaluation=full_evaluation,
                    problems=full_run,
                    samples=full_run / "sample_solutions",
                    clusters=full_run / "cluster_answers",
                    scores=full_run / "score_solutions",
                    solutions=full_run / "build_solutions",
                    **others,
                    out=tmp_path,
                )
        finally:
            hidden.rename(path)
    assert not (tmp_path / "report.html").exists()


def test_a_column_that_is_missing_is_named(full_evaluation, tmp_path) -> None:
    for path in full_evaluation.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    pl.read_csv(tmp_path / "costs.csv").drop("tokens").write_csv(tmp_path / "costs.csv")
    with pytest.raises(MathtuneError, match=r"costs\.csv: tokens: column is missing"):
        read_evaluation(tmp_path)


def test_a_negative_number_of_examples_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^num_examples: "):
        report.ReportParams(title="t", num_examples=-1)


def test_a_subset_that_is_the_whole_headline_has_no_table_of_its_own(small_run, study) -> None:
    build(small_run, study)
    folder = small_run / "out-evaluate"
    results = pl.read_csv(folder / "results.csv")
    headline = results.filter(pl.col("subset") == "headline")
    pl.concat([headline, headline.with_columns(subset=pl.lit("main"))]).write_csv(folder / "results.csv")
    assert read_evaluation(folder).subsets == ["headline"]
    other = headline.with_columns(pl.lit("easy").alias("subset"), accuracy=pl.lit(1.0))
    pl.concat([headline, other]).write_csv(folder / "results.csv")
    assert read_evaluation(folder).subsets == ["headline", "easy"]


def test_a_full_study_is_whole(full, full_study) -> None:
    words = " ".join(" ".join(Page(full).words).split())
    assert "the mean of 2 seeds, re-ranked by the verifier xent" in words
    assert "All samples are those of seed 0" in words
    assert "not what other seeds would" in words
    for name in full_study.generators:
        assert f'<th scope="row">{name}</th>' in full
    assert [f'id="data-{name}"' in full for name in ("problems", "generator-4", "generator-5")] == [True, True, False]


def test_every_verifier_of_a_generator_has_a_row(full) -> None:
    start = full.index("All verifiers on the same samples")
    table = full[start : full.index("</table>", start)]
    assert re.findall(r'<th scope="row">(.*?)</th>', table) == [
        "original by xent",
        "original by margin",
        "rewritten by xent",
        "rewritten by margin",
        "rewritten by rewritten",
    ]
    best = [row.count('class="best"') for row in table.split("<tr>")[2:]]
    assert sum(best[:2]) >= 4  # one of two in each of four columns, or both
    assert sum(best[2:]) >= 4
    start = full.index("Whose verifier on whose samples")
    matrix = [row.count("AUC ") for row in full[start : full.index("</table>", start)].split("<tr>")[2:]]
    assert matrix == [1, 2, 3, 1, 1]  # few-shot, the styles, the recipes: who scored whose samples


def test_the_findings_are_those_of_the_table(full, full_evaluation) -> None:
    start = full.index("Points of difference: the paper's")
    table = full[start : full.index("</table>", start)]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[2:]]
    told = [tuple(unescape(re.sub(r"<[^>]+>", "", cell)) for cell in row) for row in rows]
    known = finding_rows(pl.read_csv(full_evaluation / "findings.csv"))
    assert told == known
    assert [row[0] for row in known][-1] == "… and SSFT of as many steps"
    assert len(known) == 7  # all but the mix, which this study has not


def test_one_verifier_and_one_style_leave_their_tables_out(small_run, study) -> None:
    text = build(small_run, replace(study, styles=("terse",)))
    assert Page(text).open == []
    assert "All verifiers on the same samples" not in text
    assert "re-ranked by the verifier xent" in text
    assert "seeds" not in " ".join(Page(text).words)


def test_verifiers_that_differ_are_told_beside_their_table(full, full_evaluation, tmp_path) -> None:
    for path in full_evaluation.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    comparisons = pl.read_csv(tmp_path / "comparisons.csv", infer_schema_length=None)
    comparisons.with_columns(p_holm=pl.lit(0.01), difference=pl.lit(-3.0)).write_csv(tmp_path / "comparisons.csv")
    found = verifier_rows(read_evaluation(tmp_path))
    assert found is not None
    assert "  original: xent over margin by 3.0 points, p = 0.0100" in found["sure_lines"]
    assert len(found["sure_lines"]) == 1 + 4


def test_the_explorer_holds_what_the_page_shows(full) -> None:
    packed = re.search(r'id="data-problems">([^<]*)<', full)
    assert packed is not None
    head = explorer.unpacked(packed[1])
    assert len(head["problems"]) == 20
    assert head["numSamples"] == 5
    assert list(head["generators"]) == ["few-shot", "original", "rewritten", "sequential-margin", "control"]
