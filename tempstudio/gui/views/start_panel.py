"""The first five minutes: cards over the right dock, to be dismissed for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.icons import icon, pixmap
from tempstudio.scene.tokens import Tokens

FOLLOWED = (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide)
Line = tuple[str, str, Callable[[], object]]  # title, tooltip, what it does


class Card(QFrame):
    """A title, a sentence and an icon; a click, Enter or Space does it."""

    clicked = Signal()

    def __init__(self, name: str, sign: str, title: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"start.{name}")
        self.setProperty("role", "card")
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._sign = sign
        self._picture = QLabel(self)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        head = QLabel(title, self)
        head.setProperty("role", "strong")
        head.setWordWrap(True)
        line = QLabel(text, self)
        line.setProperty("role", "muted")
        line.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(head)
        words.addWidget(line)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 12, 12)
        row.setSpacing(12)
        row.addWidget(self._picture)
        row.addLayout(words, 1)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._picture.setPixmap(pixmap(self._sign, tokens.accent, 24, self.devicePixelRatioF()))
        self.setStyleSheet(
            f"Card {{ background: {tokens.window}; border: 1px solid {tokens.hairline};"
            f" border-radius: 4px; }}"
            f"Card:hover {{ border-color: {tokens.accent}; }}"
            f"Card:focus {{ border: 2px solid {tokens.accent}; }}"
        )

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class StartPanel(QFrame):
    """Covers the docks it is laid over until it is dismissed."""

    dismissed = Signal()

    def __init__(self, over: Sequence[QDockWidget], tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("start")
        self.setAccessibleName("Start")
        self._tokens = tokens
        self.cards: list[Card] = []
        self._over = tuple(over)
        for dock in over:
            dock.installEventFilter(self)
        head = QLabel("Start here", self)
        head.setProperty("role", "heading")
        self.close_button = QToolButton(self)
        self.close_button.setObjectName("start.dismiss")
        self.close_button.setToolTip("Dismiss (Esc)")
        self.close_button.clicked.connect(self.dismiss)
        top = QHBoxLayout()
        top.addWidget(head, 1)
        top.addWidget(self.close_button)
        body = QWidget(self)
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(12, 0, 12, 12)
        self._column.setSpacing(8)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        scroll.viewport().setAutoFillBackground(False)
        body.setAutoFillBackground(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        top.setContentsMargins(12, 8, 8, 8)
        outer.addLayout(top)
        outer.addWidget(scroll, 1)
        self.set_theme(tokens)
        self._cover()

    def add_card(
        self, name: str, sign: str, title: str, text: str, run: Callable[[], object]
    ) -> Card:
        """Add a card that does something."""
        card = Card(name, sign, title, text, self)
        card.set_theme(self._tokens)
        card.clicked.connect(partial(self._choose, run))
        self._column.addWidget(card)
        self.cards.append(card)
        return card

    def add_list(self, title: str, lines: Sequence[Line]) -> None:
        """Add a heading with lines to click on; nothing where there are no lines."""
        if not lines:
            return
        head = QLabel(title, self)
        head.setProperty("role", "caption")
        self._column.addSpacing(8)
        self._column.addWidget(head)
        for text, tip, run in lines:
            button = QPushButton(text, self)
            button.setFlat(True)
            button.setObjectName("start.line")
            button.setToolTip(tip)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(partial(self._choose, run))
            self._column.addWidget(button)

    def _choose(self, run: Callable[[], object], _: bool = False) -> None:
        self.dismiss()
        run()

    def finish(self) -> None:
        """All has been added: push it to the top and take the focus."""
        self._column.addStretch(1)
        self.show()
        self.raise_()
        if self.cards:
            self.cards[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def dismiss(self) -> None:
        """Go away."""
        if self.isVisible() or not self.isHidden():
            self.hide()
            self.dismissed.emit()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.close_button.setIcon(icon("close", tokens))
        self.setStyleSheet(
            f"StartPanel {{ background: {tokens.surface}; }}"
            f"#start QPushButton#start\\.line {{ text-align: left; border: 0; padding: 4px;"
            f" color: {tokens.accent}; background: transparent; }}"
        )
        for card in self.cards:
            card.set_theme(tokens)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in FOLLOWED:
            self._cover()
        return super().eventFilter(watched, event)

    def _cover(self) -> None:
        """Lie over the docks that are in their place."""
        whole = QRect()
        for dock in self._over:
            if not dock.isFloating() and not dock.isHidden():
                whole = whole.united(dock.geometry())
        if not whole.isEmpty():
            self.setGeometry(whole)
