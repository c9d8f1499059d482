"""The report's charts as inline SVG, coloured by the page's style sheet so that dark mode reaches them."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mathtune_ranking.page.axes import Axis, Plane

MAX_DOTS = 12  # a line of more points is drawn without them, but for those at its ticks


@dataclass(frozen=True, slots=True)
class Point:
    """A value and its interval; low = high = y where it has none."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one set of dots; `index` picks its colour and dash."""

    name: str
    index: int
    points: tuple[Point, ...]


def line_chart(title: str, series: Sequence[Series], x: Axis, y: Axis) -> Markup:
    """Lines with interval bands; a dot with its numbers as a title at each point, or tick where there are many."""
    plane = Plane(x, y)
    lines = [_named(one.name, [_band(plane, one), _line(plane, one)]) for one in series]
    told = "; ".join(
        f"{one.name} {one.points[0].y:.4g} at {one.points[0].x:g}, {one.points[-1].y:.4g} at {one.points[-1].x:g}"
        for one in series
    )
    return plane.drawn(f"{title}: {y.label} against {x.label}. {told}", lines)


def scatter_chart(title: str, series: Sequence[Series], frontier: Sequence[Point], x: Axis, y: Axis) -> Markup:
    """Dots, each set of one colour, and a line along the frontier."""
    plane = Plane(x, y)
    path = " ".join(f"{plane.left(point.x)},{plane.top(point.y)}" for point in frontier)
    edge = Markup('<polyline class="frontier" points="{}"/>').format(path)
    dots = [_named(one.name, [_dots(plane, one, one.points)]) for one in series]
    told = "; ".join(f"{point.y:.1f} at {point.x:g}" for point in frontier)
    return plane.drawn(f"{title}: {y.label} against {x.label}. On the frontier: {told}", [edge, *dots])


def reliability_chart(title: str, series: Sequence[Series], x: Axis, y: Axis) -> Markup:
    """A line chart over the diagonal on which scores would mean what they say; every point has its interval."""
    plane = Plane(x, y)
    diagonal = Markup('<line class="diagonal" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
        plane.left(0), plane.top(0), plane.left(1), plane.top(1)
    )
    lines = [_named(one.name, [_whiskers(plane, one), _line(plane, one)]) for one in series]
    told = "; ".join(f"{one.name} " + ", ".join(f"{p.x:.2f} is {p.y:.2f}" for p in one.points) for one in series)
    return plane.drawn(f"{title}: {y.label} against {x.label}. {told}", [diagonal, *lines])


def _named(name: str, parts: list[Markup]) -> Markup:
    """A group that the legend can hide."""
    return Markup('<g data-series="{}">{}</g>').format(name, Markup("").join(parts))


def _band(plane: Plane, series: Series) -> Markup:
    if all(point.low == point.high for point in series.points):
        return Markup("")
    upper = [f"{plane.left(point.x)},{plane.top(point.high)}" for point in series.points]
    lower = [f"{plane.left(point.x)},{plane.top(point.low)}" for point in reversed(series.points)]
    return Markup('<polygon class="band s{}" points="{}"/>').format(series.index, " ".join(upper + lower))


def _whiskers(plane: Plane, series: Series) -> Markup:
    return Markup("").join(
        Markup('<line class="whisker s{0}" x1="{1}" x2="{1}" y1="{2}" y2="{3}"/>').format(
            series.index, plane.left(point.x), plane.top(point.low), plane.top(point.high)
        )
        for point in series.points
    )


def _line(plane: Plane, series: Series) -> Markup:
    path = " ".join(f"{plane.left(point.x)},{plane.top(point.y)}" for point in series.points)
    line = Markup('<polyline class="line s{}" points="{}"/>').format(series.index, path)
    told = series.points
    if len(told) > MAX_DOTS:
        ends = (series.points[0], series.points[-1])
        told = tuple(point for point in told if point.x in plane.x.ticks() or point in ends)
    return line + _dots(plane, series, told)


def _dots(plane: Plane, series: Series, points: Sequence[Point]) -> Markup:
    return Markup("").join(
        Markup('<circle class="dot s{}" cx="{}" cy="{}" r="3.2"><title>{}</title></circle>').format(
            series.index,
            plane.left(point.x),
            plane.top(point.y),
            f"{tooltip(series.name, point)} at {plane.x.label} {point.x:g}",
        )
        for point in points
    )


def tooltip(name: str, point: Point) -> str:
    """The name with its value and interval."""
    interval = "" if point.low == point.high else f" [{point.low:.3g}, {point.high:.3g}]"
    return f"{name}: {point.y:.3g}{interval}"
