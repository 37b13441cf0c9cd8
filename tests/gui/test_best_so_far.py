"""What is on screen while a search runs, and after one that found nothing better or was stopped."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

import tempstudio as ts
from tempstudio.gui.job import Job, Request
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.results import Result
from tempstudio.gui.search_log import beats
from tempstudio.lanes import Message
from tests.gui.conftest import Furnish, click, result_of, said


def found(run: ts.Run, factor: float, **other: Any) -> Result:
    """A plan of a search whose step takes `factor` of the run's."""
    result = result_of(run)
    document = {**copy.deepcopy(result.document), **other}
    document["step_time_s"] *= factor
    return replace(result, document=document, searched=True)


def test_a_search_never_shows_a_worse_plan_than_the_one_on_screen(
    window: MainWindow, small_run: ts.Run
) -> None:
    studio = window.studio
    before = studio.results.current
    studio.jobs.search_began.emit(studio.project)
    worse, better = found(small_run, 1.25), found(small_run, 0.8)
    studio.jobs.planned.emit(worse, False)
    assert studio.results.current is before
    studio.jobs.planned.emit(better, False)
    assert studio.results.current is better
    studio.jobs.planned.emit(worse, False)
    assert studio.results.current is better
    studio.jobs.ended.emit("search", studio.project, {"document": worse.document})
    (line,) = said(window, "ok")
    assert line.endswith("none is better than the one on screen")


def test_a_plan_that_fits_takes_the_place_of_one_that_does_not(
    window: MainWindow, small_run: ts.Run
) -> None:
    studio = window.studio
    studio.jobs.planned.emit(found(small_run, 0.5, fits=False), True)
    fitting = found(small_run, 2.0)
    studio.jobs.planned.emit(fitting, False)
    assert studio.results.current is fitting


@pytest.mark.parametrize(
    ("objective", "wins"), [("throughput", False), ("memory", True), ("its own", False)]
)
def test_better_is_what_the_solver_is_after(
    small_run: ts.Run, small_project: ts.Project, objective: str, wins: bool
) -> None:
    choice = ts.StrategyChoice("dual-level", options={"objective": objective})
    project = replace(small_project, solver=choice)
    slow, quick = (copy.deepcopy(small_run.document) for _ in range(2))
    slow["step_time_s"] *= 2
    slow["memory_bytes"]["peak"] /= 2
    assert beats(slow, quick, project) is wins


def test_a_stopped_search_says_what_is_on_screen(window: MainWindow) -> None:
    studio = window.studio
    studio.jobs.refused.emit("search", studio.project, {"kind": "cancelled", "message": "c"})
    assert said(window, "info") == ["Stopped: the best plan so far stays."]


def test_what_an_undone_edit_cost_is_told_no_more(
    furnish: Furnish, small_project: ts.Project, small_run: ts.Run
) -> None:
    window = furnish(small_project, small_run)
    studio = window.studio
    studio.edit(lambda p: replace(p, seed=1), "Seed 1")
    slower = found(small_run, 1.25)
    studio.jobs.planned.emit(replace(slower, project=studio.project, searched=False), True)
    (line,) = said(window, "warning")
    assert line == "+25.0\u2009% step time: Seed 1"
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert studio.project == small_project
    assert said(window, "warning") == [], "its Undo would take another step back"


def test_an_edit_that_costs_nothing_says_so(
    furnish: Furnish, small_project: ts.Project, small_run: ts.Run
) -> None:
    window = furnish(small_project, small_run)
    studio = window.studio
    studio.edit(lambda p: replace(p, seed=1), "Seed 1")
    studio.jobs.planned.emit(replace(result_of(small_run), project=studio.project), True)
    assert said(window, "info") == ["Same step time: Seed 1"]


def test_a_plugin_that_fails_in_a_plan_leaves_no_figures_that_pass_for_its_own(
    window: MainWindow,
) -> None:
    studio = window.studio
    assert window.status.state.text() == "Fresh"
    fault = {"kind": "fault", "message": "plugin file:x, mapper 'x', map: ZeroDivisionError"}
    studio.jobs.refused.emit("replan", studio.project, fault)
    assert window.status.state.text() == "No plan"
    assert window.wafer.timeline is None
    assert said(window, "error") == [fault["message"]]
    again = studio.results.current
    assert again is not None
    studio.jobs.planned.emit(replace(again), True)
    assert window.status.state.text() == "Fresh"
    assert said(window, "error") == []


def test_a_button_of_a_message_leaves_the_focus_where_it_was(window: MainWindow) -> None:
    window.wafer.setFocus()
    window.studio.say("Shall it?", choices=(("Yes", lambda: None),))
    (line,) = window.messages._lines
    click(line.buttons[0])
    assert window.focusWidget() is window.wafer
    window.studio.say("And now?", choices=(("Yes", lambda: None),))
    (line,) = window.messages._lines
    line.buttons[0].setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(line.buttons[0], Qt.Key.Key_Space)
    assert window.focusWidget() is window.wafer


def test_only_a_foreign_strategy_that_says_nothing_is_a_warning(window: MainWindow) -> None:
    jobs, number = window.studio.jobs, 4711
    jobs._requests[number] = Request("search", "Running", window.studio.project)
    jobs._jobs[number] = Job("search", "Running", "search")
    for plugin, warned in (("tempstudio", 0), ("file:theirs", 1)):
        header = {"plugin": plugin, "hook": "map", "message": f"plugin {plugin}, map: silent"}
        jobs._receive(Message("search", number, "stalled", header))
        assert len(said(window, "warning")) == warned
    jobs._jobs.clear()
    jobs._requests.clear()
