"""A small image of cells, each painted as a rectangle of whole pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter

from tempstudio.scene.display_list import Image

FloatArray = NDArray[np.float64]


def paint_cells(painter: QPainter, layer: Image, dpr: float, size: tuple[float, float]) -> None:
    """Cells spread over device pixels, only those inside a picture of this size."""
    columns, left = _spread(layer.x_edges, dpr, 0.0, size[0])
    rows, top = _spread(layer.y_edges, dpr, 0.0, size[1])
    if not len(columns) or not len(rows):
        return
    pixels = np.ascontiguousarray(layer.pixels.take(columns, axis=1).take(rows, axis=0))
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(dpr)
    painter.drawImage(QPointF(left / dpr, top / dpr), image)


def _spread(edges: FloatArray, dpr: float, low: float, high: float) -> tuple[NDArray[np.intp], int]:
    """(the cell of each device pixel between `low` and `high`, the first such pixel)."""
    at = np.rint(edges * dpr).astype(np.intp)
    first, last = max(int(at[0]), int(low * dpr)), min(int(at[-1]), int(np.ceil(high * dpr)))
    pixel = np.arange(first, max(last, first))
    return np.searchsorted(at, pixel, side="right") - 1, first
