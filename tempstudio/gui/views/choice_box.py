"""A box of the toolbar: its caption stands inside, before the choice, while there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import factor
from tempstudio.scene.tokens import Tokens

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOptionComboBox

WIDTH = 156
MOST_LINES = 24  # all models, and what loads another


class ChoiceBox(QComboBox):
    """Names to choose from; lines after a separator are commands.

    `chosen` carries the name or command that a person picked, even where it is the present one.
    """

    chosen = Signal(str)

    def __init__(
        self, key: str, caption: str, tokens: Tokens, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setMaxVisibleItems(MOST_LINES)
        self._tokens = tokens
        self.setObjectName(f"box.{key}")
        self.setAccessibleName(caption)
        self._caption = caption
        self._shown = ""
        self._captioned = True
        self._commands: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(28)
        self.setMinimumWidth(84)
        self.setMaximumWidth(220)
        self.textActivated.connect(self._pick)

    @property
    def shown(self) -> str:
        """The present choice."""
        return self._shown

    def set_choices(
        self, names: Sequence[str], tips: Sequence[str] = (), commands: Sequence[str] = ()
    ) -> None:
        """Offer these names, and these commands below them."""
        with QSignalBlocker(self):
            self.clear()
            self.addItems(list(names))
            for row, tip in enumerate(tips):
                self.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
            if commands:
                self.insertSeparator(self.count())
                self.addItems(list(commands))
        self._commands = tuple(commands)
        self.show_choice(self._shown)

    def show_choice(self, name: str, tip: str = "") -> None:
        """Show a choice; one that is not offered is shown all the same."""
        self._shown = name
        self.setToolTip(f"{self._caption}: {name}\n{tip}".strip())
        self.setAccessibleDescription(name)
        with QSignalBlocker(self):
            self.setCurrentIndex(self.findText(name))
        self.update()

    def _pick(self, name: str) -> None:
        if name in self._commands:
            self.show_choice(self._shown)
        self.chosen.emit(name)

    def sizeHint(self) -> QSize:
        # Whatever is chosen: the boxes beside it stay where they are.
        return QSize(round(WIDTH * factor()), round(28 * factor()))

    @property
    def has_room_for_caption(self) -> bool:
        """Whether caption and choice stand side by side in the present width."""
        small = QFontMetrics(font("caption", factor())).horizontalAdvance(self._caption)
        value = self.fontMetrics().horizontalAdvance(self._shown)
        return small + 8 + value <= self.width() - 30 * factor()

    def set_captioned(self, captioned: bool) -> None:
        """Show the caption before the choice."""
        if captioned != self._captioned:
            self._captioned = captioned
            self.update()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.update()

    def showPopup(self) -> None:
        """The list is made only now: it takes longer than all the rest of the box."""
        self.view().setTextElideMode(Qt.TextElideMode.ElideRight)
        super().showPopup()

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """The frame is the style's; the text is painted here, in two inks."""
        super().initStyleOption(option)
        option.currentText = ""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        field = self.rect().adjusted(8, 0, -22, 0)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if self._captioned:
            painter.setFont(font("caption", factor()))
            painter.setPen(QColor(self._tokens.muted))
            painter.drawText(field, middle, self._caption)
            wide = painter.fontMetrics().horizontalAdvance(self._caption) + 8
            field = field.adjusted(wide, 0, 0, 0)
        painter.setFont(self.font())
        painter.setPen(QColor(self._tokens.text))
        text = painter.fontMetrics().elidedText(
            self._shown, Qt.TextElideMode.ElideRight, field.width()
        )
        painter.drawText(field, middle, text)
