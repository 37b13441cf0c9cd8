"""A scatter of two columns, the best of both marked as a front, colour by a third."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

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
)
from tempstudio.scene.cividis import FILLS, levels_of
from tempstudio.scene.display_list import (
    DisplayList,
    Layer,
    Rects,
    rects,
    sorted_buckets,
)
from tempstudio.scene.tokens import Tokens, mix
from tempstudio.scene.typeface import LEAST_PX

FloatArray = NDArray[np.float64]

DOT_PX, FRONT_PX, RING_PX = 7.0, 10.0, 16.0
REACH_PX = 14.0  # a point is meant from so far away


@dataclass(frozen=True, eq=False)
class Scatter:
    """Points at (`x_values`, `y_values`) [n]; `tips(i)` says point i in words.

    `front` [n] marks the Pareto front, `faint` [n] what does not fit, `shade` [n] from 0 to 1 the
    colour by a third column (None: one colour; `shade_ends` says what its ends are), `current` the
    point that is on screen.
    """

    x: Axis
    y: Axis
    x_values: FloatArray
    y_values: FloatArray
    tips: Callable[[int], str]
    front: NDArray[np.bool_] | None = None
    faint: NDArray[np.bool_] | None = None
    shade: FloatArray | None = None
    shade_ends: tuple[str, str] = ("least", "most")
    current: int | None = None
    names: tuple[str, str, str] = ("candidate", "Pareto front", "does not fit")

    @property
    def items(self) -> int:
        """Points that can be pointed at."""
        return len(self.x_values)

    @cached_property
    def _front(self) -> NDArray[np.bool_]:
        return self.front if self.front is not None else np.zeros(self.items, dtype=bool)

    @cached_property
    def _faint(self) -> NDArray[np.bool_]:
        return self.faint if self.faint is not None else np.zeros(self.items, dtype=bool)

    def _plot(self, width: float, height: float) -> Plot:
        return lay_plot(self.x, self.y, width, height, keyed=True)

    def _places(self, plot: Plot) -> FloatArray:
        return np.column_stack([plot.x_px(self.x_values), plot.y_px(self.y_values)])

    def picture(self, width: float, height: float, tokens: Tokens) -> DisplayList:
        """Faint points first, the front above all others and joined by steps."""
        plot = self._plot(width, height)
        at = self._places(plot)
        shown = np.isfinite(at).all(axis=1).reshape(-1)
        plain = shown & ~self._front & ~self._faint
        series: list[Layer] = [
            self._rings("does not fit", at[shown & self._faint], tokens),
            self._dots("candidates", at, plain, DOT_PX, tokens),
        ]
        front = shown & self._front
        if front.any():
            series.append(self._steps(at[front], plot, tokens))
            series.append(self._dots("front", at, front, FRONT_PX, tokens))
        if self.current is not None and shown[self.current]:
            series.append(_ring("current", at[self.current], RING_PX + 2, tokens.text, 2.0))
        keys = key_layers(self._keys(tokens), PAD_PX, PAD_PX + LEAST_PX + 6, width - PAD_PX, tokens)
        return picture_of(width, height, tokens, plot, tuple(series), keys, RING_PX)

    def _keys(self, tokens: Tokens) -> tuple[Key, ...]:
        found = [Key(self.names[0], _plain(tokens), "dot")] if self.shade is None else [
            Key(self.shade_ends[0], FILLS[0], "dot"),
            Key(self.shade_ends[1], FILLS[-1], "dot"),
        ]  # fmt: skip
        if self._front.any():
            plain = self.shade is None
            colour, shape = (tokens.roles["W"], "dot") if plain else (tokens.text, "ring")
            found.append(Key(self.names[1], colour, shape))
        if self._faint.any():
            found.append(Key(self.names[2], tokens.error, "ring"))
        if self.current is not None:
            found.append(Key("on screen", tokens.text, "ring"))
        return tuple(found)

    def _dots(
        self, name: str, at: FloatArray, which: NDArray[np.bool_], size: float, tokens: Tokens
    ) -> Rects:
        boxes = _boxes(at[which], size)
        edge = tokens.text if name == "front" else mix(tokens.text, tokens.surface, 0.55)
        if self.shade is not None:
            shade = self.shade[which]
            level = levels_of(np.where(np.isfinite(shade), shade, 0.0))
            xywh, start, _ = sorted_buckets(boxes, level, len(FILLS))
            return Rects(
                name,
                xywh,
                start,
                FILLS,
                (edge,) * len(FILLS),
                2.0 if name == "front" else 1.0,
                size / 2,
            )
        fill = tokens.roles["W"] if name == "front" else _plain(tokens)
        return rects(name, boxes, fill, tokens.surface if name == "front" else "", 1.0, size / 2)

    def _rings(self, name: str, at: FloatArray, tokens: Tokens) -> Rects:
        return rects(name, _boxes(at, DOT_PX), "", mix(tokens.error, tokens.surface, 0.75), 1.5,
                     DOT_PX / 2)  # fmt: skip

    def _steps(self, at: FloatArray, plot: Plot, tokens: Tokens) -> Layer:
        order = np.argsort(at[:, 0], kind="stable")
        x, y = at[order, 0], at[order, 1]
        return polyline("front line", x, y, mix(tokens.roles["W"], tokens.surface, 0.6), 1.5)

    def item_at(self, x: float, y: float, width: float, height: float) -> int | None:
        """The nearest point within reach; the front before others."""
        if not self.items:
            return None
        at = self._places(self._plot(width, height))
        away = np.hypot(at[:, 0] - x, at[:, 1] - y)
        away = np.where(np.isfinite(away), away, np.inf) - 3.0 * self._front
        nearest = int(np.argmin(away))
        return nearest if away[nearest] <= REACH_PX else None

    def mark(self, item: int, width: float, height: float, tokens: Tokens) -> tuple[Layer, ...]:
        """A ring around a point."""
        at = self._places(self._plot(width, height))[item]
        if not np.isfinite(at).all():
            return ()
        return (_ring("mark", at, RING_PX, tokens.accent, 2.0),)

    def tip(self, item: int) -> str:
        """What the point is."""
        return self.tips(item)


def _plain(tokens: Tokens) -> str:
    return tokens.roles["I"]


def _boxes(at: FloatArray, size: float) -> FloatArray:
    corner = at - size / 2
    return np.column_stack([corner, np.full((len(at), 2), size)])


def _ring(name: str, at: FloatArray, size: float, colour: str, width_px: float) -> Rects:
    return rects(name, _boxes(at[None, :], size), "", colour, width_px, size / 2)
