"""Mouse and keys on the wafer view: pointing, selecting, painting with a tool, panning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent, QWheelEvent

from tempstudio.gui.views.wafer_brush import (
    CORE_YIELD,
    DEAD_DIE,
    DEAD_LINK,
    SELECT,
    Brush,
    Stroke,
    Target,
)

__all__ = ["Hand", "Stroke", "Target"]

if TYPE_CHECKING:
    from tempstudio.gui.views.wafer_view import WaferView

PAN_KEY_PX = 60.0
DRAG_PX = 5.0

_ARROWS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


class Hand:
    """What mouse and keys are doing on one wafer view."""

    def __init__(self, view: WaferView) -> None:
        self._view = view
        self._brush = Brush(view)
        self._focus = 0
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._panning = False
        self._space = False
        self._space_used = False

    @property
    def tool(self) -> str:
        """The tool in hand."""
        return self._brush.tool

    def take(self, tool: str) -> None:
        """Take another tool; a stroke under way ends."""
        self._brush.take(tool)
        self.drop()

    def drop(self) -> None:
        """End whatever is under way."""
        self._brush.lift()
        self._panning = self._space = False
        self._pressed = None
        self._view.mark(band=None)
        self._show_cursor()

    # Mouse

    def press(self, event: QMouseEvent) -> None:
        """Begin a click, a rubber band, a stroke or a pan."""
        point = event.position()
        self._pressed, self._last = point, point
        middle = event.button() == Qt.MouseButton.MiddleButton
        if middle or (self._space and event.button() == Qt.MouseButton.LeftButton):
            self._panning, self._space_used = True, True
            self._show_cursor()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._view.mark(focus=None)
            if self.tool != SELECT:
                self._brush.put_down(event.modifiers())
                self._brush.touch(point)
        else:
            self._pressed = None

    def move(self, event: QMouseEvent) -> None:
        """Go on with it, or point at something."""
        point = event.position()
        if self._panning:
            step = point - self._last
            self._view.pan_by(step.x(), step.y())
        elif self._brush.is_down:
            self._brush.drag(self._last, point)
            self._point_at(point)
        elif self._pressed is not None:
            if (point - self._pressed).manhattanLength() >= DRAG_PX or self._view.marks.band:
                self._view.mark(band=_box(self._pressed, point, self._view.scale),
                                hovered_die=None, hovered_link=None)  # fmt: skip
        else:
            self._point_at(point)
        self._last = point

    def release(self, event: QMouseEvent) -> None:
        """Finish it."""
        point, pressed = event.position(), self._pressed
        self._pressed = None
        if self._panning:
            self._panning = False
            self._show_cursor()
        elif self._brush.is_down:
            self._brush.lift()
        elif pressed is not None and self._view.marks.band is not None:
            dies = self._view.dies_between(pressed, point)
            self._view.mark(band=None)
            self._view.band_selected.emit(dies, event.modifiers())
        elif pressed is not None:
            self._click(point, event.modifiers())

    def double(self, event: QMouseEvent) -> None:
        """A second click on a die or link opens it; on the bare canvas it fits the machine."""
        found = self._view.target_at(event.position())
        if self.tool != SELECT:
            self.press(event)
        elif found is None:
            self._view.fit()
        else:
            self._view.double_clicked.emit(found.kind, found.id)

    def leave(self) -> None:
        """The pointer has left."""
        self._view.mark(hovered_die=None, hovered_link=None)
        self._view.hovered.emit(None)

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom about the pointer; two fingers on a touchpad pan."""
        pixels = event.pixelDelta()
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if not pixels.isNull() and not control:
            self._view.pan_by(pixels.x(), pixels.y())
        else:
            self._view.zoom_about(1.2 ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def _click(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        found = self._view.target_at(point)
        if found is None:
            self._view.clicked.emit("canvas", None, modifiers)
            return
        if isinstance(found.id, int):
            self._focus = found.id
        self._view.clicked.emit(found.kind, found.id, modifiers)

    def _point_at(self, point: QPointF) -> None:
        found = self._view.target_at(point)
        die = found.id if found and found.kind == "die" else None
        link = found.id if found and found.kind == "link" else None
        before = self._view.marks
        if (before.hovered_die, before.hovered_link) != (die, link):
            self._view.mark(hovered_die=die, hovered_link=link)
            self._view.hovered.emit(found)

    # Keys

    def key(self, event: QKeyEvent) -> bool:
        """Move the focus, choose, pan, zoom; False where the key means nothing here."""
        key, modifiers = event.key(), event.modifiers()
        if self._view.machine is None:
            return False
        if key in _ARROWS:
            self._arrow(_ARROWS[Qt.Key(key)], modifiers)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._view.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self._view.zoom_out()
        elif key == Qt.Key.Key_0:
            self._view.fit()
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            far = self._view.machine.die_count
            self._go(0, -far if key == Qt.Key.Key_Home else far)
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space, self._space_used = True, False
                self._show_cursor()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(modifiers)
        elif key == Qt.Key.Key_A and modifiers & Qt.KeyboardModifier.ControlModifier:
            self._view.band_selected.emit(tuple(self._view.machine.alive_ids), modifiers)
        elif key == Qt.Key.Key_Escape and (self._brush.is_down or self._view.marks.band):
            self.drop()
        elif key == Qt.Key.Key_Escape and self.tool == SELECT:
            self._view.clicked.emit("canvas", None, Qt.KeyboardModifier.NoModifier)
        else:
            return False
        return True

    def key_up(self, event: QKeyEvent) -> bool:
        """Space that panned nothing is a click on the focused die."""
        if event.key() != Qt.Key.Key_Space or event.isAutoRepeat():
            return False
        was, self._space = self._space, False
        self._show_cursor()
        if was and not self._space_used:
            self._choose(event.modifiers())
        return True

    def show_focus(self) -> None:
        """Show the ring around the focused die, and speak of it."""
        machine = self._view.machine
        if machine is None:
            return
        self._focus = min(self._focus, machine.die_count - 1)
        self._view.mark(focus=self._focus)
        self._view.show_die(self._focus)
        self._view.speak()

    def _arrow(self, way: tuple[int, int], modifiers: Qt.KeyboardModifier) -> None:
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self._view.pan_by(-way[1] * PAN_KEY_PX, -way[0] * PAN_KEY_PX)
            return
        layout = self._view.layout_of_dies
        if self.tool == DEAD_LINK and modifiers & Qt.KeyboardModifier.ShiftModifier and layout:
            other = layout.neighbour(self._focus, *way)
            if other != self._focus:
                self._brush.dab("link", (self._focus, other), modifiers)
            return
        before = self._focus
        self._go(*way)
        if modifiers & Qt.KeyboardModifier.ShiftModifier and self.tool == SELECT:
            chosen = dict.fromkeys((*self._view.marks.dies, before, self._focus))
            self._view.band_selected.emit(tuple(chosen), Qt.KeyboardModifier.NoModifier)

    def _go(self, down: int, right: int) -> None:
        layout = self._view.layout_of_dies
        if layout is None:
            return
        if self._view.marks.focus is not None:
            self._focus = layout.neighbour(self._view.marks.focus, down, right)
        self.show_focus()
        self._view.focus_moved.emit(self._focus)

    def _choose(self, modifiers: Qt.KeyboardModifier) -> None:
        """Return or Space: click the focused die, or use the tool on it."""
        if self._view.marks.focus is None:
            self.show_focus()
            return
        if self.tool in (DEAD_DIE, CORE_YIELD):
            self._brush.dab("die", self._focus, modifiers)
        else:
            self._view.clicked.emit("die", self._focus, modifiers)
            self._view.speak()

    def _show_cursor(self) -> None:
        shape = Qt.CursorShape.ArrowCursor
        if self._panning:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._space:
            shape = Qt.CursorShape.OpenHandCursor
        elif self.tool != SELECT:
            shape = Qt.CursorShape.CrossCursor
        if QGuiApplication.instance() is not None:
            self._view.setCursor(shape)


def _box(first: QPointF, second: QPointF, scale: float) -> tuple[float, float, float, float]:
    left, right = sorted((first.x() / scale, second.x() / scale))
    top, bottom = sorted((first.y() / scale, second.y() / scale))
    return left, top, right - left, bottom - top
