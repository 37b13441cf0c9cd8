"""A display list painted with QPainter: by the wafer view, and on images for export."""

from __future__ import annotations

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
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
    QStaticText,
)

from tempstudio.gui.batches import draw_fragments, draw_lines, draw_rects
from tempstudio.gui.sprite_sheet import SpriteSheet
from tempstudio.scene.display_list import (
    END,
    MIDDLE,
    DisplayList,
    Image,
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
MOST_STAMPS = 128
MANY = 8  # equal rounded rectangles from here on are stamped


class DisplayListPainter:
    """Paints display lists and keeps what comes again: fonts, texts, sprites, the standing picture.

    One for each surface painted on; not shared between threads.
    """

    def __init__(self) -> None:
        self._pens: dict[tuple[str, float, tuple[float, float] | None], QPen] = {}
        self._brushes: dict[str, QBrush] = {}
        self._fonts: dict[tuple[float, bool], tuple[QFont, float]] = {}
        self._texts: dict[tuple[str, TextLook], tuple[QStaticText, float, float]] = {}
        self._stamps: dict[tuple[Any, ...], QPixmap] = {}
        self._sheets: dict[tuple[Any, ...], SpriteSheet] = {}
        self._standing: tuple[Any, ...] = ()
        self._standing_picture: QPixmap | None = None

    def paint(self, painter: QPainter, picture: DisplayList, dpr: float = 1.0) -> None:
        """Paint a whole picture, background included; `dpr` device pixels are a logical one."""
        standing = (picture.furniture, picture.ground, picture.dies)
        size = (picture.width, picture.height, dpr)
        same = len(self._standing) == 4 and self._standing[3] == size and all(
            old is new for old, new in zip(self._standing, standing, strict=False)
        )  # fmt: skip
        if same and self._standing_picture is None:
            self._standing_picture = self._stand(picture, dpr)
        if same and self._standing_picture is not None:
            painter.drawPixmap(QPointF(0, 0), self._standing_picture)
        else:
            self._standing, self._standing_picture = (*standing, size), None
            self._paint_standing(painter, picture, dpr)
        painter.save()
        painter.setClipRect(QRectF(*picture.canvas))
        self._paint_layers(painter, picture.moving, dpr, picture)
        painter.restore()
        self._paint_layers(painter, picture.caption, dpr, picture)

    def forget(self) -> None:
        """Drop everything kept (after a change of font or of screen)."""
        self.__init__()  # type: ignore[misc]

    def _stand(self, picture: DisplayList, dpr: float) -> QPixmap:
        """The part of a picture that was the same twice, as a pixmap."""
        made = QPixmap((QSizeF(picture.width, picture.height) * dpr).toSize())
        made.setDevicePixelRatio(dpr)
        painter = QPainter(made)
        self._paint_standing(painter, picture, dpr)
        painter.end()
        return made

    def _paint_standing(self, painter: QPainter, picture: DisplayList, dpr: float) -> None:
        whole = QRectF(0, 0, picture.width, picture.height)
        painter.fillRect(whole, QColor(picture.background))
        painter.save()
        painter.setClipRect(QRectF(*picture.canvas))
        self._paint_layers(painter, picture.ground, dpr, picture)
        self._paint_layers(painter, picture.dies, dpr, picture)
        painter.restore()
        self._paint_layers(painter, picture.furniture, dpr, picture)

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
                _paint_image(painter, layer, dpr, picture)

    def _paint_rects(self, painter: QPainter, layer: Rects, dpr: float) -> None:
        borders = layer.border or ("",) * len(layer.fill)
        looks = zip(layer.fill, borders, strict=True)
        smooth = bool(layer.radius_px) or any(borders)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        for bucket, (fill, border) in enumerate(looks):
            items = layer.xywh[layer.start[bucket] : layer.start[bucket + 1]]
            if not len(items):
                continue
            if layer.radius_px and len(items) >= MANY and (items[:, 2:] == items[0, 2:]).all():
                self._stamp(painter, items, (fill, border, layer.border_px, layer.radius_px), dpr)
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

    def _stamp(
        self,
        painter: QPainter,
        items: FloatArray,
        look: tuple[str, str, float, float],
        dpr: float,
    ) -> None:
        """Equal rounded rectangles as copies of one pixmap: a path of hundreds is slow to fill."""
        width, height = items[0, 2:].tolist()
        key = (width, height, dpr, *look)
        if key not in self._stamps:
            if len(self._stamps) >= MOST_STAMPS:
                self._stamps.clear()
            self._stamps[key] = self._stamp_of(width, height, dpr, look)
        stamp = self._stamps[key]
        draw_fragments(
            painter,
            stamp,
            items[:, :2] + items[:, 2:] / 2,
            np.zeros(len(items)),
            (stamp.width(), stamp.height()),
            dpr,
        )

    def _stamp_of(
        self, width: float, height: float, dpr: float, look: tuple[str, str, float, float]
    ) -> QPixmap:
        fill, border, border_px, radius = look
        stamp = QPixmap(max(round(width * dpr), 1), max(round(height * dpr), 1))
        stamp.fill(Qt.GlobalColor.transparent)
        painter = QPainter(stamp)
        painter.scale(dpr, dpr)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(self._pen(border, border_px) if border else Qt.PenStyle.NoPen)
        painter.setBrush(self._brush(fill))
        inset = border_px / 2 if border else 0.0
        inside = QRectF(inset, inset, width - 2 * inset, height - 2 * inset)
        painter.drawRoundedRect(inside, radius, radius)
        painter.end()
        return stamp

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
            if len(self._sheets) >= 64:
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

    def _pen(
        self, colour: str, width: float, dash_px: tuple[float, float] | None = None
    ) -> QPen:
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


def qcolor(colour: str) -> QColor:
    """A QColor of "#RRGGBB" or "#RRGGBBAA" (Qt itself reads the latter as ARGB)."""
    made = QColor(colour[:7])
    if len(colour) == 9:
        made.setAlpha(int(colour[7:], 16))
    return made


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


def _paint_image(painter: QPainter, layer: Image, dpr: float, picture: DisplayList) -> None:
    """Cells spread over device pixels, only those inside the picture."""
    columns, left = _spread(layer.x_edges, dpr, 0.0, picture.width)
    rows, top = _spread(layer.y_edges, dpr, 0.0, picture.height)
    if not len(columns) or not len(rows):
        return
    pixels = np.ascontiguousarray(layer.pixels.take(columns, axis=1).take(rows, axis=0))
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(dpr)
    painter.drawImage(QPointF(left / dpr, top / dpr), image)


def _spread(
    edges: FloatArray, dpr: float, low: float, high: float
) -> tuple[NDArray[np.intp], int]:
    """(the cell of each device pixel between `low` and `high`, the first such pixel)."""
    at = np.rint(edges * dpr).astype(np.intp)
    first, last = max(int(at[0]), int(low * dpr)), min(int(at[-1]), int(np.ceil(high * dpr)))
    pixel = np.arange(first, max(last, first))
    return np.searchsorted(at, pixel, side="right") - 1, first
