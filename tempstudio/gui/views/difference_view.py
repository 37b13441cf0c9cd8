"""The difference map of two runs as a widget: point at a die or link to read its difference."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QToolTip, QVBoxLayout, QWidget

from tempstudio.core.topology import topology_of
from tempstudio.gui.painter import DisplayListPainter
from tempstudio.gui.places import die_name, link_name
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.difference import (
    FOOT_PX,
    HEAD_PX,
    Difference,
    difference_picture,
    signed,
)
from tempstudio.scene.display_list import DisplayList
from tempstudio.scene.fitting import canvas_of, lay_out
from tempstudio.scene.format import byte_count, percent
from tempstudio.scene.tokens import Tokens


class DifferenceView(Zoomed, QWidget):
    """Shows a `Difference`, or a sentence."""

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("compare.difference")
        self.setAccessibleName("Difference map")
        self.setProperty("term", "difference map")
        self.setMouseTracking(True)
        self._tokens = tokens
        self._found: Difference | None = None
        self._picture: DisplayList | None = None
        self._painter = DisplayListPainter()
        self._message = QLabel(self)
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.addWidget(self._message)

    @property
    def difference(self) -> Difference | None:
        """What is shown."""
        return self._found

    def show_difference(self, found: Difference) -> None:
        """Show a map."""
        self._found = found
        self._message.hide()
        self.setAccessibleDescription(
            f"peak memory differs by up to {byte_count(found.most_bytes)} a die, "
            f"link load by up to {percent(found.most_load)}".replace("\u2009", " ")
        )
        self._changed()

    def show_message(self, text: str) -> None:
        """Say why there is no map."""
        self._found = None
        self._message.setText(text)
        self._message.show()
        self._changed()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self._changed()

    def _changed(self) -> None:
        self._picture = None
        self.update()

    def text_at(self, x: float, y: float) -> str:
        """What differs where a pointer is."""
        found = self._found
        if found is None:
            return ""
        machine = found.machine
        canvas = canvas_of(machine, self.width(), self.height(), HEAD_PX, FOOT_PX)
        layout = lay_out(machine, canvas, dpr=self.devicePixelRatioF())
        die = layout.die_at(x, y)
        if die is not None:
            value = float(found.memory_bytes[die])
            if not np.isfinite(value):
                return f"Die {die_name(machine, die)}: dead in one of them"
            return f"Die {die_name(machine, die)}: {signed(value, byte_count)} of peak memory"
        link = layout.link_at(x, y)
        number = topology_of(machine).link_ids.get(link) if link is not None else None
        if link is None or number is None:
            return ""
        load = float(found.load[number])
        if not np.isfinite(load):
            return f"Link {link_name(machine, *link)}: broken in one of them"
        return f"Link {link_name(machine, *link)}: {signed(load, percent)} mean load"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what differs there."""
        point = event.position()
        text = self.text_at(point.x(), point.y())
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The map, painted whole."""
        painter = self.painter()
        if self._found is None:
            painter.fillRect(self.rect(), QColor(self._tokens.canvas))
        else:
            dpr = self.devicePixelRatioF()
            if self._picture is None:
                self._picture = difference_picture(
                    self._found, self.width(), self.height(), self._tokens, dpr
                )
            self._painter.paint(painter, self._picture, dpr)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size is another picture."""
        self._changed()
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        """A change of screen or font."""
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._painter.forget()
            self._changed()
        return super().event(event)

    def sizeHint(self) -> QSize:
        """As large as a pane beside it."""
        return self.sized(250, 220)
