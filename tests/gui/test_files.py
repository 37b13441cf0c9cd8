"""Open, save, drop and never lose anything."""

from __future__ import annotations

import copy
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QLineEdit

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui.main_window import MainWindow
from tempstudio.storage.settings import Settings
from tests.gui.conftest import Furnish, activate, click, result_of, said, seen

CONTROL = Qt.KeyboardModifier.ControlModifier


def edit(window: MainWindow, seed: int) -> None:
    window.studio.set_live(False)
    window.studio.edit(lambda p: replace(p, seed=seed), f"Seed {seed}")


def drop(window: MainWindow, path: Path) -> None:
    """Drag a file from outside over the window and let go of it there."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    at, none = QPointF(400, 300), Qt.KeyboardModifier.NoModifier
    button, copy = Qt.MouseButton.LeftButton, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(at.toPoint(), copy, data, button, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(at, copy, data, button, none))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File dialogs begin in this test's folder."""
    monkeypatch.chdir(tmp_path)


def type_name(window: MainWindow, path: Path) -> None:
    """Type a name into the file dialog and press its button."""
    dialog = seen(window, "file_dialog")
    assert isinstance(dialog, QFileDialog)
    line = dialog.findChild(QLineEdit, "fileNameEdit")
    assert line is not None
    line.selectAll()
    QTest.keyClicks(line, path.name)
    popup = line.completer().popup()
    if popup.isVisible():
        QTest.keyClick(popup, Qt.Key.Key_Escape)
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    click(box.buttons()[0])
    activate(window)


def test_save_asks_where_and_reopening_gives_the_same(
    window: MainWindow, small_project: Project, tmp_path: Path
) -> None:
    edit(window, 5)
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    path = tmp_path / "mine.tempstudio"
    type_name(window, path)
    assert window.studio.document.is_clean
    assert not window.isWindowModified()
    assert window.windowTitle() == "mine[*] – TempStudio"
    assert ts.load(path) == replace(small_project, seed=5)
    edit(window, 6)
    assert window.isWindowModified()
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    assert ts.load(path).seed == 6


