"""What a person does first, with real workers: compare, look around, choose by keyboard, run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton

import tempstudio as ts
from tempstudio.gui.main_window import MainWindow
from tests.gui.conftest import click, seen, wait

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(autouse=True)
def settled(live: MainWindow) -> None:
    live.messages.clear()
    wait(lambda: live.studio.results.is_fresh and live.studio.catalogue)
    live.tabs.setCurrentWidget(live.wafer)
    live.activateWindow()
    wait(live.isActiveWindow)


def tab_to(window: MainWindow, name: str) -> QComboBox:
    """Press Tab until a box of this name has the focus."""
    for _ in range(120):
        focus = QApplication.focusWidget()
        if focus is not None and focus.objectName() == name:
            assert isinstance(focus, QComboBox)
            return focus
        QTest.keyClick(focus or window, Qt.Key.Key_Tab)
    raise AssertionError(f"Tab never reaches {name}")


def choose_by_keys(window: MainWindow, name: str, text: str) -> None:
    """Tab to a box, open it, go to the entry, Return."""
    box = tab_to(window, name)
    QTest.keyClick(box, Qt.Key.Key_F4)
    view = box.view()
    QTest.keyClick(view, Qt.Key.Key_Home)
    for _ in range(box.count()):
        if view.currentIndex().data() == text:
            break
        QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.currentIndex().data() == text
    QTest.keyClick(view, Qt.Key.Key_Return)


def test_strategies_are_chosen_and_run_by_keyboard_alone(live: MainWindow, tmp_path: Path) -> None:
    solvers = [live.toolbar.strategies["solver"].itemText(i)
               for i in range(live.toolbar.strategies["solver"].count())]  # fmt: skip
    solver = "dual-level" if "dual-level" in solvers else "random"
    wanted = {"partitioner": "tspp", "mapper": "traffic-conscious", "solver": solver}
    for kind, name in wanted.items():
        choose_by_keys(live, f"box.{kind}", name)
    QTest.keyClick(QApplication.focusWidget() or live, Qt.Key.Key_R, CONTROL)
    wait(lambda: live.studio.jobs.is_searching)
    wait(lambda: not live.studio.jobs.is_searching, 120)
    current = live.studio.results.current
    assert current is not None and current.searched and live.studio.results.is_fresh
    made_by = {row["kind"]: row["name"] for row in current.document["made_by"]}
    assert made_by == wanted
    path = tmp_path / "by-keyboard.tempstudio"
    live.files.write(path, None)
    kept = json.loads(path.read_text())["strategies"]
    assert {kind: kept[kind]["name"] for kind in wanted} == wanted


def test_compare_with_megatron_is_one_click(live: MainWindow) -> None:
    studio = live.studio
    quick = ts.StrategyChoice("random", options={"draws": 4})
    studio.edit(
        lambda p: replace(
            p, partitioner=ts.StrategyChoice("tspp"), mapper=ts.StrategyChoice("sequential"),
            solver=quick, seed=p.seed + 1,
        ),
        "Quick",
    )  # fmt: skip
    wait(lambda: studio.results.is_fresh and studio.jobs.job is None, 60)
    assert studio.results.current is not None and not studio.results.current.searched
    live.help.show_start()
    click(seen(live, "start.compare"))
    assert live.tabs.currentWidget() is live.comparing.panel
    panes = live.comparing.panel.panes
    wait(lambda: live.comparing.search.rows, 120)
    live.tabs.setCurrentWidget(live.wafer)  # one may look at something else meanwhile
    wait(lambda: not live.comparing.search.running, 120)
    live.tabs.setCurrentWidget(live.comparing.panel)
    wait(lambda: panes[0].box.currentText() == "tspp + sequential", 60)
    wait(lambda: all(pane.result is not None for pane in panes[:2]), 60)
    documents = [pane.result.document for pane in panes[:2]]  # type: ignore[union-attr]
    assert [d["strategy"]["partitioner"] for d in documents] == ["tspp", "megatron3"]
    assert len({d["strategy"]["solver"] for d in documents}) == 1
    rows = [row.document for row in live.comparing.search.rows]
    assert all(row["search"]["evaluations"] > 1 for row in rows), "both were searched for"
    assert [d["step_time_s"] for d in documents] == [row["step_time_s"] for row in rows]
    studio.document.undo()


def test_the_tour_goes_through_five_parts_and_ends(live: MainWindow) -> None:
    live.help.show_start()
    start = live.help.start
    assert start is not None
    line = next(b for b in start.findChildren(QPushButton) if b.text() == "Show me around")
    click(line)
    seen_parts = []
    for number in range(1, 6):
        (message,) = [m for m in live.messages.messages if m.key == "walk"]
        assert message.text.startswith(f"{number} of 5.")
        focus = QApplication.focusWidget()
        assert focus is not None and focus.isVisible()
        seen_parts.append(focus.objectName())
        label = "Done" if number == 5 else "Next"
        buttons = [b for line in live.messages._lines for b in line.buttons if b.text() == label]
        click(buttons[-1])
    assert not [m for m in live.messages.messages if m.key == "walk"]
    assert len(set(seen_parts)) == 5, seen_parts


def test_the_cards_cover_the_right_docks_and_nothing_of_them_is_cut(live: MainWindow) -> None:
    live.resize(1280, 800)
    live.docks.size_up()
    QApplication.processEvents()
    live.help.show_start()
    QApplication.processEvents()
    start = live.help.start
    assert start is not None
    for name in ("gauges", "inspector"):
        assert start.geometry().contains(live.docks[name].geometry())
    for label in start.findChildren(QLabel):
        if label.isVisible() and label.text():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else 0
            assert label.height() >= needed, label.text()
            assert label.visibleRegion().boundingRect().width() == label.width(), label.text()
    live.docks["inspector"].hide()
    QApplication.processEvents()
    assert start.geometry() == live.docks["gauges"].geometry()
    live.docks["inspector"].show()
    QApplication.processEvents()
    start.dismiss()
