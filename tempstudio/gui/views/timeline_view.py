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
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QPushButton, QToolTip, QWidget

from tempstudio.core.timeline import Timeline
from tempstudio.gui.moments import congestion
from tempstudio.gui.views.timeline_lanes import EMPTY, Boxes, TimelineLanes
from tempstudio.gui.views.timeline_marks import Axis
from tempstudio.gui.views.timeline_picture import (
    GUTTER,
    RIGHT,
    RULER,
    STRIP,
    TimelinePicture,
)
from tempstudio.scene.format import percent, seconds
from tempstudio.scene.tokens import Tokens

ZOOM_STEP = 1.25
PAN_STEP = 0.12
MOST_ZOOM = 1e6  # of the step in view
KEYS = {Qt.Key.Key_W, Qt.Key.Key_A, Qt.Key.Key_S, Qt.Key.Key_D, Qt.Key.Key_F, Qt.Key.Key_Space}


class TimelineView(QWidget):
    """Draws a timeline around a time; `scrubbed` asks for another, `chosen` for an operator."""

    scrubbed = Signal(float)
    chosen = Signal(str)
    hovered = Signal(str)
    play_asked = Signal()
    empty_clicked = Signal()

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAccessibleName("Timeline")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(STRIP + RULER + 40)
        self._tokens = tokens
        self._timeline: Timeline | None = None
        self._lanes: TimelineLanes | None = None
        self._strip = np.zeros(0)
        self._begin_s, self._end_s, self._time_s = 0.0, 1.0, 0.0
        self._picture: QPixmap | None = None
        self._drawn: list[tuple[QRectF, Boxes]] = []
        self._operator = ""
        self._empty = ""
        self._empty_button = QPushButton(self)
        self._empty_button.setObjectName("timeline.empty_button")
        self._empty_button.clicked.connect(self.empty_clicked)
        self._empty_button.hide()

    def sizeHint(self) -> QSize:
        return QSize(600, 148)

    @property
    def view_s(self) -> tuple[float, float]:
        """The part of the step in view [s]."""
        return self._begin_s, self._end_s

    def set_timeline(self, timeline: Timeline | None) -> None:
        """Show another step, all of it; None shows that there is none."""
        self._timeline = timeline
        self._lanes = TimelineLanes(timeline) if timeline is not None else None
        self._strip = congestion(timeline) if timeline is not None else np.zeros(0)
        self._place_button()
        self.fit()

    def set_time(self, time_s: float) -> None:
        """Move the playhead; a zoomed view turns the page when it leaves."""
        if self._timeline is not None and not self._begin_s <= time_s <= self._end_s:
            width = self._end_s - self._begin_s
            self._look(time_s - width * 0.1, time_s + width * 0.9)
        self._time_s = time_s
        self.update()

    def set_empty(self, text: str, button: str = "") -> None:
        """The sentence that stands here while there is no timeline, and its one button."""
        self._empty = text
        self._empty_button.setText(button)
        self._place_button()
        self._redraw()

    def _place_button(self) -> None:
        button = self._empty_button
        button.setVisible(self._timeline is None and bool(button.text()))
        size = button.sizeHint()
        button.setGeometry(
            (self.width() - size.width()) // 2, self.height() // 2 + 4, size.width(), size.height()
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button stays in the middle."""
        super().resizeEvent(event)
        self._place_button()

    def set_operator(self, operator: str) -> None:
        """Dim what is not of the selected operator."""
        if operator != self._operator:
            self._operator = operator
            self._redraw()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self._redraw()

    def fit(self) -> None:
        """Bring the whole step into view."""
        self._begin_s = 0.0
        self._end_s = self._timeline.duration_s if self._timeline is not None else 1.0
        self._redraw()

    def zoom(self, factor: float, around_s: float | None = None) -> None:
        """Show `factor` times less of the step around a time (the playhead)."""
        if self._timeline is None:
            return
        centre = self._time_s if around_s is None else around_s
        centre = min(max(centre, self._begin_s), self._end_s)
        width = self._end_s - self._begin_s
        least = self._timeline.duration_s / MOST_ZOOM
        new = min(max(width / factor, least), self._timeline.duration_s)
        share = (centre - self._begin_s) / width
        self._look(centre - share * new, centre + (1 - share) * new)

    def pan(self, share: float) -> None:
        """Move the view by a share of its width."""
        width = self._end_s - self._begin_s
        self._look(self._begin_s + share * width, self._end_s + share * width)

    def _look(self, begin_s: float, end_s: float) -> None:
        assert self._timeline is not None
        width = min(end_s - begin_s, self._timeline.duration_s)
        begin_s = min(max(begin_s, 0.0), self._timeline.duration_s - width)
        self._begin_s, self._end_s = begin_s, begin_s + width
        self._redraw()

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    @property
    def axis(self) -> Axis:
        """Where times stand in the lanes."""
        width = max(self.width() - GUTTER - RIGHT, 1.0)
        return Axis(GUTTER, width, self._begin_s, self._end_s)

    @property
    def drawn(self) -> list[tuple[QRectF, Boxes]]:
        """The lanes painted last, with their boxes."""
        return self._drawn

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
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
            self._paint_playhead(painter, self._timeline.duration_s or 1.0)
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
        picture = TimelinePicture(self._tokens, self._lanes, self._strip, self._operator)
        picture.paint(painter, self.axis, self.height())
        self._drawn = picture.drawn

    def _paint_playhead(self, painter: QPainter, whole_s: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour, axis = QColor(self._tokens.accent), self.axis
        over = axis.left + axis.width * self._time_s / whole_s
        painter.fillRect(QRectF(over - 1, 0, 2, STRIP), colour)
        if not self._begin_s <= self._time_s <= self._end_s:
            return
        x, top = axis.x(self._time_s), STRIP + 1
        painter.fillRect(QRectF(x - 1, top + 1, 2, self.height() - top - 3), colour)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        corners = [QPointF(x - 5, top), QPointF(x + 5, top), QPointF(x, top + 7)]
        painter.drawPolygon(QPolygonF(corners))

    # Hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton:
            self._scrub(event.position())
            self.chosen.emit(self._operator_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._scrub(event.position())
        self.hovered.emit(self._text_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit("")

    def _scrub(self, at: QPointF) -> None:
        if self._timeline is None:
            return
        if at.y() < STRIP:
            share = (at.x() - self.axis.left) / self.axis.width
            time_s = share * self._timeline.duration_s
        else:
            time_s = self.axis.time_at(at.x())
        self.scrubbed.emit(min(max(time_s, 0.0), self._timeline.duration_s))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._timeline is not None and event.position().y() > STRIP:
            self.zoom(8.0, self.axis.time_at(event.position().x()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn, aside = event.angleDelta().y(), event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            turn, aside = 0, turn or aside
        if turn:
            self.zoom(ZOOM_STEP ** (turn / 120), self.axis.time_at(event.position().x()))
        if aside and self._timeline is not None:
            self.pan(-PAN_STEP * aside / 120)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if self._timeline is None or event.modifiers() or key not in KEYS:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_W, Qt.Key.Key_S):
            self.zoom(ZOOM_STEP if key == Qt.Key.Key_W else 1 / ZOOM_STEP)
        elif key == Qt.Key.Key_F:
            self.fit()
        elif key == Qt.Key.Key_Space:
            self.play_asked.emit()
        else:
            self.pan(-PAN_STEP if key == Qt.Key.Key_A else PAN_STEP)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            mine = event.key() in KEYS and not event.modifiers()
            event.setAccepted(mine)  # here these letters zoom and pan; elsewhere they choose tools
            return mine
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._text_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _box_at(self, at: QPointF) -> tuple[Boxes, int]:
        time_s = self.axis.time_at(at.x())
        for lane, boxes in self._drawn:
            if lane.contains(at) and len(boxes):
                found = np.flatnonzero((boxes.start <= time_s) & (time_s < boxes.end))
                if len(found):
                    return boxes, int(found[-1])
        return EMPTY, -1

    def _operator_at(self, at: QPointF) -> str:
        boxes, row = self._box_at(at)
        return boxes.operator[row] if row >= 0 else ""

    def _text_at(self, at: QPointF) -> str:
        if self._timeline is None or at.x() < self.axis.left:
            return ""
        if at.y() < STRIP and len(self._strip):
            share = (at.x() - self.axis.left) / self.axis.width
            bin_ = min(max(int(share * len(self._strip)), 0), len(self._strip) - 1)
            return f"Busiest link {percent(float(self._strip[bin_]))} used around here"
        boxes, row = self._box_at(at)
        if row < 0:
            return ""
        length = seconds(float(boxes.end[row] - boxes.start[row]))
        names = [boxes.operator[row], boxes.label[row]]
        text = ": ".join(dict.fromkeys(name for name in names if name))
        return f"{text}, {length}" if text else f"busiest link {percent(float(boxes.height[row]))}"
