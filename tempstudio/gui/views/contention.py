"""The contention gauge: how busy the links are at the moment shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from tempstudio.core.machine import Machine
from tempstudio.gui.places import link_name
from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.format import byte_rate, percent, plural
from tempstudio.scene.tokens import Tokens

BINS = 10
MOST_LINKS = 10


@dataclass(frozen=True, eq=False)
class LinkReading:
    """Utilisation (0..1), rate [B/s], name and ends of every live directed link at a moment."""

    utilization: NDArray[np.float64]
    rate: NDArray[np.float64]
    machine: Machine
    pairs: tuple[tuple[int, int], ...]

    def name(self, link: int) -> str:
        """How a link is called."""
        return link_name(self.machine, *self.pairs[link])

    @property
    def busy(self) -> int:
        """Links that carry something."""
        return int(np.count_nonzero(self.rate > 0))

    @property
    def histogram(self) -> tuple[int, ...]:
        """Busy links in ten equal bins of utilisation; idle ones are counted apart."""
        used = np.clip(self.utilization[self.rate > 0], 0.0, 1.0)
        return tuple(np.histogram(used, bins=BINS, range=(0.0, 1.0))[0].tolist())

    @property
    def top(self) -> tuple[int, ...]:
        """Numbers of the ten busiest links, busiest first."""
        busy = np.flatnonzero(self.rate > 0)
        order = busy[np.argsort(-self.utilization[busy], kind="stable")]
        return tuple(order[:MOST_LINKS].tolist())


class Histogram(Zoomed, QWidget):
    """How many links are how busy; the axis runs from idle to full."""

    asked = Signal(str)  # a term of the glossary
    HEIGHT = 48

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("gauge.histogram")
        self._tokens = tokens
        self._reading: LinkReading | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.asked.emit("link utilisation")

    def set_reading(self, reading: LinkReading | None) -> None:
        """Show another moment."""
        self._reading = reading
        self.update()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.update()

    def sizeHint(self) -> QSize:
        line = QFontMetricsF(font("caption")).height()
        return self.sized(200, round(line + self.HEIGHT + 2))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self.painter()
        tokens = self._tokens
        caption = font("caption")
        painter.setFont(caption)
        metrics = QFontMetricsF(caption)
        base = float(self.HEIGHT)
        painter.setPen(QColor(tokens.hairline))
        painter.drawLine(0, round(base), self.width(), round(base))
        painter.setPen(QColor(tokens.muted))
        axis = round(base + 2 + metrics.ascent())
        painter.drawText(0, axis, "0\u2009%")
        right = "100\u2009%"
        painter.drawText(round(self.width() - metrics.horizontalAdvance(right)), axis, right)
        reading = self._reading
        if reading is None:
            return
        links = len(reading.utilization)
        counts = reading.histogram
        most = max(counts)
        middle = f"{reading.busy:,} of {plural(links, 'link')} busy"
        if reading.busy == links:
            middle = f"all {links:,} links busy"
        painter.drawText(
            round((self.width() - metrics.horizontalAdvance(middle)) / 2), axis, middle
        )
        if not most:
            return
        width = self.width() / BINS
        for i, count in enumerate(counts):
            if not count:
                continue
            height = max((self.HEIGHT - metrics.height()) * count / most, 2.0)
            colour = tokens.lanes[min(i * len(tokens.lanes) // BINS, len(tokens.lanes) - 1)]
            bar = QRectF(i * width + 1, base - height, width - 2, height)
            painter.fillRect(bar, QColor(colour))
            label = str(count)
            if metrics.horizontalAdvance(label) <= width:
                x = bar.center().x() - metrics.horizontalAdvance(label) / 2
                painter.drawText(round(x), round(bar.top() - 2), label)


class TopLinks(Zoomed, QWidget):
    """The busiest links of the moment; a click or Enter selects one."""

    chosen = Signal(object)  # (source die, target die)

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("gauge.top_links")
        self.setAccessibleName("Busiest links")
        self._tokens = tokens
        self._reading: LinkReading | None = None
        self._top: tuple[int, ...] = ()
        self._selected: tuple[tuple[int, int], ...] = ()
        self._row = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_reading(self, reading: LinkReading | None) -> None:
        """Show another moment."""
        self._reading = reading
        self._top = reading.top if reading is not None else ()
        self.update()

    def set_selected(self, pairs: tuple[tuple[int, int], ...]) -> None:
        """Mark the selected links."""
        self._selected = pairs
        self.update()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.update()

    @property
    def _line(self) -> float:
        return max(QFontMetricsF(font("caption")).height() + 4, 18.0)

    def sizeHint(self) -> QSize:
        return self.sized(200, round(MOST_LINKS * self._line))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self.painter()
        tokens, reading = self._tokens, self._reading
        caption = font("caption")
        painter.setFont(caption)
        metrics = QFontMetricsF(caption)
        if reading is None or not self._top:
            painter.setPen(QColor(tokens.muted))
            text = "No link carries anything at this moment." if reading is not None else ""
            painter.drawText(4, round(self._line - metrics.descent() - 2), text)
            self._paint_focus(painter, 0)
            return
        name_room = max(metrics.horizontalAdvance(reading.name(i)) for i in self._top) + 8
        value_room = metrics.horizontalAdvance("100\u2009%") + 8
        bar_room = max(self.width() - name_room - value_room, 8)
        for row, link in enumerate(self._top):
            y = row * self._line
            if reading.pairs[link] in self._selected:
                painter.fillRect(QRectF(0, y, 2, self._line), QColor(tokens.accent))
            base = round(y + (self._line + metrics.ascent() - metrics.descent()) / 2)
            share = float(min(reading.utilization[link], 1.0))
            painter.setPen(QColor(tokens.text))
            painter.drawText(4, base, reading.name(link))
            groove = QRectF(name_room, y + self._line / 2 - 3, bar_room, 6)
            painter.fillRect(groove, QColor(tokens.hairline))
            colour = tokens.lanes[min(int(share * len(tokens.lanes)), len(tokens.lanes) - 1)]
            painter.fillRect(
                QRectF(groove.left(), groove.top(), bar_room * share, 6), QColor(colour)
            )
            text = percent(float(reading.utilization[link]))
            painter.setPen(QColor(tokens.muted))
            painter.drawText(round(self.width() - metrics.horizontalAdvance(text)), base, text)
        self._paint_focus(painter, min(self._row, len(self._top) - 1))

    def _paint_focus(self, painter: QPainter, row: int) -> None:
        """A ring around a row, where the keys go."""
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._tokens.accent), 2))
            painter.drawRect(QRectF(1, row * self._line + 1, self.width() - 2, self._line - 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._choose(int(event.position().y() // self._line))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        step = steps.get(Qt.Key(event.key()))
        if step is not None:
            self._row = min(max(self._row + step, 0), max(len(self._top) - 1, 0))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self._row)
        else:
            super().keyPressEvent(event)

    def _choose(self, row: int) -> None:
        if self._reading is not None and 0 <= row < len(self._top):
            self._row = row
            self.chosen.emit(self._reading.pairs[self._top[row]])
            self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._reading is not None:
            row = int(event.pos().y() // self._line)
            if 0 <= row < len(self._top):
                link = self._top[row]
                rate = byte_rate(float(self._reading.rate[link]))
                self.setToolTip(f"Link {self._reading.name(link)}: {rate} at this moment")
        return super().event(event)
