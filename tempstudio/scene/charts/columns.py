"""Upright bars by name, several series beside each other."""

from __future__ import annotations

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
    series_colours,
    y_layers,
)
from tempstudio.scene.display_list import (
    END,
    MIDDLE,
    DisplayList,
    Layer,
    TextLook,
    lines,
    rects,
    texts,
)
from tempstudio.scene.tokens import Tokens
from tempstudio.scene.typeface import LEAST_PX, elided

FloatArray = NDArray[np.float64]

FILLED = 0.7  # of the room that a name has
MOST_PX = 56.0


@dataclass(frozen=True, eq=False)
class ColumnBars:
    """A column for each name and series; `series` are (label, values [names])."""

    y: Axis
    names: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    x_title: str = ""

    @property
    def items(self) -> int:
        """Names that can be pointed at."""
        return len(self.names)

    def _plot(self, width: float, height: float) -> Plot:
        x = Axis(self.x_title, "", -0.5, max(len(self.names), 1) - 0.5)
        return lay_plot(x, self.y, width, height, len(self.series) > 1)

    def picture(self, width: float, height: float, tokens: Tokens) -> DisplayList:
        """Columns from the zero line, their names below."""
        plot = self._plot(width, height)
        colours = series_colours(tokens)
        pitch = plot.width / max(len(self.names), 1)
        thick = min(pitch * FILLED, MOST_PX) / max(len(self.series), 1)
        centres = plot.x_px(np.arange(len(self.names), dtype=np.float64))
        zero = float(plot.y_px(np.array([min(max(0.0, self.y.low), self.y.high)]))[0])
        layers: list[Layer] = []
        for number, (label, values) in enumerate(self.series):
            y = plot.y_px(np.array(values, dtype=np.float64))
            x = centres + (number - len(self.series) / 2) * thick
            tops = np.minimum(y, zero)
            boxes = np.column_stack([x, tops, np.full(len(y), thick - 1), np.abs(y - zero)])
            layers.append(rects(f"bars {label}", boxes, colours[number % len(colours)]))
        layers.append(
            lines("zero", [[plot.left, zero, plot.left + plot.width, zero]], tokens.control)
        )
        grid, around = y_layers(plot, tokens)
        look = TextLook(tokens.muted, LEAST_PX, False, MIDDLE)
        below = plot.top + plot.height + 6 + LEAST_PX * 0.8
        every = max(1, int(np.ceil(42.0 / pitch)))
        names = [
            (elided(name, LEAST_PX, pitch * every - 6), float(x), below, look)
            for number, (name, x) in enumerate(zip(self.names, centres.tolist(), strict=True))
            if number % every == 0
        ]
        title = TextLook(tokens.text, LEAST_PX, False, END)
        right, foot = plot.left + plot.width, plot.top + plot.height + 2 * LEAST_PX + 12
        names.append((elided(self.x_title, LEAST_PX, plot.width), right, foot, title))
        keys: tuple[Layer, ...] = ()
        if len(self.series) > 1:
            entries = tuple(
                Key(label, colours[number % len(colours)])
                for number, (label, _) in enumerate(self.series)
            )
            keys = key_layers(entries, PAD_PX, PAD_PX + LEAST_PX + 6, width - PAD_PX, tokens)
        return DisplayList(
            width, height, tokens.surface, plot.box,
            furniture=(*around, texts("names", names), *keys), ground=grid, dies=tuple(layers),
        )  # fmt: skip

    def item_at(self, x: float, y: float, width: float, height: float) -> int | None:
        """The name whose column a point is in."""
        plot = self._plot(width, height)
        number = int(np.floor((x - plot.left) / plot.width * max(len(self.names), 1)))
        inside = plot.top <= y <= plot.top + plot.height
        return number if inside and 0 <= number < len(self.names) else None

    def mark(self, item: int, width: float, height: float, tokens: Tokens) -> tuple[Layer, ...]:
        """An outline around a name's columns."""
        plot = self._plot(width, height)
        pitch = plot.width / len(self.names)
        box = [[plot.left + item * pitch, plot.top, pitch, plot.height]]
        return (rects("mark", box, "", tokens.accent, 1.0, 3.0),)

    def tip(self, item: int) -> str:
        """The values of a name."""
        parts = [f"{label} {self.y.text(values[item])}" for label, values in self.series]
        return f"{self.names[item]}: {', '.join(parts)} ({self.y.heading})"
