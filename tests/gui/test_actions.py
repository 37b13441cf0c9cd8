"""Actions as data: complete, unambiguous, and all of them reachable."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tempstudio.gui.actions import MENUS
from tempstudio.gui.commands import ACTIONS
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views.command_palette import Command, rank
from tempstudio.resources import asset
from tests.gui.conftest import click, seen


def test_ids_and_shortcuts_are_taken_once() -> None:
    ids = Counter(action.id for action in ACTIONS)
    keys = Counter(keys for action in ACTIONS for keys in action.shortcuts)
    assert [id_ for id_, times in ids.items() if times > 1] == []
    assert [key for key, times in keys.items() if times > 1] == []


def test_every_icon_that_is_named_exists_and_draws(qapp: object) -> None:
    from tempstudio.gui.icons import pixmap

    for path in asset("icons").iterdir():
        picture = pixmap(path.name.removesuffix(".svg"), "#000000").toImage()
        painted = any(picture.pixelColor(x, y).alpha() for x in range(20) for y in range(20))
        assert painted, path.name
    for action in ACTIONS:
        assert not action.icon or asset("icons", f"{action.icon}.svg").is_file(), action.id


def test_every_action_stands_in_a_menu(window: MainWindow) -> None:
    assert {action.menu for action in ACTIONS} == set(MENUS)
    lines = [line for menu in window.menus.values() for line in menu.actions()]
    lines += [inner for line in lines if line.menu() for inner in line.menu().actions()]
    listed = {line.objectName() for line in lines} - {""}
    assert listed == {action.id for action in ACTIONS}


def test_menus_say_what_each_action_does() -> None:
    silent = [action.id for action in ACTIONS if not action.summary and "theme" not in action.id]
    assert silent == []


@pytest.mark.parametrize(
    ("query", "first"),
    [("copy com", "Copy as command"), ("cac", "Copy as command"), ("run", "Run"),
     ("dark", "Dark theme"), ("ddie", "Dead die"), ("fit t", "Fit timeline")],
)  # fmt: skip
def test_the_palette_finds_by_a_few_letters(query: str, first: str) -> None:
    commands = [Command(action.title, action.menu, lambda: None) for action in ACTIONS]
    ranked = sorted(commands, key=lambda command: -rank(query, command))
    assert ranked[0].title == first
    assert rank("zzz", ranked[0]) < 0


def test_the_palette_finds_what_a_menu_holds(window: MainWindow) -> None:
    ranked = sorted(window.help.commands(), key=lambda command: -rank("export", command))
    titles = [command.title for command in ranked[:8]]
    assert titles[:3] == ["Picture", "Movie", "Report"]
    assert not any(title.startswith("Explain") for title in titles)


def test_the_palette_by_keyboard_alone(window: MainWindow) -> None:
    control_shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_P, control_shift)
    query = seen(window, "command_palette.query")
    QTest.keyClicks(query, "dark th")
    QTest.keyClick(query, Qt.Key.Key_Return)
    assert not window.findChild(type(query.parent()), "command_palette").isVisible()
    assert window.look.tokens.name == "dark"
    window.choose_theme("light")


def test_the_palette_with_the_mouse(window: MainWindow) -> None:
    window.help.show_palette()
    palette_list = seen(window, "command_palette.list")
    item = next(
        palette_list.item(row)  # type: ignore[attr-defined]
        for row in range(palette_list.count())  # type: ignore[attr-defined]
        if palette_list.item(row).text() == "Dead link"  # type: ignore[attr-defined]
    )
    place = palette_list.visualItemRect(item).center()  # type: ignore[attr-defined]
    click(palette_list.viewport(), place)  # type: ignore[attr-defined]
    assert window.wafer.tool == "dead_link"


def test_what_cannot_be_done_now_cannot_be_run_from_the_palette(window: MainWindow) -> None:
    commands = {command.title: command for command in window.help.commands()}
    assert not commands["Undo"].enabled
    assert commands["Run"].enabled


def test_the_palette_says_when_nothing_matches(window: MainWindow) -> None:
    window.help.show_palette()
    query = seen(window, "command_palette.query")
    QTest.keyClicks(query, "qqqq")
    QTest.keyClick(query, Qt.Key.Key_Return)
    QTest.keyClick(query, Qt.Key.Key_Down)
    assert window.help._palette is not None
    assert window.help._palette.nothing.isVisible()
    QTest.keyClick(query, Qt.Key.Key_Escape)
    assert not window.help._palette.isVisible()


def test_the_sheet_lists_every_shortcut(window: MainWindow) -> None:
    from PySide6.QtWidgets import QLabel

    from tempstudio.gui.actions import native

    QTest.keyClick(window, Qt.Key.Key_Question)
    sheet = seen(window, "shortcut_sheet")
    texts = " | ".join(label.text() for label in sheet.findChildren(QLabel))
    missing = [keys for action in ACTIONS for keys in action.shortcuts if native(keys) not in texts]
    assert missing == []
    QTest.keyClick(sheet, Qt.Key.Key_Escape)


def test_tab_reaches_every_part_of_the_window(window: MainWindow) -> None:
    window.wafer.setFocus()
    reached = set()
    for _ in range(300):
        QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Tab)
        widget = window.focusWidget()
        while widget is not None and widget is not window:
            reached.add(widget.objectName())
            widget = widget.parentWidget()
    wanted = {"wafer", "timeline", "transport", "gauges", "inspector", "model", "toolbar", "run"}
    assert wanted <= reached, wanted - reached
