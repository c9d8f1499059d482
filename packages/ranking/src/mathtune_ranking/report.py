"""The stage `report`: report.html, one self-contained file that opens with the finding and needs no network."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from mathtune_core.schemas import PROBLEMS
from mathtune_core.tables import read_table
from mathtune_ranking.evaluate import read_styles
from mathtune_ranking.page import explorer, figures

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
    evaluation: Path,
    problems: Path,
    samples: Path,
    clusters: Path,
    scores: Path,
    solutions: Path,
    out: Path,
) -> None:
    """Writes out/report.html from the evaluation folder and the tables behind it.

    `samples`, `clusters` and `scores` hold <split>/<style>/<table>.parquet, `solutions` holds
    <style>/solutions.parquet. Raises MathtuneError for a missing or mismatched file.
    """
    found = figures.read_evaluation(evaluation)
    table = read_table(problems / "problems.parquet", PROBLEMS)
    candidates = read_styles(tuple(found.styles), clusters, scores, "test", table)
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
        style_index=figures.style_index(found),
        levels=figures.level_table(found),
        examples=explorer.examples(candidates, found.choice["k"], table, samples, params.num_examples),
        side_by_side=explorer.side_by_side(found.styles, solutions, table),
    )
    (out / "report.html").write_text(page, encoding="utf-8")
