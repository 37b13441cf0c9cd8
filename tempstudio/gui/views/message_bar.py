"""Messages that do not get in the way: a bar over the centre, dismissed one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.icons import icon, pixmap
from tempstudio.scene.tokens import Tokens

SIGNS = {"info": "info", "ok": "ok", "warning": "warning", "error": "error"}
MOST = 3
SHORT_MS = 8000
LEAST_PX = 36  # of a line


@dataclass(frozen=True)
class Message:
    """One line for the person; `choices` are buttons (label, what it does).

    `key` names what it is about: a newer message about the same thing takes its place.  A
    `fleeting` one goes by itself.
    """

    text: str
    level: str = "info"  # info | ok | warning | error
    choices: Sequence[tuple[str, Callable[[], object]]] = ()
    key: str = ""
    details: str = ""
    fleeting: bool = False


class MessageBar(QWidget):
    """Shows up to three messages over the top of its parent; what lies below does not move."""

    details_asked = Signal(str)
    focus_left = Signal()  # the line that had it goes

    def __init__(self, tokens: Tokens, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("message_bar")
        self._over = over
        over.installEventFilter(self)
        self._tokens = tokens
        self._lines: list[_Line] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.hide()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What is shown, oldest first."""
        return tuple(line.message for line in self._lines)

    def show_message(self, message: Message) -> None:
        """Show a message."""
        if message.key:
            self.dismiss_key(message.key)
        for same in [line for line in self._lines if line.message.text == message.text]:
            self._drop(same)
        while len(self._lines) >= MOST:
            self._drop(self._lines[0])
        line = _Line(message, self._tokens, self)
        line.close_button.clicked.connect(lambda: self._drop(line))
        for button, (_, run) in zip(line.buttons, message.choices, strict=True):
            button.clicked.connect(partial(self._choose, line, run))
        if message.details:
            line.details_button.clicked.connect(lambda: self.details_asked.emit(message.details))
        self._lines.append(line)
        self._column.addWidget(line)
        line.show()
        self.show()
        self._fit()
        if message.fleeting:
            going = QTimer(line)
            going.setSingleShot(True)
            going.timeout.connect(lambda: self._drop(line))
            going.start(SHORT_MS)

    def dismiss_key(self, key: str) -> None:
        """Take away what was said about this."""
        for line in [line for line in self._lines if line.message.key == key]:
            self._drop(line)

    def clear(self) -> None:
        """Take away everything."""
        for line in list(self._lines):
            self._drop(line)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        for line in self._lines:
            line.set_theme(tokens)

    def _choose(self, line: _Line, run: Callable[[], object], _: bool = False) -> None:
        self._drop(line)
        run()

    def _drop(self, line: _Line) -> None:
        if line in self._lines:
            self._lines.remove(line)
            focus = QApplication.focusWidget()
            if focus is not None and line.isAncestorOf(focus):
                self.focus_left.emit()  # else it would go to the first button of the window
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.setVisible(bool(self._lines))
        self._fit()

    def _fit(self) -> None:
        wide = self._over.width()
        tall = sum(max(line.heightForWidth(wide), LEAST_PX) for line in self._lines)
        self.setGeometry(0, 0, wide, tall)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """It stays as wide as what it lies over."""
        if event.type() == QEvent.Type.Resize and watched is self.parent():
            self._fit()
        return super().eventFilter(watched, event)


class _Line(QFrame):
    def __init__(self, message: Message, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.message = message
        self.setObjectName(f"message.{message.level}")
        self.setAccessibleName(f"{message.level}: {message.text}")
        self._sign = QLabel(self)
        text = QLabel(message.text, self)
        text.setObjectName("message.text")
        text.setWordWrap(True)
        text.setTextInteractionFlags(text.textInteractionFlags().TextSelectableByMouse)
        text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addWidget(text, 1)
        self.buttons = [QPushButton(label, self) for label, _ in message.choices]
        for button in self.buttons:
            row.addWidget(button)
        self.details_button = QPushButton("Details", self)
        self.details_button.setVisible(bool(message.details))
        row.addWidget(self.details_button)
        self.close_button = QToolButton(self)
        self.close_button.setObjectName("message.dismiss")
        self.close_button.setToolTip("Dismiss")
        row.addWidget(self.close_button)
        for asked in (*self.buttons, self.details_button, self.close_button):
            asked.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus where it is
        self.set_theme(tokens)

    def set_theme(self, tokens: Tokens) -> None:
        colour = {
            "info": tokens.accent,
            "ok": tokens.ok,
            "warning": tokens.warning,
            "error": tokens.error,
        }[self.message.level]
        self._sign.setPixmap(
            pixmap(SIGNS[self.message.level], colour, 20, self.devicePixelRatioF())
        )
        self.close_button.setIcon(icon("close", tokens))
        self.setStyleSheet(
            f"_Line {{ background: {tokens.surface}; border: 0;"
            f" border-left: 3px solid {colour}; border-bottom: 1px solid {tokens.hairline}; }}"
        )
