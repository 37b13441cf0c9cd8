"""What lies under the pointer on the timeline, where it lies and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from tempstudio.gui.views.timeline_boxes import Boxes
from tempstudio.gui.views.timeline_marks import PHASES, RULER, STRIP, TOP
from tempstudio.gui.views.timeline_picture import Landmarks
from tempstudio.scene.format import percent, seconds
from tempstudio.scene.time_axis import Axis

Drawn = list[tuple[QRectF, Boxes]]  # the lanes painted last, with their boxes


@dataclass(frozen=True, eq=False)
class Under:
    """One box of a lane."""

    boxes: Boxes
    row: int
    lane: QRectF

    def place(self, axis: Axis) -> QRectF:
        """The rectangle to mark: the box, or the whole bin where boxes are piled up."""
        boxes, row, lane = self.boxes, self.row, self.lane
        left = max(axis.x(float(boxes.start[row])), lane.left())
        wide = max(min(axis.x(float(boxes.end[row])), lane.right()) - left, 1.0)
        if boxes.seamless:
            return QRectF(left, lane.top(), wide, lane.height())
        high = max(float(boxes.height[row]) * lane.height(), 2.0)
        floor = lane.bottom() - float(boxes.base[row]) * lane.height()
        return QRectF(left, floor - high, wide, high)


def box_at(drawn: Drawn, axis: Axis, at: QPointF) -> Under | None:
    """The box at a place; in a pile the one at the pointer's height, else the top one."""
    time_s = axis.time_at(at.x())
    for lane, boxes in drawn:
        if at.y() < TOP or not lane.contains(at) or not len(boxes):
            continue
        found = np.flatnonzero((boxes.start <= time_s) & (time_s < boxes.end))
        below = boxes.base[found] <= (lane.bottom() - at.y()) / lane.height()
        found = found[below] if below.any() else found
        if len(found):
            return Under(boxes, int(found[-1]), lane)
    return None


def text_at(drawn: Drawn, landmarks: Landmarks, axis: Axis, at: QPointF) -> str:
    """What is said of what lies there, '' where there is nothing."""
    if not axis.left <= at.x() <= axis.right:
        return ""
    time_s = axis.time_at(at.x())
    if at.y() < STRIP and len(landmarks.strip):
        share = (at.x() - axis.left) / axis.width
        bin_ = min(int(share * len(landmarks.strip)), len(landmarks.strip) - 1)
        return f"Busiest link {percent(float(landmarks.strip[bin_]))} used around here"
    if STRIP + RULER <= at.y() < STRIP + RULER + PHASES:
        for part in landmarks.row(axis):
            if part.begin_s <= time_s < part.end_s:
                why = f": {part.meaning}" if part.meaning else ""
                return f"{part.name}, {seconds(part.end_s - part.begin_s)}{why}"
    found = box_at(drawn, axis, at)
    if found is None:
        return ""
    boxes, row = found.boxes, found.row
    return f"{boxes.tip[row]} · {seconds(float(boxes.end[row] - boxes.start[row]))}"
