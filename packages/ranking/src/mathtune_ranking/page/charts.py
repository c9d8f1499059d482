"""Line charts as inline SVG, coloured by the page's style sheet so that dark mode reaches them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

from markupsafe import Markup

WIDTH, HEIGHT = 480, 320
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 14, 46
TICKS = 5


@dataclass(frozen=True, slots=True)
class Point:
    """Accuracy and its interval, in percent, with n samples."""

    n: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One style's line; `index` picks its colour and dash."""

    name: str
    index: int
    points: tuple[Point, ...]


def line_chart(title: str, series: Sequence[Series], top: float) -> Markup:
    """Accuracy (0 … `top` percent) against n on a logarithmic axis, with interval bands.

    The names are escaped; everything else in the markup is ours.
    """
    sizes = sorted({point.n for one in series for point in one.points})
    last = max(sizes)
    parts = [_axes(sizes, top)]
    parts += [_band(one, last, top) for one in series]
    parts += [_line(one, last, top) for one in series]
    label = f"{title}: accuracy in percent against the number of samples n. " + "; ".join(
        f"{one.name} {one.points[0].accuracy:.1f} at n = {one.points[0].n}, {one.points[-1].accuracy:.1f} at "
        f"n = {one.points[-1].n}"
        for one in series
    )
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, label, Markup("").join(parts)
    )


def axis_top(values: Sequence[float]) -> float:
    """The end of the percentage axis: the next multiple of 10 above the largest value, at most 100."""
    return float(min(100, max(10, 10 * ceil(max(values, default=100.0) / 10))))


def _x(n: int, last: int) -> float:
    span = log2(last) if last > 1 else 1.0
    return round(LEFT + (WIDTH - LEFT - RIGHT) * log2(n) / span, 1)


def _y(percent: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(percent, top) / top, 1)


def _axes(sizes: Sequence[int], top: float) -> Markup:
    parts = []
    for tick in range(TICKS + 1):
        value = top * tick / TICKS
        y = _y(value, top)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 7}" y="{y + 4}" text-anchor="end">{value:g}</text>')
    for n in sizes:
        x = _x(n, max(sizes))
        parts.append(f'<text class="tick" x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{n}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">samples n</text>'
        f'<text class="axis" transform="rotate(-90 12 {middle})" x="12" y="{middle}" text-anchor="middle">'
        "accuracy, %</text>"
    )
    return Markup("".join(parts))  # noqa: S704  (numbers and fixed words)


def _band(series: Series, last: int, top: float) -> Markup:
    upper = [f"{_x(point.n, last)},{_y(point.high, top)}" for point in series.points]
    lower = [f"{_x(point.n, last)},{_y(point.low, top)}" for point in reversed(series.points)]
    return Markup('<polygon class="band s{}" points="{}"/>').format(series.index, " ".join(upper + lower))


def _line(series: Series, last: int, top: float) -> Markup:
    places = [(_x(point.n, last), _y(point.accuracy, top), point) for point in series.points]
    dots = Markup("").join(
        Markup('<circle class="dot s{}" cx="{}" cy="{}" r="3"><title>{}</title></circle>').format(
            series.index, x, y, _tooltip(series.name, point)
        )
        for x, y, point in places
    )
    path = " ".join(f"{x},{y}" for x, y, _ in places)
    return Markup('<polyline class="line s{}" points="{}"/>').format(series.index, path) + dots


def _tooltip(name: str, point: Point) -> str:
    return f"{name}: {point.accuracy:.1f} [{point.low:.1f}, {point.high:.1f}] at n = {point.n}"
