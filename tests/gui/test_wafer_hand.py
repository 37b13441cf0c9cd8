"""The wafer view under a person's mouse and keys: point, brush, zoom, pan, walk."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).parent.parent / "scene"))
from timelines_by_hand import make_timeline

from tempstudio.core.machine import Wafer
from tempstudio.core.timeline import Timeline
from tempstudio.gui.views.wafer_view import Stroke, Target, WaferView
from tests.gui.wafer_hand import (
    ALT,
    CTRL,
    LEFT,
    MIDDLE,
    NONE,
    SHIFT,
    at,
    drag,
    heard,
    wafer_view,
    wheel,
)


@pytest.fixture
def view(qtbot: QtBot) -> WaferView:
    return wafer_view(qtbot)


@pytest.fixture
def timeline() -> Timeline:
    return make_timeline(Wafer())


def test_click_hover_and_leave(view: WaferView, timeline: Timeline) -> None:
    view.set_timeline(timeline)
    clicks, hovers = heard(view.clicked), heard(view.hovered)
    QTest.mouseClick(view, LEFT, NONE, at(view, 9))
    QTest.mouseClick(view, LEFT, CTRL, at(view, 10))
    QTest.mouseClick(view, LEFT, NONE, view.point_of_link(3, 4).toPoint())
    QTest.mouseClick(view, LEFT, NONE, QPoint(60, 300))
    assert [click[:2] for click in clicks] == [
        ("die", 9), ("die", 10), ("link", (3, 4)), ("canvas", None),
    ]  # fmt: skip
    assert clicks[1][2] == CTRL
    QTest.mouseMove(view, at(view, 20))
    assert isinstance(hovers[-1], Target) and hovers[-1].id == 20
    assert hovers[-1].text.startswith("Die 2,4")
    assert view.marks.hovered_die == 20
    count = len(hovers)
    QTest.mouseMove(view, at(view, 20) + QPoint(3, 3))
    assert len(hovers) == count  # the same die is told once


def test_both_directions_of_a_link_can_be_pointed_at(view: WaferView) -> None:
    clicks = heard(view.clicked)
    for ends in ((3, 4), (4, 3), (3, 11), (11, 3)):
        QTest.mouseClick(view, LEFT, NONE, view.point_of_link(*ends).toPoint())
    assert [click[1] for click in clicks] == [(3, 4), (4, 3), (3, 11), (11, 3)]


def test_a_rubber_band_selects_what_it_touches(view: WaferView) -> None:
    bands, clicks = heard(view.band_selected), heard(view.clicked)
    drag(view, at(view, 0) + QPoint(5, 5), at(view, 18), SHIFT)
    assert set(bands[0][0]) == {0, 1, 2, 8, 9, 10, 16, 17, 18} and bands[0][1] == SHIFT
    assert not clicks and view.marks.band is None


@pytest.mark.parametrize(("modifier", "erase"), [(NONE, False), (ALT, True)])
def test_a_drag_with_a_tool_is_one_stroke(
    view: WaferView, modifier: Qt.KeyboardModifier, erase: bool
) -> None:
    view.set_tool("dead_die")
    edits, begun, ended = (
        heard(view.edit_requested), heard(view.stroke_started), heard(view.stroke_finished)
    )  # fmt: skip
    drag(view, at(view, 8), at(view, 13), modifier)
    drag(view, at(view, 0), at(view, 0), modifier)
    first = [edit for edit in edits if edit.merge_key == edits[0].merge_key]
    assert sorted(die for edit in first for die in edit.dies) == [8, 9, 10, 11, 12, 13]
    assert all(isinstance(edit, Stroke) and edit.tool == "dead_die" for edit in edits)
    assert {edit.erase for edit in edits} == {erase}
    assert len(begun) == len(ended) == len({edit.merge_key for edit in edits}) == 2


def test_the_link_tool_breaks_links_and_leaves_dies_alone(view: WaferView) -> None:
    view.set_tool("dead_link")
    edits = heard(view.edit_requested)
    QTest.mouseClick(view, LEFT, NONE, view.point_of_link(4, 3).toPoint())
    QTest.mouseClick(view, LEFT, NONE, at(view, 30))
    assert [(edit.links, edit.dies) for edit in edits] == [(((3, 4),), ())]


def test_a_fast_hand_skips_no_die(view: WaferView) -> None:
    view.set_tool("core_yield")
    edits = heard(view.edit_requested)
    QTest.mousePress(view, LEFT, NONE, at(view, 16))
    QTest.mouseMove(view, at(view, 23))
    QTest.mouseRelease(view, LEFT, NONE, at(view, 23))
    assert [edit.dies[0] for edit in edits] == list(range(16, 24))


def test_taking_another_tool_ends_the_stroke(view: WaferView) -> None:
    view.set_tool("dead_die")
    ended = heard(view.stroke_finished)
    QTest.mousePress(view, LEFT, NONE, at(view, 16))
    view.set_tool("select")
    assert len(ended) == 1 and view.tool == "select"
    with pytest.raises(ValueError, match="tool"):
        view.set_tool("hammer")


@pytest.mark.parametrize("die", [0, 20, 47])
def test_the_wheel_zooms_about_the_pointer(view: WaferView, die: int) -> None:
    point = at(view, die)
    for _ in range(4):
        wheel(view, point, 1)
    assert view.zoom > 1.5
    found = view.target_at(QPointF(point))
    assert found is not None and found.id == die
    for _ in range(8):
        wheel(view, point, -1)
    assert view.zoom == 1.0
    assert view.layout_of_dies is not None
    before = view.layout_of_dies.content
    view.fit()
    assert view.layout_of_dies.content == before


def test_zoom_ends_at_the_largest_die_and_comes_back_at_once(view: WaferView) -> None:
    for _ in range(60):
        view.zoom_in()
    largest, zoom = view.layout_of_dies, view.zoom
    assert largest is not None
    view.zoom_in()
    assert view.layout_of_dies is not None and view.layout_of_dies.die_px == largest.die_px
    assert view.zoom <= zoom * 1.0001
    view.zoom_out()
    assert view.layout_of_dies.die_px < largest.die_px


def test_panning_with_the_middle_button_and_with_space(view: WaferView) -> None:
    wheel(view, at(view, 20), 5)
    bands = heard(view.band_selected)
    before = view.point_of_die(20)
    drag(view, QPoint(300, 300), QPoint(340, 320), button=MIDDLE)
    moved = view.point_of_die(20) - before
    assert (round(moved.x()), round(moved.y())) == (40, 20)
    view.setFocus()
    QTest.keyPress(view, Qt.Key.Key_Space)
    clicks = heard(view.clicked)
    drag(view, QPoint(300, 300), QPoint(260, 280))
    QTest.keyRelease(view, Qt.Key.Key_Space)
    back = view.point_of_die(20) - before
    assert (round(back.x()), round(back.y())) == (0, 0)
    assert not bands and not clicks


def test_one_cannot_lose_the_wafer_by_panning(view: WaferView) -> None:
    wheel(view, at(view, 20), 6)
    for _ in range(50):
        view.pan_by(500, 500)
    assert view.layout_of_dies is not None
    x, y, width, height = view.layout_of_dies.content
    assert x < view.width() and y < view.height() and x + width > 0 and y + height > 0


def arrive_by_tab(view: WaferView, qtbot: QtBot) -> None:
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    view.clearFocus()
    view.setFocus(Qt.FocusReason.TabFocusReason)


def test_keys_move_the_focus_and_names_follow(
    view: WaferView, timeline: Timeline, qtbot: QtBot
) -> None:
    view.set_timeline(timeline)
    arrive_by_tab(view, qtbot)
    assert view.marks.focus == 0
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(view, key)
    assert view.marks.focus == 17
    assert "die 2,1" in view.accessibleName().lower()
    assert view.accessibleDescription().startswith("Die 2,1: ")
    assert "computes qkv" in view.accessibleDescription()
    clicks = heard(view.clicked)
    QTest.keyClick(view, Qt.Key.Key_Return)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert [click[:2] for click in clicks] == [("die", 17), ("die", 17)]
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.marks.focus == 23
    bands = heard(view.band_selected)
    QTest.keyClick(view, Qt.Key.Key_Left, SHIFT)
    assert set(bands[0][0]) == {22, 23}
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    assert len(bands[1][0]) == 48
    view.clearFocus()
    assert view.marks.focus is None


def test_tools_work_by_keyboard_alone(view: WaferView, qtbot: QtBot) -> None:
    arrive_by_tab(view, qtbot)
    edits = heard(view.edit_requested)
    view.set_tool("dead_die")
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Return)
    QTest.keyClick(view, Qt.Key.Key_Return, ALT)
    view.set_tool("dead_link")
    QTest.keyClick(view, Qt.Key.Key_Down, SHIFT)
    assert [(edit.tool, edit.dies, edit.links, edit.erase) for edit in edits] == [
        ("dead_die", (1,), (), False),
        ("dead_die", (1,), (), True),
        ("dead_link", (), ((1, 9),), False),
    ]
