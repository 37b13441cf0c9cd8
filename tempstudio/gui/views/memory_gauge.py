"""Memory of one die against its capacity, by kind, with the peak marked and looked into."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from tempstudio.core.timeline import MEMORY_KINDS
from tempstudio.gui.icons import pixmap
from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.describe import KIND_TITLES
from tempstudio.scene.format import byte_count, percent
from tempstudio.scene.tokens import Tokens, mix

BAR, THIN, LENS = 30, 8, 14  # heights: the one bar, or the thin one and the lens below it
MAGNIFIED = 0.4  # below this share of the capacity a lens shows what the die holds


@dataclass(frozen=True)
class MemoryReading:
    """Bytes of one die by kind (as MEMORY_KINDS) now, its capacity and the step's peak."""

    die: str
    by_kind: tuple[float, ...]
    capacity_bytes: float
    peak_bytes: float | None = None

    @property
    def total_bytes(self) -> float:
        """All that it holds."""
        return sum(self.by_kind)

    @property
    def most_bytes(self) -> float:
        """What it holds at most: the peak where that is known."""
        return max(self.peak_bytes or 0.0, self.total_bytes)

    @property
    def over_bytes(self) -> float:
        """How far the most is beyond the capacity; 0 where it fits."""
        return max(self.most_bytes - self.capacity_bytes, 0.0)


