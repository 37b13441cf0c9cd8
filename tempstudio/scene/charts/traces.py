"""Lines over an axis, smooth or in steps: the best so far over time, or a plugin's curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene.charts.axis import Axis
from tempstudio.scene.charts.chart import (
    PAD_PX,
    Key,
    Plot,
    key_layers,
    lay_plot,
    picture_of,
    polyline,
    series_colours,
)
from tempstudio.scene.display_list import DisplayList, Layer, rects
from tempstudio.scene.tokens import Tokens
from tempstudio.scene.typeface import LEAST_PX

FloatArray = NDArray[np.float64]

DOT_PX, RING_PX, REACH_PX = 6.0, 14.0, 16.0


@dataclass(frozen=True, eq=False)
class Trace:
    """A line through (`x`, `y`) [n]; `steps` holds each value until the next; `dots` marks them."""

    name: str
    x: FloatArray
    y: FloatArray
    steps: bool = False
    dots: bool = False
    dash: bool = False


@dataclass(frozen=True, eq=False)
class Traces:
    """Lines over two axes; items are the points of all traces, one trace after another.

    `until` is how far a stepped line is drawn beyond its last point; `tips(trace, point)` says a
    point in words.
    """

    x: Axis
    y: Axis
    traces: tuple[Trace, ...]
    tips: Callable[[int, int], str] | None = None
    until: float | None = None
    current: int | None = None

    @property
    def items(self) -> int:
        """Points that can be pointed at."""
        return sum(len(trace.x) for trace in self.traces)

    @property
    def _keyed(self) -> bool:
        return len(self.traces) > 1

    def _plot(self, width: float, height: float) -> Plot:
        return lay_plot(self.x, self.y, width, height, self._keyed)

    def picture(self, width: float, height: float, tokens: Tokens) -> DisplayList:
        """Every trace in a colour of its own."""
        plot = self._plot(width, height)
        colours = series_colours(tokens)
        series: list[Layer] = []
        keys = []
        for number, trace in enumerate(self.traces):
            colour = colours[number % len(colours)]
            series += self._layers(trace, plot, colour, tokens)
            keys.append(Key(trace.name, colour, "dash" if trace.dash else "line"))
        if self.current is not None:
            series += _ring(self._places(plot)[self.current], tokens.text)
        above: tuple[Layer, ...] = ()
        if self._keyed:
            top = PAD_PX + LEAST_PX + 6
            above = key_layers(tuple(keys), PAD_PX, top, width - PAD_PX, tokens)
        return picture_of(width, height, tokens, plot, tuple(series), above)

    def _layers(self, trace: Trace, plot: Plot, colour: str, tokens: Tokens) -> list[Layer]:
        x, y = plot.x_px(trace.x), plot.y_px(trace.y)
        found: list[Layer] = []
        line_x, line_y = (self._stepped(x, y, plot)) if trace.steps else (x, y)
        found.append(polyline(trace.name, line_x, line_y, colour, 2.0, trace.dash))
        if trace.dots and len(x):
            boxes = np.column_stack([x - DOT_PX / 2, y - DOT_PX / 2, np.full((len(x), 2), DOT_PX)])
            dots = rects(f"{trace.name} dots", boxes, colour, tokens.surface, 1.0, DOT_PX / 2)
            found.append(dots)
        return found

    def _stepped(self, x: FloatArray, y: FloatArray, plot: Plot) -> tuple[FloatArray, FloatArray]:
        if not len(x):
            return x, y
        end = plot.x_px(np.array([self.until]))[0] if self.until is not None else x[-1]
        return np.append(np.repeat(x, 2)[1:], max(end, x[-1])), np.repeat(y, 2)

    def _places(self, plot: Plot) -> FloatArray:
        if not self.traces:
            return np.zeros((0, 2))
        x = np.concatenate([trace.x for trace in self.traces])
        y = np.concatenate([trace.y for trace in self.traces])
        return np.column_stack([plot.x_px(x), plot.y_px(y)])

    def item_at(self, x: float, y: float, width: float, height: float) -> int | None:
        """The nearest point within reach."""
        at = self._places(self._plot(width, height))
        if not len(at):
            return None
        away = np.hypot(at[:, 0] - x, at[:, 1] - y)
        nearest = int(np.nanargmin(np.where(np.isfinite(away), away, np.inf)))
        return nearest if away[nearest] <= REACH_PX else None

    def mark(self, item: int, width: float, height: float, tokens: Tokens) -> tuple[Layer, ...]:
        """A ring around a point."""
        return tuple(_ring(self._places(self._plot(width, height))[item], tokens.accent))

    def tip(self, item: int) -> str:
        """Name and figures of a point."""
        for number, trace in enumerate(self.traces):
            if item < len(trace.x):
                if self.tips is not None:
                    return self.tips(number, item)
                x, y = self.x.text(float(trace.x[item])), self.y.text(float(trace.y[item]))
                return f"{trace.name}: {self.x.heading} {x}, {self.y.heading} {y}"
            item -= len(trace.x)
        return ""


def _ring(at: FloatArray, colour: str) -> list[Layer]:
    box = [[at[0] - RING_PX / 2, at[1] - RING_PX / 2, RING_PX, RING_PX]]
    return [rects("mark", box, "", colour, 2.0, RING_PX / 2)]
