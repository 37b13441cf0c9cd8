"""What every chart can do, and the frame that those with two axes stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene.charts.axis import Axis
from tempstudio.scene.display_list import (
    END,
    MIDDLE,
    START,
    DisplayList,
    Layer,
    Lines,
    TextLook,
    lines,
    rects,
    texts,
)
from tempstudio.scene.tokens import Tokens
from tempstudio.scene.typeface import LEAST_PX, baseline, elided, text_width

FloatArray = NDArray[np.float64]

TEXT_PX = 12.0
PAD_PX = 12.0
TICK_ROOM_PX = 26.0  # a tick on the y axis needs as much, one on the x axis as its text
SWATCH_PX = 9.0


class Chart(Protocol):
    """A chart of `items` things that can be pointed at."""

    @property
    def items(self) -> int: ...

    def picture(self, width: float, height: float, tokens: Tokens) -> DisplayList:
        """The chart at a size [px] in a theme."""

    def item_at(self, x: float, y: float, width: float, height: float) -> int | None:
        """What lies under a point of that picture."""

    def mark(self, item: int, width: float, height: float, tokens: Tokens) -> tuple[Layer, ...]:
        """Layers that mark an item."""

    def tip(self, item: int) -> str:
        """An item in words and figures."""


def series_colours(tokens: Tokens) -> tuple[str, ...]:
    """Colours of series one after another; they differ to colour-blind eyes."""
    return tuple(tokens.roles[role] for role in "IWKGCEP")


@dataclass(frozen=True)
class Plot:
    """The rectangle that two axes span, in px."""

    x: Axis
    y: Axis
    left: float
    top: float
    width: float
    height: float

    def x_px(self, values: FloatArray) -> FloatArray:
        """Values of the x axis in px."""
        return self.left + self.x.share(values) * self.width

    def y_px(self, values: FloatArray) -> FloatArray:
        """Values of the y axis in px; up is more."""
        return self.top + (1 - self.y.share(values)) * self.height

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x, y, width, height."""
        return self.left, self.top, self.width, self.height


@dataclass(frozen=True)
class Key:
    """One entry of a chart's key: its name, its colour, and whether it is a line or a dot."""

    name: str
    colour: str
    shape: str = "square"  # square | line | ring | dash


def lay_plot(x: Axis, y: Axis, width: float, height: float, keyed: bool = False) -> Plot:
    """The plot inside a picture: ticks below and on the left, headings and key above."""
    widest = max((text_width(y.text(v), LEAST_PX) for v in y.ticks()), default=20.0)
    left = PAD_PX + widest + 6
    top = PAD_PX + LEAST_PX + 8 + (LEAST_PX + 7 if keyed else 0)
    below = 6 + LEAST_PX + 6 + LEAST_PX + PAD_PX - 2
    return Plot(x, y, left, top, max(width - left - PAD_PX - 4, 1), max(height - top - below, 1))


Layers = tuple[Layer, ...]


def frame_layers(plot: Plot, tokens: Tokens) -> tuple[Layers, Layers]:
    """(grid inside the plot, ticks and headings around it)."""
    grid_y, around_y = y_layers(plot, tokens)
    grid_x, around_x = x_layers(plot, tokens)
    return (*grid_y, *grid_x), (*around_y, *around_x)


def y_layers(plot: Plot, tokens: Tokens) -> tuple[Layers, Layers]:
    """The same of the upright axis: its heading stands above, where it reads level."""
    ticks = plot.y.ticks(max(2, int(plot.height / TICK_ROOM_PX)))
    ys = np.rint(plot.y_px(ticks)).tolist()
    right, bottom = plot.left + plot.width, plot.top + plot.height
    grid = [[plot.left, y, right, y] for y in ys if abs(y - bottom) > 1]
    look = TextLook(tokens.muted, LEAST_PX, False, END)
    items = [
        (plot.y.text(value), plot.left - 6, baseline(y, LEAST_PX), look)
        for value, y in zip(ticks.tolist(), ys, strict=True)
    ]
    heading = elided(plot.y.heading, LEAST_PX, plot.left + plot.width - PAD_PX)
    title = TextLook(tokens.text, LEAST_PX, False, START)
    items.append((heading, PAD_PX, PAD_PX + LEAST_PX * 0.8, title))
    return (
        (lines("y grid", np.array(grid).reshape(-1, 4), tokens.hairline),),
        (_edge("y axis", plot.left, plot.top, plot.left, bottom, tokens), texts("y texts", items)),
    )


