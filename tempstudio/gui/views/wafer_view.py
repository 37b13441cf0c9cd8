"""The wafer view: the canvas with a hand on it.

It changes no document: what a person does with a tool is emitted as a `Stroke`, what they point at
as a `Target`.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QLabel, QPushButton, QToolTip, QVBoxLayout, QWidget

from tempstudio.core.machine import Machine
from tempstudio.gui.views.wafer_canvas import WaferCanvas
from tempstudio.gui.views.wafer_hand import Hand, Stroke, Target
from tempstudio.scene.describe import die_text, link_text, machine_name

__all__ = ["Stroke", "Target", "WaferView"]


class WaferView(WaferCanvas):
    """A machine and one instant of a timeline, to point at, select on, and edit with tools.

    `hovered` carries a `Target` or None; `clicked` a kind (die, link, canvas), its id (die number,
    (source, target), None) and the keyboard modifiers; `band_selected` the dies of a rubber band
    and the modifiers; `edit_requested` a `Stroke`; `empty_clicked` the button of the empty view.
    """

    hovered = Signal(object)
    clicked = Signal(str, object, object)
    double_clicked = Signal(str, object)
    band_selected = Signal(object, object)
    stroke_started = Signal(str)
    edit_requested = Signal(object)
    stroke_finished = Signal()
    context_requested = Signal(object, QPoint)
    focus_moved = Signal(int)
    empty_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wafer")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Wafer, empty")
        self._hand = Hand(self)
        self._empty = self._empty_panel()

    def set_project(self, machine: Machine | None) -> None:
        """Show this machine; a timeline of another one is let go."""
        super().set_project(machine)
        self._empty.setVisible(machine is None)
        self.setAccessibleName(machine_name(machine) if machine else "Wafer, empty")

    def set_tool(self, tool: str) -> None:
        """The tool in hand: select, dead_die, dead_link or core_yield."""
        self._hand.take(tool)

    @property
    def tool(self) -> str:
        """The tool in hand."""
        return self._hand.tool

    def set_empty(self, sentence: str, button: str) -> None:
        """What an empty view says, and its one button."""
        self._empty_sentence.setText(sentence)
        self._empty_button.setText(button)

    def target_at(self, point: QPointF) -> Target | None:
        """What lies under a point of the widget."""
        layout = self.layout_of_dies
        if layout is None or self.machine is None:
            return None
        x, y = point.x() / self._scale, point.y() / self._scale
        left, top, width, height = self.picture.canvas if self.picture else layout.canvas
        if not (left <= x < left + width and top <= y < top + height):
            return None
        die = layout.die_at(x, y)
        if die is not None:
            return Target("die", die, die_text(self.machine, die, self.timeline, self.live_frame()))
        link = layout.link_at(x, y)
        if link is not None:
            text = link_text(self.machine, link, self.timeline, self.live_frame())
            return Target("link", link, text)
        return None

    def speak(self) -> None:
        """Let accessible name and description follow the focused die and the caption."""
        if self.machine is None or self._marks.focus is None:
            self.setAccessibleDescription("")
            return
        die = self._marks.focus
        text = die_text(self.machine, die, self.timeline, self.live_frame()).replace("\u2009", " ")
        chosen = ", selected" if die in self._marks.dies else ""
        self.setAccessibleName(f"{machine_name(self.machine)}: {text.partition(':')[0]}{chosen}")
        self.setAccessibleDescription(text)

    def _empty_panel(self) -> QWidget:
        panel = QWidget(self)
        panel.setObjectName("wafer.empty")
        column = QVBoxLayout(panel)
        column.setSpacing(12)
        self._empty_sentence = QLabel("No wafer is open.", panel)
        self._empty_sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty_button = QPushButton("New wafer", panel)
        self._empty_button.setObjectName("wafer.empty_button")
        self._empty_button.setProperty("primary", True)
        self._empty_button.clicked.connect(self.empty_clicked)
        column.addStretch()
        column.addWidget(self._empty_sentence)
        column.addWidget(self._empty_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        return panel

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The empty panel fills the view."""
        self._empty.setGeometry(self.rect())
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tooltips of what lies under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.target_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), found.text if found else "", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """See `Hand.press`."""
        self._hand.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """See `Hand.move`."""
        self._hand.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """See `Hand.release`."""
        self._hand.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """See `Hand.double`."""
        self._hand.double(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self._hand.leave()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """See `Hand.wheel`."""
        self._hand.wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See `Hand.key`."""
        if not self._hand.key(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """See `Hand.key_up`."""
        if not self._hand.key_up(event):
            super().keyReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu about what lies there."""
        self.context_requested.emit(self.target_at(QPointF(event.pos())), event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Arriving by keyboard shows where the focus is."""
        keyboard = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason,
                    Qt.FocusReason.ShortcutFocusReason)  # fmt: skip
        if event.reason() in keyboard:
            self._hand.show_focus()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The ring goes with the focus; a stroke ends."""
        self._hand.drop()
        self.mark(focus=None)
        super().focusOutEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nothing is kept open."""
        self._hand.drop()
        super().closeEvent(event)
