"""Fresh, stale, cut apart: a run stands only for the project it was made from."""

from __future__ import annotations

from dataclasses import replace

import pytest

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui.edits import with_dies
from tempstudio.gui.results import Results
from tests.gui.conftest import result_of


@pytest.fixture
def results(qapp: object, small_project: Project, small_run: ts.Run) -> Results:
    made = Results()
    made.accept(result_of(small_run), small_project)
    return made


def test_a_run_of_the_project_is_fresh(results: Results) -> None:
    assert results.is_fresh
    assert results.freshness.ribbon == ""


def test_an_edit_makes_it_stale_and_names_the_step(
    results: Results, small_project: Project
) -> None:
    results.follow(with_dies(small_project, (3,), dead=True), "Break die 0,3")
    assert results.freshness.state == "stale"
    assert results.freshness.ribbon == "from before: Break die 0,3"
    results.follow(with_dies(small_project, (2, 3), dead=True), "Break die 0,2")
    assert results.freshness.ribbon == "from before: Break die 0,3", "the first step is the one"


def test_coming_back_to_a_known_project_brings_its_run_back(
    results: Results, small_project: Project, small_run: ts.Run
) -> None:
    results.follow(with_dies(small_project, (3,), dead=True), "Break die 0,3")
    results.follow(small_project, "undo")
    assert results.is_fresh
    assert results.current is not None
    assert results.current.timeline is small_run.timeline


def test_notes_and_kept_runs_leave_it_fresh(results: Results, small_project: Project) -> None:
    results.follow(replace(small_project, notes="mine"), "Notes")
    assert results.is_fresh


def test_a_run_of_another_project_is_kept_aside(
    results: Results, small_project: Project, small_run: ts.Run
) -> None:
    other = with_dies(small_project, (3,), dead=True)
    late = replace_project(small_run, other)
    shown = results.current
    assert not results.accept(late, small_project)
    assert results.current is shown
    results.follow(other, "Break die 0,3")
    assert results.current is late, "it is there when that project comes"


def test_no_plan_says_why(results: Results, small_project: Project) -> None:
    results.follow(with_dies(small_project, (1, 5), dead=True), "Break die 1,1")
    results.no_plan("the mesh is cut in two", cut_apart=True)
    assert results.freshness.state == "cut apart"
    assert results.freshness.reason == "the mesh is cut in two"


def replace_project(run: ts.Run, project: Project):  # type: ignore[no-untyped-def]
    return replace(result_of(run), project=project)
