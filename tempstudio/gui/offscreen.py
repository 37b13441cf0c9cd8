"""Display lists painted without a window, for pictures and movies; no screen is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QApplication

from tempstudio.gui.painter import DisplayListPainter
from tempstudio.scene.display_list import DisplayList

_kept: list[QGuiApplication] = []  # Qt ends with its application object, so one that we made stays


def application() -> QGuiApplication:
    """The running application, or one that needs no screen: fonts exist only under one."""
    running = QGuiApplication.instance()
    if isinstance(running, QGuiApplication):
        return running
    made = QApplication(["tempstudio", "-platform", "offscreen"])
    _kept.append(made)
    return made


def images_of(pictures: Iterable[DisplayList], dpr: float = 1.0) -> Iterator[QImage]:
    """One image a picture, `dpr` pixels a logical pixel; the image is reused by the next."""
    application()
    painter_of = DisplayListPainter()
    image = QImage()
    for picture in pictures:
        size = round(picture.width * dpr), round(picture.height * dpr)
        if (image.width(), image.height()) != size:
            image = QImage(*size, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(dpr)
        painter = QPainter(image)
        painter_of.paint(painter, picture, dpr)
        painter.end()
        yield image


def png_of(picture: DisplayList, dpr: float = 1.0) -> bytes:
    """The picture as a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image = next(iter(images_of((picture,), dpr)))
    # Resolution in the file: a picture of twice the pixels is as large on paper.
    metre = round(96 * dpr / 0.0254)
    image.setDotsPerMeterX(metre)
    image.setDotsPerMeterY(metre)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def pixels_of(pictures: Iterable[DisplayList], dpr: float = 1.0) -> Iterator[NDArray[np.uint8]]:
    """Red, green and blue bytes [height, width, 3] of each picture, for movies."""
    for image in images_of(pictures, dpr):
        plain = image.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(plain.constBits(), dtype=np.uint8)
        rows = rows.reshape(plain.height(), plain.bytesPerLine())
        yield rows[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()