def test_open_by_dialog_and_recent_files(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "other.tempstudio"
    other = replace(window.studio.project, seed=77)
    ts.save(other, path)
    QTest.keyClick(window, Qt.Key.Key_O, CONTROL)
    type_name(window, path)
    assert window.studio.project.seed == 77
    assert window.files.recent()[0] == path
    assert window.studio.results.current is None, "the old run went with the old project"
    assert window.wafer.timeline is None
    titles = [command.title for command in window.help.commands()]
    assert "Open other" in titles


def test_a_project_dropped_on_the_window_opens(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "dropped.tempstudio"
    ts.save(replace(window.studio.project, seed=12), path)
    drop(window, path)
    assert window.studio.project.seed == 12


@pytest.mark.parametrize("content", ["", "{", '{"format": "else"}', "[1, 2]"])
def test_a_broken_project_leaves_the_old_one(
    window: MainWindow, tmp_path: Path, content: str
) -> None:
    before = window.studio.project
    path = tmp_path / "broken.tempstudio"
    path.write_text(content)
    drop(window, path)
    assert window.studio.project is before
    assert window.wafer.timeline is not None
    (line,) = said(window, "error")
    assert "\n" not in line and "broken.tempstudio" in line


def test_closing_asks_and_cancel_keeps_the_window(window: MainWindow) -> None:
    edit(window, 3)
    window.close()
    assert window.isVisible()
    click(seen(window, "unsaved.cancel"))
    assert window.isVisible()
    assert window.studio.project.seed == 3


def test_closing_with_discard_closes(window: MainWindow) -> None:
    edit(window, 3)
    window.close()
    click(seen(window, "unsaved.discard"))
    assert not window.isVisible()


@pytest.mark.parametrize("took_s", [3.0, 90.0])
def test_closing_asks_about_a_plan_that_was_long_sought(
    window: MainWindow, small_run: ts.Run, tmp_path: Path, took_s: float
) -> None:
    document = copy.deepcopy(small_run.document)
    document["search"]["wall_s"] = took_s
    found = replace(result_of(small_run), document=document, searched=True)
    window.studio.jobs.planned.emit(found, True)
    assert window.studio.document.is_clean
    window.close()
    assert window.isVisible() == (took_s > 20)
    if not window.isVisible():
        return
    assert seen(window, "unsaved").text() == "Save the plan of Untitled?"  # type: ignore[attr-defined]
    click(seen(window, "unsaved.cancel"))
    window.files.write(tmp_path / "kept.tempstudio", None)
    window.close()
    assert not window.isVisible(), "it is in a file now"


def test_a_long_sought_plan_may_be_let_go(window: MainWindow, small_run: ts.Run) -> None:
    document = copy.deepcopy(small_run.document)
    document["search"]["wall_s"] = 90.0
    found = replace(result_of(small_run), document=document, searched=True)
    window.studio.jobs.planned.emit(found, True)
    window.close()
    click(seen(window, "unsaved.discard"))
    assert not window.isVisible()


def test_opening_another_saves_first_if_asked(
    furnish: Furnish, small_project: Project, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.tempstudio", tmp_path / "second.tempstudio"
    ts.save(small_project, first)
    ts.save(replace(small_project, seed=2), second)
    window = furnish(small_project)
    window.files.open(first)
    edit(window, 9)
    window.files.open(second)
    assert window.studio.project.seed == 9, "nothing happens before the answer"
    click(seen(window, "unsaved.save"))
    assert window.studio.project.seed == 2
    assert ts.load(first).seed == 9


def test_a_file_changed_by_another_program_is_not_overwritten_unasked(
    furnish: Furnish, small_project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "shared.tempstudio"
    ts.save(small_project, path)
    window = furnish(small_project)
    window.files.open(path)
    edit(window, 4)
    document = json.loads(path.read_text())
    document["notes"] = "by somebody else"
    path.write_text(json.dumps(document))
    os.utime(path, ns=(1, 1))
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    assert "changed by another program" in said(window, "warning")[0]
    assert ts.load(path).notes == "by somebody else"
    assert not window.studio.document.is_clean
    button = next(b for b in window.messages._lines[0].buttons if b.text() == "Save anyway")
    click(button)
    assert ts.load(path).seed == 4
    assert window.studio.document.is_clean


def test_a_folder_that_cannot_be_written_keeps_the_work(window: MainWindow, tmp_path: Path) -> None:
    edit(window, 8)
    window.files.write(tmp_path / "missing" / "p.tempstudio", None)
    assert len(said(window, "error")) == 1
    assert not window.studio.document.is_clean
    assert window.studio.project.seed == 8


def test_the_plan_is_saved_with_the_project_and_read_back(
    window: MainWindow, small_run: ts.Run, tmp_path: Path
) -> None:
    from tempstudio.core.decisions import Decisions
    from tempstudio.gui.files import stored_decisions
    from tempstudio.plan_message import plan_document
    from tempstudio.storage.project_file import read_project_file
    from tests.gui.conftest import result_of

    made = replace(result_of(small_run), plan=plan_document(small_run.plan))
    window.studio.results._show(made)
    path = tmp_path / "planned.tempstudio"
    window.files.write(path, None)
    placement = tuple(small_run.plan.mapping.placement)
    expected = Decisions(small_run.plan.degrees, placement=placement)
    assert stored_decisions(read_project_file(path)) == expected
    # Whoever edits the file means what it says: the plan is of another job then.
    document = json.loads(path.read_text())
    document["job"]["micro_batch"] = 4
    path.write_text(json.dumps(document))
    assert stored_decisions(read_project_file(path)) == Decisions(small_run.plan.degrees)


def test_keeping_a_run_is_an_edit_that_can_be_undone(window: MainWindow, tmp_path: Path) -> None:
    window.left.setCurrentIndex(2)
    click(seen(window, "runs.keep"))
    assert [run.name for run in window.studio.project.runs] == ["tspp + sequential"]
    assert window.studio.results.is_fresh, "a kept run changes nothing that a run depends on"
    path = tmp_path / "kept.tempstudio"
    window.files.write(path, None)
    assert ts.load(path).runs == window.studio.project.runs
    item = window.runs.list.topLevelItem(0)
    assert item.text(2) == "this"
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert window.studio.project.runs == ()


def test_the_layout_comes_back(
    furnish: Furnish, small_project: Project, settings: Settings, qapp: QApplication
) -> None:
    from tempstudio.gui.look import Look

    window = furnish(small_project)
    window.actions_["view.dock.inspector"].trigger()
    assert not window.docks["inspector"].isVisible()
    window.close()
    again = MainWindow(Look(qapp, "light"), None, json.loads(settings.path.read_text()))
    again.show()
    assert not again.docks["inspector"].isVisible()
    again.docks.reset()
    assert again.docks["inspector"].isVisible()
    again.close()
    again.deleteLater()


def test_broken_settings_start_with_the_defaults(qapp: QApplication) -> None:
    from tempstudio.gui.look import Look

    state: dict[str, object] = {"geometry": "rubbish", "layout": 7}
    window = MainWindow(Look(qapp, "nonsense"), None, state)
    window.show()
    assert window.docks["left"].isVisible()
    window.close()
    window.deleteLater()


def test_recent_projects_stand_in_the_file_menu(window: MainWindow, tmp_path: Path) -> None:
    from PySide6.QtWidgets import QMenu

    for seed in (1, 2):
        path = tmp_path / f"number {seed}.tempstudio"
        ts.save(replace(window.studio.project, seed=seed), path)
        window.files.open(path)
    recent = window.findChild(QMenu, "menu.recent")
    assert recent is not None
    recent.popup(window.mapToGlobal(window.rect().center()))
    titles = [action.text() for action in recent.actions() if action.text()]
    assert titles == ["&1  number 2", "&2  number 1", "Forget these"]
    click(recent, recent.actionGeometry(recent.actions()[1]).center())
    assert window.studio.project.seed == 1
