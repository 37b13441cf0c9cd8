"""The gauges say what the timeline says, at every moment."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.core.timeline import MEMORY_KINDS
from tempstudio.gui.edits import with_dies
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views import gauge_panel
from tempstudio.gui.views.contention import Histogram, TopLinks
from tempstudio.gui.views.memory_gauge import MemoryGauge
from tempstudio.gui.views.memory_strip import MemoryStrip
from tempstudio.scene.format import byte_count, joules, seconds, watts
from tests.gui.conftest import Furnish, click, result_of, seen


def scrub_to(window: MainWindow, share: float) -> float:
    """Press on the timeline's strip at a share of its width, as a person does."""
    view = window.timeline
    left, width = view.axis.left, view.axis.width
    click(view, QPoint(round(left + share * width), 5))
    return window.studio.playback.time_s


def test_at_twenty_scrub_positions_both_gauges_are_the_timeline(
    window: MainWindow, small_run: ts.Run
) -> None:
    memory = seen(window, "gauge.memory")
    assert isinstance(memory, MemoryGauge)
    timeline = small_run.timeline
    fullest = small_run.project.machine.die_id(small_run.score.memory.peak_die)
    memories, loads = set(), set()
    for share in np.linspace(0.02, 0.98, 20):
        time_s = scrub_to(window, float(share))
        assert abs(time_s / timeline.duration_s - share) < 0.01
        frame = timeline.at(time_s)
        assert memory.reading is not None
        assert memory.reading.by_kind == tuple(frame.memory[:, fullest])
        shown = window.gauges.top._reading
        assert shown is not None and shown is window.gauges.histogram._reading
        assert np.array_equal(shown.utilization, frame.link_utilization)
        assert sum(shown.histogram) == np.count_nonzero(frame.link_rate)
        best = sorted(frame.link_utilization[frame.link_rate > 0], reverse=True)[:10]
        assert [frame.link_utilization[i] for i in shown.top] == pytest.approx(best)
        memories.add(memory.reading.by_kind)
        loads.add(tuple(frame.link_utilization))
    assert len(memories) > 10, "the memory gauge hardly changes"
    assert len(loads) > 1, "the contention gauge never changes"


def test_the_figures_are_those_of_the_document(window: MainWindow, small_run: ts.Run) -> None:
    figure = window.gauges.figures["step_time_s"].figure
    assert f"{figure.number}\u2009{figure.unit}" == seconds(small_run.score.step_time_s)
    assert byte_count(small_run.score.links.max_load_bytes) in window.gauges.bound.text()


def test_a_selected_die_is_the_one_shown(window: MainWindow, small_run: ts.Run) -> None:
    window.studio.selection.select_dies((5,))
    assert window.gauges.memory.reading is not None
    assert window.gauges.memory.reading.die == "1,1"
    window.studio.selection.clear()
    peak = ",".join(str(x) for x in small_run.score.memory.peak_die)
    assert window.gauges.memory.reading.die == peak


def test_a_click_on_a_figure_says_where_it_comes_from(window: MainWindow) -> None:
    click(seen(window, "figure.mfu"))
    popup = seen(window, "provenance")
    texts = " ".join(
        label.text() for label in popup.findChildren(type(window.gauges.bound).__base__)
    )
    assert "6 N T" in texts
    assert "SPEC 5 in docs/model.md" in texts
    assert "494,032,768" in texts, "the inputs of this run stand there too"
    QTest.keyClick(popup, Qt.Key.Key_Escape)
    assert not popup.isVisible()


def test_a_click_on_a_busy_link_selects_it(window: MainWindow, small_run: ts.Run) -> None:
    for share in np.linspace(0.1, 0.9, 30):
        scrub_to(window, float(share))
        if window.gauges.top._top:
            break
    top = window.gauges.top
    assert isinstance(top, TopLinks) and top._top, "no link ever carries anything"
    window.gauges.ensureWidgetVisible(top)
    click(top, QPoint(10, 4))
    pair = window.gauges.top._reading.pairs[top._top[0]]  # type: ignore[union-attr]
    assert window.studio.selection.chosen.links == (pair,)


