"""Interface zoom for what is painted by hand: a widget that thinks in pixels of factor one."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QWidget

_factor = [1.0]


def factor() -> float:
    """How much larger than its design the interface is drawn."""
    return _factor[0]


def set_factor(value: float) -> None:
    """Draw everything so much larger (used by `Zoom`)."""
    _factor[0] = value


class Zoomed:
    """A mixin, named before the Qt class: sizes and positions are those of factor one.

    Paint with `painter()`, give size hints with `sized()`, place children with `place()`.  `Zoom`
    hands mouse events over in the same pixels.
    """

    def painter(self) -> QPainter:
        """A painter on the widget in its own pixels."""
        assert isinstance(self, QWidget)
        made = QPainter(self)
        made.scale(factor(), factor())
        return made

    def sized(self, width: float, height: float) -> QSize:
        """A size hint in screen pixels."""
        return QSize(round(width * factor()), round(height * factor()))

    def place(self, child: QWidget, x: float, y: float, width: float, height: float) -> None:
        """Put a child where it belongs."""
        f = factor()
        child.setGeometry(round(x * f), round(y * f), round(width * f), round(height * f))

    def size(self) -> QSize:
        """The size in its own pixels."""
        whole: QSize = super().size()  # type: ignore[misc]
        return whole if factor() == 1 else QSize(self.width(), self.height())

    def width(self) -> int:
        """The width in its own pixels."""
        whole: int = super().width()  # type: ignore[misc]
        return round(whole / factor())

    def height(self) -> int:
        """The height in its own pixels."""
        whole: int = super().height()  # type: ignore[misc]
        return round(whole / factor())

    def rect(self) -> QRect:
        """The rectangle in its own pixels."""
        return QRect(0, 0, self.width(), self.height())

    def devicePixelRatioF(self) -> float:
        """Device pixels that one of its own pixels takes."""
        return float(super().devicePixelRatioF() * factor())  # type: ignore[misc]

    def mapToGlobal(self, point: Any) -> Any:
        """A place on the screen of a point in its own pixels."""
        scaled = QPointF(point) * factor()
        made = super().mapToGlobal(scaled)  # type: ignore[misc]
        return made if isinstance(point, QPointF) else made.toPoint()


def in_own_pixels(event: QEvent) -> QEvent | None:
    """The same event of the mouse in a `Zoomed` widget's pixels; None for any other event."""
    f = factor()
    if isinstance(event, QMouseEvent):
        return QMouseEvent(event.type(), event.position() / f, event.scenePosition(),
                           event.globalPosition(), event.button(), event.buttons(),
                           event.modifiers(), event.pointingDevice())  # fmt: skip
    if isinstance(event, QWheelEvent):
        return QWheelEvent(event.position() / f, event.globalPosition(), event.pixelDelta(),
                           event.angleDelta(), event.buttons(), event.modifiers(), event.phase(),
                           event.inverted())  # fmt: skip
    if isinstance(event, QHelpEvent):
        return QHelpEvent(event.type(), _less(event.pos(), f), event.globalPos())
    if isinstance(event, QContextMenuEvent):
        return QContextMenuEvent(event.reason(), _less(event.pos(), f), event.globalPos(),
                                 event.modifiers())  # fmt: skip
    return None


def _less(point: QPoint, f: float) -> QPoint:
    return (QPointF(point) / f).toPoint()