def x_layers(plot: Plot, tokens: Tokens) -> tuple[Layers, Layers]:
    """The same of the level axis: its heading stands below on the right."""
    wide = max((text_width(plot.x.text(v), LEAST_PX) for v in plot.x.ticks()), default=20.0) + 14
    ticks = plot.x.ticks(max(2, int(plot.width / wide)))
    xs = np.rint(plot.x_px(ticks)).tolist()
    right, bottom = plot.left + plot.width, plot.top + plot.height
    grid = [[x, plot.top, x, bottom] for x in xs if abs(x - plot.left) > 1]
    look = TextLook(tokens.muted, LEAST_PX, False, MIDDLE)
    items = [
        (plot.x.text(value), x, bottom + 6 + LEAST_PX * 0.8, look)
        for value, x in zip(ticks.tolist(), xs, strict=True)
    ]
    title = TextLook(tokens.text, LEAST_PX, False, END)
    heading = elided(plot.x.heading, LEAST_PX, plot.width)
    items.append((heading, right, bottom + 2 * LEAST_PX + 12, title))
    return (
        (lines("x grid", np.array(grid).reshape(-1, 4), tokens.hairline),),
        (_edge("x axis", plot.left, bottom, right, bottom, tokens), texts("x texts", items)),
    )


def _edge(name: str, x0: float, y0: float, x1: float, y1: float, tokens: Tokens) -> Layer:
    return lines(name, [[round(x0), round(y0), round(x1), round(y1)]], tokens.control)


def key_layers(
    keys: tuple[Key, ...], left: float, top: float, right: float, tokens: Tokens
) -> tuple[Layer, ...]:
    """A row of keys from the left; what has no room is left out."""
    found: list[Layer] = []
    items: list[tuple[str, float, float, TextLook]] = []
    middle = top + LEAST_PX / 2
    x = left
    for key in keys:
        name = elided(key.name, LEAST_PX, 160.0)
        wide = SWATCH_PX + 5 + text_width(name, LEAST_PX)
        if x + wide > right:
            break
        found.append(_swatch(key, x, middle, tokens))
        items.append(
            (name, x + SWATCH_PX + 5, baseline(middle, LEAST_PX), TextLook(tokens.text, LEAST_PX))
        )
        x += wide + 14
    return (*found, texts("key texts", items)) if items else ()


def _swatch(key: Key, x: float, middle: float, tokens: Tokens) -> Layer:
    half = SWATCH_PX / 2
    if key.shape in ("line", "dash"):
        dash = (3.0, 2.0) if key.shape == "dash" else None
        ends = [[x, round(middle), x + SWATCH_PX, round(middle)]]
        return lines(f"key {key.name}", ends, key.colour, 2.0, True, dash)
    box = [[x, middle - half, SWATCH_PX, SWATCH_PX]]
    if key.shape == "ring":
        return rects(f"key {key.name}", box, "", key.colour, 2.0, half)
    radius = half if key.shape == "dot" else 1.0
    # A dot may be as dark as what it lies on: the ends of a scale of shades are.
    edge = tokens.control if key.shape == "dot" else ""
    return rects(f"key {key.name}", box, key.colour, edge, 1.0, radius)


def polyline(
    name: str, x: FloatArray, y: FloatArray, colour: str, width_px: float, dash: bool = False
) -> Lines:
    """A line through points in px."""
    ends = np.column_stack([x[:-1], y[:-1], x[1:], y[1:]]) if len(x) > 1 else np.zeros((0, 4))
    return lines(name, ends, colour, width_px, False, (5.0, 3.0) if dash else None)


def picture_of(
    width: float,
    height: float,
    tokens: Tokens,
    plot: Plot,
    series: tuple[Layer, ...],
    above: tuple[Layer, ...] = (),
    room_px: float = 8.0,
) -> DisplayList:
    """Axes, grid, series and what stands above, as one picture."""
    inside, around = frame_layers(plot, tokens)
    x, y, wide, tall = plot.box
    clip = (x - room_px, y - room_px, wide + 2 * room_px, tall + 2 * room_px)
    return DisplayList(
        width, height, tokens.surface, clip,
        furniture=(*around, *above), ground=inside, dies=series,
    )  # fmt: skip
