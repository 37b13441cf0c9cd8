"""The Explain panel: where the step goes adds up, and a click selects the operator everywhere."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

import tempstudio as ts
from tempstudio.core.explanation import fullest_link
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.places import link_name, link_pairs
from tests.gui.conftest import click, seen, use_menu, wait


@pytest.fixture
def explained(window: MainWindow) -> MainWindow:
    use_menu(window, "View", "view.dock.explain")
    wait(lambda: window.explaining.panel.isVisible() and window.explaining.panel.chart.chart)
    return window


def test_it_is_hidden_until_asked_and_lies_over_the_timeline(window: MainWindow) -> None:
    assert not window.docks["explain"].isVisible()
    before = window.docks["timeline"].height(), window.wafer.height()
    QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    wait(lambda: window.explaining.panel.isVisible())
    wait(lambda: window.wafer.height() < before[1])
    assert window.docks["timeline"] in window.tabifiedDockWidgets(window.docks["explain"])
    QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    wait(lambda: not window.docks["explain"].isVisible())
    assert window.timeline.isVisible()
    wait(lambda: (window.docks["timeline"].height(), window.wafer.height()) == before)


def test_a_timeline_that_somebody_made_taller_stays_so(window: MainWindow) -> None:
    for tall in (0, 340):
        QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        wait(lambda: window.explaining.panel.isVisible())
        if tall:
            timeline = window.docks["timeline"]
            window.resizeDocks([timeline], [tall], Qt.Orientation.Vertical)
            wait(lambda: window.docks["explain"].height() > 310)
        kept = window.docks["explain"].height()
        QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        wait(lambda: not window.docks["explain"].isVisible())
    QTest.qWait(50)
    assert window.docks["timeline"].height() >= kept


def test_the_bars_add_to_the_step_longest_first(explained: MainWindow, small_run: ts.Run) -> None:
    chart = explained.explaining.panel.chart.chart
    lengths = [sum(bar.parts) for bar in chart.bars]  # type: ignore[union-attr]
    assert sum(lengths) == pytest.approx(small_run.score.step_time_s)
    assert lengths == sorted(lengths, reverse=True)


def test_a_click_on_a_bar_selects_its_operator_everywhere(explained: MainWindow) -> None:
    panel = explained.explaining.panel
    chart = panel.chart.chart
    name = chart.bars[1].name  # type: ignore[union-attr]
    (outline,) = chart.mark(1, panel.chart.width(), panel.chart.height(), explained.look.tokens)  # type: ignore[union-attr]
    x, y, width, height = outline.xywh[0]  # type: ignore[union-attr]
    click(panel.chart, QPoint(round(x + width / 2), round(y + height / 2)))
    assert explained.studio.selection.chosen.operator == name
    assert explained.wafer.marks.operator == name
    rows = panel.view.selectionModel().selectedRows()
    assert [panel.operators.data(index) for index in rows] == [name]


def test_the_link_that_is_selected_says_what_loads_it(
    explained: MainWindow, small_run: ts.Run
) -> None:
    panel, machine = explained.explaining.panel, small_run.project.machine
    bar = panel.tabs.tabBar()
    click(bar, bar.tabRect(1).center())
    pairs = link_pairs(small_run.timeline)
    fullest = pairs[fullest_link(small_run.timeline)]  # type: ignore[index]
    shown = seen(explained, "explain.link")
    assert shown.text().startswith(link_name(machine, *fullest))  # type: ignore[attr-defined]
    explained.studio.selection.select_links((pairs[3],))
    assert shown.text().startswith(link_name(machine, *pairs[3]))  # type: ignore[attr-defined]
    carried = sum(use["bytes"] for use in panel._uses)
    assert carried == pytest.approx(float(small_run.timeline.step_link_bytes[3]))
    panel.uses_view.setFocus()
    QTest.keyClick(panel.uses_view, Qt.Key.Key_Down)
    QTest.keyClick(panel.uses_view, Qt.Key.Key_Return)
    assert explained.studio.selection.chosen.operator in {u["operator"] for u in panel._uses}


def test_without_a_run_there_is_a_sentence_and_a_button(furnish, small_project) -> None:  # type: ignore[no-untyped-def]
    window = furnish(small_project)
    window.docks.show("explain")
    wait(lambda: window.explaining.panel.isVisible())
    assert seen(window, "explain.chart.empty_button").text() == "Run"  # type: ignore[attr-defined]
