"""Actions as data, from which menus, toolbar, command palette and shortcut sheet are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from tempstudio.gui.icons import icon
from tempstudio.scene.tokens import Tokens

MENUS = ("File", "Edit", "View", "Playback", "Run", "Plugins", "Help")


@dataclass(frozen=True)
class Action:
    """One thing that a person can ask for.

    `menu` is the menu it stands in ('' for the palette only), `section` the group of lines there,
    `submenu` the title of a menu inside it.  `run` is called with the main window.  Actions of one
    `group` exclude one another.  `summary` is the tooltip's sentence.
    """

    id: str
    title: str
    run: Callable[[Any], object]
    menu: str = ""
    section: str = ""
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    summary: str = ""
    checkable: bool = False
    group: str = ""
    submenu: str = ""


class Actions(QObject):
    """The actions of one window and the QActions made from them."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._table: dict[str, Action] = {}
        self._made: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}

    def add(self, actions: Iterable[Action]) -> None:
        """Make these available; an id that is taken is a mistake."""
        for action in actions:
            if action.id in self._table:
                raise ValueError(f"action {action.id!r} is there already")
            self._table[action.id] = action
            self._made[action.id] = self._make(action)

    def __getitem__(self, id_: str) -> QAction:
        return self._made[id_]

    def __iter__(self) -> Iterator[Action]:
        return iter(self._table.values())

    def data(self, id_: str) -> Action:
        """The action as data."""
        return self._table[id_]

    def _make(self, action: Action) -> QAction:
        made = QAction(action.title, self._window)
        made.setObjectName(action.id)
        made.setShortcuts([QKeySequence(keys) for keys in action.shortcuts])
        made.setToolTip(tooltip(action))
        made.setStatusTip(action.summary)
        if action.group:
            group = self._groups.get(action.group)
            if group is None:
                group = self._groups[action.group] = QActionGroup(self._window)
            group.addAction(made)
        made.setCheckable(action.checkable or bool(action.group))
        made.triggered.connect(lambda _=False, run=action.run: run(self._window))
        self._window.addAction(made)  # its shortcut works wherever the action is shown
        return made

    def set_theme(self, tokens: Tokens, only: Iterable[str] = ()) -> None:
        """Draw the icons in the theme's colours, all or those of some actions."""
        for id_ in only or self._table:
            if self._table[id_].icon:
                self._made[id_].setIcon(icon(self._table[id_].icon, tokens))

    def fill_menu_bar(self, bar: QMenuBar) -> dict[str, QMenu]:
        """One menu for each of MENUS that has actions; sections are separated by lines."""
        menus = {}
        for name in MENUS:
            mine = [action for action in self if action.menu == name]
            if mine:
                menus[name] = bar.addMenu(f"&{name}")
                menus[name].setObjectName(f"menu.{name.lower()}")
                self._fill(menus[name], mine)
        return menus

    def _fill(self, menu: QMenu, actions: list[Action]) -> None:
        section = actions[0].section
        inner: dict[str, QMenu] = {}
        for action in actions:
            if action.section != section:
                menu.addSeparator()
                section = action.section
            if action.submenu and action.submenu not in inner:
                inner[action.submenu] = menu.addMenu(f"&{action.submenu}")
                inner[action.submenu].setObjectName(f"menu.{action.submenu.lower()}")
            inner.get(action.submenu, menu).addAction(self._made[action.id])


def tooltip(action: Action) -> str:
    """Title, keys and the sentence that says what it does."""
    title = action.title.removesuffix("…").replace("&", "")
    keys = " or ".join(native(keys) for keys in action.shortcuts)
    head = f"{title} ({keys})" if keys else title
    return f"{head}\n{action.summary}" if action.summary else head


def native(keys: str) -> str:
    """A shortcut as this system writes it."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
