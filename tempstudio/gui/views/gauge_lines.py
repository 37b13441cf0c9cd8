"""Lines of the gauge panel: small figures, the ribbon of old ones, the averaged range."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QWidget

from tempstudio import glossary
from tempstudio.gui.icons import icon
from tempstudio.gui.views.gauges import FigureButton
from tempstudio.scene.format import seconds
from tempstudio.scene.tokens import Tokens, mix


class Ribbon(QLabel):
    """Lies across the row of changes under the figures while these are from before."""

    def __init__(self, body: QWidget, figure: FigureButton) -> None:
        super().__init__(body)
        self.setObjectName("gauges.ribbon")
        self.setProperty("role", "ribbon")
        self._body, self._figure = body, figure
        self._text = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setIndent(8)
        body.installEventFilter(self)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show a text, or go away."""
        self._text = text
        self.setToolTip(text)
        self.setVisible(bool(text))
        self._fit()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        fill = mix(tokens.warning, tokens.surface, 0.14)
        self.setStyleSheet(
            f"color: {tokens.warning}; background: {fill}; border-left: 3px solid {tokens.warning};"
        )

    def _fit(self) -> None:
        below = self._figure.geometry()
        tall = self.fontMetrics().height() + 2
        wide = self._body.width() - 24
        self.setGeometry(below.left(), below.bottom() - tall + 1, wide, tall)
        room = self.width() - 20
        self.setText(self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room))
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """It stays where the figures are."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fit()
        return super().eventFilter(watched, event)


class FigureLine(QLabel):
    """A small figure in a line of text; a click asks where it comes from."""

    asked = Signal(str)

    def __init__(self, term: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._term = term
        self.setProperty("role", "caption")
        self.setProperty("ringed", True)
        self.setIndent(0)  # a label with a border would have one
        self.setProperty("term", term)
        self.setToolTip(meaning(term))
        self.setWordWrap(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.asked.emit(self._term)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.asked.emit(self._term)
        else:
            super().keyPressEvent(event)


class RangeChip(QPushButton):
    """Says that the gauges below are averages of a range; a click lets go of it."""

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("gauges.range")
        self.setToolTip("Show the moment again (Escape in the timeline)")
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the cross stands at the end
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_theme(tokens)
        self.hide()

    def show_range(self, range_s: tuple[float, float] | None) -> None:
        """Name the range, or go away."""
        self.setVisible(range_s is not None)
        if range_s is not None:
            low, high = range_s
            self.setText(f"Average of {seconds(high - low)}")
            self.setAccessibleDescription(f"from {seconds(low)} to {seconds(high)}")

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self.setIcon(icon("close", tokens))


def meaning(term: str) -> str:
    """What a term means and its unit, for a tooltip."""
    entry = glossary.find(term)
    if entry is None:
        return term
    unit = f" [{entry.unit}]" if entry.unit else ""
    return f"{entry.term}{unit}\n{entry.sentence}\nClick for the formula and this run's inputs."
