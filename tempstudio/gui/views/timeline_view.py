"""The timeline: a congestion strip of the whole step, and lanes that zoom and pan under it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QPushButton, QScrollBar, QToolTip, QWidget

from tempstudio.core.timeline import Timeline
from tempstudio.gui.views.timeline_boxes import Boxes
from tempstudio.gui.views.timeline_hand import TimelineHand
from tempstudio.gui.views.timeline_lanes import TimelineLanes
from tempstudio.gui.views.timeline_marks import GUTTER, RIGHT, STRIP, TOP, most_scroll
from tempstudio.gui.views.timeline_over import paint_hovered, paint_playhead, paint_range
from tempstudio.gui.views.timeline_picture import Landmarks, TimelinePicture
from tempstudio.gui.views.timeline_under import box_at, text_at
from tempstudio.gui.zoomed import Zoomed, factor
from tempstudio.scene.format import seconds
from tempstudio.scene.moments import congestion, micro_batches, pipeline_phases
from tempstudio.scene.time_axis import Axis
from tempstudio.scene.tokens import Tokens

MOST_ZOOM = 1e6  # of the step in view
FOUND_SHARE = 0.25  # of the view, for what was jumped to


class TimelineView(Zoomed, QWidget):
    """Draws a timeline around a time.

    `scrubbed` asks for another time, `stepped` for a neighbouring event (-1, 1), `chosen` for an
    operator, `brushed` for a range (begin, end) [s] or None.
    """

    scrubbed = Signal(float)
    stepped = Signal(int)
    chosen = Signal(str)
    brushed = Signal(object)
    hovered = Signal(str)
    play_asked = Signal()
    empty_clicked = Signal()

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAccessibleName("Timeline")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(TOP + 40)
        self._tokens = tokens
        self._timeline: Timeline | None = None
        self._lanes: TimelineLanes | None = None
        self._landmarks = Landmarks(np.zeros(0), (), ())
        self._begin_s, self._end_s, self._time_s = 0.0, 1.0, 0.0
        self._range_s: tuple[float, float] | None = None
        self._picture: QPixmap | None = None
        self._drawn: list[tuple[QRectF, Boxes]] = []
        self._under: QRectF | None = None
        self._operator = ""
        self._empty = ""
        self._hand = TimelineHand(self)
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setObjectName("timeline.scroll")
        self._bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._bar.valueChanged.connect(lambda _: self._redraw())
        self._empty_button = QPushButton(self)
        self._empty_button.setObjectName("timeline.empty_button")
        self._empty_button.clicked.connect(self.empty_clicked)
        self._empty_button.hide()
        self._bar.hide()

    def sizeHint(self) -> QSize:
        return self.sized(600, 148)

    # What is shown

    @property
    def is_empty(self) -> bool:
        """Whether there is no step to show."""
        return self._timeline is None

    @property
    def whole_s(self) -> float:
        """How long the step lasts."""
        return self._timeline.duration_s if self._timeline is not None else 1.0

    @property
    def view_s(self) -> tuple[float, float]:
        """The part of the step in view [s]."""
        return self._begin_s, self._end_s

    @property
    def range_s(self) -> tuple[float, float] | None:
        """The brushed range."""
        return self._range_s

    @property
    def axis(self) -> Axis:
        """Where times stand in the lanes."""
        width = max(self.width() - GUTTER - RIGHT, 1.0)
        return Axis(GUTTER, width, self._begin_s, self._end_s)

    @property
    def drawn(self) -> list[tuple[QRectF, Boxes]]:
        """The lanes painted last, with their boxes."""
        return self._drawn

    def set_timeline(self, timeline: Timeline | None) -> None:
        """Show another step, all of it; None shows that there is none."""
        self._timeline = timeline
        self._lanes, self._landmarks = None, Landmarks(np.zeros(0), (), ())
        if timeline is not None:
            self._lanes = TimelineLanes(timeline)
            self._landmarks = Landmarks(
                congestion(timeline),
                pipeline_phases(timeline),
                micro_batches(timeline) if timeline.stages == 1 else (),
            )
        self._place_children()
        self.fit()

    def set_time(self, time_s: float) -> None:
        """Move the playhead; a zoomed view turns the page when it leaves."""
        if self._timeline is not None and not self._begin_s <= time_s <= self._end_s:
            width = self._end_s - self._begin_s
            self._look(time_s - width * 0.1, time_s + width * 0.9)
        self._time_s = time_s
        self.update()

    def set_range(self, range_s: tuple[float, float] | None) -> None:
        """Mark a range of time, or none."""
        if range_s != self._range_s:
            self._range_s = range_s
            text = ""
            if range_s is not None:
                low, high = range_s
                text = f"{seconds(high - low)} chosen from {seconds(low)} on"
            self.setAccessibleDescription(text)
            self.update()

    def set_operator(self, operator: str) -> None:
        """Dim what is not of the selected operator."""
        if operator != self._operator:
            self._operator = operator
            self._redraw()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self._redraw()

    def set_empty(self, text: str, button: str = "") -> None:
        """The sentence that stands here while there is no timeline, and its one button."""
        self._empty = text
        self._empty_button.setText(button)
        self._place_children()
        self._redraw()

    # What is in view

    def fit(self) -> None:
        """Bring the whole step into view."""
        self._begin_s, self._end_s = 0.0, self.whole_s
        self._redraw()

    def zoom(self, factor: float, around_s: float | None = None) -> None:
        """Show `factor` times less of the step around a time (the playhead)."""
        if self._timeline is None:
            return
        centre = self._time_s if around_s is None else around_s
        centre = min(max(centre, self._begin_s), self._end_s)
        width = self._end_s - self._begin_s
        new = min(max(width / factor, self.whole_s / MOST_ZOOM), self.whole_s)
        share = (centre - self._begin_s) / width
        self._look(centre - share * new, centre + (1 - share) * new)

    def zoom_to_range(self) -> None:
        """Let the brushed range fill the view."""
        if self._range_s is not None:
            self.reveal(*self._range_s, share=0.9)

    def reveal(self, begin_s: float, end_s: float, share: float = FOUND_SHARE) -> None:
        """Let a part of the step take a share of the view, in its middle."""
        width = max(end_s - begin_s, self.whole_s / MOST_ZOOM) / share
        middle = (begin_s + end_s) / 2
        self._look(middle - width / 2, middle + width / 2)

    def pan(self, share: float) -> None:
        """Move the view by a share of its width."""
        width = self._end_s - self._begin_s
        self._look(self._begin_s + share * width, self._end_s + share * width)

    def scroll_by(self, pixels: int) -> None:
        """Move the lanes of many stages up."""
        self._bar.setValue(self._bar.value() + pixels)

    def _look(self, begin_s: float, end_s: float) -> None:
        if self._timeline is None:
            return
        width = end_s - begin_s
        if width >= self.whole_s * (1 - 1e-12):
            self.fit()
            return
        begin_s = min(max(begin_s, 0.0), self.whole_s - width)
        self._begin_s, self._end_s = begin_s, begin_s + width
        self._redraw()

    def _redraw(self) -> None:
        self._picture, self._under = None, None
        self.update()

    def _place_children(self) -> None:
        button, size = self._empty_button, self._empty_button.sizeHint()
        button.setVisible(self._timeline is None and bool(button.text()))
        left, top = self.width() / 2 - size.width() / factor() / 2, self.height() / 2 + 4
        self.place(button, left, top, size.width() / factor(), size.height() / factor())
        beyond = most_scroll(self._timeline.stages, self.height()) if self._timeline else 0.0
        self._bar.setRange(0, round(beyond))
        self._bar.setPageStep(max(self.height() - TOP, 1))
        self._bar.setVisible(beyond > 0)
        self.place(self._bar, self.width() - 12, TOP, 12, self.height() - TOP)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button stays in the middle, the bar at the edge."""
        super().resizeEvent(event)
        self._place_children()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self.painter()
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.size() != self.size() * ratio:
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(QColor(self._tokens.surface))
            still = QPainter(self._picture)
            self._paint_still(still)
            still.end()
        painter.drawPixmap(0, 0, self._picture)
        if self._timeline is not None:
            tokens, axis, height = self._tokens, self.axis, float(self.height())
            if self._under is not None:
                paint_hovered(painter, tokens, self._under)
            if self._range_s is not None:
                paint_range(painter, tokens, axis, height, self._range_s, self.whole_s)
            paint_playhead(painter, tokens, axis, height, self._time_s, self.whole_s)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._tokens.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_still(self, painter: QPainter) -> None:
        self._drawn = []
        if self._lanes is None:
            painter.setPen(QColor(self._tokens.muted))
            above = self.rect().adjusted(0, 0, 0, -self._empty_button.height() * 2)
            place = above if self._empty_button.isVisibleTo(self) else self.rect()
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self._empty)
            return
        picture = TimelinePicture(self._tokens, self._lanes, self._landmarks, self._operator)
        picture.paint(painter, self.axis, self.height(), float(self._bar.value()))
        self._drawn = picture.drawn

    # Hands

    def scrub_to(self, time_s: float) -> None:
        """Ask for a time, held inside the step."""
        if self._timeline is not None:
            self.scrubbed.emit(min(max(time_s, 0.0), self.whole_s))

    def brush(self, one_s: float, other_s: float) -> None:
        """Ask for the range between two times, held inside the step."""
        low, high = sorted(min(max(t, 0.0), self.whole_s) for t in (one_s, other_s))
        if high > low:
            self.brushed.emit((low, high))

    def click_at(self, at: QPointF) -> None:
        """Show that time and its operator; outside of the range let go of that."""
        time_s = self.axis.time_at(at.x())
        if self._range_s is not None and not self._range_s[0] <= time_s <= self._range_s[1]:
            self.brushed.emit(None)
        self.scrub_to(time_s)
        found = box_at(self._drawn, self.axis, at)
        self.chosen.emit(found.boxes.operator[found.row] if found is not None else "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._hand.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hand.move(event)
        found = box_at(self._drawn, self.axis, event.position())
        self._set_under(found.place(self.axis) if found is not None else None)
        self.hovered.emit(self._text_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._hand.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.position().y() > STRIP:
            self.zoom(8.0, self.axis.time_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_under(None)
        self.hovered.emit("")

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._hand.turn_wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._hand.takes(event):
            self._hand.press_key(event)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            mine = self._hand.takes(event)
            event.setAccepted(mine)  # here letters zoom and pan; elsewhere they choose tools
            return mine
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._text_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    # What lies under the pointer

    def _set_under(self, place: QRectF | None) -> None:
        if place != self._under:
            self._under = place
            self.update()

    def _text_at(self, at: QPointF) -> str:
        if self._timeline is None:
            return ""
        return text_at(self._drawn, self._landmarks, self.axis, at)
