"""Chunks as pieces of one pixmap, so that any number of them is a single painter call."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPainter, QPen, QPixmap, QPolygonF

from tempstudio.gui.batches import draw_fragments
from tempstudio.scene.display_list import SpriteLook, Sprites


class SpriteSheet:
    """Every look of a layer of sprites, side by side in one pixmap, at `dpr` pixels a px."""

    def __init__(
        self, looks: tuple[SpriteLook, ...], size_px: float, halo_px: float, dpr: float
    ) -> None:
        self._cell = math.ceil((size_px + 2 * halo_px) * dpr) + 2
        self._dpr = dpr
        self._pixmap = QPixmap(self._cell * max(len(looks), 1), self._cell)
        self._pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, size_px * dpr >= 6)
        for number, look in enumerate(looks):
            painter.save()
            painter.translate((number + 0.5) * self._cell, self._cell / 2)
            painter.scale(dpr, dpr)
            (_draw_arrow if look.arrow else _draw_chunk)(painter, look, size_px, halo_px)
            painter.restore()
        painter.end()

    def draw(self, painter: QPainter, layer: Sprites) -> None:
        """All sprites of a layer in one call, at whole device pixels."""
        turned = layer.angle if layer.angle.any() else None
        cell = (self._cell, self._cell)
        draw_fragments(
            painter, self._pixmap, layer.xy, layer.look * self._cell, cell, self._dpr,
            turned, layer.opacity,
        )  # fmt: skip


def _draw_chunk(painter: QPainter, look: SpriteLook, size: float, halo: float) -> None:
    radius = 0.0 if size < 6 else max(1.5, size * 0.2)
    if halo:
        outer = size / 2 + halo
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.halo))
        painter.drawRoundedRect(
            QRectF(-outer, -outer, 2 * outer, 2 * outer), radius + halo, radius + halo
        )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(look.fill))
    painter.drawRoundedRect(QRectF(-size / 2, -size / 2, size, size), radius, radius)
    if look.letter:
        font = QFont(QGuiApplication.font())
        font.setPixelSize(round(look.letter_px))
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(look.ink))
        box = QRectF(-size, -size, 2 * size, 2 * size)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, look.letter)


def _draw_arrow(painter: QPainter, look: SpriteLook, size: float, halo: float) -> None:
    half = size / 2
    shape = QPolygonF(
        [QPointF(half, 0), QPointF(-half * 0.6, -half * 0.8), QPointF(-half * 0.6, half * 0.8)]
    )
    if halo:
        pen = QPen(QColor(look.halo), 2 * halo)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(QColor(look.halo))
        painter.drawPolygon(shape)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(look.fill))
    painter.drawPolygon(shape)