def test_old_figures_stand_under_a_ribbon(window: MainWindow, small_project: Project) -> None:
    before = window.gauges.figures["step_time_s"].figure
    window.studio.set_live(False)
    window.studio.edit(lambda p: with_dies(p, (3,), dead=True), "Break die 0,3")
    assert seen(window, "gauges.ribbon").text() == "from before: Break die 0,3"
    assert window.gauges.figures["step_time_s"].figure == before
    assert window.studio.playback.timeline is None
    assert window.wafer.timeline is None, "nothing of the old run on the new mesh"
    window.studio.document.undo()
    assert not window.gauges.ribbon.isVisible()
    assert window.wafer.timeline is not None


def test_over_capacity_is_said_in_words(window: MainWindow, small_run: ts.Run) -> None:
    from dataclasses import replace

    gauge = window.gauges.memory
    assert gauge.reading is not None
    plain = gauge.grab().toImage()
    gauge.set_reading(replace(gauge.reading, peak_bytes=gauge.reading.capacity_bytes * 1.25))
    assert gauge.grab().toImage() != plain
    assert "over" in gauge.accessibleDescription()


def test_idle_links_are_not_in_the_histogram(window: MainWindow) -> None:
    histogram = seen(window, "gauge.histogram")
    assert isinstance(histogram, Histogram)
    reading = window.gauges.top._reading
    assert reading is not None
    assert sum(reading.histogram) == reading.busy <= len(reading.utilization)


def test_kinds_are_all_named(window: MainWindow) -> None:
    from tempstudio.scene.describe import KIND_TITLES

    assert tuple(KIND_TITLES) == MEMORY_KINDS


def test_a_new_run_shows_the_change(window: MainWindow, small_run: ts.Run) -> None:
    from dataclasses import replace

    studio = window.studio
    studio.set_live(False)
    studio.edit(lambda p: replace(p, seed=1), "Seed 1")
    slower = {**small_run.document, "step_time_s": small_run.score.step_time_s * 2}
    made = replace(result_of(small_run), project=studio.project, document=slower)
    studio.jobs.planned.emit(made, True)
    figure = window.gauges.figures["step_time_s"].figure
    assert figure.change == "+100\u2009%"
    assert figure.better is False


def test_a_plan_that_does_not_fit_says_which_die_when_and_of_what(
    window: MainWindow, small_run: ts.Run
) -> None:
    from dataclasses import replace

    from tests.gui.conftest import said

    memory = {**small_run.document["memory_bytes"], "capacity": 1e9, "peak": 3e9, "weights": 2.5e9}
    document = {**small_run.document, "fits": False, "memory_bytes": memory}
    window.studio.set_live(False)
    window.studio.edit(lambda p: replace(p, seed=9), "Seed 9")
    made = replace(result_of(small_run), project=window.studio.project, document=document)
    window.studio.jobs.planned.emit(made, True)
    (line,) = said(window, "warning")
    assert line.startswith("Does not fit: die ")
    for part in ("needs 3.00\u2009GB of 1.00\u2009GB at", "2.50\u2009GB of it weights"):
        assert part in line
    assert window.messages._lines[0].buttons[0].text() == "Find degrees that fit"
    window.studio.document.undo()
    assert said(window, "warning") == [], "the old plan fits"


def test_tooltips_give_meaning_and_unit(window: MainWindow) -> None:
    tip = window.gauges.figures["step_time_s"].toolTip()
    assert tip.startswith("step time [s]\nWall time of one optimizer step")


