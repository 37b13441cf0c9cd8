"""The timeline under mouse and keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import tempstudio as ts
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views.timeline_marks import nice_step, tick_text
from tests.gui.conftest import click


def span(window: MainWindow) -> float:
    begin, end = window.timeline.view_s
    return end - begin


def test_a_click_shows_that_time(window: MainWindow, small_run: ts.Run) -> None:
    view = window.timeline
    middle = QPoint(round(view.axis.left + view.axis.width / 2), view.height() - 30)
    click(view, middle)
    assert window.studio.playback.time_s == pytest.approx(
        small_run.timeline.duration_s / 2, rel=0.01
    )
    assert window.transport.time.text() != ""


def test_keys_zoom_and_pan_inside_the_step(window: MainWindow, small_run: ts.Run) -> None:
    view, whole = window.timeline, small_run.timeline.duration_s
    click(view, QPoint(round(view.axis.left + view.axis.width / 2), view.height() - 30))
    for _ in range(20):
        QTest.keyClick(view, Qt.Key.Key_W)
    assert span(window) == pytest.approx(whole / 1.25**20)
    begin = view.view_s[0]
    QTest.keyClick(view, Qt.Key.Key_D)
    assert view.view_s[0] > begin
    assert window.wafer.tool == "select", "D pans here and takes no tool"
    for _ in range(1000):
        QTest.keyClick(view, Qt.Key.Key_A)
        if view.view_s[0] == 0:
            break
    assert view.view_s[0] == 0
    QTest.keyClick(view, Qt.Key.Key_F)
    assert view.view_s == (0.0, whole)
    for _ in range(5):
        QTest.keyClick(view, Qt.Key.Key_S)
    assert view.view_s == (0.0, whole), "there is nothing beyond the step"


def test_the_wheel_zooms_at_the_pointer(window: MainWindow) -> None:
    view = window.timeline
    at = QPointF(view.axis.left + view.axis.width * 0.25, view.height() - 30)
    before = view.axis.time_at(at.x())
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, 480), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    width = span(window)
    QApplication.sendEvent(view, event)
    assert span(window) == pytest.approx(width / 1.25**4)
    assert view.axis.time_at(at.x()) == pytest.approx(before)


def test_the_page_turns_when_the_playhead_leaves(window: MainWindow, small_run: ts.Run) -> None:
    view, whole = window.timeline, small_run.timeline.duration_s
    view.zoom(50.0, 0.0)
    window.studio.playback.seek(whole * 0.7)
    begin, end = view.view_s
    assert begin <= whole * 0.7 <= end


def test_space_plays_and_pauses(window: MainWindow) -> None:
    window.timeline.setFocus()
    QTest.keyClick(window.timeline, Qt.Key.Key_Space)
    assert window.studio.playback.is_playing
    QTest.keyClick(window.timeline, Qt.Key.Key_Space)
    assert not window.studio.playback.is_playing


def test_what_lies_under_the_pointer_is_told(window: MainWindow) -> None:
    view = window.timeline
    QTest.mouseMove(view, QPoint(round(view.axis.left + 40), 40))
    assert window.status.hovered.text() != ""


@pytest.mark.parametrize(
    ("time_s", "step", "text"),
    [(0.0, 0.1, "0\u2009ms"), (0.5, 0.5, "500\u2009ms"), (1.5, 0.5, "1.5\u2009s"),
     (2e-6, 1e-6, "2\u2009µs"), (0.0123456, 1e-6, "12.346\u2009ms"), (3e-9, 1e-9, "3\u2009ns")],
)  # fmt: skip
def test_ticks_have_the_decimals_that_tell_them_apart(
    time_s: float, step: float, text: str
) -> None:
    assert tick_text(time_s, step) == text


@pytest.mark.parametrize("least", [1e-9, 3e-4, 0.02, 0.7, 1.0, 3.3, 99.0])
def test_a_step_is_one_two_or_five_and_large_enough(least: float) -> None:
    step = nice_step(least)
    assert least * (1 - 1e-9) <= step <= least * 2.5 * (1 + 1e-9)
    digit = f"{step:e}"[0]
    assert digit in "125"


def test_an_empty_timeline_says_why_and_offers_one_thing(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from tests.gui.conftest import seen

    studio = window.studio
    assert not window.timeline._empty_button.isVisible()
    studio.set_live(False)
    studio.edit(lambda p: replace(p, seed=3), "Seed 3")
    button = seen(window, "timeline.empty_button")
    assert button.text() == "Plan again"  # type: ignore[attr-defined]
    asked = []
    monkeypatch.setattr(studio.jobs, "replan", lambda *arguments: asked.append(arguments))
    click(button)
    assert [project for project, _, _ in asked] == [studio.project]
    studio.document.undo()
    assert not button.isVisible()
