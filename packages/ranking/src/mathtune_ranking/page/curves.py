"""The charts of an evaluation: accuracy against n, against cost, and the verifiers' reliability."""

from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from mathtune_ranking.page.axes import Axis, percent_axis
from mathtune_ranking.page.charts import Point, Series, line_chart, reliability_chart, scatter_chart
from mathtune_ranking.page.evaluation import Evaluation
from mathtune_ranking.page.row_charts import interval_chart
from mathtune_ranking.selectors import SELECTORS

NUM_COLOURS = 10  # the style sheet has s0 … s9
TABLE_SIZES = 8  # columns of the table beside a chart, at most: powers of two


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of several that a reader chooses among, with its numbers as a table."""

    name: str
    image: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def colours(names: list[str]) -> dict[str, int]:
    """Each name's colour."""
    return {name: position % NUM_COLOURS for position, name in enumerate(names)}


def selectors_of(frame: pl.DataFrame) -> list[str]:
    """The selectors in the order of SELECTORS, with those of the curves' own names at the end."""
    names = frame["selector"].unique(maintain_order=True).to_list()
    order = {name: position for position, name in enumerate(SELECTORS)}
    return sorted(names, key=lambda name: order.get(name, len(order)))


def by_selector(evaluation: Evaluation) -> list[Chart]:
    """A chart a selector with a line a generator."""
    return _curves(evaluation, "selector", selectors_of(evaluation.curves), "generator", evaluation.generators)


def by_generator(evaluation: Evaluation) -> list[Chart]:
    """A chart a generator with a line a selector."""
    return _curves(evaluation, "generator", evaluation.generators, "selector", selectors_of(evaluation.curves))


def _curves(evaluation: Evaluation, chart: str, charts: list[str], line: str, lines: list[str]) -> list[Chart]:
    frame, index = evaluation.curves, colours(lines)
    y = percent_axis("accuracy, %", frame["high"].to_list())
    last = int(frame["n"].max())  # type: ignore[arg-type]
    x = Axis("samples n", 1.0, float(max(last, 2)), logarithmic=True)
    parts = {key: part.sort("n") for key, part in frame.group_by(chart, line)}
    sizes = sorted({2**power for power in range(last.bit_length())} | {last})[-TABLE_SIZES:]
    drawn = []
    for name in charts:
        found = [(one, parts[name, one]) for one in lines if (name, one) in parts]
        series = [Series(one, index[one], _points(part, "n", "accuracy")) for one, part in found]
        drawn.append(Chart(name, line_chart(name, series, x, y), _names(sizes), _cells(found, sizes)))
    return drawn


def _names(sizes: list[int]) -> tuple[str, ...]:
    return tuple(f"n = {size}" for size in sizes)


def _cells(found: list[tuple[str, pl.DataFrame]], sizes: list[int]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    rows = []
    for name, part in found:
        known = {row["n"]: row for row in part.iter_rows(named=True)}
        rows.append((name, tuple(f"{known[n]['accuracy']:.1f}" if n in known else "–" for n in sizes)))
    return tuple(rows)


def _points(frame: pl.DataFrame, x: str, y: str) -> tuple[Point, ...]:
    return tuple(Point(*row) for row in frame.select(x, y, "low", "high").iter_rows())


def monte_carlo_error(evaluation: Evaluation) -> float:
    """The largest of the curves', in points."""
    return float(evaluation.curves["monte_carlo_error"].max() or 0.0)  # type: ignore[arg-type]


def standings(evaluation: Evaluation) -> Markup:
    """Every generator under the selector chosen on validation, with its interval."""
    selector = evaluation.choice["selector"]
    rows = evaluation.headline.filter(pl.col("selector") == selector)
    index = colours(evaluation.generators)
    series = [
        Series(row["generator"], index[row["generator"]], (Point(0, row["accuracy"], row["low"], row["high"]),))
        for row in rows.iter_rows(named=True)
    ]
    axis = percent_axis(f"accuracy with {selector}, %", rows["high"].to_list())
    return interval_chart(f"Accuracy with {selector}, %, with {evaluation.interval} intervals", series, axis)


def cost(evaluation: Evaluation) -> Markup | None:
    """Accuracy against tokens a problem, generated and read by the verifier, with the frontier; None without a row."""
    frame = evaluation.costs.filter(pl.col("tokens") > 0)
    if frame.is_empty():
        return None
    index = colours(evaluation.generators)
    series = [
        Series(name, index[name], _points(frame.filter(pl.col("generator") == name), "tokens", "accuracy"))
        for name in evaluation.generators
    ]
    low, high = float(frame["tokens"].min()), float(frame["tokens"].max())  # type: ignore[arg-type]
    x = Axis("tokens a problem, those a verifier reads included", low * 0.9, high * 1.1, logarithmic=True)
    y = percent_axis("accuracy, %", frame["accuracy"].to_list())
    return scatter_chart("Cost", series, _points(frontier(evaluation), "tokens", "accuracy"), x, y)


def frontier(evaluation: Evaluation) -> pl.DataFrame:
    """The rows of costs.csv that no cheaper one equals, cheapest first."""
    return evaluation.costs.filter(pl.col("on_frontier")).sort("tokens", "accuracy")


def reliability(evaluation: Evaluation) -> list[Chart]:
    """A chart a verifier with a line for each generator whose samples it scored."""
    index = colours(evaluation.generators)
    x, y = Axis("mean score of a bin", 0.0, 1.0), Axis("share of right samples", 0.0, 1.0)
    drawn = []
    for part in evaluation.reliability.partition_by("verifier", maintain_order=True):
        series, rows = [], []
        for of_one in part.partition_by("generator", maintain_order=True):
            name, points = of_one["generator"][0], _points(of_one, "mean_score", "share_right")
            series.append(Series(name, index[name], points))
            rows.append((name, (", ".join(f"{point.x:.2f} → {point.y:.2f}" for point in points),)))
        verifier = part["verifier"][0]
        image = reliability_chart(f"Verifier {verifier}", series, x, y)
        drawn.append(Chart(verifier, image, ("score → share right, bin by bin",), tuple(rows)))
    return drawn
