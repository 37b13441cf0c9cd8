"""Mouse, wheel and keys on the timeline: scrub, brush, pan, zoom, step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from tempstudio.gui.views.timeline_marks import RULER, STRIP, TOP

if TYPE_CHECKING:
    from tempstudio.gui.views.timeline_view import TimelineView

ZOOM_STEP = 1.25
PAN_STEP = 0.12
SCROLL_STEP = 24
GRIP_PX = 4.0  # how near an edge of the range takes hold of it
LEAST_DRAG_PX = 4.0
Key = Qt.Key
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


class TimelineHand:
    """Turns what a person does on one timeline into its verbs.

    On the strip and the ruler a drag moves the playhead; in the lanes a click does, and a drag
    brushes a range, or moves the edge that it takes hold of.  The middle button and Shift pan.
    """

    def __init__(self, view: TimelineView) -> None:
        self._view = view
        self._mode = ""
        self._from = QPointF()
        self._anchor_s = 0.0
        self._keys: dict[Key, Callable[[], object]] = {
            Key.Key_W: lambda: view.zoom(ZOOM_STEP),
            Key.Key_S: lambda: view.zoom(1 / ZOOM_STEP),
            Key.Key_A: lambda: view.pan(-PAN_STEP),
            Key.Key_D: lambda: view.pan(PAN_STEP),
            Key.Key_F: view.fit,
            Key.Key_Z: view.zoom_to_range,
            Key.Key_Up: lambda: view.scroll_by(-SCROLL_STEP),
            Key.Key_Down: lambda: view.scroll_by(SCROLL_STEP),
            Key.Key_Left: lambda: view.stepped.emit(-1),
            Key.Key_Right: lambda: view.stepped.emit(1),
            Key.Key_Home: lambda: view.scrub_to(0.0),
            Key.Key_End: lambda: view.scrub_to(float("inf")),
            Key.Key_Space: view.play_asked.emit,
        }

    def takes(self, event: QKeyEvent) -> bool:
        """Whether a key has a meaning here, whatever it is a shortcut for elsewhere."""
        if self._view.is_empty or event.modifiers():
            return False
        if event.key() == Key.Key_Escape:
            return self._view.range_s is not None
        return event.key() in self._keys

    def press_key(self, event: QKeyEvent) -> None:
        """Do what a key that is taken asks for."""
        if event.key() == Key.Key_Escape:
            self._view.brushed.emit(None)
        else:
            self._keys[Key(event.key())]()

    def press(self, event: QMouseEvent) -> None:
        """A button goes down."""
        at = event.position()
        self._from, self._mode = at, ""
        if self._view.is_empty:
            return
        if event.button() == MIDDLE or (event.button() == LEFT and event.modifiers() & SHIFT):
            self._mode = "pan"
        elif event.button() != LEFT:
            return
        elif at.y() < STRIP + RULER:
            self._mode = "scrub"
            self._scrub(at)
        elif self._grip(at) is not None:
            self._mode, self._anchor_s = "brush", self._other_edge(at)
        else:
            self._mode, self._anchor_s = "click", self._view.axis.time_at(at.x())

    def move(self, event: QMouseEvent) -> None:
        """The pointer moves, with a button down or not."""
        at, view = event.position(), self._view
        if self._mode == "click" and abs(at.x() - self._from.x()) >= LEAST_DRAG_PX:
            self._mode = "brush"
        if self._mode == "scrub":
            self._scrub(at)
        elif self._mode == "brush":
            view.brush(self._anchor_s, view.axis.time_at(at.x()))
        elif self._mode == "pan":
            view.pan((self._from.x() - at.x()) / view.axis.width)
            view.scroll_by(round(self._from.y() - at.y()))
            self._from = at
        else:
            over = self._grip(at) is not None
            view.setCursor(Qt.CursorShape.SplitHCursor if over else Qt.CursorShape.ArrowCursor)

    def release(self, event: QMouseEvent) -> None:
        """A button comes up; where nothing was dragged it was a click."""
        if self._mode == "click":
            self._view.click_at(event.position())
        self._mode = ""

    def turn_wheel(self, event: QWheelEvent) -> None:
        """The wheel zooms at the pointer; sideways or with Shift it pans, over names it scrolls."""
        turn, aside = event.angleDelta().y(), event.angleDelta().x()
        at, view = event.position(), self._view
        if event.modifiers() & SHIFT:
            turn, aside = 0, turn or aside
        if turn and at.x() < view.axis.left and at.y() > TOP:
            view.scroll_by(round(-SCROLL_STEP * turn / 120))
        elif turn:
            view.zoom(ZOOM_STEP ** (turn / 120), view.axis.time_at(at.x()))
        if aside:
            view.pan(-PAN_STEP * aside / 120)
        event.accept()

    def _scrub(self, at: QPointF) -> None:
        view = self._view
        if self._from.y() < STRIP:
            share = (at.x() - view.axis.left) / view.axis.width
            view.scrub_to(share * view.whole_s)
        else:
            view.scrub_to(view.axis.time_at(at.x()))

    def _grip(self, at: QPointF) -> float | None:
        """The time of the range's edge under the pointer, None where there is none."""
        if self._view.range_s is None or at.y() < STRIP + RULER:
            return None
        axis = self._view.axis
        near = min(self._view.range_s, key=lambda time_s: abs(axis.x(time_s) - at.x()))
        return near if abs(axis.x(near) - at.x()) <= GRIP_PX else None

    def _other_edge(self, at: QPointF) -> float:
        assert self._view.range_s is not None
        low, high = self._view.range_s
        return high if self._grip(at) == low else low
