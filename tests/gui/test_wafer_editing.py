"""Tools on the canvas: what the hand does becomes named steps of the project."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tempstudio.core.project import Project
from tempstudio.gui.main_window import MainWindow
from tests.gui.conftest import click, seen, use_menu

ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def die(window: MainWindow, number: int) -> QPoint:
    return window.wafer.point_of_die(number).toPoint()


def link(window: MainWindow, source: int, target: int) -> QPoint:
    return window.wafer.point_of_link(source, target).toPoint()


def test_a_click_with_the_dead_die_tool_breaks_a_die_and_alt_mends_it(
    window: MainWindow,
) -> None:
    window.studio.set_live(False)
    QTest.keyClick(window.wafer, Qt.Key.Key_D)
    assert window.wafer.tool == "dead_die"
    assert "Dead die" in seen(window, "status.hovered").text()  # type: ignore[attr-defined]
    click(window.wafer, die(window, 6))
    assert window.studio.project.machine.dead_dies == ((1, 2),)
    said_of_it = seen(window, "status.hovered").text()  # type: ignore[attr-defined]
    assert "computes" not in said_of_it, "it computed before it was dead"
    assert window.studio.document.history.undoText() == "Break die 1,2"
    click(window.wafer, die(window, 6), ALT)
    assert window.studio.project.machine.dead_dies == ()


def test_a_drag_over_dies_is_one_step(window: MainWindow) -> None:
    window.studio.set_live(False)
    click(seen(window, "toolbar.tool.dead_die"))
    view = window.wafer
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=die(window, 0))
    for number in (1, 2):
        QTest.mouseMove(view, die(window, number))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=die(window, 2))
    assert window.studio.project.machine.dead_dies == ((0, 0), (0, 1), (0, 2))
    assert window.studio.document.history.count() == 1
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.studio.project.machine.dead_dies == ()
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | SHIFT)
    assert len(window.studio.project.machine.dead_dies) == 3


def test_the_dead_link_tool_breaks_both_directions(window: MainWindow) -> None:
    window.studio.set_live(False)
    QTest.keyClick(window, Qt.Key.Key_L)
    click(window.wafer, link(window, 1, 2))
    assert window.studio.project.machine.dead_links == (((0, 1), (0, 2)),)
    assert window.inspector.link_table.rowCount() == 18


def test_core_yield_goes_down_in_tenths(window: MainWindow) -> None:
    window.studio.set_live(False)
    QTest.keyClick(window, Qt.Key.Key_Y)
    for _ in range(2):
        click(window.wafer, die(window, 0))
    assert window.studio.project.machine.core_yield == ((0, 0, 0.8),)
    click(window.wafer, die(window, 0), ALT)
    assert window.studio.project.machine.core_yield == ()


def test_escape_goes_back_to_select_then_lets_go(window: MainWindow) -> None:
    QTest.keyClick(window.wafer, Qt.Key.Key_L)
    assert window.wafer.tool == "dead_link"
    QTest.keyClick(window.wafer, Qt.Key.Key_Escape)
    assert window.wafer.tool == "select"
    assert window.actions_["tool.select"].isChecked()
    click(window.wafer, die(window, 3))
    assert window.studio.selection.chosen.dies == (3,)
    QTest.keyClick(window.wafer, Qt.Key.Key_Escape)
    assert window.studio.selection.chosen.is_empty


def test_one_selection_in_all_views(window: MainWindow) -> None:
    click(window.wafer, die(window, 5))
    assert window.inspector.describe()[0] == "Die 1,1"
    assert window.wafer.marks.dies == (5,)
    click(window.wafer, die(window, 6), SHIFT)
    assert window.studio.selection.chosen.dies == (5, 6)
    click(window.wafer, link(window, 0, 1))
    assert window.studio.selection.chosen.links == ((0, 1),)
    assert window.studio.selection.chosen.dies == ()
    assert window.inspector.describe()[0] == "Link 0,0 → 0,1"


def test_rows_of_the_tables_select_on_the_wafer(window: MainWindow) -> None:
    window.inspector.setCurrentIndex(1)
    table = window.inspector.dies
    index = table.model().index(4, 0)
    click(table.viewport(), table.visualRect(index).center())
    assert window.studio.selection.chosen.dies == (4,)
    assert window.wafer.marks.dies == (4,)


def test_tables_sort_by_number_not_by_text(window: MainWindow) -> None:
    window.inspector.setCurrentIndex(2)
    table = window.inspector.links
    window.studio.playback.seek(window.studio.playback.timeline.duration_s / 3)  # type: ignore[union-attr]
    header = table.horizontalHeader()
    column = 3
    x = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
    click(header.viewport(), QPoint(x, header.height() // 2))
    click(header.viewport(), QPoint(x, header.height() // 2))
    model = window.inspector.link_table
    step = window.studio.playback.timeline.step_link_bytes  # type: ignore[union-attr]
    values = [step[model.source(row)] for row in range(model.rowCount())]
    assert values in (sorted(values), sorted(values, reverse=True))
    assert len(set(values)) > 1


def test_an_operator_chosen_in_the_tree_dims_the_timeline(
    window: MainWindow, small_project: Project
) -> None:
    tree = window.model.tree
    name = small_project.model.blocks[1].operators[1].name
    item = window.model._find(name)
    assert item is not None
    click(tree.viewport(), tree.visualItemRect(item).center())
    assert window.studio.selection.chosen.operator == name
    assert window.timeline._operator == name
    assert any(name in line for line in window.inspector.describe())


def test_undo_from_the_menu_names_the_step(window: MainWindow) -> None:
    window.studio.set_live(False)
    QTest.keyClick(window, Qt.Key.Key_D)
    click(window.wafer, die(window, 7))
    assert window.actions_["edit.undo"].text() == "Undo Break die 1,3"
    use_menu(window, "Edit", "edit.undo")
    assert window.studio.project.machine.dead_dies == ()


def test_an_edit_that_the_machine_forbids_is_a_message(window: MainWindow) -> None:
    from dataclasses import replace

    import tempstudio as ts
    from tempstudio.gui.edits import with_dies

    window.studio.set_live(False)
    window.studio.edit(lambda p: replace(p, machine=ts.Cluster(nodes=2)), "Cluster")
    assert not window.studio.edit(lambda p: with_dies(p, (0,), dead=True), "Break")
    assert "choose a wafer first" in window.messages.messages[-1].text
