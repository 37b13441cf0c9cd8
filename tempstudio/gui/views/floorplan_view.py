"""The floor plan of a wafer as a small picture that follows what is typed."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tempstudio.core.machine import Machine, Wafer
from tempstudio.gui.painter import DisplayListPainter
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.display_list import DisplayList
from tempstudio.scene.floorplan import budget_text, floorplan_picture
from tempstudio.scene.tokens import Tokens


class FloorplanView(Zoomed, QWidget):
    """Shows a wafer's disc, square and places; nothing for a cluster."""

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("floorplan")
        self.setProperty("term", "floor plan")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._tokens = tokens
        self._wafer: Wafer | None = None
        self._painter = DisplayListPainter()

    def set_machine(self, machine: Machine | None) -> None:
        """Show this wafer."""
        self._wafer = machine if isinstance(machine, Wafer) else None
        text = budget_text(self._wafer) if self._wafer is not None else ""
        self.setAccessibleName(f"Floor plan: {text}" if text else "Floor plan")
        self.setToolTip(
            f"{text}\nEvery die's place on the wafer: the compute die and its stacks of memory."
            if text
            else ""
        )
        self.update()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self._painter.forget()
        self.update()

    def sizeHint(self) -> QSize:
        return self.sized(216, 216)

    @property
    def picture(self) -> DisplayList | None:
        """What is painted."""
        if self._wafer is None:
            return None
        return floorplan_picture(self._wafer, self.width(), self.height(), self._tokens.name)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self.painter()
        picture = self.picture
        if picture is None:
            painter.fillRect(self.rect(), QColor(self._tokens.window))
        else:
            self._painter.paint(painter, picture, self.devicePixelRatioF())
        painter.end()
