"""Charts with a named row for each thing compared: points with intervals, and boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mathtune_ranking.page.axes import RIGHT, WIDTH, Axis
from mathtune_ranking.page.charts import Series, tooltip

ROW_HEIGHT, NAMES = 26, 150
LONGEST_NAME = 20


@dataclass(frozen=True, slots=True)
class Box:
    """A distribution: its 5th, 25th, 50th, 75th and 95th percentile."""

    name: str
    index: int  # of the colour
    percentiles: tuple[float, float, float, float, float]


def interval_chart(title: str, rows: Sequence[Series], x: Axis) -> Markup:
    """A row a series: its one point with its interval."""
    parts = []
    for number, one in enumerate(rows):
        y, point = _row(number), one.points[0]
        low, middle, high = (_place(x, value) for value in (point.low, point.y, point.high))
        parts.append(
            Markup(
                '<g class="s{}"><line class="whisker" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<circle class="dot" cx="{}" cy="{}" r="5"><title>{}</title></circle></g>'
            ).format(one.index, low, high, y, y, middle, y, tooltip(one.name, point))
        )
    told = "; ".join(tooltip(one.name, one.points[0]) for one in rows)
    return _drawn(f"{title}. {told}", [one.name for one in rows], parts, x)


def box_chart(title: str, boxes: Sequence[Box], x: Axis) -> Markup:
    """A row a box: the middle half, the median, and whiskers from the 5th to the 95th percentile."""
    parts = []
    for number, box in enumerate(boxes):
        y = _row(number)
        p5, p25, p50, p75, p95 = (_place(x, value) for value in box.percentiles)
        parts.append(
            Markup(
                '<g class="s{}"><line class="whisker" x1="{}" x2="{}" y1="{}" y2="{}"/><rect class="box" x="{}" '
                'y="{}" width="{}" height="14"><title>{}</title></rect>'
                '<line class="median" x1="{}" x2="{}" y1="{}" y2="{}"/></g>'
            ).format(box.index, p5, p95, y, y, p25, y - 7, round(p75 - p25, 1), _told(box), p50, p50, y - 7, y + 7)
        )
    return _drawn(f"{title}. " + "; ".join(map(_told, boxes)), [box.name for box in boxes], parts, x)


def _told(box: Box) -> str:
    return f"{box.name}: median {box.percentiles[2]:g}, middle half {box.percentiles[1]:g} to {box.percentiles[3]:g}"


def _row(number: int) -> int:
    return number * ROW_HEIGHT + 18


def _place(x: Axis, value: float) -> float:
    return round(NAMES + (WIDTH - RIGHT - NAMES) * x.share(value), 1)


def _drawn(label: str, names: Sequence[str], parts: Sequence[Markup], x: Axis) -> Markup:
    height = ROW_HEIGHT * len(names) + 44
    grid = [
        Markup(
            '<line class="grid" x1="{0}" x2="{0}" y1="4" y2="{1}"/>'
            '<text class="tick" x="{0}" y="{2}" text-anchor="middle">{3:g}</text>'
        ).format(_place(x, value), height - 40, height - 24, value)
        for value in x.ticks()
    ]
    words = [
        Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>').format(
            NAMES - 8, _row(number) + 4, name if len(name) <= LONGEST_NAME else f"{name[:9]}…{name[-10:]}"
        )
        for number, name in enumerate(names)
    ]
    axis = Markup('<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>').format(
        (NAMES + WIDTH - RIGHT) / 2, height - 5, x.label
    )
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}{}</svg>').format(
        WIDTH, height, label, Markup("").join(grid), Markup("").join(words), Markup("").join(parts), axis
    )
