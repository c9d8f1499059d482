"""The stage `report`: report.html, one self-contained file that opens with the finding and needs no network."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from mathtune_core.schemas import PROBLEMS
from mathtune_core.study import Study
from mathtune_core.tables import read_table
from mathtune_ranking.page import explorer, figures
from mathtune_ranking.results_table import finding_rows
from mathtune_ranking.rows import headline_rows, read_runs

TEMPLATE = Path(__file__).parent / "page" / "report.html.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportParams:
    """The section `report:` of params.yaml."""

    title: str
    num_examples: int  # test problems opened up in the explorer

    def __post_init__(self) -> None:
        """Refuses, as `field: reason`, what would fail later."""
        if self.num_examples < 0:
            raise ValueError(f"num_examples: must not be negative, got {self.num_examples}")


def run(
    params: ReportParams,
    *,
    study: Study,
    evaluation: Path,
    problems: Path,
    samples: Path,
    clusters: Path,
    scores: Path,
    solutions: Path,
    out: Path,
) -> None:
    """Writes out/report.html from the evaluation folder and the tables behind it.

    `samples`, `clusters` and `scores` are folders as `evaluate` reads them, `solutions` holds
    <style>/solutions.parquet. The explorer shows the first seed. Raises MathtuneError for a missing or mismatched file.
    """
    found = figures.read_evaluation(evaluation)
    table = read_table(problems / "problems.parquet", PROBLEMS)
    runs = read_runs(study, clusters, scores, "test", table)
    candidates = {row.generator: runs[row][0] for row in headline_rows(study)}
    texts = {row.generator: samples / "test" / row.generator / str(study.seeds[0]) for row in headline_rows(study)}
    # Everything shown is escaped by the environment: completions, problems and answers are other people's text.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    page = template.render(
        title=params.title,
        finding=figures.finding(found),
        evaluation=found,
        tables=[figures.results_rows(found, subset) for subset in found.subsets],
        sure_lines=figures.sure_lines(found),
        paper=figures.PAPER,
        charts=figures.charts(found),
        colours=figures.colours(found),
        findings=finding_rows(found.findings),
        verifiers=figures.verifier_rows(found),
        levels=figures.level_table(found),
        examples=explorer.examples(candidates, found.choice["k"], table, texts, params.num_examples),
        example_seed=study.seeds[0],
        headline_verifier=study.shared_verifiers[0],
        side_by_side=explorer.side_by_side(study.styles, solutions, table),
    )
    (out / "report.html").write_text(page, encoding="utf-8")
