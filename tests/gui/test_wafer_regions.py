"""Many dies at once: bands, Shift and Ctrl, the inspector's editor, copy and paste of a region."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLineEdit, QMenu

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.region import region_from_text, region_of, with_region
from tests.gui.conftest import click, said, seen

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(autouse=True)
def by_hand(window: MainWindow) -> None:
    window.studio.set_live(False)


def die(window: MainWindow, number: int) -> QPoint:
    return window.wafer.point_of_die(number).toPoint()


def band(
    window: MainWindow,
    first: int,
    last: int,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """A rubber band from beside one die to the middle of another."""
    start, end = die(window, first) - QPoint(45, 45), die(window, last)
    QTest.mousePress(window.wafer, LEFT, modifiers, start)
    for step in range(1, 5):
        QTest.mouseMove(window.wafer, start + (end - start) * step / 4)
    QTest.mouseRelease(window.wafer, LEFT, modifiers, end)


def type_yield(window: MainWindow, text: str) -> None:
    line = seen(window, "selection.yield")
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def test_band_shift_and_control_gather_dies(window: MainWindow) -> None:
    band(window, 0, 5)
    assert window.studio.selection.chosen.dies == (0, 1, 4, 5)
    click(window.wafer, die(window, 7), CONTROL)
    assert window.studio.selection.chosen.dies == (0, 1, 4, 5, 7)
    click(window.wafer, die(window, 1), SHIFT)
    assert window.studio.selection.chosen.dies == (0, 4, 5, 7)
    band(window, 2, 2, SHIFT)
    assert set(window.studio.selection.chosen.dies) >= {0, 2, 4, 5, 7}


def test_a_yield_is_typed_for_all_selected_dies_as_one_step(window: MainWindow) -> None:
    band(window, 0, 5)
    type_yield(window, "85 %")
    assert window.studio.project.machine.core_yield == (
        (0, 0, 0.85), (0, 1, 0.85), (1, 0, 0.85), (1, 1, 0.85),
    )  # fmt: skip
    assert window.studio.document.history.undoText().startswith("Core yield of 4 dies 85")
    click(window.wafer, die(window, 2), SHIFT)
    assert seen(window, "selection.yield").text() == "mixed"  # type: ignore[attr-defined]
    type_yield(window, "130")
    assert "core yield: found 130, allowed" in said(window, "error")[-1]
    type_yield(window, "0.5")
    assert {item[-1] for item in window.studio.project.machine.core_yield} == {0.5}


def test_the_box_breaks_and_mends_dies_and_links(window: MainWindow) -> None:
    band(window, 0, 1)
    box = seen(window, "selection.works")
    assert isinstance(box, QCheckBox) and box.isChecked()
    click(box, QPoint(8, box.height() // 2))
    assert window.studio.project.machine.dead_dies == ((0, 0), (0, 1))
    assert window.studio.document.history.undoText() == "Break 2 dies"
    click(box, QPoint(8, box.height() // 2))
    assert window.studio.project.machine.dead_dies == ()
    click(window.wafer, window.wafer.point_of_link(2, 3).toPoint())
    assert not window.inspector.editor.factor.isVisible()
    click(box, QPoint(8, box.height() // 2))
    assert window.studio.project.machine.dead_links == (((0, 2), (0, 3)),)


def test_delete_breaks_what_is_selected(window: MainWindow) -> None:
    click(window.wafer, die(window, 6))
    QTest.keyClick(window, Qt.Key.Key_Delete)
    assert window.studio.project.machine.dead_dies == ((1, 2),)
    QTest.keyClick(window, Qt.Key.Key_Delete, SHIFT)
    assert window.studio.project.machine.dead_dies == ()


def test_a_region_is_copied_onto_another_and_undone(window: MainWindow) -> None:
    click(window.wafer, die(window, 0))
    QTest.keyClick(window, Qt.Key.Key_Delete)
    click(window.wafer, die(window, 5))
    type_yield(window, "70 %")
    click(window.wafer, window.wafer.point_of_link(1, 5).toPoint())
    QTest.keyClick(window, Qt.Key.Key_Delete)
    before = window.studio.project
    band(window, 0, 5)
    QTest.keyClick(window, Qt.Key.Key_C, CONTROL)
    click(window.wafer, die(window, 2))
    QTest.keyClick(window, Qt.Key.Key_V, CONTROL)
    machine = window.studio.project.machine
    assert isinstance(machine, ts.Wafer)
    assert machine.dead_dies == ((0, 0), (0, 2))
    assert machine.core_yield == ((1, 1, 0.7), (1, 3, 0.7))
    assert machine.dead_links == (((0, 1), (1, 1)), ((0, 3), (1, 3)))
    assert window.studio.document.history.undoText() == "Paste 4 dies at 0,2"
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert window.studio.project == before


def test_pasting_what_is_no_region_says_so(window: MainWindow) -> None:
    before = window.studio.project
    QGuiApplication.clipboard().setText("something else")
    click(window.wafer, die(window, 2))
    QTest.keyClick(window, Qt.Key.Key_V, CONTROL)
    assert "nothing to paste" in window.messages.messages[-1].text
    assert window.studio.project is before


def test_the_right_button_selects_and_offers_the_edits(window: MainWindow) -> None:
    from PySide6.QtGui import QContextMenuEvent
    from PySide6.QtWidgets import QApplication

    at = die(window, 3)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, window.wafer.mapToGlobal(at))
    QApplication.sendEvent(window.wafer, event)
    assert window.studio.selection.chosen.dies == (3,)
    menu = seen(window, "menu.wafer")
    assert isinstance(menu, QMenu)
    click(menu, menu.actionGeometry(window.actions_["edit.break"]).center())
    assert window.studio.project.machine.dead_dies == ((0, 3),)


WAFERS = st.builds(
    lambda wafers, dead, factor: ts.Wafer(
        rows=3, cols=4, wafers=wafers,
        dead_dies=[(0, *d) if wafers > 1 else d for d in dead],
        dead_links=[((0, 0, 0), (0, 0, 1)) if wafers > 1 else ((0, 0), (0, 1))],
        core_yield=[(*((0, 2, 1) if wafers > 1 else (2, 1)), factor)],
    ),
    st.integers(1, 2),
    st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=4),
    st.floats(0.1, 1.0),
)  # fmt: skip


@given(WAFERS, st.sets(st.integers(0, 11), min_size=1), st.integers(0, 11))
def test_a_pasted_region_reads_the_same_there(wafer: ts.Wafer, chosen: set[int], at: int) -> None:
    project = Project(machine=wafer, model=ts.load_model("qwen2-0.5b"))
    region = region_of(wafer, chosen)
    assert region_from_text(region.to_text()) == region
    places = sorted(wafer.chain_place(wafer.coordinate(die)) for die in chosen)
    corner = min(row for row, _ in places), min(col for _, col in places)
    home = next(d for d in range(wafer.die_count)
                if wafer.chain_place(wafer.coordinate(d)) == corner)  # fmt: skip
    assert with_region(project, region, home) == project, "on itself it changes nothing"
    top, left = wafer.chain_place(wafer.coordinate(at))
    try:
        after = with_region(project, region, at).machine
    except ts.InputError:
        return
    assert isinstance(after, ts.Wafer)
    moved = {
        die for die in range(wafer.die_count)
        if tuple(a - b + c for a, b, c in zip(wafer.chain_place(wafer.coordinate(die)),
                                              (top, left), corner, strict=True)) in places
    }  # fmt: skip
    if len(moved) == len(chosen):
        assert region_of(after, moved) == region
