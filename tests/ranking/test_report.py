"""report.html: one file, nothing fetched, hostile text shown and never run."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS
from mathtune_core.study import Study
from mathtune_core.tables import read_table
from mathtune_ranking import evaluate, report
from mathtune_ranking.comparisons import SCHEMA as COMPARISONS
from mathtune_ranking.page.explorer import CHOOSERS, examples
from mathtune_ranking.page.figures import finding, read_evaluation, verifier_rows
from mathtune_ranking.results_table import finding_rows
from mathtune_ranking.rows import read_runs
from mathtune_ranking.selectors import SELECTORS

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


def build(folder: Path, study: Study, out: str = "out", num_examples: int = 4) -> str:
    paths = {
        "study": study,
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


@pytest.fixture(scope="module")
def full(full_run, full_study) -> str:
    """The report of the run of `full_study`."""
    return build(full_run, full_study, "of-test-report")


def test_hostile_text_is_shown_and_never_run(small_run, study) -> None:
    text = build(small_run, study)
    page = Page(text)
    assert not {"script", "img", "iframe", "object", "b<"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "<script" not in text.lower()
    shown = "".join(page.words)
    assert shown.count('<script>alert("x")</script>') > 20  # completions, problems and solutions, all as text
    assert "7<b>" in shown


def test_it_is_well_formed_and_fetches_nothing(small_run, study) -> None:
    text = build(small_run, study)
    page = Page(text)
    assert page.open == []
    assert not [a for _, a in page.tags for name in a if name in ("src", "href", "srcset", "data")]
    assert not re.search(r"url\(|@import", text)
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    identifiers = [a["id"] for _, a in page.tags if "id" in a]
    assert len(identifiers) == len(set(identifiers))


def test_it_opens_with_the_finding(small_run, study) -> None:
    words = " ".join(" ".join(Page(build(small_run, study)).words).split())
    opening = words[words.index("With ") :]
    assert re.match(
        r"With [\w.]+, the selector that did best on validation, (terse|verbose) solves the most: [\d.]+% of 20",
        opening,
    )
    assert "90% interval" in opening[:250]
    assert "after Holm" in opening[:500]


def test_tables_charts_and_examples_are_there(small_run, study) -> None:
    page = Page(build(small_run, study, num_examples=3))
    tags = [tag for tag, _ in page.tags]
    assert len([a for tag, a in page.tags if tag == "svg" and a.get("role") == "img"]) == 4
    assert len([a for tag, a in page.tags if tag == "details" and str(a.get("id", "")).startswith("problem-")]) == 3
    assert tags.count("caption") == tags.count("table") == 8
    # headline, two subsets, the findings, the paper, levels, verifier, lengths
    assert {"58.8", "PaLM", "MATH"} <= set(" ".join(page.words).split())


def test_every_sample_of_an_example_is_in_one_cluster(small_run, study) -> None:
    text = build(small_run, study, num_examples=2)
    assert text.count('<div class="sample">') == 2 * 2 * 5


def test_same_inputs_same_bytes(small_run, study) -> None:
    assert build(small_run, study, "first") == build(small_run, study, "second")


def test_no_examples_and_no_solutions_leave_their_sections_out(small_run, study) -> None:
    for path in (small_run / "build_solutions").rglob("*.parquet"):
        path.unlink()
    words = " ".join(Page(build(small_run, study, num_examples=0)).words)
    assert "Single problems" not in words
    assert "One problem, every style" not in words


def test_a_missing_evaluation_is_named(small_run, study) -> None:
    with pytest.raises(MathtuneError, match=r"results\.csv: no such file"):
        report.run(
            report.ReportParams(title="t", num_examples=1),
            study=study,
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


@pytest.mark.parametrize("first", ["terse", "verbose"])
def test_the_lead_is_told_from_the_winners_side(small_run, study, first) -> None:
    build(small_run, study)
    folder = small_run / "out-evaluate"
    results = pl.read_csv(folder / "results.csv")
    told = pl.when(pl.col("generator") == "terse").then(80.0).otherwise(70.0)
    results.with_columns(accuracy=told).write_csv(folder / "results.csv")
    second, sign = ("verbose", 1) if first == "terse" else ("terse", -1)
    low, high = sorted((sign * 4.0, sign * 16.0))
    pair = {"first": first, "second": second, "difference": sign * 10.0, "low": low, "high": high, "p": 0.01}
    rows = [pair | {"family": "styles", "selector": selector, "p_holm": 0.01} for selector in CHOOSERS]
    pl.DataFrame(rows, schema=COMPARISONS).write_csv(folder / "comparisons.csv")
    assert finding(read_evaluation(folder))[1] == (
        "That is 10.0 points more than verbose (90% interval 4.0 to 16.0, p = 0.0100 after Holm): "
        "a difference this test set can show."
    )


def test_a_lead_that_nobody_tested_claims_nothing(full, full_run) -> None:
    found = read_evaluation(full_run / "of-test-report-evaluate")
    points = {"sequential-margin": 80.0, "few-shot": 70.5}
    results = found.results.with_columns(accuracy=pl.col("generator").replace_strict(points, default=10.0))
    sentences = finding(replace(found, results=results))
    assert sentences[1] == "That is 9.5 points more than few-shot; whether by chance was not tested."


def test_styles_that_tie_share_the_finding(small_run, study) -> None:
    build(small_run, study)
    folder = small_run / "out-evaluate"
    results = pl.read_csv(folder / "results.csv")
    results.with_columns(accuracy=pl.lit(75.0)).write_csv(folder / "results.csv")
    sentences = finding(read_evaluation(folder))
    assert "terse and verbose solve the most: 75.0% of 20" in sentences[0]
    assert len(sentences) == 2
    assert sentences[1].startswith("Terse's greedy answer gets 75.0%")


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


def test_explorer_puts_disagreement_first_and_names_who_chose_what(small_run, study) -> None:
    problems = read_table(small_run / "problems.parquet", PROBLEMS)
    runs = read_runs(study, small_run / "cluster_answers", small_run / "score_solutions", "test", problems)
    found = {row.generator: of_seeds[0] for row, of_seeds in runs.items()}
    texts = {name: small_run / "sample_solutions" / "test" / name / "0" for name in found}
    shown = examples(found, 2, problems, texts, 20)
    for example in shown:
        for style, clusters in example.generators:
            assert sorted(name for cluster in clusters for name in cluster.chosen_by) == sorted(CHOOSERS)
            best = max(
                (cluster for cluster in clusters if cluster.answer is not None and cluster.samples),
                key=lambda cluster: cluster.samples[0].score,
            )
            assert "RR.All" in best.chosen_by
            assert sum(len(cluster.samples) for cluster in clusters) == found[style].num_samples
    chosen = {name: [SELECTORS[selector](found[name], 2).p_correct for selector in CHOOSERS] for name in found}
    differ = (np.ptp(np.array(list(chosen.values())), axis=1) > 0).any(axis=0)
    order = [example.problem["problem_id"] for example in shown]
    ids = np.array(found["terse"].problem_ids)
    assert order == [*ids[differ], *ids[~differ]]
    agreed = shown[order.index("test-02")]  # everybody is right
    assert agreed.summary == " · ".join(f"{name} 2/2" for name in CHOOSERS)
    assert 0 < differ.sum() < 20


def test_a_full_study_is_well_formed_and_whole(full, full_study) -> None:
    page = Page(full)
    assert page.open == []
    assert "<script" not in full.lower()
    tags = [tag for tag, _ in page.tags]
    # headline, two subsets, verifiers, findings, the paper, levels, verifier quality, lengths
    assert tags.count("caption") == tags.count("table") == 9
    assert len([a for tag, a in page.tags if tag == "svg" and a.get("role") == "img"]) == 4
    words = " ".join(" ".join(page.words).split())
    assert "the mean of 2 seeds, re-ranked by the verifier xent" in words
    assert "All samples are those of seed 0" in words
    assert "not what other seeds would" in words
    for name in full_study.generators:
        assert f'<th scope="row">{name}</th>' in full
    samples = re.findall(r'<div class="sample">.*?<pre>(.*?)</pre>', full, flags=re.DOTALL)
    assert len(samples) == 4 * 5 * 5  # examples, generators, samples of one seed
    assert all("of seed 0" in text for text in samples)


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
    start = full.index("AUC: the chance")
    quality = full[start : full.index("</table>", start)]
    assert quality.count("<tr>") == 1 + 8


def test_the_findings_are_those_of_the_table(full, full_run) -> None:
    start = full.index("Points of difference: the paper's")
    table = full[start : full.index("</table>", start)]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[2:]]
    known = finding_rows(pl.read_csv(full_run / "of-test-report-evaluate" / "findings.csv"))
    assert [tuple(map(unescape, row)) for row in rows] == known
    assert [row[0] for row in known][-1] == "… and SSFT of as many steps"
    assert len(known) == 7  # all but the mix, which this study has not


def test_one_verifier_and_one_style_leave_their_tables_out(small_run, study) -> None:
    text = build(small_run, replace(study, styles=("terse",)))
    assert Page(text).open == []
    assert "All verifiers on the same samples" not in text
    assert "re-ranked by the verifier xent" in text
    assert "seeds" not in " ".join(Page(text).words)


def test_verifiers_that_differ_are_told_beside_their_table(full_run, full_study) -> None:
    build(full_run, full_study, "of-test-verifiers", num_examples=0)
    folder = full_run / "of-test-verifiers-evaluate"
    comparisons = pl.read_csv(folder / "comparisons.csv", infer_schema_length=None)
    comparisons.with_columns(p_holm=pl.lit(0.01), difference=pl.lit(-3.0)).write_csv(folder / "comparisons.csv")
    found = verifier_rows(read_evaluation(folder))
    assert found is not None
    assert "  original: xent over margin by 3.0 points, p = 0.0100" in found["sure_lines"]
    assert len(found["sure_lines"]) == 1 + 4
