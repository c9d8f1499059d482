"""Points lie where the axes say, and names are escaped."""

import pytest

from mathtune_ranking.page.axes import Axis, Plane, percent_axis, spanning
from mathtune_ranking.page.charts import Point, Series, line_chart, reliability_chart, scatter_chart
from mathtune_ranking.page.row_charts import Box, box_chart, interval_chart

N = Axis("samples n", 1.0, 16.0, logarithmic=True)
PERCENT = Axis("accuracy, %", 0.0, 50.0)


def test_a_line_and_its_band_lie_on_the_axes() -> None:
    points = (Point(1, 0.0, 0.0, 10.0), Point(4, 25.0, 20.0, 30.0), Point(16, 50.0, 40.0, 50.0))
    svg = line_chart("<t>", [Series("<s>", 2, points)], N, PERCENT)
    # 440 × 300 less margins: x from 50 to 426, y from 254 up to 12; n halves the axis at 4 of 16.
    assert 'class="line s2" points="50.0,254.0 238.0,133.0 426.0,12.0"' in svg
    assert 'class="band s2" points="50.0,205.6 238.0,108.8 426.0,12.0 426.0,60.4 238.0,157.2 50.0,254.0"' in svg
    assert "<s>" not in svg
    assert "&lt;s&gt;" in svg
    assert svg.count("<circle") == 3


def test_a_line_of_many_points_has_dots_at_ticks_and_ends() -> None:
    points = tuple(Point(n, float(n), float(n), float(n)) for n in range(1, 17))
    svg = line_chart("t", [Series("s", 0, points)], N, PERCENT)
    assert svg.count("<circle") == 5  # 1, 2, 4, 8, 16
    assert "<polygon" not in svg  # no interval, no band
    assert len(svg.split('class="line s0" points="')[1].split('"')[0].split()) == 16


def test_ticks_are_round() -> None:
    assert N.ticks() == [1, 2, 4, 8, 16]
    assert Axis("tokens", 50.0, 60_000.0, logarithmic=True).ticks() == [100, 1000, 10_000]
    assert PERCENT.ticks() == [0, 10, 20, 30, 40, 50]
    assert Axis("score", 0.0, 1.0).ticks() == [0, 0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.parametrize(("highest", "end"), [(41.2, 50), (40.0, 40), (99.0, 100), (0.0, 10)])
def test_a_percentage_axis_ends_at_a_round_one(highest: float, end: float) -> None:
    assert percent_axis("p", [highest]).high == end


@pytest.mark.parametrize("values", [[0.02, 0.23], [0.5], [0.0], [3.0, 3.0], [-2.0, 7.5]])
def test_a_spanning_axis_holds_its_values_and_some_ticks(values: list[float]) -> None:
    axis = spanning("loss", values)
    assert axis.low <= min(values)
    assert max(values) < axis.high
    assert len(axis.ticks()) >= 2


def test_an_axis_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^low: "):
        Axis("x", 1.0, 1.0)
    with pytest.raises(ValueError, match=r"^low: "):
        Axis("x", 0.0, 1.0, logarithmic=True)


def test_what_lies_beyond_an_axis_lies_at_its_end() -> None:
    plane = Plane(N, PERCENT)
    assert plane.top(80.0) == plane.top(50.0) == 12.0


def test_other_charts_name_what_they_show() -> None:
    dots = [Series("a", 0, (Point(2, 10.0, 5.0, 15.0), Point(8, 20.0, 15.0, 25.0)))]
    cost = scatter_chart("Cost", dots, dots[0].points, N, PERCENT)
    assert 'class="frontier" points="144.0,205.6 332.0,157.2"' in cost
    assert 'data-series="a"' in cost
    unit = Axis("score", 0.0, 1.0)
    calibrated = reliability_chart("v", [Series("a", 1, (Point(0.5, 0.5, 0.4, 0.6),))], unit, unit)
    assert 'class="diagonal" x1="50.0" y1="254.0" x2="426.0" y2="12.0"' in calibrated
    assert 'class="whisker s1"' in calibrated
    rows = interval_chart("Standings", [Series("a", 0, (Point(0, 25.0, 20.0, 30.0),))], PERCENT)
    assert 'cx="288.0"' in rows  # half way between 150 and 426
    assert 'aria-label="Standings. a: 25 [20, 30]"' in rows
    boxes = box_chart("Lengths", [Box("<style>", 3, (0.0, 10.0, 25.0, 40.0, 50.0))], PERCENT)
    assert "<style>" not in boxes
    assert 'class="median" x1="288.0"' in boxes
