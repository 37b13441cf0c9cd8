"""Charts as data: what a study shows, without saying how it is drawn.

Hues are the keys of the themes' roles (`scene.tokens`), so that one chart serves light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tempstudio.scene import format as figures

LINEAR, LOG2, LOG10 = "linear", "log2", "log10"
Span = tuple[float, float]
SAME = 1e-5  # of their size: values that differ by less are drawn as one


def whole(value: float) -> str:
    """A number of things.

    >>> whole(64.0)
    '64'
    """
    return f"{value:,.0f}"


def plain(value: float) -> str:
    """A number without needless zeros.

    >>> plain(0.5), plain(1.2345), plain(12000.0)
    ('0.5', '1.23', '12,000')
    """
    return whole(value) if abs(value) >= 1000 else f"{value:.3g}"


def share(value: float) -> str:
    """A share of one as per cent.

    >>> share(0.8)
    '80\u2009%'
    """
    return f"{100 * value:.3g}{figures.THIN_SPACE}%"


@dataclass(frozen=True)
class Axis:
    """What one direction of a chart means; `low` and `high` widen the range of the data."""

    label: str
    scale: str = LINEAR
    text: Callable[[float], str] = plain
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """Points (x, y), joined unless `joined` is False."""

    label: str
    points: tuple[tuple[float, float], ...]
    hue: str
    dashed: bool = False
    joined: bool = True
    dots: bool = True
    shift_px: float = 0.0  # aside, where lines have the same x


@dataclass(frozen=True)
class Band:
    """A range (x, low, high) behind the lines, as of quartiles."""

    points: tuple[tuple[float, float, float], ...]
    hue: str


@dataclass(frozen=True)
class Rule:
    """A reference across the plot at `value` of the `x` or `y` axis."""

    value: float
    label: str
    axis: str = "y"


@dataclass(frozen=True)
class LineChart:
    """Lines over two axes."""

    name: str
    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    bands: tuple[Band, ...] = ()
    rules: tuple[Rule, ...] = ()
    subtitle: str = ""


@dataclass(frozen=True)
class Bars:
    """One bar a group; a value of None is missing, and `misses` says of each group why.

    A bar whose miss is not empty is drawn hatched: its value is there, and does not count.
    """

    label: str
    values: tuple[float | None, ...]
    hue: str
    faint: bool = False
    misses: tuple[str, ...] = ()

    def miss(self, group: int) -> str:
        """Why the bar of a group does not count, "" where it does."""
        return self.misses[group] if self.misses else ""


@dataclass(frozen=True)
class BarChart:
    """Groups of bars beside each other."""

    name: str
    title: str
    y: Axis
    groups: tuple[str, ...]
    bars: tuple[Bars, ...]
    rules: tuple[Rule, ...] = ()
    subtitle: str = ""


Chart = LineChart | BarChart


def span_of(chart: Chart, direction: str) -> Span:
    """The range of an axis: that of the data, rounded outward to whole ticks."""
    axis = chart.y if direction == "y" or isinstance(chart, BarChart) else chart.x
    values = [value for value in _values(chart, direction) if math.isfinite(value)]
    values += [value for value in (axis.low, axis.high) if value is not None]
    if axis.scale == LINEAR and isinstance(chart, BarChart):
        values.append(0.0)
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low <= SAME * max(abs(low), abs(high)):
        low, high = (low / 2, high * 2) if axis.scale != LINEAR else _around(low)
    if axis.scale != LINEAR:
        return low, high
    step = _step(high - low)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _around(value: float) -> Span:
    half = abs(value) / 2 or 0.5
    return value - half, value + half


def _values(chart: Chart, direction: str) -> list[float]:
    ruled = [rule.value for rule in chart.rules if rule.axis == direction]
    if isinstance(chart, BarChart):
        return ruled + [v for bars in chart.bars for v in bars.values if v is not None]
    place = 0 if direction == "x" else 1
    found = ruled + [point[place] for line in chart.lines for point in line.points]
    for band in chart.bands:
        for x, low, high in band.points:
            found += [x] if direction == "x" else [low, high]
    return found


def ticks(span: Span, scale: str) -> list[float]:
    """Where an axis is marked: round numbers inside its range.

    >>> ticks((0, 1), LINEAR), ticks((1, 64), LOG2)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
    >>> ticks((0.02, 3), LOG10)
    [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
    """
    low, high = span
    if scale == LOG2:
        first, last = math.ceil(math.log2(low) - 1e-9), math.floor(math.log2(high) + 1e-9)
        return [2.0**e for e in range(first, last + 1, max(1, (last - first) // 8))]
    if scale == LOG10:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        parts: Sequence[int] = (1, 2, 5) if last - first <= 3 else (1,)
        marks = [float(f"{m}e{e}") for e in range(first, last + 1) for m in parts]
        return [mark for mark in marks if low * (1 - 1e-9) <= mark <= high * (1 + 1e-9)]
    step = _step(high - low)
    count = round((high - low) / step)
    return [float(f"{low + i * step:.12g}") for i in range(count + 1)]


def _step(distance: float) -> float:
    """A step of 1, 2 or 5 that cuts a distance into four to eight."""
    rough = distance / 7
    scale = 10.0 ** math.floor(math.log10(rough))
    return next(m * scale for m in (1, 2, 5, 10) if m * scale >= rough * (1 - 1e-9))


def place(value: float, span: Span, scale: str) -> float:
    """Where a value lies on an axis, 0 at its low end and 1 at its high one.

    >>> place(4, (1, 16), LOG2), place(0.5, (0, 2), LINEAR)
    (0.5, 0.25)
    """
    low, high = span
    if scale == LINEAR:
        return (value - low) / (high - low)
    return math.log(value / low) / math.log(high / low)


def rising(points: Sequence[tuple[float, float]]) -> bool:
    """Whether y never falls as x grows.

    >>> rising([(1, 2.0), (2, 3.0)])
    True
    """
    return all(a[1] <= b[1] for a, b in pairwise(sorted(points)))
