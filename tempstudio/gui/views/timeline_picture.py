"""What of the timeline stands still while the playhead moves: strip, ruler, phases and lanes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from tempstudio.gui.batches import draw_lines, draw_rects
from tempstudio.gui.theme import font
from tempstudio.gui.views.timeline_boxes import Boxes
from tempstudio.gui.views.timeline_lanes import TimelineLanes
from tempstudio.gui.views.timeline_marks import PHASES, RULER, STRIP, TOP, Lane, lane_places
from tempstudio.scene.elapsed import WAITING
from tempstudio.scene.format import percent
from tempstudio.scene.moments import Stretch
from tempstudio.scene.time_axis import Axis, tick_text
from tempstudio.scene.tokens import Tokens, mix

Numbers = NDArray[np.floating[Any]] | float

TICK_PX = 90.0
LEAST_LABEL_PX = 16.0
LEAST_STRETCH_PX = 18.0
MOST_LABELS = 200


@dataclass(frozen=True)
class Landmarks:
    """What stands above the lanes: congestion over the step, its phases, its micro-batches."""

    strip: NDArray[np.float64]
    phases: tuple[Stretch, ...]
    micro_batches: tuple[Stretch, ...]

    def row(self, axis: Axis) -> tuple[Stretch, ...]:
        """The micro-batches where they find room, else the phases."""
        if not self.micro_batches:
            return self.phases
        first = self.micro_batches[0]
        if (first.end_s - first.begin_s) / axis.s_per_px < 3 * LEAST_STRETCH_PX:
            return self.phases
        rest = tuple(part for part in self.phases if part.begin_s >= self.micro_batches[-1].end_s)
        return (*self.micro_batches, *rest)


class TimelinePicture:
    """Paints one view of a timeline and remembers what it painted where."""

    def __init__(
        self, tokens: Tokens, lanes: TimelineLanes, landmarks: Landmarks, operator: str
    ) -> None:
        self._tokens, self._lanes, self._landmarks = tokens, lanes, landmarks
        self._operator = operator
        self.drawn: list[tuple[QRectF, Boxes]] = []

    def paint(self, painter: QPainter, axis: Axis, height: float, scroll: float = 0.0) -> None:
        """Everything but range and playhead; the lanes are moved up by `scroll` pixels."""
        painter.setFont(font("caption"))
        self.drawn = []
        self._paint_strip(painter, axis)
        self._paint_ruler(painter, axis)
        self._paint_phases(painter, axis)
        painter.save()
        painter.setClipRect(QRectF(0, TOP, axis.right + 400, height - TOP))
        boxes: dict[int, tuple[Boxes, Boxes]] = {}
        for lane in lane_places(self._lanes.timeline.stages, axis, height, scroll):
            if lane.stage not in boxes:
                boxes[lane.stage] = self._lanes.lanes(
                    lane.stage, axis.begin_s, axis.end_s, axis.s_per_px
                )
            self._paint_lane(painter, axis, lane, boxes[lane.stage][lane.kind])
        painter.restore()

    def _paint_strip(self, painter: QPainter, axis: Axis) -> None:
        tokens, strip = self._tokens, self._landmarks.strip
        colours = (tokens.hairline, *tokens.lanes)
        levels = np.clip(np.ceil(strip * len(tokens.lanes)), 0, len(tokens.lanes))
        step = axis.width / max(len(levels), 1)
        painter.setPen(Qt.PenStyle.NoPen)
        for level, colour in enumerate(colours):
            rows = np.flatnonzero(levels == level)
            if len(rows):
                painter.setBrush(QColor(colour))
                draw_rects(painter, _rects(axis.left + rows * step, 3, step + 0.5, STRIP - 5))
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
        times, step = axis.ticks(TICK_PX)
        ticks = np.array(times)
        x = axis.left + (ticks - axis.begin_s) / axis.s_per_px
        painter.setPen(QColor(tokens.hairline))
        draw_lines(painter, _lines(x, STRIP + 2, RULER - 4))
        painter.setPen(QColor(tokens.muted))
        for at, time_s in zip(x.tolist(), ticks.tolist(), strict=True):
            text = tick_text(time_s, step)
            if at + 4 + metrics.horizontalAdvance(text) <= axis.right + 12:
                painter.drawText(QPointF(at + 4, y), text)

    def _paint_phases(self, painter: QPainter, axis: Axis) -> None:
        """The pipeline's phases, or the micro-batches where they are wide enough to be named."""
        tokens = self._tokens
        metrics = QFontMetricsF(painter.font())
        painter.setPen(QColor(tokens.muted))
        row = QRectF(axis.left, STRIP + RULER, axis.width, PHASES - 2)
        painter.drawText(QRectF(8, row.top(), axis.left, row.height()), _MIDDLE, "Phases")
        painter.save()
        painter.setClipRect(row)
        shown = [
            part
            for part in self._landmarks.row(axis)
            if part.end_s > axis.begin_s and part.begin_s < axis.end_s
        ]
        left = np.array([axis.x(max(part.begin_s, axis.begin_s)) for part in shown])
        right = np.array([axis.x(min(part.end_s, axis.end_s)) for part in shown])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(mix(tokens.control, tokens.surface, 0.22)))
        wide = np.maximum(right - left - 1, 1.0)
        draw_rects(painter, _rects(left, row.top(), wide, row.height()))
        painter.setPen(QColor(tokens.text))
        for part, begin, room in zip(shown, left.tolist(), wide.tolist(), strict=True):
            self._paint_name(
                painter, metrics, part.name, QRectF(begin, row.top(), room, row.height())
            )
        painter.restore()

    def _paint_name(
        self, painter: QPainter, metrics: QFontMetricsF, name: str, place: QRectF
    ) -> None:
        number = name.rpartition(" ")[2]
        for text in (name, number if number.isdigit() else ""):
            if text and metrics.horizontalAdvance(text) + 8 <= place.width():
                painter.drawText(place.adjusted(4, 0, 0, 0), _MIDDLE, text)
                return

    def _paint_lane(self, painter: QPainter, axis: Axis, lane: Lane, boxes: Boxes) -> None:
        metrics, box = QFontMetricsF(painter.font()), QRectF(*lane.box)
        if box.height() >= metrics.height() - 5:
            painter.setPen(QColor(self._tokens.muted))
            label = QRectF(8, box.top(), axis.left - 12, box.height())
            painter.drawText(label, _MIDDLE, lane.name)
            if lane.kind == 1:
                self._paint_scale(painter, axis, label, metrics)
        painter.fillRect(box, QColor(self._tokens.canvas))
        self.drawn.append((box, boxes))
        if len(boxes):
            painter.save()
            painter.setClipRect(box, Qt.ClipOperation.IntersectClip)
            self._paint_boxes(painter, axis, box, boxes)
            painter.restore()

    def _paint_scale(
        self, painter: QPainter, axis: Axis, label: QRectF, metrics: QFontMetricsF
    ) -> None:
        """What the height of a communication lane stands for, at its upper end."""
        full = self._lanes.full_load(axis.s_per_px)
        if label.height() >= 2.2 * metrics.height():
            label = QRectF(label.left(), label.top() - 3, label.width(), metrics.height())
        elif full == 1.0:
            return
        right = _MIDDLE | Qt.AlignmentFlag.AlignRight
        painter.drawText(label, right, f"{100 * full:.0f}\u2009%")

    def _paint_boxes(self, painter: QPainter, axis: Axis, lane: QRectF, boxes: Boxes) -> None:
        left = axis.left + (boxes.start - axis.begin_s) / axis.s_per_px
        width = np.maximum((boxes.end - boxes.start) / axis.s_per_px, 1.0)
        gap = 0.0 if boxes.seamless else 1.0
        bottom = lane.bottom() - boxes.base * lane.height()
        high = np.maximum(boxes.height * lane.height(), 1.0 if boxes.seamless else 2.0)
        keys, faint = np.array(boxes.key), self._faint(boxes)
        painter.setPen(Qt.PenStyle.NoPen)
        for key in dict.fromkeys(boxes.key):
            ink = self._ink(key)
            for dimmed in (False, True):
                rows = np.flatnonzero((keys == key) & (faint == dimmed))
                if not len(rows):
                    continue
                fill, edge = (0.12, 0.35) if dimmed else (0.42, 1.0)
                wide = width[rows] - gap * (width[rows] > 4)
                top = bottom[rows] - high[rows]
                painter.setBrush(QColor(mix(ink, self._tokens.canvas, fill)))
                draw_rects(painter, _rects(left[rows], top, wide, high[rows]))
                painter.setBrush(QColor(mix(ink, self._tokens.canvas, edge)))
                draw_rects(painter, _rects(left[rows], top, wide, 2.0 - boxes.seamless))
        if boxes.seamless:
            self._paint_titles(painter, axis, lane, boxes)
        else:
            self._paint_labels(painter, lane, boxes, left, width)

    def _paint_titles(self, painter: QPainter, axis: Axis, lane: QRectF, boxes: Boxes) -> None:
        """Names on the surfaces of the upper lane, each where it is first thick enough."""
        metrics, keys = QFontMetricsF(painter.font()), np.array(boxes.key)
        painter.setPen(QColor(self._tokens.text))
        whole = axis.end_s - axis.begin_s
        for key in dict.fromkeys(boxes.key):
            rows = np.flatnonzero(keys == key)
            inside = np.minimum(boxes.end[rows], axis.end_s) - np.maximum(
                boxes.start[rows], axis.begin_s
            )
            share = float(np.sum(np.maximum(inside, 0.0) * boxes.height[rows])) / whole
            text = f"{boxes.label[rows[0]]} {percent(share)}"
            place = _room_for(
                axis, lane, boxes, rows, metrics.horizontalAdvance(text) + 12, metrics.height() - 3
            )
            if place is not None and boxes.label[rows[0]]:
                painter.drawText(place, _MIDDLE, text)

    def _ink(self, key: str) -> str:
        if key == WAITING:
            return self._tokens.lanes[1]
        return self._tokens.roles.get(key, self._tokens.control)

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
        if lane.height() < metrics.height() - 5:
            return
        painter.setPen(QColor(self._tokens.text))
        for place, text in placed_labels(lane, boxes, left, width, metrics):
            painter.drawText(place, _MIDDLE, text)


