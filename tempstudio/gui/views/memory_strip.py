"""Memory of the whole wafer as one strip: every die a column, the fullest first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from tempstudio.core.machine import Machine
from tempstudio.core.timeline import MEMORY_KINDS
from tempstudio.gui.batches import draw_rects
from tempstudio.gui.icons import pixmap
from tempstudio.gui.places import die_name
from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.format import byte_count, plural
from tempstudio.scene.tokens import Tokens

HEIGHT = 34
FULL_SCALE = 0.4  # from this share of the capacity on, the strip is as tall as the capacity
Amounts = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StripReading:
    """Bytes by kind and die [kinds, dies], the dies that work, and their capacity."""

    memory: Amounts
    capacity_bytes: float
    machine: Machine
    alive: tuple[int, ...]

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The working dies, fullest first."""
        alive = np.array(self.alive, dtype=np.int64)
        total = self.memory[:, alive].sum(axis=0)
        return alive[np.argsort(-total, kind="stable")]

    @cached_property
    def totals(self) -> Amounts:
        """What they hold, in that order."""
        found: Amounts = self.memory[:, self.order].sum(axis=0)
        return found

    @property
    def scale_bytes(self) -> float:
        """What the strip's height stands for: the capacity, unless little of it is used."""
        most = float(self.totals.max(initial=0.0))
        return most if most < FULL_SCALE * self.capacity_bytes else max(most, self.capacity_bytes)


class MemoryStrip(Zoomed, QWidget):
    """One column a die; a click, or the arrow keys, select one."""

    chosen = Signal(int)

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("gauge.memory_strip")
        self.setAccessibleName("Memory of all dies, fullest first")
        self._tokens = tokens
        self._reading: StripReading | None = None
        self._selected: tuple[int, ...] = ()
        self._rank = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def reading(self) -> StripReading | None:
        """What is shown."""
        return self._reading

    def set_reading(self, reading: StripReading | None) -> None:
        """Show another moment."""
        self._reading = reading
        self.update()

    def set_selected(self, dies: tuple[int, ...]) -> None:
        """Mark the selected dies."""
        self._selected = dies
        self.update()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.update()

    @property
    def _line(self) -> float:
        return QFontMetricsF(font("caption")).height() + 2

    def sizeHint(self) -> QSize:
        return self.sized(200, round(self._line + HEIGHT + 4))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self.painter()
        painter.setFont(font("caption"))
        tokens, reading = self._tokens, self._reading
        box = QRectF(0, self._line, self.width(), HEIGHT)
        painter.fillRect(box, QColor(tokens.canvas))
        if reading is None or not len(reading.order):
            return
        self._paint_words(painter, reading)
        self._paint_columns(painter, box, reading)
        limit = box.bottom() - box.height() * reading.capacity_bytes / reading.scale_bytes
        if limit >= box.top() - 0.5:
            painter.setPen(QPen(QColor(tokens.text), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(0, limit), QPointF(self.width(), limit))
        self._paint_selected(painter, box, reading)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_words(self, painter: QPainter, reading: StripReading) -> None:
        tokens, metrics = self._tokens, QFontMetricsF(painter.font())
        base = round(metrics.ascent())
        over = int(np.count_nonzero(reading.totals > reading.capacity_bytes))
        left = f"{plural(len(reading.order), 'die')}, fullest first"
        if over:
            left = f"{over:,} of {plural(len(reading.order), 'die')} over capacity"
            sign = pixmap("error", tokens.error, 16, self.devicePixelRatioF())
            painter.drawPixmap(0, base - 13, sign)
        painter.setPen(QColor(tokens.error if over else tokens.muted))
        painter.drawText(20 if over else 0, base, left)
        painter.setPen(QColor(tokens.muted))
        low, high = byte_count(float(reading.totals[-1])), byte_count(float(reading.totals[0]))
        right = high if low == high else f"{high} to {low}"
        painter.drawText(round(self.width() - metrics.horizontalAdvance(right)), base, right)

    def _paint_columns(self, painter: QPainter, box: QRectF, reading: StripReading) -> None:
        """At most one column a pixel; where dies are more, every so-many-th stands for its like."""
        tokens, count = self._tokens, len(reading.order)
        columns = min(count, max(int(box.width()), 1))
        rank = np.arange(columns) * count // columns
        edges = np.round(np.arange(columns + 1) * box.width() / columns)
        gap = 1.0 if box.width() / columns >= 4 else 0.0
        wide = np.maximum(np.diff(edges) - gap, 1.0)
        floor = np.full(columns, box.bottom())
        painter.setPen(Qt.PenStyle.NoPen)
        for row, kind in enumerate(MEMORY_KINDS):
            tall = reading.memory[row, reading.order[rank]] / reading.scale_bytes * box.height()
            floor = floor - tall
            painter.setBrush(QColor(tokens.memory[kind]))
            draw_rects(painter, np.column_stack([edges[:-1], floor, wide, tall]))
        beyond = reading.totals[rank] - reading.capacity_bytes
        over = np.flatnonzero(beyond > 0)
        if len(over):
            tall = beyond[over] / reading.scale_bytes * box.height()
            painter.setBrush(QColor(tokens.surface))
            places = np.column_stack([edges[over], floor[over], wide[over], tall])
            draw_rects(painter, places)
            painter.setBrush(QBrush(QColor(tokens.error), Qt.BrushStyle.BDiagPattern))
            draw_rects(painter, places)

    def _paint_selected(self, painter: QPainter, box: QRectF, reading: StripReading) -> None:
        chosen = np.flatnonzero(np.isin(reading.order, np.array(self._selected, dtype=np.int64)))
        if not len(chosen):
            return
        step = box.width() / len(reading.order)
        wide = max(step, 3.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._tokens.accent))
        left = chosen * step
        shape = (len(chosen),)
        draw_rects(
            painter,
            np.column_stack(
                [left, np.full(shape, box.bottom() + 1), np.full(shape, wide), np.full(shape, 3.0)]
            ),
        )

    def _rank_at(self, x: float) -> int:
        count = len(self._reading.order) if self._reading is not None else 0
        return min(max(int(x / max(self.width(), 1) * count), 0), count - 1)

    def _choose(self, rank: int) -> None:
        if self._reading is not None and 0 <= rank < len(self._reading.order):
            self._rank = rank
            self.chosen.emit(int(self._reading.order[rank]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._choose(self._rank_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Return: 0}
        step = steps.get(Qt.Key(event.key()))
        if step is None or self._reading is None:
            super().keyPressEvent(event)
        else:
            self._choose(min(max(self._rank + step, 0), len(self._reading.order) - 1))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._reading is not None:
            rank = self._rank_at(event.pos().x())
            if rank >= 0:
                name = die_name(self._reading.machine, int(self._reading.order[rank]))
                held = byte_count(float(self._reading.totals[rank]))
                QToolTip.showText(event.globalPos(), f"Die {name}: {held}", self)
            return True
        return super().event(event)
