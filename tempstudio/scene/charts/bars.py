"""Horizontal bars, each stacked from parts: operators of a step, strategies side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempstudio.scene.charts.axis import Axis
from tempstudio.scene.charts.chart import PAD_PX, Key, key_layers
from tempstudio.scene.display_list import (
    END,
    MIDDLE,
    START,
    DisplayList,
    Layer,
    TextLook,
    lines,
    rects,
    texts,
)
from tempstudio.scene.tokens import Tokens
from tempstudio.scene.typeface import LEAST_PX, baseline, elided, text_width

MOST_BAR_PX, LEAST_ROW_PX = 16.0, 17.0
NAME_SHARE = 0.34  # of the width, at most
MOST_NAME_PX = 190.0


@dataclass(frozen=True)
class Bar:
    """One bar: its name, the value of each part, the figure beside it, and what a pointer says."""

    name: str
    parts: tuple[float, ...]
    figure: str = ""
    tip: str = ""


@dataclass(frozen=True, eq=False)
class StackedBars:
    """Bars from the top; `keys` are names and token colours (a role, or "muted") of the parts."""

    axis: Axis
    bars: tuple[Bar, ...]
    keys: tuple[tuple[str, str], ...]
    current: int | None = None

    @property
    def items(self) -> int:
        """Bars that can be pointed at."""
        return len(self.bars)

    def needed_px(self) -> float:
        """The height at which every bar has its row."""
        return self._top + len(self.bars) * (LEAST_ROW_PX + 3) + PAD_PX + LEAST_PX + 8

    @property
    def _top(self) -> float:
        return PAD_PX + LEAST_PX + 8

    def _rows(self, height: float) -> tuple[float, int]:
        """(height of a row, how many have room)."""
        room = max(height - self._top - PAD_PX - LEAST_PX - 8, LEAST_ROW_PX)
        row = min(max(room / max(len(self.bars), 1), LEAST_ROW_PX), 26.0)
        return row, min(len(self.bars), int(room / row + 1e-6))

    def _left(self, width: float) -> float:
        widest = max((text_width(bar.name, LEAST_PX) for bar in self.bars), default=0.0)
        return PAD_PX + min(widest, width * NAME_SHARE, MOST_NAME_PX) + 8

    def picture(self, width: float, height: float, tokens: Tokens) -> DisplayList:
        """The bars that have room, their names on the left, their figures behind them."""
        row, count = self._rows(height)
        left = self._left(width)
        behind = max((text_width(bar.figure, LEAST_PX) for bar in self.bars), default=0.0)
        wide = max(width - left - PAD_PX - behind - 6, 1.0)
        colours = [_colour(tokens, role) for _, role in self.keys]
        thick = min(row - 4, MOST_BAR_PX)
        boxes: list[list[list[float]]] = [[] for _ in self.keys]
        items: list[tuple[str, float, float, TextLook]] = []
        plates: list[list[float]] = []  # no line of the grid runs through a figure
        name = TextLook(tokens.text, LEAST_PX, False, END)
        figure = TextLook(tokens.text, LEAST_PX, False, START)
        for number, bar in enumerate(self.bars[:count]):
            y = self._top + number * row
            middle = y + row / 2
            x = left
            for part, value in enumerate(bar.parts):
                length = float(self.axis.share(np.array([value]))[0]) * wide if value else 0.0
                if length > 0:
                    boxes[part].append([x, middle - thick / 2, max(length - 0.5, 0.5), thick])
                    x += length
            label = elided(bar.name, LEAST_PX, left - PAD_PX - 7)
            items.append((label, left - 8, baseline(middle, LEAST_PX), name))
            items.append((bar.figure, x + 6, baseline(middle, LEAST_PX), figure))
            plates.append([x + 3, middle - 7, text_width(bar.figure, LEAST_PX) + 6, 14])
        series: list[Layer] = [
            rects(key, np.array(found).reshape(-1, 4), colour)
            for (key, _), found, colour in zip(self.keys, boxes, colours, strict=True)
        ]
        series.append(rects("plates", np.array(plates).reshape(-1, 4), tokens.surface))
        series.append(texts("bar texts", items))
        bottom = self._top + count * row
        grid, ticks = self._grid(left, wide, bottom, width - PAD_PX, tokens)
        entries = tuple(
            Key(key, colour) for (key, _), colour in zip(self.keys, colours, strict=True)
        )
        spare = text_width(self.axis.heading, LEAST_PX) + 16
        keys = key_layers(entries, PAD_PX, PAD_PX - 2, width - PAD_PX - spare, tokens)
        if self.current is not None and self.current < count:
            series += self.mark(self.current, width, height, tokens)
        return DisplayList(
            width, height, tokens.surface, (0, 0, width, height),
            furniture=(*keys, *ticks), ground=grid, dies=tuple(series),
        )  # fmt: skip

    def _grid(
        self, left: float, wide: float, bottom: float, right: float, tokens: Tokens
    ) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
        values = self.axis.ticks(max(2, int(wide / 60)))
        xs = np.rint(left + self.axis.share(values) * wide)
        grid = [[x, self._top, x, bottom] for x in xs.tolist()]
        look = TextLook(tokens.muted, LEAST_PX, False, MIDDLE)
        items = [
            (self.axis.text(v), x, bottom + LEAST_PX, look)
            for v, x in zip(values.tolist(), xs.tolist(), strict=True)
        ]
        if self.items:
            heading = TextLook(tokens.text, LEAST_PX, False, END)
            items.append((self.axis.heading, right, PAD_PX - 2 + LEAST_PX * 0.8, heading))
        return (lines("grid", grid, tokens.hairline),), (texts("axis texts", items),)

    def item_at(self, x: float, y: float, width: float, height: float) -> int | None:
        """The bar whose row a point is in."""
        row, count = self._rows(height)
        number = int((y - self._top) // row)
        return number if 0 <= number < count and y >= self._top else None

    def mark(self, item: int, width: float, height: float, tokens: Tokens) -> tuple[Layer, ...]:
        """An outline around a bar's row."""
        row, count = self._rows(height)
        if item >= count:
            return ()
        box = [[PAD_PX / 2, self._top + item * row, width - PAD_PX, row]]
        return (rects("mark", box, "", tokens.accent, 1.0, 3.0),)

    def tip(self, item: int) -> str:
        """What the bar is."""
        return self.bars[item].tip or f"{self.bars[item].name}: {self.bars[item].figure}"


def _colour(tokens: Tokens, role: str) -> str:
    return tokens.roles[role] if role in tokens.roles else str(getattr(tokens, role))
