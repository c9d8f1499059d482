"""The stage `report`: report.html, one self-contained file that opens with the finding and needs no network."""

from dataclasses import dataclass
from pathlib import Path

from mathtune_core.schemas import PROBLEMS
from mathtune_core.study import Study
from mathtune_core.tables import read_table
from mathtune_ranking.page import curves, explorer, opening, paper, tables
from mathtune_ranking.page.document import render
from mathtune_ranking.page.evaluation import read_evaluation
from mathtune_ranking.page.style_profiles import read_style_profiles, side_by_side
from mathtune_ranking.page.training_curves import training_charts
from mathtune_ranking.results_table import finding_rows
from mathtune_ranking.rows import read_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportParams:
    """The section `report:` of params.yaml."""

    title: str
    num_examples: int  # test problems in the explorer, at most; of more, those first where selectors disagree

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
    styles: Path,
    generators: Path,
    verifiers: Path,
    out: Path,
) -> None:
    """Writes out/report.html from the evaluation folder and the tables behind it.

    `samples`, `clusters` and `scores` are folders as `evaluate` reads them, `solutions` holds
    <style>/solutions.parquet, `styles` the files of `compare_styles`, `generators` and `verifiers`
    <name>/<seed>/loss.csv. The explorer shows the first seed. Raises MathtuneError for a missing or mismatched file.
    """
    found = read_evaluation(evaluation)
    table = read_table(problems / "problems.parquet", PROBLEMS)
    runs = read_runs(study, clusters, scores, "test", table)
    seed = study.seeds[0]
    colours = curves.colours(found.generators)
    questions = opening.answers(found, study)
    blocks = explorer.blocks(
        {row: of_seeds[0] for row, of_seeds in runs.items()},
        k=found.choice["k"],
        selector=found.choice["selector"],
        seed=seed,
        problems=table,
        samples=samples / "test",
        num_examples=params.num_examples,
    )
    page = render(
        title=params.title,
        finding=opening.finding(found, questions),
        answers=questions,
        winner=opening.winner(found),
        evaluation=found,
        tables=[tables.results_rows(found, subset) for subset in found.subsets],
        sure_lines=tables.sure_lines(found),
        standings=curves.standings(found),
        paper=paper.tables(found, study),
        curves_by_selector=curves.by_selector(found),
        curves_by_generator=curves.by_generator(found),
        curve_selectors=curves.colours(curves.selectors_of(found.curves)),
        monte_carlo_error=curves.monte_carlo_error(found),
        cost=curves.cost(found),
        frontier=curves.frontier(found).rows(named=True),
        colours=colours,
        findings=finding_rows(found.findings),
        verifiers=tables.verifier_rows(found),
        verifier_matrix=tables.verifier_matrix(found),
        reliability=curves.reliability(found),
        cluster_sizes=tables.cluster_size_table(found),
        overrules=tables.overrule_rows(found),
        breakdowns=tables.breakdown_tables(found),
        styles=read_style_profiles(styles, colours),
        trainings=training_charts(study, generators, verifiers, colours),
        blocks=blocks,
        seed=seed,
        headline_verifier=study.shared_verifiers[0],
        side_by_side=side_by_side(study.styles, solutions, table),
    )
    (out / "report.html").write_text(page, encoding="utf-8")
