"""What of the timeline stands still while the playhead moves: strip, ruler and lanes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from tempstudio.gui.theme import font
from tempstudio.gui.views.timeline_lanes import Boxes, TimelineLanes
from tempstudio.gui.views.timeline_marks import Axis, nice_step, tick_text
from tempstudio.scene.tokens import Tokens, mix

STRIP, RULER = 12, 16
GUTTER, RIGHT = 68.0, 12.0
LEAST_LANE, MOST_LANE = 10.0, 96.0
TICK_PX = 90.0
LEAST_LABEL_PX = 28.0


@dataclass(frozen=True)
class Lane:
    """One lane's name and place; `kind` 0 is computing, 1 the links."""

    name: str
    box: QRectF
    stage: int
    kind: int


def lane_places(stages: int, width: float, height: float) -> list[Lane]:
    """The lanes that find room below the ruler, two a stage."""
    top, room = STRIP + RULER, height - STRIP - RULER - 6
    tall = min(max(room / (2 * stages), LEAST_LANE), MOST_LANE)
    lanes = []
    for number in range(2 * stages):
        y = top + number * tall
        if y + tall > height:
            break
        stage, kind = divmod(number, 2)
        name = ("Compute", "Links")[kind]
        if stages > 1:
            name = ("links", f"Stage {stage}")[kind == 0]
        box = QRectF(GUTTER, y + 1, max(width - GUTTER - RIGHT, 1.0), tall - 3)
        lanes.append(Lane(name, box, stage, kind))
    return lanes


class TimelinePicture:
    """Paints one view of a timeline and remembers what it painted where."""

    def __init__(
        self, tokens: Tokens, lanes: TimelineLanes, strip: NDArray[np.float64], operator: str
    ) -> None:
        self._tokens, self._lanes, self._strip = tokens, lanes, strip
        self._operator = operator
        self.drawn: list[tuple[QRectF, Boxes]] = []

    def paint(self, painter: QPainter, axis: Axis, height: float) -> None:
        """Everything but the playhead."""
        painter.setFont(font("caption"))
        self.drawn = []
        self._paint_strip(painter, axis)
        self._paint_ruler(painter, axis)
        metrics = QFontMetricsF(painter.font())
        boxes: dict[int, tuple[Boxes, Boxes]] = {}
        stages = self._lanes.timeline.stages
        for lane in lane_places(stages, axis.left + axis.width + RIGHT, height):
            if lane.stage not in boxes:
                boxes[lane.stage] = self._lanes.lanes(
                    lane.stage, axis.begin_s, axis.end_s, axis.s_per_px
                )
            if lane.box.height() >= metrics.height() - 3:
                painter.setPen(QColor(self._tokens.muted))
                label = QRectF(8, lane.box.top(), GUTTER - 12, lane.box.height())
                painter.drawText(label, Qt.AlignmentFlag.AlignVCenter, lane.name)
            painter.fillRect(lane.box, QColor(self._tokens.canvas))
            self._paint_boxes(painter, axis, lane.box, boxes[lane.stage][lane.kind])

    def _paint_strip(self, painter: QPainter, axis: Axis) -> None:
        tokens = self._tokens
        colours = (tokens.hairline, *tokens.lanes)
        levels = np.clip(np.ceil(self._strip * len(tokens.lanes)), 0, len(tokens.lanes))
        step = axis.width / max(len(levels), 1)
        painter.setPen(Qt.PenStyle.NoPen)
        for level, colour in enumerate(colours):
            rects = [
                QRectF(axis.left + i * step, 3, step + 0.5, STRIP - 5)
                for i in np.flatnonzero(levels == level).tolist()
            ]
            if rects:
                painter.setBrush(QColor(colour))
                painter.drawRects(rects)
        whole = self._lanes.timeline.duration_s
        if axis.end_s - axis.begin_s < whole * 0.999:
            scale = axis.width / whole
            seen = max((axis.end_s - axis.begin_s) * scale, 3.0)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.text), 1))
            painter.drawRect(QRectF(axis.left + axis.begin_s * scale, 1.5, seen, STRIP - 2))

    def _paint_ruler(self, painter: QPainter, axis: Axis) -> None:
        tokens = self._tokens
        metrics = QFontMetricsF(painter.font())
        y = STRIP + metrics.ascent()
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QPointF(8, y), "Time")
        step = nice_step(axis.s_per_px * TICK_PX)
        first = math.ceil(axis.begin_s / step - 1e-9)
        last = math.floor(axis.end_s / step + 1e-9)
        for number in range(first, last + 1):
            x, text = axis.x(number * step), tick_text(number * step, step)
            painter.setPen(QColor(tokens.hairline))
            painter.drawLine(QPointF(x, STRIP + 2), QPointF(x, STRIP + RULER - 2))
            if x + 4 + metrics.horizontalAdvance(text) <= axis.left + axis.width + RIGHT:
                painter.setPen(QColor(tokens.muted))
                painter.drawText(QPointF(x + 4, y), text)

    def _paint_boxes(self, painter: QPainter, axis: Axis, lane: QRectF, boxes: Boxes) -> None:
        self.drawn.append((lane, boxes))
        if not len(boxes):
            return
        painter.save()
        painter.setClipRect(lane)
        left = axis.left + (boxes.start - axis.begin_s) / axis.s_per_px
        width = np.maximum((boxes.end - boxes.start) / axis.s_per_px, 1.0)
        high = np.maximum(boxes.height * lane.height(), 2.0)
        keys = np.array(boxes.key)
        faint = self._faint(boxes)
        painter.setPen(Qt.PenStyle.NoPen)
        for key in dict.fromkeys(boxes.key):
            ink = self._tokens.roles.get(key, self._tokens.control)
            for dimmed in (False, True):
                rows = np.flatnonzero((keys == key) & (faint == dimmed)).tolist()
                if not rows:
                    continue
                fill, edge = (0.12, 0.35) if dimmed else (0.42, 1.0)
                rects = [
                    QRectF(left[i], lane.bottom() - high[i], width[i] - (width[i] > 4), high[i])
                    for i in rows
                ]
                painter.setBrush(QColor(mix(ink, self._tokens.canvas, fill)))
                painter.drawRects(rects)
                painter.setBrush(QColor(mix(ink, self._tokens.canvas, edge)))
                painter.drawRects([QRectF(r.left(), r.top(), r.width(), 2) for r in rects])
        self._paint_labels(painter, lane, boxes, left, width)
        painter.restore()

    def _faint(self, boxes: Boxes) -> NDArray[np.bool_]:
        """What is not of the selected operator, where that is among the boxes."""
        if self._operator not in boxes.operator or not self._operator:
            return np.zeros(len(boxes), dtype=bool)
        return np.array([name != self._operator for name in boxes.operator])

    def _paint_labels(
        self,
        painter: QPainter,
        lane: QRectF,
        boxes: Boxes,
        left: NDArray[np.float64],
        width: NDArray[np.float64],
    ) -> None:
        metrics = QFontMetricsF(painter.font())
        if lane.height() < metrics.height() - 3:
            return
        painter.setPen(QColor(self._tokens.text))
        for i in np.flatnonzero(width > LEAST_LABEL_PX).tolist():
            if not boxes.label[i]:
                continue
            begin = max(left[i], lane.left()) + 4
            room = min(left[i] + width[i], lane.right()) - begin - 4
            text = metrics.elidedText(boxes.label[i], Qt.TextElideMode.ElideRight, room)
            if len(text) > 2:
                box = QRectF(begin, lane.top(), room, lane.height())
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
