"""The whole window by keyboard: F6 from part to part, and a visible sign of where one is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from tempstudio.gui.main_window import MainWindow
from tests.gui.conftest import activate

SHIFT = Qt.KeyboardModifier.ShiftModifier


def focus() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def test_f6_goes_round_the_window_and_back(window: MainWindow) -> None:
    window.messages.clear()
    window.wafer.setFocus()
    seen = [focus()]
    for _ in range(5):
        QTest.keyClick(focus(), Qt.Key.Key_F6)
        seen.append(focus())
    assert len(set(seen)) == 6, [w.objectName() for w in seen]
    QTest.keyClick(focus(), Qt.Key.Key_F6)
    assert focus() is seen[0], "round once"
    for before in reversed(seen[1:]):
        QTest.keyClick(focus(), Qt.Key.Key_F6, SHIFT)
        assert focus() is before


def test_the_buttons_of_a_message_are_reached_first(window: MainWindow) -> None:
    done: list[str] = []
    window.studio.say("Unsaved work was found", "warning",
                      choices=(("Recover", lambda: done.append("recovered")),))  # fmt: skip
    activate(window)
    window.toolbar.run.setFocus()
    QTest.keyClick(focus(), Qt.Key.Key_F6, SHIFT)
    button = focus()
    assert isinstance(button, QPushButton) and button.text() == "Recover"
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert done == ["recovered"]


@pytest.mark.parametrize("name", ["toolbar.file.open", "run", "selection.yield", "wafer", "graph"])
def test_the_focus_can_be_seen(window: MainWindow, name: str) -> None:
    if name == "graph":
        window.tabs.setCurrentWidget(window.graph)
    if name == "selection.yield":
        window.studio.selection.select_dies((1,))
    window.studio.playback.pause()
    QApplication.processEvents()
    widget = next(w for w in window.findChildren(QWidget, name) if w.isVisible())
    window.timeline.setFocus()
    QApplication.processEvents()
    before = window.grab().toImage()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    QApplication.processEvents()
    at = widget.mapTo(window, widget.rect().topLeft())
    area = widget.rect().translated(at)
    assert before.copy(area) != window.grab().toImage().copy(area)
