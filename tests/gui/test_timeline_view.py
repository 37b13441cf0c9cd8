"""The timeline under mouse and keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views.timeline_marks import TOP
from tempstudio.gui.views.timeline_over import paint_playhead, paint_range
from tempstudio.scene.averages import means_between
from tempstudio.scene.format import digits
from tempstudio.scene.time_axis import nice_step, tick_text
from tempstudio.scene.tokens import LIGHT
from tests.gui.conftest import LEFT, CountingPainter, Furnish, click, said, seen, wait

NONE = Qt.KeyboardModifier.NoModifier


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


def lane_point(window: MainWindow, share: float, up: int = 30) -> QPoint:
    """A place in the lanes at a share of the view."""
    view = window.timeline
    return QPoint(round(view.axis.left + share * view.axis.width), view.height() - up)


def drag(window: MainWindow, start: QPoint, end: QPoint) -> None:
    """A drag as the hand makes it, with the pointer seen on its way."""
    view = window.timeline
    QTest.mouseMove(view, start)
    QTest.mousePress(view, LEFT, NONE, start)
    for step in (0.3, 0.7, 1.0):
        at = start + (end - start) * step
        move = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(at), view.mapToGlobal(QPointF(at)), LEFT, LEFT, NONE
        )
        QApplication.sendEvent(view, move)
    QTest.mouseRelease(view, LEFT, NONE, end)


def test_a_drag_over_the_lanes_averages_the_gauges(window: MainWindow, small_run: ts.Run) -> None:
    view, whole = window.timeline, small_run.timeline.duration_s
    drag(window, lane_point(window, 0.2), lane_point(window, 0.6))
    chosen = window.studio.selection.chosen.range_s
    assert chosen is not None
    assert chosen == pytest.approx((0.2 * whole, 0.6 * whole), abs=0.01 * whole)
    wait(lambda: window.gauges._steps is None)
    means = means_between(small_run.timeline, *chosen)
    reading = window.gauges.top._reading
    assert reading is not None
    assert np.array_equal(reading.utilization, means.link_utilization)
    assert seen(window, "gauges.range").text().startswith("Average of ")  # type: ignore[attr-defined]
    window.studio.playback.seek(0.9 * whole)
    assert window.gauges.top._reading is reading, "the moment does not disturb the average"
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert window.studio.selection.chosen.range_s is None
    assert not window.gauges.range.isVisible()
    now = window.gauges.top._reading
    assert now is not None
    frame = small_run.timeline.at(0.9 * whole)
    assert np.array_equal(now.utilization, frame.link_utilization)


def test_a_range_can_be_dragged_at_its_edges_and_left_by_a_click(
    window: MainWindow, small_run: ts.Run
) -> None:
    whole = small_run.timeline.duration_s
    drag(window, lane_point(window, 0.2), lane_point(window, 0.6))
    drag(window, lane_point(window, 0.6), lane_point(window, 0.8))
    low, high = window.studio.selection.chosen.range_s or (0, 0)
    assert (low, high) == pytest.approx((0.2 * whole, 0.8 * whole), abs=0.01 * whole)
    drag(window, lane_point(window, 0.2), lane_point(window, 0.4))
    assert (window.studio.selection.chosen.range_s or (0, 0))[0] == pytest.approx(
        0.4 * whole, abs=0.01 * whole
    )
    click(window.timeline, lane_point(window, 0.5))
    assert window.studio.selection.chosen.range_s is not None, "a click inside keeps it"
    click(window.timeline, lane_point(window, 0.1))
    assert window.studio.selection.chosen.range_s is None
    assert window.studio.playback.time_s == pytest.approx(0.1 * whole, abs=0.01 * whole)


def test_a_range_by_the_keyboard_alone(window: MainWindow, small_run: ts.Run) -> None:
    view, whole = window.timeline, small_run.timeline.duration_s
    view.setFocus()
    window.studio.playback.seek(0.25 * whole)
    QTest.keyClick(view, Qt.Key.Key_BracketLeft)
    window.studio.playback.seek(0.5 * whole)
    QTest.keyClick(view, Qt.Key.Key_BracketRight)
    assert window.studio.selection.chosen.range_s == pytest.approx((0.25 * whole, 0.5 * whole))
    QTest.keyClick(view, Qt.Key.Key_Z)
    begin, end = view.view_s
    assert begin < 0.25 * whole < 0.5 * whole < end and end - begin < 0.3 * whole
    click(seen(window, "gauges.range"))
    assert window.studio.selection.chosen.range_s is None


def test_play_stays_in_the_range(window: MainWindow, small_run: ts.Run) -> None:
    whole, playback = small_run.timeline.duration_s, window.studio.playback
    window.studio.selection.select_range((0.2 * whole, 0.3 * whole))
    playback.set_speed("step")
    playback.play()
    assert playback.time_s == pytest.approx(0.2 * whole), "it starts where the range does"
    playback.pause()
    for _ in range(50):
        playback.advance(0.1)
        assert 0.2 * whole <= playback.time_s <= 0.3 * whole


def test_a_range_keeps_its_share_of_the_next_run(window: MainWindow, small_run: ts.Run) -> None:
    from dataclasses import replace

    studio, whole = window.studio, small_run.timeline.duration_s
    studio.selection.select_range((0.2 * whole, 0.4 * whole))
    slower = replace(small_run.timeline, duration_s=2 * whole)
    studio.playback.set_timeline(None)
    studio.playback.set_timeline(slower)
    assert studio.selection.chosen.range_s == pytest.approx((0.4 * whole, 0.8 * whole))


def test_arrows_step_and_home_and_end_go_to_the_ends(window: MainWindow, small_run: ts.Run) -> None:
    view, playback = window.timeline, window.studio.playback
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right)
    first = playback.time_s
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert playback.time_s > first > 0
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert playback.time_s == pytest.approx(first)
    QTest.keyClick(view, Qt.Key.Key_End)
    assert playback.time_s == small_run.timeline.duration_s
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert playback.time_s == 0


def test_x_goes_to_the_worst_contention(furnish: Furnish, two_stages: ts.Run) -> None:
    window = furnish(two_stages.project, two_stages)
    QTest.keyClick(window.wafer, Qt.Key.Key_X)
    (line,) = said(window)
    assert line.startswith(f"Worst contention: {two_stages.score.links.worst_operator}, ")
    factor = digits(two_stages.score.links.contention_factor)
    assert f"{factor}\u2009×" in line, "the figure of the gauges is in it"
    time_s = window.studio.playback.time_s
    begin, end = window.timeline.view_s
    assert begin < time_s < end and end - begin < 0.05 * two_stages.timeline.duration_s
    captions = two_stages.timeline.at(time_s).captions
    assert two_stages.score.links.worst_operator in {caption.operator for caption in captions}


def test_many_stages_are_scrolled_through(furnish: Furnish) -> None:
    run = ts.run(
        ts.Project(
            machine=ts.Wafer(rows=2, cols=4),
            model=ts.load_model("qwen2-0.5b"),
            job=ts.TrainingJob(global_batch=8, seq_len=256),
            degrees=ts.Degrees(pp=8),
        )
    )
    window = furnish(run.project, run)
    bar = seen(window, "timeline.scroll")
    view = window.timeline
    view.grab()
    assert view.drawn[0][0].top() >= TOP
    assert view.drawn[-1][0].bottom() > view.height(), "not all find room"
    view.setFocus()
    for _ in range(40):
        QTest.keyClick(view, Qt.Key.Key_Down)
    assert bar.value() == bar.maximum() > 0  # type: ignore[attr-defined]
    view.grab()
    assert view.drawn[0][0].top() < TOP
    assert view.drawn[-1][0].bottom() <= view.height(), "the last stage is in view whole"


@pytest.mark.parametrize("zoom", [1.0, 6.0, 60.0, 2000.0])
def test_few_painter_calls_at_any_zoom(window: MainWindow, zoom: float) -> None:
    view = window.timeline
    view.fit()
    view.zoom(zoom, 0.3 * view.whole_s)
    view.set_range((0.3 * view.whole_s, 0.31 * view.whole_s))
    image = QImage(view.size(), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    counting = CountingPainter(painter)
    view._paint_still(counting)  # type: ignore[arg-type]
    paint_range(counting, LIGHT, view.axis, view.height(), view.range_s, view.whole_s)  # type: ignore[arg-type]
    paint_playhead(counting, LIGHT, view.axis, view.height(), 0.3 * view.whole_s, view.whole_s)  # type: ignore[arg-type]
    painter.end()
    texts = counting.calls.pop("drawText")
    assert texts > 5
    assert counting.calls.total() <= 64, counting.calls


def test_a_frame_of_playing_paints_the_still_part_from_memory(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = window.timeline
    view.grab()
    monkeypatch.setattr(view, "_paint_still", lambda painter: pytest.fail("painted anew"))
    window.studio.playback.advance(0.1)
    view.grab()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_lies_outside_of_the_range_is_dimmed(
    furnish: Furnish, small_project: Project, small_run: ts.Run, theme: str
) -> None:
    window = furnish(small_project, small_run, theme)
    view = window.timeline
    before = view.grab().toImage()
    drag(window, lane_point(window, 0.4), lane_point(window, 0.6))
    after = view.grab().toImage()
    inside, outside = (
        QPoint(round(view.axis.left + share * view.axis.width), TOP + 20) for share in (0.5, 0.2)
    )
    assert before.pixel(inside) == after.pixel(inside)
    assert before.pixel(outside) != after.pixel(outside)
