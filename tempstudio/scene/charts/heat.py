"""A matrix of values as coloured cells with its scale beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene.charts.axis import Axis
from tempstudio.scene.charts.chart import PAD_PX
from tempstudio.scene.cividis import TABLE
from tempstudio.scene.display_list import (
    START,
    DisplayList,
    Image,
    Layer,
    TextLook,
    rects,
    texts,
)
from tempstudio.scene.tokens import Tokens
from tempstudio.scene.typeface import LEAST_PX, baseline, text_width

FloatArray = NDArray[np.float64]

SCALE_PX = 12.0
MOST_CELL_PX = 48.0


@dataclass(frozen=True, eq=False)
class Heat:
    """`values` [rows, cols], the first row on top; `axis` names what they are and their range."""

    axis: Axis
    values: FloatArray

    @property
    def items(self) -> int:
        """Cells that can be pointed at."""
        return int(self.values.size)

    @cached_property
    def _pixels(self) -> NDArray[np.uint32]:
        share = np.clip(self.axis.share(self.values), 0.0, 1.0)
        return _packed(TABLE[np.rint(np.nan_to_num(share) * 255).astype(np.intp)])

    def _box(self, width: float, height: float) -> tuple[float, float, float, float]:
        ticks = max(
            (text_width(self.axis.text(v), LEAST_PX) for v in self.axis.ticks()), default=20
        )
        top = PAD_PX + LEAST_PX + 8
        room_x = width - 3 * PAD_PX - SCALE_PX - 6 - ticks
        room_y = height - top - PAD_PX
        rows, cols = self.values.shape
        cell = max(min(room_x / max(cols, 1), room_y / max(rows, 1), MOST_CELL_PX), 1.0)
        return PAD_PX, top, cell * cols, cell * rows

    def picture(self, width: float, height: float, tokens: Tokens) -> DisplayList:
        """The cells and the scale."""
        x, y, wide, tall = self._box(width, height)
        rows, cols = self.values.shape
        cells = Image("cells", self._pixels, np.linspace(x, x + wide, cols + 1),
                      np.linspace(y, y + tall, rows + 1))  # fmt: skip
        scale_x, scale_tall = x + wide + PAD_PX, max(min(tall, height - y - PAD_PX), 40.0)
        ramp = Image("scale", _packed(TABLE[::-1][:, None, :]),
                     np.array([scale_x, scale_x + SCALE_PX]),
                     np.linspace(y, y + scale_tall, 257))  # fmt: skip
        look = TextLook(tokens.muted, LEAST_PX, False, START)
        ticks = self.axis.ticks(max(2, int(scale_tall / 26)))
        places = y + (1 - self.axis.share(ticks)) * scale_tall
        items = [
            (self.axis.text(v), scale_x + SCALE_PX + 6, baseline(p, LEAST_PX), look)
            for v, p in zip(ticks.tolist(), places.tolist(), strict=True)
        ]
        title = TextLook(tokens.text, LEAST_PX, False, START)
        items.append((self.axis.heading, PAD_PX, PAD_PX + LEAST_PX * 0.8, title))
        return DisplayList(
            width, height, tokens.surface, (0, 0, width, height),
            furniture=(ramp, texts("scale texts", items)), dies=(cells,),
        )  # fmt: skip

    def item_at(self, x: float, y: float, width: float, height: float) -> int | None:
        """The cell under a point, counted along the rows."""
        left, top, wide, tall = self._box(width, height)
        if not (left <= x < left + wide and top <= y < top + tall):
            return None
        rows, cols = self.values.shape
        row, col = int((y - top) / tall * rows), int((x - left) / wide * cols)
        return int(row * cols + col)

    def mark(self, item: int, width: float, height: float, tokens: Tokens) -> tuple[Layer, ...]:
        """An outline around a cell."""
        left, top, wide, tall = self._box(width, height)
        rows, cols = self.values.shape
        row, col = divmod(item, cols)
        box = [[left + col * wide / cols, top + row * tall / rows, wide / cols, tall / rows]]
        return (rects("mark", box, "", tokens.accent, 2.0),)

    def tip(self, item: int) -> str:
        """Row, column and value of a cell."""
        row, col = divmod(item, self.values.shape[1])
        return f"{row},{col}: {self.axis.text(float(self.values[row, col]))} ({self.axis.heading})"


def _packed(table: NDArray[np.uint8]) -> NDArray[np.uint32]:
    red, green, blue = (table[..., channel].astype(np.uint32) for channel in range(3))
    packed = np.uint32(0xFF000000) | red << 16 | green << 8 | blue
    return packed.astype(np.uint32)
