"""Arrays handed to QPainter without a Python object per item.

`drawRects`, `drawLines` and `drawPixmapFragments` take a pointer to the first of a run of C++
records, and an array of doubles in the same order is such a run.  20,000 rectangles take 4 ms this
way and 30 ms as a list of QRectF.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter, QPixmap
from shiboken6 import Shiboken

FloatArray = NDArray[np.float64]

FRAGMENT_FIELDS = 10  # doubles in a QPainter.PixmapFragment


def _first(records: FloatArray, kind: type) -> Any:
    """A wrapper around the first record of an array, which must outlive the call it is used in."""
    return Shiboken.wrapInstance(records.ctypes.data, kind)


def draw_rects(painter: QPainter, xywh: FloatArray) -> None:
    """`drawRects` of an array [n, 4] of doubles."""
    xywh = np.ascontiguousarray(xywh, dtype=np.float64)
    painter.drawRects(_first(xywh, QRectF), len(xywh))


def draw_lines(painter: QPainter, xyxy: FloatArray) -> None:
    """`drawLines` of an array [n, 4] of doubles."""
    xyxy = np.ascontiguousarray(xyxy, dtype=np.float64)
    painter.drawLines(_first(xyxy, QLineF), len(xyxy))


def draw_fragments(
    painter: QPainter,
    pixmap: QPixmap,
    centres: FloatArray,
    source_left: NDArray[np.integer[Any]] | FloatArray,
    cell: tuple[int, int],
    dpr: float,
    angle: FloatArray | None = None,
    opacity: FloatArray | None = None,
) -> None:
    """Pieces `cell` pixels large of a pixmap, centred at `centres` [n, 2] px, in one call.

    They are moved to whole device pixels, where they are neither blurred nor resampled.
    """
    pieces = np.zeros((len(centres), FRAGMENT_FIELDS))
    # A piece of odd size is centred on the middle of a pixel.
    half = np.array(cell) % 2 / 2
    pieces[:, 0:2] = (np.floor(centres * dpr + 0.5 - half) + half) / dpr
    pieces[:, 2] = source_left
    pieces[:, 4:6] = cell
    pieces[:, 6:8] = 1 / dpr
    pieces[:, 8] = 0.0 if angle is None else angle
    pieces[:, 9] = 1.0 if opacity is None else opacity
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, angle is not None)
    painter.drawPixmapFragments(_first(pieces, QPainter.PixmapFragment), len(pieces), pixmap)
