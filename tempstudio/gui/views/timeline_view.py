"""The timeline: a congestion strip of the whole step, and lanes that zoom and pan under it."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from tempstudio.core.timeline import Timeline
from tempstudio.gui.moments import congestion
from tempstudio.gui.theme import font
from tempstudio.gui.views.timeline_lanes import EMPTY, Boxes, TimelineLanes
from tempstudio.scene.format import percent, seconds
from tempstudio.scene.tokens import Tokens, ink_on, mix

STRIP = 12
RULER = 16
GUTTER = 68
LEAST_LANE, MOST_LANE = 10.0, 64.0
ZOOM_STEP = 1.25
PAN_STEP = 0.12
MOST_ZOOM = 1e6  # of the step in view
KEYS = {Qt.Key.Key_W, Qt.Key.Key_A, Qt.Key.Key_S, Qt.Key.Key_D, Qt.Key.Key_F,
        Qt.Key.Key_Space}


class TimelineView(QWidget):
    """Draws a timeline around a time; `scrubbed` asks for another, `chosen` for an operator."""

    scrubbed = Signal(float)
    chosen = Signal(str)
    hovered = Signal(str)
    play_asked = Signal()

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
        self._empty = "The timeline appears with the first run."

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
        self.fit()

    def set_time(self, time_s: float) -> None:
        """Move the playhead; a zoomed view turns the page when it leaves."""
        if self._timeline is not None and not self._begin_s <= time_s <= self._end_s:
            width = self._end_s - self._begin_s
            self._look(time_s - width * 0.1, time_s + width * 0.9)
        self._time_s = time_s
        self.update()

    def set_empty(self, text: str) -> None:
        """What stands here while there is no timeline."""
        self._empty = text
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

    # Where things lie

    @property
    def _lane_left(self) -> float:
        return float(GUTTER)

    @property
    def _lane_width(self) -> float:
        return max(self.width() - GUTTER - 12.0, 1.0)

    def _x(self, time_s: float) -> float:
        share = (time_s - self._begin_s) / (self._end_s - self._begin_s)
        return self._lane_left + share * self._lane_width

    def _time_at(self, x: float) -> float:
        share = (x - self._lane_left) / self._lane_width
        return self._begin_s + share * (self._end_s - self._begin_s)

    def _lane_rects(self) -> list[tuple[str, QRectF, int, int]]:
        """(label, place, stage, 0 for compute or 1 for links) of the lanes that find room."""
        assert self._timeline is not None
        stages = self._timeline.stages
        top, room = STRIP + RULER, self.height() - STRIP - RULER - 6
        lanes = 2 * stages
        height = min(max(room / lanes, LEAST_LANE), MOST_LANE)
        rects = []
        for lane in range(lanes):
            y = top + lane * height
            if y + height > self.height():
                break
            stage, kind = divmod(lane, 2)
            name = ("Compute", "Links")[kind]
            if stages > 1:
                name = f"Stage {stage}" if kind == 0 else "links"
            box = QRectF(self._lane_left, y + 1, self._lane_width, height - 3)
            rects.append((name, box, stage, kind))
        return rects

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.size() != self.size() * ratio:
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(QColor(self._tokens.surface))
            inner = QPainter(self._picture)
            self._paint_still(inner)
            inner.end()
        painter.drawPixmap(0, 0, self._picture)
        if self._timeline is not None:
            self._paint_playhead(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._tokens.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_still(self, painter: QPainter) -> None:
        painter.setFont(font("caption"))
        self._drawn = []
        if self._timeline is None or self._lanes is None:
            painter.setPen(QColor(self._tokens.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._empty)
            return
        self._paint_strip(painter)
        self._paint_ruler(painter)
        s_per_px = (self._end_s - self._begin_s) / self._lane_width
        lanes: dict[int, tuple[Boxes, Boxes]] = {}
        metrics = QFontMetricsF(painter.font())
        for name, box, stage, kind in self._lane_rects():
            if stage not in lanes:
                lanes[stage] = self._lanes.lanes(stage, self._begin_s, self._end_s, s_per_px)
            painter.setPen(QColor(self._tokens.muted))
            if box.height() >= metrics.height() - 3:
                label = QRectF(8, box.top(), GUTTER - 12, box.height())
                painter.drawText(label, Qt.AlignmentFlag.AlignVCenter, name)
            painter.fillRect(box, QColor(self._tokens.canvas))
            self._paint_boxes(painter, box, lanes[stage][kind])

    def _paint_strip(self, painter: QPainter) -> None:
        tokens = self._tokens
        left, width = self._lane_left, self._lane_width
        painter.setPen(QColor(tokens.muted))
        colours = [QColor(c) for c in (tokens.hairline, *tokens.lanes)]
        levels = np.ceil(self._strip * len(tokens.lanes)).astype(int)
        levels = np.clip(levels, 0, len(tokens.lanes))
        step = width / max(len(levels), 1)
        for level, colour in enumerate(colours):
            rects = [
                QRectF(left + i * step, 3, step + 0.5, STRIP - 5)
                for i in np.flatnonzero(levels == level).tolist()
            ]
            if rects:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawRects(rects)
        assert self._timeline is not None
        if self._end_s - self._begin_s < self._timeline.duration_s * 0.999:
            scale = width / self._timeline.duration_s
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.text), 1))
            seen = (self._end_s - self._begin_s) * scale
            painter.drawRect(QRectF(left + self._begin_s * scale, 1.5, max(seen, 3.0), STRIP - 2))

    def _paint_ruler(self, painter: QPainter) -> None:
        tokens = self._tokens
        metrics = QFontMetricsF(painter.font())
        y = STRIP + metrics.ascent()
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QPointF(8, y), "Time")
        step = nice_step((self._end_s - self._begin_s) * 90 / self._lane_width)
        mark = math.ceil(self._begin_s / step - 1e-9) * step
        while mark <= self._end_s * (1 + 1e-12):
            x = self._x(mark)
            text = tick_text(mark, step)
            room = metrics.horizontalAdvance(text)
            painter.setPen(QColor(tokens.hairline))
            painter.drawLine(QPointF(x, STRIP + 2), QPointF(x, STRIP + RULER - 2))
            if x + 4 + room <= self.width():
                painter.setPen(QColor(tokens.muted))
                painter.drawText(QPointF(x + 4, y), text)
            mark += step

    def _paint_boxes(self, painter: QPainter, lane: QRectF, boxes: Boxes) -> None:
        self._drawn.append((lane, boxes))
        if not len(boxes):
            return
        painter.save()
        painter.setClipRect(lane)
        scale = self._lane_width / (self._end_s - self._begin_s)
        left = self._lane_left + (boxes.start - self._begin_s) * scale
        width = np.maximum((boxes.end - boxes.start) * scale, 1.0)
        gap = np.where(width > 4, 1.0, 0.0)
        high = np.maximum(boxes.height * lane.height(), 2.0)
        keys = np.array(boxes.key)
        dim = np.array([bool(self._operator) and name != self._operator for name in boxes.operator])
        if self._operator not in boxes.operator:
            dim[:] = False
        for key in dict.fromkeys(boxes.key):
            for faint in (False, True):
                rows = np.flatnonzero((keys == key) & (dim == faint))
                if not len(rows):
                    continue
                colour = self._tokens.roles.get(key, self._tokens.control)
                shade = mix(colour, self._tokens.canvas, 0.35) if faint else colour
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(shade))
                painter.drawRects([
                    QRectF(left[i], lane.bottom() - high[i], width[i] - gap[i], high[i])
                    for i in rows.tolist()
                ])
                self._paint_labels(painter, lane, boxes, rows, left, width, shade)
        painter.restore()

    def _paint_labels(
        self,
        painter: QPainter,
        lane: QRectF,
        boxes: Boxes,
        rows: np.ndarray,
        left: np.ndarray,
        width: np.ndarray,
        fill: str,
    ) -> None:
        metrics = QFontMetricsF(painter.font())
        if lane.height() < metrics.height() - 3:
            return
        for i in rows[width[rows] > 28].tolist():
            if not boxes.label[i] or boxes.height[i] < 0.55:
                continue
            begin = max(left[i], lane.left()) + 4
            room = min(left[i] + width[i], lane.right()) - begin - 4
            text = metrics.elidedText(boxes.label[i], Qt.TextElideMode.ElideRight, room)
            if len(text) > 2:
                painter.setPen(QColor(ink_on(fill)))
                box = QRectF(begin, lane.top(), room, lane.height())
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_playhead(self, painter: QPainter) -> None:
        assert self._timeline is not None
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self._tokens.accent)
        whole = self._timeline.duration_s or 1.0
        painter.fillRect(
            QRectF(self._lane_left + self._lane_width * self._time_s / whole - 1, 0, 2, STRIP),
            colour,
        )
        if not self._begin_s <= self._time_s <= self._end_s:
            return
        x = self._x(self._time_s)
        painter.fillRect(QRectF(x - 1, STRIP + 2, 2, self.height() - STRIP - 4), colour)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        top = STRIP + 1
        painter.drawPolygon(
            QPolygonF([QPointF(x - 5, top), QPointF(x + 5, top), QPointF(x, top + 7)])
        )

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
            share = (at.x() - self._lane_left) / self._lane_width
            time_s = share * self._timeline.duration_s
        else:
            time_s = self._time_at(at.x())
        self.scrubbed.emit(min(max(time_s, 0.0), self._timeline.duration_s))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._timeline is not None and event.position().y() > STRIP:
            self.zoom(8.0, self._time_at(event.position().x()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn, aside = event.angleDelta().y(), event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            turn, aside = 0, turn or aside
        if turn:
            self.zoom(ZOOM_STEP ** (turn / 120), self._time_at(event.position().x()))
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
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in KEYS:
            if not event.modifiers():
                event.accept()  # here these letters zoom and pan; elsewhere they choose tools
                return True
        if event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._text_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _box_at(self, at: QPointF) -> tuple[Boxes, int]:
        time_s = self._time_at(at.x())
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
        if self._timeline is None or at.x() < self._lane_left:
            return ""
        if at.y() < STRIP and len(self._strip):
            share = (at.x() - self._lane_left) / self._lane_width
            bin_ = min(max(int(share * len(self._strip)), 0), len(self._strip) - 1)
            return f"Busiest link {percent(float(self._strip[bin_]))} used around here"
        boxes, row = self._box_at(at)
        if row < 0:
            return ""
        length = seconds(float(boxes.end[row] - boxes.start[row]))
        names = [boxes.operator[row], boxes.label[row]]
        text = ": ".join(dict.fromkeys(name for name in names if name))
        return f"{text}, {length}" if text else f"busiest link {percent(float(boxes.height[row]))}"


def nice_step(least: float) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that is at least this.

    >>> nice_step(0.3), nice_step(7.0)
    (0.5, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(max(least, 1e-15)))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def tick_text(time_s: float, step: float) -> str:
    """A time on the ruler, with the decimals that its neighbours need.

    >>> tick_text(0.25, 0.05)
    '250\u2009ms'
    """
    size = max(abs(time_s), step)
    scale, unit = next(
        (pair for pair in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")) if size >= pair[0]),
        (1e-9, "ns"),
    )
    decimals = max(0, -math.floor(math.log10(step / scale) + 1e-9))
    return f"{time_s / scale:,.{decimals}f}\u2009{unit}"