class MemoryGauge(Zoomed, QWidget):
    """A bar stacked by kind against the die's capacity, the peak marked, and the kinds.

    Where the peak fills little of the die a lens below the bar spreads it over the whole width.
    """

    clicked = Signal(str)  # a memory kind, or "peak memory"

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("gauge.memory")
        self._tokens = tokens
        self._reading: MemoryReading | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def reading(self) -> MemoryReading | None:
        """What is shown."""
        return self._reading

    def set_reading(self, reading: MemoryReading | None) -> None:
        """Show another moment."""
        self._reading = reading
        self.setAccessibleDescription(_spoken(reading) if reading is not None else "")
        self.update()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.update()

    @property
    def _line(self) -> float:
        return max(QFontMetricsF(font("caption")).height() + 1, 15.0)

    @property
    def _kinds_top(self) -> float:
        return 2 * self._line + BAR + 8

    def sizeHint(self) -> QSize:
        return self.sized(200, round(self._kinds_top + len(MEMORY_KINDS) * self._line))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self.painter()
        tokens, reading = self._tokens, self._reading
        bar = QRectF(0.5, self._line + 1.5, self.width() - 1, BAR)
        painter.setFont(font("caption"))
        if reading is None:
            painter.fillRect(bar, QColor(tokens.canvas))
            painter.setPen(QColor(tokens.control))
            painter.drawRect(bar)
            return
        self._paint_words(painter, reading)
        if reading.most_bytes < MAGNIFIED * reading.capacity_bytes:
            self._paint_lens(painter, bar, reading)
        else:
            self._paint_full(painter, bar, reading)
        self._paint_kinds(painter, reading)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def _paint_words(self, painter: QPainter, reading: MemoryReading) -> None:
        tokens, metrics = self._tokens, QFontMetricsF(painter.font())
        base = round(metrics.ascent())
        painter.setPen(QColor(tokens.text))
        painter.drawText(0, base, f"Die {reading.die}: {byte_count(reading.total_bytes)}")
        if reading.over_bytes > 0:
            text = f"{byte_count(reading.over_bytes)} over {byte_count(reading.capacity_bytes)}"
            painter.setPen(QColor(tokens.error))
            x = self.width() - metrics.horizontalAdvance(text)
            sign = pixmap("error", tokens.error, 16, self.devicePixelRatioF())
            painter.drawPixmap(round(x) - 20, base - 13, sign)
        else:
            share = percent(reading.total_bytes / reading.capacity_bytes)
            text = f"{share} of {byte_count(reading.capacity_bytes)}"
            painter.setPen(QColor(tokens.muted))
            x = self.width() - metrics.horizontalAdvance(text)
        painter.drawText(round(x), base, text)

    def _paint_full(self, painter: QPainter, bar: QRectF, reading: MemoryReading) -> None:
        """One bar up to the capacity, or to what is beyond it."""
        tokens = self._tokens
        scale = bar.width() / max(reading.capacity_bytes, reading.most_bytes)
        self._paint_stack(painter, bar, reading, scale)
        limit = bar.left() + reading.capacity_bytes * scale
        if reading.over_bytes > 0:
            beyond = QRectF(limit, bar.top(), bar.right() - limit, bar.height())
            painter.fillRect(beyond, QBrush(QColor(tokens.error), Qt.BrushStyle.BDiagPattern))
            painter.setPen(QPen(QColor(tokens.error), 2))
            painter.drawLine(QPointF(limit, bar.top() - 3), QPointF(limit, bar.bottom() + 3))
        if reading.peak_bytes is not None:
            self._paint_peak(painter, bar, bar.left() + reading.peak_bytes * scale, reading)

    def _paint_lens(self, painter: QPainter, bar: QRectF, reading: MemoryReading) -> None:
        """A thin bar up to the capacity, and what it holds spread out below it."""
        tokens = self._tokens
        thin = QRectF(bar.left(), bar.top(), bar.width(), THIN)
        lens = QRectF(bar.left(), bar.bottom() - LENS, bar.width(), LENS)
        self._paint_stack(painter, thin, reading, thin.width() / reading.capacity_bytes, False)
        seen = thin.left() + reading.most_bytes / reading.capacity_bytes * thin.width()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(mix(tokens.control, tokens.surface, 0.3)))
        corners = [thin.bottomLeft(), QPointF(seen, thin.bottom()), lens.topRight(), lens.topLeft()]
        painter.drawPolygon(QPolygonF(corners))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint_stack(painter, lens, reading, lens.width() / max(reading.most_bytes, 1.0))
        if reading.peak_bytes is not None:
            at = lens.left() + reading.peak_bytes * lens.width() / max(reading.most_bytes, 1.0)
            self._paint_peak(painter, lens, at, reading)

    def _paint_stack(
        self,
        painter: QPainter,
        bar: QRectF,
        reading: MemoryReading,
        scale: float,
        parted: bool = True,
    ) -> None:
        tokens = self._tokens
        painter.fillRect(bar, QColor(tokens.canvas))
        x = bar.left()
        for kind, amount in zip(MEMORY_KINDS, reading.by_kind, strict=True):
            width = amount * scale
            painter.fillRect(QRectF(x, bar.top(), width, bar.height()), QColor(tokens.memory[kind]))
            x += width
            if parted and width > 2:
                painter.fillRect(QRectF(x - 1, bar.top(), 1, bar.height()), QColor(tokens.surface))
        painter.setPen(QColor(tokens.control))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)

    def _paint_peak(
        self, painter: QPainter, bar: QRectF, at: float, reading: MemoryReading
    ) -> None:
        tokens, metrics = self._tokens, QFontMetricsF(painter.font())
        painter.setPen(QPen(QColor(tokens.text), 2))
        at = min(at, self.width() - 1.0)
        painter.drawLine(QPointF(at - 1, bar.top() - 2), QPointF(at - 1, bar.bottom() + 4))
        label = f"peak {byte_count(reading.peak_bytes or 0.0)}"
        width = metrics.horizontalAdvance(label)
        left = min(max(at - width / 2, 0.0), self.width() - width)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QPointF(left, round(bar.bottom() + 4 + metrics.ascent())), label)

    def _paint_kinds(self, painter: QPainter, reading: MemoryReading) -> None:
        tokens, metrics = self._tokens, QFontMetricsF(painter.font())
        for row, (kind, amount) in enumerate(zip(MEMORY_KINDS, reading.by_kind, strict=True)):
            middle = self._kinds_top + (row + 0.5) * self._line
            painter.fillRect(QRectF(0, round(middle) - 4, 8, 8), QColor(tokens.memory[kind]))
            base = round(middle + (metrics.ascent() - metrics.descent()) / 2)
            painter.setPen(QColor(tokens.text if amount > 0 else tokens.muted))
            painter.drawText(14, base, KIND_TITLES[kind])
            text = byte_count(amount)
            painter.drawText(round(self.width() - metrics.horizontalAdvance(text)), base, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int((event.position().y() - self._kinds_top) // self._line)
        inside = event.position().y() >= self._kinds_top and 0 <= row < len(MEMORY_KINDS)
        self.clicked.emit(MEMORY_KINDS[row] if inside else "peak memory")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit("peak memory")
        else:
            super().keyPressEvent(event)


def _spoken(reading: MemoryReading) -> str:
    """A reading for a screen reader."""
    capacity = byte_count(reading.capacity_bytes)
    text = f"die {reading.die}: {byte_count(reading.total_bytes)} of {capacity}"
    if reading.over_bytes > 0:
        return f"{text}, the peak is {byte_count(reading.over_bytes)} over"
    return text