def test_the_parts_of_the_step_say_where_they_come_from(window: MainWindow) -> None:
    bar = seen(window, "gauge.time")
    for x, term in ((3, "Compute time"), (bar.width() - 2, "Optimizer time")):
        click(bar, QPoint(x, 4))
        popup = seen(window, "provenance")
        texts = [label.text() for label in popup.findChildren(type(window.gauges.bound).__base__)]
        assert texts[0] == term
        assert any("SPEC" in text for text in texts)
        QTest.keyClick(popup, Qt.Key.Key_Escape)
    bar.setFocus()
    QTest.keyClick(bar, Qt.Key.Key_Return)
    QTest.keyClick(seen(window, "provenance"), Qt.Key.Key_Escape)


def test_power_is_shown_and_explained(window: MainWindow, small_run: ts.Run) -> None:
    line = seen(window, "figure.power")
    assert line.text().startswith(watts(small_run.score.power_w))  # type: ignore[attr-defined]
    click(line)
    popup = seen(window, "provenance")
    texts = " ".join(
        label.text() for label in popup.findChildren(type(window.gauges.bound).__base__)
    )
    assert "energy / step time" in texts
    assert joules(small_run.score.energy_j["total"]) in texts
    QTest.keyClick(popup, Qt.Key.Key_Escape)


def test_the_strip_shows_every_die_fullest_first(furnish: Furnish, two_stages: ts.Run) -> None:
    window = furnish(two_stages.project, two_stages)
    strip = seen(window, "gauge.memory_strip")
    assert isinstance(strip, MemoryStrip) and strip.reading is not None
    totals = strip.reading.totals
    assert len(totals) == two_stages.project.machine.alive_count
    assert np.all(np.diff(totals) <= 0) and totals[0] > totals[-1]
    frame = two_stages.timeline.at(window.studio.playback.time_s)
    assert totals.sum() == pytest.approx(frame.memory.sum())
    window.gauges.ensureWidgetVisible(strip)
    click(strip, QPoint(2, strip.height() - 8))
    (die,) = window.studio.selection.chosen.dies
    assert die == strip.reading.order[0]
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert window.studio.selection.chosen.dies == (int(strip.reading.order[1]),)


def test_over_capacity_is_marked_without_red_alone(window: MainWindow) -> None:
    from dataclasses import replace

    strip, gauge = window.gauges.strip, window.gauges.memory
    assert strip.reading is not None and gauge.reading is not None
    before = strip.grab().toImage(), gauge.grab().toImage()
    less = float(strip.reading.totals[0]) * 0.7
    strip.set_reading(replace(strip.reading, capacity_bytes=less))
    gauge.set_reading(replace(gauge.reading, capacity_bytes=less))
    after = strip.grab().toImage(), gauge.grab().toImage()
    assert before[0] != after[0] and before[1] != after[1]
    # Also where no colour is seen: the hatch and the sign differ in lightness.
    grey = QImage.Format.Format_Grayscale8
    for plain, marked in zip(before, after, strict=True):
        assert plain.convertToFormat(grey) != marked.convertToFormat(grey)


def test_costly_averages_are_made_in_several_turns_of_the_loop(
    window: MainWindow, small_run: ts.Run, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, gauges = small_run.timeline.duration_s, window.gauges
    window.studio.selection.select_range((0.2 * whole, 0.4 * whole))
    qtbot.waitUntil(lambda: gauges._means is not None)  # several turns on a busy machine
    first = gauges._means
    monkeypatch.setattr(gauge_panel, "SLICE_MS", 0)  # as if every step took longer
    for high in (0.5, 0.6, 0.7):
        window.studio.selection.select_range((0.2 * whole, high * whole))
        assert gauges._means is first, "the averages of before stay until there are others"
    monkeypatch.setattr(gauge_panel, "SLICE_MS", 1)
    qtbot.waitUntil(lambda: gauges._means is not first)
    assert gauges._means is not None and gauges._means.end_s == pytest.approx(0.7 * whole)
    monkeypatch.setattr(gauge_panel, "SLICE_MS", 0)
    window.studio.selection.select_range((0.2 * whole, 0.3 * whole))
    window.studio.selection.select_range(None)
    assert gauges._means is None and gauges._steps is None, "letting go is at once"
