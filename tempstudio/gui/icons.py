"""The studio's own line icons, drawn in the colours of the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from tempstudio.resources import asset
from tempstudio.scene.tokens import Tokens, mix

SIZE = 20


def icon(name: str, tokens: Tokens, colour: str = "") -> QIcon:
    """An icon of assets/icons in a theme's text colour (or another), fainter where disabled."""
    ink = colour or tokens.text
    screen = QGuiApplication.primaryScreen()
    scale = screen.devicePixelRatio() if screen is not None else 1.0
    return _icon(name, ink, mix(ink, tokens.window, 0.4), scale)


@lru_cache(maxsize=256)
def _icon(name: str, ink: str, faint: str, scale: float) -> QIcon:
    made = QIcon(pixmap(name, ink, SIZE, scale))
    made.addPixmap(pixmap(name, faint, SIZE, scale), QIcon.Mode.Disabled)
    return made


def pixmap(name: str, colour: str, size: int = SIZE, scale: float = 1.0) -> QPixmap:
    """An icon as a picture of `size` x `size` logical pixels."""
    made = QPixmap(round(size * scale), round(size * scale))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    _renderer(name, colour).render(painter, QRectF(0, 0, made.width(), made.height()))
    painter.end()
    made.setDevicePixelRatio(scale)
    return made


@lru_cache(maxsize=512)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    text = asset("icons", f"{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(text.replace("currentColor", colour).encode()))
