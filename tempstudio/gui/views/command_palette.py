"""The command palette: type a few letters of an action, Enter runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import factor

Index = QModelIndex | QPersistentModelIndex
WIDTH = 520
ROW = 28
MOST_ROWS = 12


@dataclass(frozen=True)
class Command:
    """One line of the palette; `where` is the menu or kind it belongs to."""

    title: str
    where: str
    run: Callable[[], object]
    keys: str = ""
    enabled: bool = True


def rank(query: str, command: Command) -> float:
    """How well a command answers a query: higher is better, negative not at all.

    All letters must occur in order; word beginnings and runs of letters count more, so "cad" finds
    "Copy as command" and "run" puts Run before "Round".  A menu's name finds what is in it.
    """
    title = command.title.casefold()
    wanted = query.casefold().replace(" ", "")
    if not wanted:
        return 0.0
    if query.casefold() in title:
        return 100.0 + 50.0 * title.startswith(query.casefold()) - len(title) * 0.1
    if query.casefold() in command.where.casefold():
        return 90.0
    score, at, previous = 0.0, 0, -2
    text = f"{title} {command.where.casefold()}"
    for letter in wanted:
        at = text.find(letter, at)
        if at < 0:
            return -1.0
        score += 3.0 if at == previous + 1 else 2.0 if at == 0 or text[at - 1] == " " else 0.5
        previous, at = at, at + 1
    return score - len(text) * 0.01


class CommandPalette(QFrame):
    """A panel over the window; Escape or a click elsewhere closes it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("command_palette")
        self.setProperty("role", "card")
        self.setAccessibleName("Command palette")
        self._window = window
        self._commands: list[Command] = []
        self.query = QLineEdit(self)
        self.query.setObjectName("command_palette.query")
        self.query.setPlaceholderText("Type a command")
        self.query.setClearButtonEnabled(True)
        self.query.textChanged.connect(self._search)
        self.query.installEventFilter(self)
        self.list = QListWidget(self)
        self.list.setObjectName("command_palette.list")
        self.list.setItemDelegate(_Row(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._run_item)
        self.nothing = QLabel("No command has these letters in this order.", self)
        self.nothing.setProperty("role", "muted")
        self.nothing.setContentsMargins(8, 8, 8, 8)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(4)
        column.addWidget(self.query)
        column.addWidget(self.nothing)
        column.addWidget(self.list)
        column.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)  # it shrinks with its list
        for part in (self.query, self.list, self.nothing):
            part.setFixedWidth(WIDTH - 16)

    def ask(self, commands: Iterable[Command]) -> None:
        """Open over the upper middle of the window with these commands."""
        self._commands = list(commands)
        self.query.clear()
        self._search("")
        window = self._window.window()
        left = (window.width() - round(WIDTH * factor())) // 2
        self.move(window.mapToGlobal(QPoint(left, window.height() // 8)))
        self.show()
        self._search("")  # the first show has sized the list as if it were of fixed height
        self.query.setFocus(Qt.FocusReason.PopupFocusReason)

    def _search(self, query: str) -> None:
        ranked = [(rank(query, command), i, command) for i, command in enumerate(self._commands)]
        found = [item for item in ranked if item[0] >= 0]
        found.sort(key=lambda item: (not item[2].enabled, -item[0], item[1]))
        self.list.clear()
        for _, _, command in found:
            item = QListWidgetItem(command.title)
            item.setData(Qt.ItemDataRole.UserRole, command)
            if not command.enabled:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self._select_first()
        rows = min(len(found), MOST_ROWS)
        self.list.setVisible(rows > 0)
        self.nothing.setVisible(rows == 0)
        self.list.setFixedHeight(round(max(rows, 1) * ROW * factor()))

    def _select_first(self) -> None:
        for row in range(self.list.count()):
            if self.list.item(row).flags() & Qt.ItemFlag.ItemIsEnabled:
                self.list.setCurrentRow(row)
                return

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.query and isinstance(event, QKeyEvent):
            return event.type() == QEvent.Type.KeyPress and self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: MOST_ROWS,
            Qt.Key.Key_PageUp: -MOST_ROWS,
        }
        if key in steps:
            self._move(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            item = self.list.currentItem()
            if item is not None:
                self._run_item(item)
        elif key == Qt.Key.Key_Escape:
            self.close()
        else:
            return False
        return True

    def _move(self, steps: int) -> None:
        rows = self.list.count()
        row, way = self.list.currentRow(), 1 if steps > 0 else -1
        target = min(max(row + steps, 0), rows - 1)
        while 0 <= target < rows:
            if self.list.item(target).flags() & Qt.ItemFlag.ItemIsEnabled:
                self.list.setCurrentRow(target)
                return
            target += way

    def _run_item(self, item: QListWidgetItem) -> None:
        command: Command = item.data(Qt.ItemDataRole.UserRole)
        if command.enabled:
            self.close()
            command.run()


class _Row(QStyledItemDelegate):
    """Title, then keys at the right and the menu's name before them, muted."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, round(ROW * factor()))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        command: Command = index.data(Qt.ItemDataRole.UserRole)
        painter.save()
        palette = option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(option.rect, palette.color(QPalette.ColorRole.Highlight))
        ink = palette.color(
            QPalette.ColorGroup.Normal if command.enabled else QPalette.ColorGroup.Disabled,
            QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text,
        )
        faint = ink if chosen else palette.color(QPalette.ColorRole.PlaceholderText)
        inner: QRect = option.rect.adjusted(8, 0, -8, 0)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font("caption", factor()))
        painter.setPen(faint)
        aside = "   ".join(text for text in (command.where, command.keys) if text)
        painter.drawText(inner, right, aside)
        room = inner.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(aside) - 12, 0)
        painter.setFont(option.font)
        painter.setPen(ink)
        title = painter.fontMetrics().elidedText(
            command.title, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        painter.restore()