def placed_labels(
    lane: QRectF,
    boxes: Boxes,
    left: NDArray[np.float64],
    width: NDArray[np.float64],
    metrics: QFontMetricsF,
) -> Iterator[tuple[QRectF, str]]:
    """Names of boxes that are wide enough, each where it begins or behind one that is there."""
    taken = lane.left()
    wide = np.flatnonzero(width > LEAST_LABEL_PX)[:MOST_LABELS]
    for i in wide[np.argsort(left[wide], kind="stable")].tolist():
        begin = max(left[i] + 4, lane.left() + 4, taken)
        room = min(left[i] + width[i], lane.right()) - begin - 3
        names = (boxes.label[i], boxes.short[i])
        text = next((name for name in names if metrics.horizontalAdvance(name) <= room), "")
        if not text and room > 40:
            text = metrics.elidedText(boxes.label[i], Qt.TextElideMode.ElideRight, room)
        if text:
            taken = begin + metrics.horizontalAdvance(text) + 8
            yield QRectF(begin, lane.top(), room, lane.height()), text


def _room_for(
    axis: Axis, lane: QRectF, boxes: Boxes, rows: NDArray[np.int64], wide: float, tall: float
) -> QRectF | None:
    """The first place on a surface where a text of a size fits, None where there is none."""
    begin, floor, roof = 0.0, 0.0, -1.0
    last = float("nan")
    for row in rows.tolist():
        start, end = float(boxes.start[row]), float(boxes.end[row])
        low = float(boxes.base[row]) * lane.height()
        high = low + float(boxes.height[row]) * lane.height()
        joined = start == last and min(roof, high) - max(floor, low) >= tall
        begin = begin if joined else max(start, axis.begin_s)
        floor, roof = (max(floor, low), min(roof, high)) if joined else (low, high)
        last = end
        left, right = axis.x(begin), axis.x(min(end, axis.end_s))
        if roof - floor >= tall and right - left >= wide:
            return QRectF(left + 6, lane.bottom() - roof, right - left - 6, roof - floor)
    return None


_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


def _rects(left: Numbers, top: Numbers, width: Numbers, height: Numbers) -> NDArray[np.float64]:
    return np.stack(np.broadcast_arrays(left, top, width, height), axis=1)


def _lines(x: Numbers, top: float, length: float) -> NDArray[np.float64]:
    return np.stack(np.broadcast_arrays(x, top, x, top + length), axis=1)
