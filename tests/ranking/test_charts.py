"""Points lie where the axes say, and names are escaped."""

from mathtune_ranking.page.charts import Point, Series, axis_top, line_chart


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
