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


def stops(window: MainWindow) -> list[QWidget]:
    """Where Tab stops, once round."""
    found: list[QWidget] = []
    for _ in range(150):
        QTest.keyClick(focus(), Qt.Key.Key_Tab)
        if focus() in found:
            return found
        found.append(focus())
    raise AssertionError("Tab never comes round")


def differs_with_focus(widget: QWidget) -> bool:
    """Whether a widget, or what lies around it, looks otherwise while it has the focus."""
    around = widget.parentWidget() or widget
    before = around.grab().toImage()
    widget.clearFocus()
    after = around.grab().toImage()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    return before != after


@pytest.mark.parametrize("tab", ["Wafer", "Compare"])
@pytest.mark.parametrize("left", [0, 1])
def test_tab_stops_everywhere_in_sight_and_is_seen(window: MainWindow, tab: str, left: int) -> None:
    activate(window)
    window.show_tab(tab)
    window.left.setCurrentIndex(left)
    window.toolbar.run.setFocus()
    QApplication.processEvents()
    seen = stops(window)
    for widget in seen:
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        name = f"{widget.objectName()} of {widget.parentWidget()!r}"
        assert not widget.visibleRegion().isEmpty(), f"{name} is out of sight"
        assert differs_with_focus(widget), f"{name} shows no focus"
    bars = [window.left.tabBar(), window.tabs.tabBar(), window.inspector.tabBar()]
    assert set(bars) <= set(seen), "tabs are reached"
    names = [widget.objectName() for widget in seen]
    assert "toolbar.file.open" in names and "timeline" in names and "gauge.top_links" in names
    if tab == "Compare":
        order = ["compare.clock", "compare.add", "compare.run.A", "compare.run.B"]
        assert [name for name in names if name in order] == order
        assert names.index("compare.run.B") < names.index("strategies.compare")


def test_arrow_keys_change_tabs(window: MainWindow) -> None:
    activate(window)
    window.left.tabBar().setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(focus(), Qt.Key.Key_Right)
    assert window.left.currentIndex() == 1
    QTest.keyClick(focus(), Qt.Key.Key_Tab)
    assert focus().objectName() == "strategy.partitioner"
