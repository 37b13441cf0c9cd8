"""Interface zoom: everything grows by one factor, the hand still hits, and all comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontInfo
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDockWidget, QListWidget, QWidget

from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views.option_form import EDITOR_WIDTH
from tempstudio.gui.zoomed import factor, set_factor
from tests.gui.conftest import Furnish, click, seen

CONTROL = Qt.KeyboardModifier.ControlModifier
ENLARGED = 1.25


@pytest.fixture(autouse=True)
def as_designed(window: MainWindow) -> Iterator[None]:
    """The factor is the application's: no other test may inherit it."""
    window.studio.set_live(False)
    yield
    window.zoom.set(1.0)


def enlarge(window: MainWindow) -> None:
    for _ in range(2):
        QTest.keyClick(window, Qt.Key.Key_Plus, CONTROL)
    assert factor() == ENLARGED
    QApplication.processEvents()


def sizes(window: MainWindow) -> dict[str, tuple[int, ...]]:
    """Sizes that every named widget wants and is allowed."""
    found = {}
    for widget in window.findChildren(QWidget):
        named = widget.objectName() and not widget.objectName().startswith("qt_")
        if named and not isinstance(widget, QDockWidget):  # a dock has its content's
            least, most = widget.minimumSize(), widget.maximumSize()
            found[f"{widget.objectName()}-{type(widget).__name__}"] = (
                least.width(), least.height(), most.width(), most.height(),
            )  # fmt: skip
    return found


def test_keys_enlarge_everything_and_the_settings_remember(window: MainWindow) -> None:
    run, label = seen(window, "run"), seen(window, "model.title")
    before = run.height(), QFontInfo(label.font()).pixelSize(), window.menuBar().height()
    box = seen(window, "box.model")
    assert isinstance(box, QComboBox)
    tall = box.height()
    enlarge(window)
    after = run.height(), QFontInfo(label.font()).pixelSize(), window.menuBar().height()
    for small, large in zip(before, after, strict=True):
        assert large == pytest.approx(small * ENLARGED, rel=0.12)
    assert box.height() == pytest.approx(tall * ENLARGED, abs=1)
    assert window.wafer.scale == ENLARGED
    assert json.loads(window.settings.path.read_text())["zoom"] == ENLARGED


def test_the_hand_hits_what_it_points_at(window: MainWindow) -> None:
    enlarge(window)
    click(window.wafer, window.wafer.point_of_die(6).toPoint())
    assert window.studio.selection.chosen.dies == (6,)
    timeline, playback = window.timeline, window.studio.playback
    wanted = timeline.axis.time_at(300.0)
    click(timeline, QPoint(round(300 * ENLARGED), timeline.height() // 2))
    assert playback.time_s == pytest.approx(wanted, rel=1e-3)
    buttons = window.gauges.findChildren(QWidget)
    figure = next(w for w in buttons if w.objectName().startswith("figure.") and w.isVisible())
    click(figure)
    popup = window.findChild(QWidget, "provenance")
    assert popup is not None and popup.isVisible()
    popup.close()


def test_the_graph_hits_too(window: MainWindow) -> None:
    window.tabs.setCurrentWidget(window.graph)
    enlarge(window)
    graph = window.graph
    assert graph.graph is not None
    number = next(n for n, node in enumerate(graph.graph.nodes) if node.kind == "block")
    click(graph, (graph.point_of(number) * ENLARGED).toPoint())
    assert graph.graph.unfolded


def test_what_is_opened_later_is_as_large(window: MainWindow) -> None:
    from PySide6.QtWidgets import QDialog

    enlarge(window)
    QTest.keyClick(window, Qt.Key.Key_M, CONTROL)
    dialog = window.findChild(QDialog, "machine_dialog")
    assert dialog is not None
    line = seen(dialog, "new.die.HBM_GB")
    assert line.width() == round(EDITOR_WIDTH * ENLARGED)
    dialog.reject()


def test_back_at_100_percent_every_size_is_as_before(window: MainWindow) -> None:
    before, margins = sizes(window), window.strategy.widget().layout().contentsMargins()
    enlarge(window)
    QTest.keyClick(window, Qt.Key.Key_Minus, CONTROL)
    QTest.keyClick(window, Qt.Key.Key_0, CONTROL)
    assert factor() == 1.0
    QApplication.processEvents()
    after = sizes(window)
    assert {name: (size, after[name]) for name, size in before.items()
            if name in after and after[name] != size} == {}  # fmt: skip
    assert window.strategy.widget().layout().contentsMargins() == margins


def test_a_window_starts_with_the_zoom_that_was_left(window: MainWindow, furnish: Furnish) -> None:
    set_factor(1.5)
    other = furnish(window.studio.project)
    assert other.wafer.scale == 1.5
    assert seen(other, "run").height() == pytest.approx(28 * 1.5, abs=1)


def test_docks_keep_the_sizes_that_a_person_gave_them(window: MainWindow) -> None:
    docks = window.docks
    window.resizeDocks([docks["gauges"]], [330], Qt.Orientation.Horizontal)
    window.resizeDocks([docks["timeline"]], [230], Qt.Orientation.Vertical)
    QApplication.processEvents()
    before = docks["gauges"].width(), docks["timeline"].height()
    QTest.keyClick(window, Qt.Key.Key_Plus, CONTROL)
    QApplication.processEvents()
    assert docks["gauges"].width() == pytest.approx(before[0] * 1.1, abs=2)
    assert docks["timeline"].height() == pytest.approx(before[1] * 1.1, abs=2)
    QTest.keyClick(window, Qt.Key.Key_0, CONTROL)
    QApplication.processEvents()
    assert docks["gauges"].width() == pytest.approx(before[0], abs=2)
    assert docks["timeline"].height() == pytest.approx(before[1], abs=2)


def test_the_palette_grows_in_rows_and_width(window: MainWindow) -> None:
    shown = []
    for large in (False, True):
        window.activateWindow()  # a popup that closes gives the keys back only on a real screen
        QApplication.processEvents()
        if large:
            enlarge(window)
        QTest.keyClick(window, Qt.Key.Key_P, CONTROL | Qt.KeyboardModifier.ShiftModifier)
        palette = seen(window, "command_palette")
        rows = seen(palette, "command_palette.list")
        assert isinstance(rows, QListWidget)
        shown.append((rows.width(), rows.height(), rows.visualItemRect(rows.item(0)).height()))
        QTest.keyClicks(seen(palette, "command_palette.query"), "undo")
        assert rows.visualItemRect(rows.item(0)).height() == shown[-1][2]
        QTest.keyClick(seen(palette, "command_palette.query"), Qt.Key.Key_Escape)
    for small, large in zip(*shown, strict=True):
        assert large == pytest.approx(small * ENLARGED, abs=2)


def test_columns_that_are_hidden_keep_their_width(window: MainWindow) -> None:
    view, hidden = window.explaining.panel.view, (1, 4)
    before = [view.columnWidth(column) for column in hidden]
    for column in hidden:
        view.setColumnHidden(column, True)  # as a narrow panel does
    enlarge(window)
    assert all(view.isColumnHidden(column) for column in hidden)
    QTest.keyClick(window, Qt.Key.Key_0, CONTROL)
    for column in hidden:
        view.setColumnHidden(column, False)
    assert [view.columnWidth(column) for column in hidden] == pytest.approx(before, abs=1)
