"""Where the step time goes, as one thin bar."""

from __future__ import annotations

from types import MappingProxyType

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.format import seconds
from tempstudio.scene.tokens import Tokens


class TimeBar(Zoomed, QWidget):
    """Compute, exposed communication, bubble and optimizer: the four parts of the step.

    A click asks what the part there is, Enter what the largest is: `asked` carries its term.
    """

    asked = Signal(str)
    PARTS = (("compute", "I"), ("exposed", "W"), ("bubble", "P"), ("optimizer", "E"))
    TERMS = MappingProxyType({
        "compute": "compute time", "exposed": "exposed communication", "bubble": "bubble",
        "optimizer": "optimizer time",
    })  # fmt: skip

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("gauge.time")
        self._tokens = tokens
        self._parts: dict[str, float] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_parts(self, parts: dict[str, float]) -> None:
        """Seconds of each part."""
        self._parts = {name: parts.get(name, 0.0) for name, _ in self.PARTS}
        lines = [f"{name}: {seconds(value)}" for name, value in self._parts.items()]
        self.setToolTip("Where the step time goes\n" + "\n".join(lines) if any(lines) else "")
        self.setAccessibleName("Where the step time goes: " + ", ".join(lines))
        self.update()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.update()

    def sizeHint(self) -> QSize:
        return self.sized(200, round(8 + 4 + QFontMetricsF(font("caption")).height()))

    def part_at(self, x: float) -> str:
        """The part whose stretch of the bar a place is in, '' where there is none."""
        total, reach = sum(self._parts.values()), 0.0
        for name, value in self._parts.items():
            reach += value
            if total > 0 and x <= self.width() * reach / total:
                return name
        return ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x())
        if part:
            self.asked.emit(self.TERMS[part])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys and any(self._parts.values()):
            self.asked.emit(self.TERMS[max(self._parts, key=lambda part: self._parts[part])])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self.painter()
        tokens, total = self._tokens, sum(self._parts.values())
        bar = QRectF(0, 0, self.width(), 8)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.fillRect(bar, QColor(tokens.hairline))
        if total <= 0:
            return
        caption = font("caption")
        painter.setFont(caption)
        metrics = QFontMetricsF(caption)
        x, label_end = 0.0, -8.0
        for name, role in self.PARTS:
            width = self.width() * self._parts[name] / total
            colour = QColor(tokens.roles[role])
            painter.fillRect(QRectF(x, 0, width, 8), colour)
            if x > 0 and width > 0:
                painter.fillRect(QRectF(x, 0, 1, 8), QColor(tokens.surface))
            text = f"{name} {100 * self._parts[name] / total:.0f}\u2009%"
            room = metrics.horizontalAdvance(text)
            at = min(max(x, label_end + 8), self.width() - room)
            if width >= 2 and at >= label_end + 8:
                painter.setPen(QColor(tokens.muted))
                painter.drawText(round(at), round(12 + metrics.ascent()), text)
                label_end = at + room
            x += width
