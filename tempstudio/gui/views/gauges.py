"""Gauges: the three large figures, and memory against capacity at the moment shown."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from tempstudio.core.timeline import MEMORY_KINDS
from tempstudio.gui.icons import pixmap
from tempstudio.gui.theme import font
from tempstudio.scene.format import NONE, byte_count
from tempstudio.scene.tokens import Tokens

KIND_TITLES = {
    "weights": "Weights",
    "gradients": "Gradients",
    "optimizer": "Optimizer states",
    "activations": "Activations",
    "stream_buffers": "Stream buffers",
    "collective_buffers": "Collective buffers",
}


@dataclass(frozen=True)
class Figure:
    """What a figure button shows; `change` compares with the run before, '' for nothing."""

    number: str = NONE
    unit: str = ""
    change: str = ""
    better: bool | None = None


class FigureButton(QAbstractButton):
    """A large figure with its name above and the change below; a click asks where it comes from."""

    def __init__(self, key: str, title: str, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"figure.{key}")
        self.key, self.title = key, title
        self._tokens, self._figure = tokens, Figure()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    @property
    def figure(self) -> Figure:
        """What is shown."""
        return self._figure

    def set_figure(self, figure: Figure) -> None:
        """Show another figure."""
        if figure != self._figure:
            self._figure = figure
            self.setAccessibleName(f"{self.title}: {figure.number} {figure.unit}")
            self.update()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.update()

    def sizeHint(self) -> QSize:
        caption, large = QFontMetricsF(font("caption")), QFontMetricsF(font("figure"))
        return QSize(78, round(2 * caption.height() + large.height() + 8))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, figure = self._tokens, self._figure
        if self.underMouse() or self.hasFocus():
            width = 2 if self.hasFocus() else 1
            painter.setPen(QPen(QColor(tokens.accent), width))
            edge = width / 2
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(edge, edge, -edge, -edge), 4, 4)
        caption, large = font("caption"), font("figure")
        small, big = QFontMetricsF(caption), QFontMetricsF(large)
        y = 4 + small.ascent()
        painter.setFont(caption)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QRectF(4, 4, self.width() - 8, small.height()), 0, self.title)
        y = 4 + small.height() + big.ascent()
        painter.setFont(large)
        painter.setPen(QColor(tokens.text if self.isEnabled() else tokens.muted))
        painter.drawText(4, round(y), figure.number)
        painter.setFont(font("body"))
        painter.setPen(QColor(tokens.muted))
        painter.drawText(round(4 + big.horizontalAdvance(figure.number) + 2), round(y), figure.unit)
        if figure.change:
            colour = {True: tokens.ok, False: tokens.warning, None: tokens.muted}[figure.better]
            painter.setFont(caption)
            painter.setPen(QColor(colour))
            painter.drawText(4, round(y + big.descent() + small.ascent()), figure.change)


@dataclass(frozen=True)
class MemoryReading:
    """Bytes of one die by kind (as MEMORY_KINDS) now, its capacity and the step's peak."""

    die: str
    by_kind: tuple[float, ...]
    capacity_bytes: float
    peak_bytes: float | None = None


