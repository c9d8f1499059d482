"""The axes of the report's charts: where a value lies, and the ticks that say so."""

from dataclasses import dataclass
from math import ceil, floor, log2, log10

from markupsafe import Markup

WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 50, 14, 12, 46
ABOUT_TICKS = 7


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values with a label; `logarithmic` axes have ticks at powers of 2 or 10 and need a low above 0."""

    label: str
    low: float
    high: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.logarithmic and self.low <= 0):
            raise ValueError(f"low: an axis from {self.low} to {self.high} has no length")

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0 … 1; values beyond the ends lie at the ends."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            return log2(inside / self.low) / log2(self.high / self.low)
        return (inside - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values within the range."""
        if self.logarithmic:
            base = 2 if self.high / self.low <= 256 else 10
            first, last = (log10(end) / log10(base) for end in (self.low, self.high))
            return [float(base**power) for power in range(ceil(first - 1e-9), floor(last + 1e-9) + 1)]
        step = _round_step((self.high - self.low) / ABOUT_TICKS)
        first_step = ceil(self.low / step - 1e-9)
        return [round(step * i, 10) for i in range(first_step, floor(self.high / step + 1e-9) + 1)]


def _round_step(about: float) -> float:
    """1, 2 or 5 times a power of ten, not below `about`."""
    power = 10.0 ** floor(log10(about))
    return next(float(factor * power) for factor in (1, 2, 5, 10) if factor * power >= about * (1 - 1e-9))


def percent_axis(label: str, values: list[float]) -> Axis:
    """From 0 to the next multiple of 10 above the largest value, at most 100."""
    return Axis(label, 0.0, float(min(100, max(10, 10 * ceil(max(values, default=100.0) / 10)))))


def spanning(label: str, values: list[float]) -> Axis:
    """From a round value below all to one above."""
    low, high = min(values), max(values)
    step = _round_step(max(high - low, abs(high) * 0.02, 1e-6) / ABOUT_TICKS)
    return Axis(label, floor(low / step) * step, (floor(high / step) + 1) * step)


@dataclass(frozen=True, slots=True)
class Plane:
    """Two axes and the SVG around them."""

    x: Axis
    y: Axis

    def left(self, value: float) -> float:
        """The SVG's x."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * self.x.share(value), 1)

    def top(self, value: float) -> float:
        """The SVG's y."""
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * self.y.share(value), 1)

    def drawn(self, label: str, parts: list[Markup]) -> Markup:
        """The chart: `parts` over the axes. `label` describes it where it is not seen."""
        return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
            WIDTH, HEIGHT, label, self._axes(), Markup("").join(parts)
        )

    def _axes(self) -> Markup:
        parts = []
        for value in self.y.ticks():
            y = self.top(value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
            parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{_number(value)}</text>')
        for value in self.x.ticks():
            x, y = self.left(value), HEIGHT - BOTTOM
            parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{y}" y2="{y + 4}"/>')
            parts.append(f'<text class="tick" x="{x}" y="{y + 18}" text-anchor="middle">{_number(value)}</text>')
        middle = (TOP + HEIGHT - BOTTOM) / 2
        words = Markup(
            '<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>'
            '<text class="axis" transform="rotate(-90 12 {})" x="12" y="{}" text-anchor="middle">{}</text>'
        ).format((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, self.x.label, middle, middle, self.y.label)
        return Markup("".join(parts)) + words  # noqa: S704  (numbers)


def _number(value: float) -> str:
    if value >= 10_000 and value % 1000 == 0:
        return f"{value / 1000:g}k"
    return f"{value:g}".replace("-", "−")
