"""The wafer as one widget: a machine, one instant of a timeline, and marks, painted whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from tempstudio.core.machine import Machine
from tempstudio.core.timeline import Frame, Timeline
from tempstudio.gui.painter import DisplayListPainter
from tempstudio.gui.zoomed import factor
from tempstudio.scene.camera import fitted, kept_inside, panned, showing, zoomed
from tempstudio.scene.display_list import DisplayList
from tempstudio.scene.layout import Layout
from tempstudio.scene.marks import Marks
from tempstudio.scene.memory_scale import memory_top
from tempstudio.scene.tokens import THEMES, Tokens
from tempstudio.scene.wafer import Ground, View, belongs, build, lay_ground, roles_of

ZOOM_STEP = 1.2


class Selected(Protocol):
    """What the view needs of a selection."""

    @property
    def dies(self) -> Sequence[int]: ...
    @property
    def links(self) -> Sequence[tuple[int, int]]: ...
    @property
    def operator(self) -> str: ...
    @property
    def tensor(self) -> str: ...


class WaferCanvas(QWidget):
    """Shows a machine, and on it one instant of a timeline; it can be looked at, not touched.

    `view_changed` says that zoom or pan did.
    """

    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.machine: Machine | None = None
        self.timeline: Timeline | None = None
        self.frame: Frame | None = None
        self._view = View()
        self._marks = Marks()
        self._scale = factor()
        self._ground: Ground | None = None
        self._picture: DisplayList | None = None
        self._painter = DisplayListPainter()

    # What is shown

    def set_project(self, machine: Machine | None) -> None:
        """Show this machine; a timeline of another one is let go."""
        if machine == self.machine:
            return
        before, self.machine = self.machine, machine
        if self.timeline is not None and (machine is None or not belongs(self.timeline, machine)):
            self.timeline = self.frame = None
        if machine is None or before is None or _shape(before) != _shape(machine):
            self._view = replace(self._view, zoom=1.0, pan=(0.0, 0.0))
            self._marks = replace(self._marks, dies=(), links=(), home=(), focus=None)
        self._marks = replace(self._marks, hovered_die=None, hovered_link=None)
        self._lay_anew()

    def set_timeline(self, timeline: Timeline | None, time_s: float = 0.0) -> bool:
        """Show this timeline; False (and nothing is drawn of it) where it is another machine's."""
        fits = timeline is not None and self.machine is not None and belongs(timeline, self.machine)
        named = roles_of(self.timeline)
        self.timeline = timeline if fits else None
        self.frame = self.timeline.at(time_s) if self.timeline is not None else None
        top = memory_top(self.timeline) if self.timeline is not None else self._view.memory_top
        if named != roles_of(self.timeline) or top != self._view.memory_top:
            self._view = replace(self._view, memory_top=top)
            self._lay_anew()
        self._changed()
        return fits or timeline is None

    def set_memory_top(self, share: float) -> None:
        """End the die colours at this share of the memory, so that several pictures compare."""
        if share != self._view.memory_top:
            self._view = replace(self._view, memory_top=share)
            self._lay_anew()

    def set_time(self, time_s: float) -> None:
        """Show this instant [s]."""
        if self.timeline is not None:
            self.set_frame(self.timeline.at(time_s))

    def set_frame(self, frame: Frame) -> None:
        """Show an instant that somebody else has asked the timeline for."""
        self.frame = frame if self.timeline is not None else None
        self._changed()

    def set_theme(self, theme: str | Tokens) -> None:
        """Light or dark."""
        name = theme if isinstance(theme, str) else theme.name
        if name not in THEMES:
            raise ValueError(f"theme: found {name!r}, allowed: {', '.join(THEMES)}")
        self._view = replace(self._view, theme=name)
        self._lay_anew()

    def set_selection(self, selected: Selected) -> None:
        """Mark what is selected; the rest recedes."""
        self._marks = replace(
            self._marks,
            dies=tuple(selected.dies),
            links=tuple(selected.links),
            operator=selected.operator,
            tensor=selected.tensor,
        )
        self._changed()

    def set_home(self, dies: tuple[int, ...]) -> None:
        """The dies that hold the selected copy of an operator stay bright."""
        self.mark(home=dies)

    def set_stale(self, text: str) -> None:
        """Say that the figures are from before; the layout is shown without chunks. "" ends it."""
        self._marks = replace(self._marks, stale=text)
        self._changed()

    def set_message(self, text: str) -> None:
        """A sentence in the caption's place (planning, cut apart); "" gives it back."""
        self._marks = replace(self._marks, message=text)
        self._changed()

    def set_reduced_motion(self, reduced: bool) -> None:
        """Arrowheads instead of moving chunks."""
        self._view = replace(self._view, reduced_motion=reduced)
        self._lay_anew()

    def set_bare(self) -> None:
        """The machine alone: no caption above it, no legend below."""
        self._view = replace(self._view, caption=False, legend=False)
        self._lay_anew()

    def set_interface_zoom(self, scale: float) -> None:
        """Everything larger by this factor, texts included."""
        self._scale = scale
        self._lay_anew()

    # Where things are

    @property
    def layout_of_dies(self) -> Layout | None:
        """Places of dies and links in the view's own (interface-zoomed) pixels."""
        return self._grounded().layout if self.machine is not None else None

    @property
    def picture(self) -> DisplayList | None:
        """What is painted now."""
        if self.machine is None:
            return None
        if self._picture is None:
            self._picture = build(self._grounded(), self.timeline, self.frame, self._marks)
        return self._picture

    @property
    def scale(self) -> float:
        """Widget pixels a pixel of the picture (interface zoom)."""
        return self._scale

    @property
    def marks(self) -> Marks:
        """What is pointed at, selected and focused."""
        return self._marks

    def mark(self, **changes: Any) -> None:
        """Change what is pointed at (used by the hand)."""
        marks = replace(self._marks, **changes)
        if marks != self._marks:
            self._marks = marks
            self._changed()

    def point_of_die(self, die: int) -> QPointF:
        """The centre of a die in widget coordinates."""
        layout = self._grounded().layout
        x, y, width, height = layout.die_xywh[die].tolist()
        return QPointF(x + width / 2, y + height / 2) * self._scale

    def point_of_link(self, source: int, target: int) -> QPointF:
        """The middle of a directed link's lane in widget coordinates, broken ones too."""
        ends = self._grounded().layout.lane_ends(np.array([source]), np.array([target]))[0]
        return QPointF((ends[0] + ends[2]) / 2, (ends[1] + ends[3]) / 2) * self._scale

    def dies_between(self, first: QPointF, second: QPointF) -> tuple[int, ...]:
        """The dies that the rectangle between two points touches."""
        layout, scale = self._grounded().layout, self._scale
        return layout.dies_in(
            first.x() / scale, first.y() / scale, second.x() / scale, second.y() / scale
        )

    # Zoom and pan

    @property
    def zoom(self) -> float:
        """1 where the machine fits the canvas."""
        return self._view.zoom

    def fit(self) -> None:
        """The whole machine."""
        if self.machine is not None:
            self._look(fitted(self._grounded()))

    def zoom_in(self) -> None:
        """Closer, about the middle."""
        self.zoom_about(ZOOM_STEP, QPointF(self.width() / 2, self.height() / 2))

    def zoom_out(self) -> None:
        """Further away, about the middle."""
        self.zoom_about(1 / ZOOM_STEP, QPointF(self.width() / 2, self.height() / 2))

    def zoom_about(self, factor: float, point: QPointF) -> None:
        """Closer by a factor, what lies under the point stays there."""
        if self.machine is not None:
            x, y = point.x() / self._scale, point.y() / self._scale
            self._look(zoomed(self._grounded(), factor, x, y))

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the machine by widget pixels."""
        if self.machine is not None:
            self._look(panned(self._grounded(), dx / self._scale, dy / self._scale))

    def show_die(self, die: int) -> None:
        """Pan until a die is inside the canvas."""
        if self.machine is not None:
            self._look(showing(self._grounded(), die))

    def _look(self, view: View) -> None:
        view = replace(self._view, zoom=view.zoom, pan=view.pan)
        if view != self._view:
            self._view = view
            self._lay_anew()
            self.view_changed.emit()

    # Inside

    def live_frame(self) -> Frame | None:
        """The frame, unless it is from before."""
        return None if self._marks.stale else self.frame

    def _grounded(self) -> Ground:
        assert self.machine is not None
        if self._ground is None:
            view = replace(self._view, dpr=self.devicePixelRatioF() * self._scale)
            width, height = self.width() / self._scale, self.height() / self._scale
            roles = roles_of(self.timeline)
            self._ground = lay_ground(self.machine, max(width, 1), max(height, 1), view, roles)
        return self._ground

    def _lay_anew(self) -> None:
        self._ground = None
        self._changed()

    def _changed(self) -> None:
        self._picture = None
        self.update()

    def sizeHint(self) -> QSize:
        """The canvas at 1280 x 800."""
        return QSize(772, 543)

    def minimumSizeHint(self) -> QSize:
        """Small enough for the smallest window."""
        return QSize(240, 200)

    def paintEvent(self, event: QPaintEvent) -> None:
        """One display list, painted whole."""
        painter = QPainter(self)
        picture = self.picture
        if picture is None:
            painter.fillRect(self.rect(), QColor(THEMES[self._view.theme].canvas))
        else:
            painter.scale(self._scale, self._scale)
            self._painter.paint(painter, picture, self._grounded().view.dpr)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A new size is a new layout."""
        self._lay_anew()
        if self.machine is not None:
            self._look(kept_inside(self._grounded(), self._view))

    def event(self, event: QEvent) -> bool:
        """A change of screen or font."""
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._painter.forget()
            self._lay_anew()
        return super().event(event)


def _shape(machine: Machine) -> tuple[str, int, int, int]:
    return machine.kind, machine.rows, machine.cols, machine.wafers
