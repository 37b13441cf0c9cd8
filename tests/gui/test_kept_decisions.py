"""What a search has chosen stays when the project is edited, reopened or recovered."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import tempstudio as ts
from tempstudio.cli import main
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.recovery import Recovery
from tempstudio.gui.results import Result
from tempstudio.storage.recovery import Session
from tests.gui.conftest import Furnish, click, result_of, said, seen, wait

CONTROL = Qt.KeyboardModifier.ControlModifier


def shown(window: MainWindow) -> Result:
    """The run on screen."""
    current = window.studio.results.current
    assert current is not None and window.studio.results.is_fresh
    return current


@pytest.fixture
def searched(live: MainWindow) -> Result:
    """What Run found on a project whose own micro-batch is not the best."""
    live.studio.set_live(True)
    wait(lambda: live.studio.results.is_fresh)
    if not shown(live).searched:
        click(seen(live, "run"))
        wait(lambda: not live.studio.jobs.is_searching and shown(live).searched, 60)
    found = shown(live)
    assert found.document["job"]["micro_batch"] != live.studio.project.job.micro_batch
    return found


def test_an_edit_that_costs_nothing_shows_no_cost(live: MainWindow, searched: Result) -> None:
    """The micro-batch that the search chose is not forgotten, and taken for the edit's price."""
    live.studio.edit(lambda p: replace(p, seed=p.seed + 1), "Another seed")
    wait(lambda: live.studio.results.is_fresh)
    after = shown(live).document
    assert after["job"]["micro_batch"] == searched.document["job"]["micro_batch"]
    assert after["step_time_s"] == searched.document["step_time_s"]
    live.studio.document.undo()
    assert shown(live) is searched


def test_the_copied_command_repeats_a_plan_made_again(
    live: MainWindow, searched: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    live.studio.edit(lambda p: replace(p, seed=p.seed + 1), "Another seed")
    wait(lambda: live.studio.results.is_fresh)
    after = shown(live)
    assert not after.searched
    live.activateWindow()
    QTest.keyClick(live, Qt.Key.Key_C, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    words = shlex.split(QApplication.clipboard().text())
    assert words[0] == "tempstudio" and "--micro-batch" in words
    assert main([*words[1:], "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["step_time_s"] == after.document["step_time_s"]
    live.studio.document.undo()


def test_the_copied_command_repeats_a_candidate_that_was_clicked(
    live: MainWindow, searched: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    log = live.searching.log
    others = [c for c in log.candidates if c.genome["placement"] is None and c.fits]
    chosen = max(others, key=lambda c: c.step_time_s)
    live.searching.load(chosen)
    wait(lambda: shown(live) is not searched and live.studio.jobs.job is None)
    loaded = shown(live)
    assert loaded.document["parallel"] == chosen.parallel
    live.activateWindow()
    QTest.keyClick(live, Qt.Key.Key_C, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    words = shlex.split(QApplication.clipboard().text())
    assert main([*words[1:], "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["job"]["micro_batch"] == loaded.document["job"]["micro_batch"]
    assert document["step_time_s"] == loaded.document["step_time_s"]
    live.studio.results.accept(searched, live.studio.project)


def test_reloading_the_plugins_changes_no_figure(live: MainWindow, searched: Result) -> None:
    live.desk.reload()
    wait(lambda: shown(live) is not searched, 60)
    assert shown(live).document["step_time_s"] == searched.document["step_time_s"]


def test_a_saved_search_opens_with_its_figures(
    live: MainWindow, searched: Result, tmp_path: Path
) -> None:
    path = tmp_path / "searched.tempstudio"
    live.files.write(path, None)
    live.files.open(path)
    wait(lambda: live.studio.results.is_fresh, 60)
    again = shown(live).document
    assert again["job"] == searched.document["job"]
    assert again["step_time_s"] == searched.document["step_time_s"]


def test_a_micro_batch_that_is_typed_wins_over_the_found_one(
    live: MainWindow, searched: Result
) -> None:
    job = live.studio.project.job
    wanted = next(n for n in (2, 4) if n != searched.document["job"]["micro_batch"])
    live.studio.edit(lambda p: replace(p, job=replace(job, micro_batch=wanted)), "Typed")
    wait(lambda: live.studio.results.is_fresh)
    assert shown(live).document["job"]["micro_batch"] == wanted
    live.studio.document.undo()


def test_recovered_work_is_planned_as_it_was(
    furnish: Furnish, small_project: ts.Project, small_run: ts.Run, tmp_path: Path
) -> None:
    from tempstudio.core.decisions import Decisions

    folder = tmp_path / "recovery"
    window = furnish(replace(small_project, degrees=None))
    decided = Decisions(ts.Degrees(dp=2, stream=4), micro_batch=2)
    session = Session(folder)
    session.write(window.studio.project, None, "lost", decided)
    session._snapshot.rename(folder / "20200101T000000-0.json")
    (folder / "20200101T000000-0.lock").touch()
    Recovery(window, folder).offer()
    assert said(window, "warning")
    line = next(line for line in window.messages._lines if line.buttons)
    click(next(button for button in line.buttons if button.text() == "Recover"))
    assert window.studio.decided == decided
    session.close()


def test_a_snapshot_follows_the_run_on_screen(
    furnish: Furnish, small_project: ts.Project, small_run: ts.Run, tmp_path: Path
) -> None:
    window = furnish(small_project)
    recovery = Recovery(window, tmp_path / "recovery")
    window.studio.edit(lambda p: replace(p, notes="mine"), "Notes")
    assert recovery.autosave is not None
    window.studio.jobs.planned.emit(result_of(small_run), True)
    recovery.autosave.write()
    recovery.autosave.wait()
    (snapshot,) = (tmp_path / "recovery").glob("2*.json")
    kept = json.loads(snapshot.read_text())["decided"]
    assert kept["parallel"]["stream"] == small_run.plan.degrees.stream
    window.studio.document.history.setClean()
    recovery.autosave.wait()
    window.shutting_down.emit()
