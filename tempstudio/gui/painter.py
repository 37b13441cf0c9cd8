"""A display list painted with QPainter: by the wafer view, and on images for export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
    QStaticText,
)

from tempstudio.gui.batches import draw_lines, draw_rects
from tempstudio.gui.cells import paint_cells
from tempstudio.gui.colours import qcolor
from tempstudio.gui.sprite_sheet import SpriteSheet
from tempstudio.gui.stamp_sheet import StampSheet
from tempstudio.scene.display_list import (
    END,
    MIDDLE,
    DisplayList,
    Layer,
    Lines,
    Polygons,
    Rects,
    Sprites,
    TextLook,
    Texts,
)

FloatArray = NDArray[np.float64]

MOST_TEXTS = 4096  # prepared texts kept at most
MOST_SHEETS = 32
MANY = 8  # equal rectangles from here on are stamped


@dataclass(eq=False)
class Kept:
    """A pixmap and what it shows: two things that are recognised by identity, and a size."""

    first: object = None
    second: object = None
    size: tuple[float, float, float] = (0.0, 0.0, 0.0)
    pixmap: QPixmap | None = None

    def holds(self, first: object, second: object, size: tuple[float, float, float]) -> bool:
        """Whether it shows these."""
        return self.first is first and self.second is second and self.size == size


class DisplayListPainter:
    """Paints display lists and keeps what comes again: fonts, texts, sprites, the standing picture.

    One for each surface painted on; not shared between threads.
    """

    def __init__(self) -> None:
        self._pens: dict[tuple[str, float, tuple[float, float] | None], QPen] = {}
        self._brushes: dict[str, QBrush] = {}
        self._fonts: dict[tuple[float, bool], tuple[QFont, float]] = {}
        self._texts: dict[tuple[str, TextLook], tuple[QStaticText, float, float]] = {}
        self._sheets: dict[tuple[Any, ...], SpriteSheet] = {}
        self._stamps: dict[tuple[float, ...], StampSheet] = {}
        self._base = Kept()
        self._standing = Kept()

    def paint(self, painter: QPainter, picture: DisplayList, dpr: float = 1.0) -> None:
        """Paint a whole picture, background included; `dpr` device pixels are a logical one."""
        size = (picture.width, picture.height, dpr)
        if not self._base.holds(picture.furniture, picture.ground, size):
            base = self._fresh(picture, dpr)
            self._base = Kept(picture.furniture, picture.ground, size, base)
        if self._standing.holds(picture.dies, self._base, size):
            if self._standing.pixmap is None:
                # The dies are as they were: from now on they need not be painted any more.
                self._standing.pixmap = self._with_dies(picture, dpr)
            painter.drawPixmap(QPointF(0, 0), self._standing.pixmap)
        else:
            self._standing = Kept(picture.dies, self._base, size)
            assert self._base.pixmap is not None
            painter.drawPixmap(QPointF(0, 0), self._base.pixmap)
            self._paint_clipped(painter, picture.dies, dpr, picture)
        self._paint_clipped(painter, picture.moving, dpr, picture)
        self._paint_layers(painter, picture.caption, dpr, picture)

    def forget(self) -> None:
        """Drop everything kept (after a change of font or of screen)."""
        self.__init__()  # type: ignore[misc]

    def _fresh(self, picture: DisplayList, dpr: float) -> QPixmap:
        """Background, ground and furniture: what only another layout changes."""
        made = QPixmap((QSizeF(picture.width, picture.height) * dpr).toSize())
        made.setDevicePixelRatio(dpr)
        made.fill(QColor(picture.background))
        painter = QPainter(made)
        self._paint_clipped(painter, picture.ground, dpr, picture)
        self._paint_layers(painter, picture.furniture, dpr, picture)
        painter.end()
        return made

    def _with_dies(self, picture: DisplayList, dpr: float) -> QPixmap:
        assert self._base.pixmap is not None
        made = self._base.pixmap.copy()
        painter = QPainter(made)
        self._paint_clipped(painter, picture.dies, dpr, picture)
        painter.end()
        return made

    def _paint_clipped(
        self, painter: QPainter, layers: tuple[Layer, ...], dpr: float, picture: DisplayList
    ) -> None:
        painter.save()
        painter.setClipRect(QRectF(*picture.canvas))
        self._paint_layers(painter, layers, dpr, picture)
        painter.restore()

    def _paint_layers(
        self, painter: QPainter, layers: tuple[Layer, ...], dpr: float, picture: DisplayList
    ) -> None:
        for layer in layers:
            if isinstance(layer, Rects):
                self._paint_rects(painter, layer, dpr)
            elif isinstance(layer, Lines):
                self._paint_lines(painter, layer)
            elif isinstance(layer, Polygons):
                self._paint_polygons(painter, layer)
            elif isinstance(layer, Sprites):
                self._paint_sprites(painter, layer, dpr)
            elif isinstance(layer, Texts):
                self._paint_texts(painter, layer)
            else:
                paint_cells(painter, layer, dpr, (picture.width, picture.height))

    def _paint_rects(self, painter: QPainter, layer: Rects, dpr: float) -> None:
        borders = layer.border or ("",) * len(layer.fill)
        looks = zip(layer.fill, borders, strict=True)
        smooth = bool(layer.radius_px) or any(borders)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        if smooth and len(layer.xywh) >= MANY and (layer.xywh[:, 2:] == layer.xywh[0, 2:]).all():
            self._stamp(painter, layer, borders, dpr)
            return
        for bucket, (fill, border) in enumerate(looks):
            items = layer.xywh[layer.start[bucket] : layer.start[bucket + 1]]
            if not len(items):
                continue
            if border:
                # The border lies inside the rectangle, on whole pixels.
                inset = layer.border_px / 2
                items = items + np.array([inset, inset, -2 * inset, -2 * inset])
            painter.setPen(self._pen(border, layer.border_px) if border else Qt.PenStyle.NoPen)
            painter.setBrush(self._brush(fill))
            if layer.radius_px:
                path = QPainterPath()
                path.setFillRule(Qt.FillRule.WindingFill)
                for x, y, width, height in items.tolist():
                    path.addRoundedRect(x, y, width, height, layer.radius_px, layer.radius_px)
                painter.drawPath(path)
            else:
                draw_rects(painter, items)

    def _stamp(self, painter: QPainter, layer: Rects, borders: tuple[str, ...], dpr: float) -> None:
        """Equal rectangles of any number of looks in one call; a path of hundreds fills slowly."""
        shape = (*layer.xywh[0, 2:].tolist(), layer.border_px, layer.radius_px, dpr)
        if shape not in self._stamps:
            if len(self._stamps) >= MOST_SHEETS:
                self._stamps.clear()
            self._stamps[shape] = StampSheet(*shape)
        looks = tuple(zip(layer.fill, borders, strict=True))
        self._stamps[shape].draw(painter, layer.xywh, layer.start, looks)

    def _paint_lines(self, painter: QPainter, layer: Lines) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not layer.crisp)
        for bucket, (colour, width) in enumerate(zip(layer.colour, layer.width_px, strict=True)):
            items = layer.xyxy[layer.start[bucket] : layer.start[bucket + 1]]
            if not len(items):
                continue
            if layer.crisp and not layer.dash_px:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._brush(colour))
                draw_rects(painter, _bars(items, width))
            else:
                painter.setPen(self._pen(colour, width, layer.dash_px))
                draw_lines(painter, items)

    def _paint_polygons(self, painter: QPainter, layer: Polygons) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        borders = layer.border or ("",) * len(layer.fill)
        for bucket, (fill, border) in enumerate(zip(layer.fill, borders, strict=True)):
            items = layer.points[layer.start[bucket] : layer.start[bucket + 1]]
            if not len(items):
                continue
            path = QPainterPath()
            for corners in items.tolist():
                path.addPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
                path.closeSubpath()
            painter.setPen(self._pen(border, layer.border_px) if border else Qt.PenStyle.NoPen)
            painter.setBrush(self._brush(fill))
            painter.drawPath(path)

    def _paint_sprites(self, painter: QPainter, layer: Sprites, dpr: float) -> None:
        if not len(layer.xy):
            return
        key = (layer.looks, layer.size_px, layer.halo_px, dpr)
        if key not in self._sheets:
            if len(self._sheets) >= MOST_SHEETS:
                self._sheets.clear()
            self._sheets[key] = SpriteSheet(layer.looks, layer.size_px, layer.halo_px, dpr)
        self._sheets[key].draw(painter, layer)

    def _paint_texts(self, painter: QPainter, layer: Texts) -> None:
        for bucket, look in enumerate(layer.look):
            first, last = layer.start[bucket : bucket + 2]
            if first == last:
                continue
            painter.setFont(self._font(look.size_px, look.bold)[0])
            painter.setPen(QColor(look.colour))
            places = layer.xy[first:last].tolist()
            for text, (x, y) in zip(layer.text[first:last], places, strict=True):
                static, width, ascent = self._text(text, look)
                if look.anchor == MIDDLE:
                    x -= width / 2
                elif look.anchor == END:
                    x -= width
                painter.drawStaticText(QPointF(round(x), round(y) - ascent), static)

    def _text(self, text: str, look: TextLook) -> tuple[QStaticText, float, float]:
        key = (text, look)
        if key not in self._texts:
            if len(self._texts) >= MOST_TEXTS:
                self._texts.clear()
            font, ascent = self._font(look.size_px, look.bold)
            static = QStaticText(text)
            static.setTextFormat(Qt.TextFormat.PlainText)
            static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            static.prepare(font=font)
            self._texts[key] = (static, QFontMetricsF(font).horizontalAdvance(text), ascent)
        return self._texts[key]

    def _font(self, size_px: float, bold: bool) -> tuple[QFont, float]:
        key = (size_px, bold)
        if key not in self._fonts:
            font = picture_font(size_px, bold)
            self._fonts[key] = (font, QFontMetricsF(font).ascent())
        return self._fonts[key]

    def _pen(self, colour: str, width: float, dash_px: tuple[float, float] | None = None) -> QPen:
        key = (colour, width, dash_px)
        if key not in self._pens:
            pen = QPen(qcolor(colour), width)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            if dash_px:
                pen.setDashPattern([length / width for length in dash_px])
            self._pens[key] = pen
        return self._pens[key]

    def _brush(self, colour: str) -> QBrush:
        if colour not in self._brushes:
            self._brushes[colour] = (
                QBrush(qcolor(colour)) if colour else QBrush(Qt.BrushStyle.NoBrush)
            )
        return self._brushes[colour]


def picture_font(size_px: float, bold: bool = False) -> QFont:
    """The application's font in a picture, with tabular digits."""
    font = QFont(QGuiApplication.font())
    font.setPixelSize(round(size_px))
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _bars(xyxy: FloatArray, width: float) -> FloatArray:
    """Axis-parallel lines of a width as rectangles, which have no doubt about their pixels."""
    level = xyxy[:, 1] == xyxy[:, 3]
    low, high = np.minimum(xyxy[:, :2], xyxy[:, 2:]), np.maximum(xyxy[:, :2], xyxy[:, 2:])
    x = np.where(level, low[:, 0], low[:, 0] - width / 2)
    y = np.where(level, low[:, 1] - width / 2, low[:, 1])
    across = np.where(level, high[:, 0] - low[:, 0], width)
    down = np.where(level, width, high[:, 1] - low[:, 1])
    return np.column_stack([x, y, across, down])
