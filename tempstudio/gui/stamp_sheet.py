"""Equal rectangles of many colours as pieces of one pixmap: all are a single painter call."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from tempstudio.gui.batches import draw_fragments
from tempstudio.gui.colours import qcolor

FloatArray = NDArray[np.float64]

Look = tuple[str, str]  # fill, border


class StampSheet:
    """Rectangles of one size, corner and border width; each look is drawn when first asked for."""

    def __init__(
        self, width: float, height: float, border_px: float, radius_px: float, dpr: float
    ) -> None:
        self._size = (width, height)
        self._border_px, self._radius_px, self._dpr = border_px, radius_px, dpr
        self._cell = (max(round(width * dpr), 1), max(round(height * dpr), 1))
        self._place: dict[Look, int] = {}
        self._sheet = QPixmap()

    def draw(
        self,
        painter: QPainter,
        xywh: FloatArray,
        start: NDArray[np.integer],
        looks: tuple[Look, ...],
    ) -> None:
        """All rectangles [n, 4], bucket b (from `start[b]` on) in look b."""
        counts = np.diff(start)
        used = [look for look, count in zip(looks, counts.tolist(), strict=True) if count]
        if any(look not in self._place for look in used):
            self._add(used)
        column = np.array([self._place.get(look, 0) for look in looks])
        centres = xywh[:, :2] + xywh[:, 2:] / 2
        left = np.repeat(column, counts) * float(self._cell[0])
        draw_fragments(painter, self._sheet, centres, left, self._cell, self._dpr)

    def _add(self, looks: list[Look]) -> None:
        for look in looks:
            self._place.setdefault(look, len(self._place))
        self._sheet = QPixmap(self._cell[0] * len(self._place), self._cell[1])
        self._sheet.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._sheet)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        inset = self._border_px / 2
        width, height = self._size
        for (fill, border), place in self._place.items():
            painter.save()
            painter.translate(place * self._cell[0], 0)
            painter.scale(self._dpr, self._dpr)
            painter.setPen(QPen(qcolor(border), self._border_px) if border else Qt.PenStyle.NoPen)
            painter.setBrush(qcolor(fill) if fill else Qt.BrushStyle.NoBrush)
            room = inset if border else 0.0
            box = QRectF(room, room, width - 2 * room, height - 2 * room)
            painter.drawRoundedRect(box, self._radius_px, self._radius_px)
            painter.restore()
        painter.end()