class MemoryGauge(QWidget):
    """A bar stacked by kind against the die's capacity, the peak marked, and the kinds."""

    clicked = Signal(str)  # a memory kind, or "peak memory"
    BAR = 20

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
        return max(QFontMetricsF(font("caption")).height() + 2, 16.0)

    def sizeHint(self) -> QSize:
        return QSize(200, round(self.BAR + 2 * self._line + 6 + len(MEMORY_KINDS) * self._line))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens, reading = self._tokens, self._reading
        bar = QRectF(0.5, self._line + 0.5, self.width() - 1, self.BAR)
        painter.setFont(font("caption"))
        if reading is None:
            painter.fillRect(bar, QColor(tokens.canvas))
            painter.setPen(QColor(tokens.control))
            painter.drawRect(bar)
            return
        total = sum(reading.by_kind)
        full = max(reading.capacity_bytes, reading.peak_bytes or 0.0, total)
        scale = bar.width() / full
        self._paint_bar(painter, bar, reading, scale)
        self._paint_marks(painter, bar, reading, scale, total)
        self._paint_kinds(painter, bar.bottom() + self._line + 6, reading)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def _paint_bar(
        self, painter: QPainter, bar: QRectF, reading: MemoryReading, scale: float
    ) -> None:
        tokens = self._tokens
        painter.fillRect(bar, QColor(tokens.canvas))
        x = bar.left()
        for kind, amount in zip(MEMORY_KINDS, reading.by_kind, strict=True):
            width = amount * scale
            painter.fillRect(QRectF(x, bar.top(), width, bar.height()), QColor(tokens.memory[kind]))
            x += width
            if width > 1:
                painter.fillRect(QRectF(x - 1, bar.top(), 1, bar.height()), QColor(tokens.surface))
        painter.setPen(QColor(tokens.control))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        limit = bar.left() + reading.capacity_bytes * scale
        if limit < bar.right() - 1:
            beyond = QRectF(limit, bar.top(), bar.right() - limit, bar.height())
            painter.fillRect(beyond, QBrush(QColor(tokens.error), Qt.BrushStyle.BDiagPattern))
            painter.setPen(QPen(QColor(tokens.error), 2))
            painter.drawLine(
                round(limit), round(bar.top() - 3), round(limit), round(bar.bottom() + 3)
            )

    def _paint_marks(
        self, painter: QPainter, bar: QRectF, reading: MemoryReading, scale: float, total: float
    ) -> None:
        tokens = self._tokens
        metrics = QFontMetricsF(painter.font())
        base = round(metrics.ascent())
        painter.setPen(QColor(tokens.text))
        painter.drawText(0, base, f"Die {reading.die}: {byte_count(total)}")
        over = (reading.peak_bytes or total) - reading.capacity_bytes
        if over > 0:
            text = f"{byte_count(over)} over {byte_count(reading.capacity_bytes)}"
            painter.setPen(QColor(tokens.error))
            x = self.width() - metrics.horizontalAdvance(text)
            sign = pixmap("error", tokens.error, 16, self.devicePixelRatioF())
            painter.drawPixmap(round(x) - 20, base - 13, sign)
        else:
            text = f"of {byte_count(reading.capacity_bytes)}"
            painter.setPen(QColor(tokens.muted))
            x = self.width() - metrics.horizontalAdvance(text)
        painter.drawText(round(x), base, text)
        if reading.peak_bytes is None:
            return
        at = bar.left() + reading.peak_bytes * scale
        painter.setPen(QPen(QColor(tokens.text), 2))
        painter.drawLine(
            round(at) - 1, round(bar.top() - 3), round(at) - 1, round(bar.bottom() + 4)
        )
        label = f"peak {byte_count(reading.peak_bytes)}"
        width = metrics.horizontalAdvance(label)
        left = min(max(at - width / 2, 0), self.width() - width)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(round(left), round(bar.bottom() + 4 + metrics.ascent()), label)

    def _paint_kinds(self, painter: QPainter, top: float, reading: MemoryReading) -> None:
        tokens, metrics = self._tokens, QFontMetricsF(painter.font())
        for row, (kind, amount) in enumerate(zip(MEMORY_KINDS, reading.by_kind, strict=True)):
            y = top + row * self._line
            painter.fillRect(QRectF(0, y + 4, 8, 8), QColor(tokens.memory[kind]))
            base = round(y + 4 + 4 + metrics.ascent() / 2 - 1)
            painter.setPen(QColor(tokens.text if amount > 0 else tokens.muted))
            painter.drawText(14, base, KIND_TITLES[kind])
            text = byte_count(amount)
            painter.drawText(round(self.width() - metrics.horizontalAdvance(text)), base, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        top = self._line + self.BAR + self._line + 6
        row = int((event.position().y() - top) // self._line)
        inside = event.position().y() >= top and 0 <= row < len(MEMORY_KINDS)
        self.clicked.emit(MEMORY_KINDS[row] if inside else "peak memory")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit("peak memory")
        else:
            super().keyPressEvent(event)


def _spoken(reading: MemoryReading) -> str:
    """A reading for a screen reader."""
    total, capacity = sum(reading.by_kind), byte_count(reading.capacity_bytes)
    text = f"die {reading.die}: {byte_count(total)} of {capacity}"
    over = (reading.peak_bytes or total) - reading.capacity_bytes
    return f"{text}, the peak is {byte_count(over)} over" if over > 0 else text
