"""The large figures, each a button that says where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.format import NONE
from tempstudio.scene.tokens import Tokens


@dataclass(frozen=True)
class Figure:
    """What a figure button shows; `change` compares with the run before, '' for nothing."""

    number: str = NONE
    unit: str = ""
    change: str = ""
    better: bool | None = None


class FigureButton(Zoomed, QAbstractButton):
    """A large figure with its name above and the change below; a click asks where it comes from."""

    def __init__(self, key: str, title: str, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"figure.{key}")
        self.key, self.title = key, title
        self._tokens, self._figure = tokens, Figure()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    @property
    def figure(self) -> Figure:
        """What is shown."""
        return self._figure

    def set_figure(self, figure: Figure) -> None:
        """Show another figure."""
        if figure != self._figure:
            self._figure = figure
            self.setAccessibleName(f"{self.title}: {figure.number} {figure.unit}")
            self.updateGeometry()
            self.update()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.update()

    def sizeHint(self) -> QSize:
        caption, large = QFontMetricsF(font("caption")), QFontMetricsF(font("figure"))
        wide = large.horizontalAdvance(self._figure.number) + 2
        wide += QFontMetricsF(font("body")).horizontalAdvance(self._figure.unit)
        wide = max(wide, caption.horizontalAdvance(self.title))
        return self.sized(round(wide) + 8, round(2 * caption.height() + large.height() + 8))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self.painter()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, figure = self._tokens, self._figure
        if self.underMouse() or self.hasFocus():
            width = 2 if self.hasFocus() else 1
            painter.setPen(QPen(QColor(tokens.accent), width))
            edge = width / 2
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(edge, edge, -edge, -edge), 4, 4)
        caption, large = font("caption"), font("figure")
        small, big = QFontMetricsF(caption), QFontMetricsF(large)
        y = 4 + small.ascent()
        painter.setFont(caption)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QRectF(4, 4, self.width() - 8, small.height()), 0, self.title)
        y = 4 + small.height() + big.ascent()
        painter.setFont(large)
        painter.setPen(QColor(tokens.text if self.isEnabled() else tokens.muted))
        painter.drawText(4, round(y), figure.number)
        painter.setFont(font("body"))
        painter.setPen(QColor(tokens.muted))
        painter.drawText(round(4 + big.horizontalAdvance(figure.number) + 2), round(y), figure.unit)
        if figure.change:
            colour = {True: tokens.ok, False: tokens.warning, None: tokens.muted}[figure.better]
            painter.setFont(caption)
            painter.setPen(QColor(colour))
            painter.drawText(4, round(y + big.descent() + small.ascent()), figure.change)
