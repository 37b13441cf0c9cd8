"""Names on the boxes of a lane."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF

from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views.timeline_boxes import Boxes
from tempstudio.gui.views.timeline_picture import placed_labels


def test_names_of_boxes_that_overlap_stand_side_by_side(window: MainWindow) -> None:
    """Two kinds of traffic at the same time: both boxes begin in the same lane."""
    boxes = Boxes(
        start=np.array([0.0, 30.0, 35.0]),
        end=np.array([200.0, 180.0, 60.0]),
        base=np.zeros(3),
        height=np.ones(3),
        key=("C", "I", "W"),
        label=("all-gather", "input", "weight"),
        short=("", "", ""),
        operator=("a", "b", "c"),
        tip=("", "", ""),
        seamless=False,
    )
    metrics = QFontMetricsF(window.timeline.font())
    lane = QRectF(0, 0, 400, 40)
    placed = list(placed_labels(lane, boxes, boxes.start, boxes.end - boxes.start, metrics))
    assert [text for _, text in placed[:2]] == ["all-gather", "input"]
    ends = [place.left() + metrics.horizontalAdvance(text) for place, text in placed]
    for (place, _), end in zip(placed[1:], ends, strict=False):
        assert place.left() > end
