"""What moves over the timeline's picture: the range, the box under the pointer, the playhead."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from tempstudio.gui.theme import font
from tempstudio.gui.views.timeline_marks import RULER, STRIP
from tempstudio.scene.format import seconds
from tempstudio.scene.time_axis import Axis
from tempstudio.scene.tokens import Tokens

DIMMED = 0.5  # what lies outside of the range keeps this much of itself


def paint_hovered(painter: QPainter, tokens: Tokens, place: QRectF) -> None:
    """A line around the box under the pointer."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(tokens.accent), 1))
    painter.drawRect(place.adjusted(0, 0, -1, -1))


def paint_range(
    painter: QPainter,
    tokens: Tokens,
    axis: Axis,
    height: float,
    range_s: tuple[float, float],
    whole_s: float,
) -> None:
    """The brushed range: the rest is dimmed, its length stands in the ruler."""
    low, high = range_s
    left, right = axis.x(max(low, axis.begin_s)), axis.x(min(high, axis.end_s))
    accent = QColor(tokens.accent)
    over = axis.width / whole_s
    mark = QRectF(axis.left + low * over, STRIP - 2, max((high - low) * over, 2), 2)
    painter.fillRect(mark, accent)
    veil, top = QColor(tokens.surface), STRIP + RULER
    veil.setAlphaF(DIMMED)
    inside = high > axis.begin_s and low < axis.end_s
    first = min(max(left, axis.left), axis.right) if inside else axis.right
    painter.fillRect(QRectF(axis.left, top, first - axis.left, height - top - 2), veil)
    if not inside:
        return
    painter.fillRect(QRectF(right, top, axis.right - right, height - top - 2), veil)
    if low >= axis.begin_s:
        painter.fillRect(QRectF(left - 1, STRIP + 1, 1, height - STRIP - 3), accent)
    if high <= axis.end_s:
        painter.fillRect(QRectF(right, STRIP + 1, 1, height - STRIP - 3), accent)
    _paint_length(painter, tokens, axis, (left, right), seconds(high - low))


def _paint_length(
    painter: QPainter, tokens: Tokens, axis: Axis, ends: tuple[float, float], text: str
) -> None:
    """How long the range is, on a chip in the ruler, in its middle if it fits there."""
    painter.setFont(font("caption"))
    metrics = QFontMetricsF(painter.font())
    wide = metrics.horizontalAdvance(text) + 12
    left = min(max(sum(ends) / 2 - wide / 2, axis.left), axis.right - wide)
    chip = QRectF(left, STRIP + 1, wide, RULER - 1)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.accent))
    painter.drawRoundedRect(chip, 3, 3)
    painter.setPen(QColor(tokens.on_accent))
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_playhead(
    painter: QPainter, tokens: Tokens, axis: Axis, height: float, time_s: float, whole_s: float
) -> None:
    """A line at the time shown, in the lanes and on the strip."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(tokens.accent)
    over = axis.left + axis.width * time_s / (whole_s or 1.0)
    painter.fillRect(QRectF(over - 1, 0, 2, STRIP), colour)
    if not axis.begin_s <= time_s <= axis.end_s:
        return
    x, top = axis.x(time_s), STRIP + 1
    painter.fillRect(QRectF(x - 1, top + 1, 2, height - top - 3), colour)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    corners = [QPointF(x - 5, top), QPointF(x + 5, top), QPointF(x, top + 7)]
    painter.drawPolygon(QPolygonF(corners))
