"""The Search tab: a search is watched as it goes, a click loads a candidate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

import tempstudio as ts
from tempstudio.gui.help import term_of
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.search_log import key_of, pareto
from tempstudio.scene.charts import Traces
from tests.gui.conftest import click, result_of, said, seen, wait

POINT = st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans())


@given(st.lists(POINT, max_size=24))
def test_the_front_is_what_nothing_beats(points: list[tuple[int, int, bool]]) -> None:
    first = np.array([p[0] for p in points], dtype=float)
    second = np.array([p[1] for p in points], dtype=float)
    allowed = np.array([p[2] for p in points], dtype=bool)
    front = pareto(first, second, allowed)
    for i in range(len(points)):
        beaten = any(
            allowed[j]
            and first[j] <= first[i]
            and second[j] <= second[i]
            and (first[j] < first[i] or second[j] < second[i])
            for j in range(len(points))
        )
        assert front[i] == (allowed[i] and not beaten)


def show_tab(window: MainWindow, title: str) -> None:
    """Click a tab of the centre."""
    bar = window.tabs.tabBar()
    place = next(i for i in range(bar.count()) if bar.tabText(i) == title)
    click(bar, bar.tabRect(place).center())
    assert window.tabs.tabText(window.tabs.currentIndex()) == title


def test_before_the_first_search_there_is_a_sentence_and_a_button(window: MainWindow) -> None:
    show_tab(window, "Search")
    assert seen(window, "search.trace.empty_button").text() == "Run"  # type: ignore[attr-defined]
    assert window.searching.panel.summary.text() == "No search yet"


def test_plans_that_a_search_yields_become_points(
    window: MainWindow, small_project: ts.Project, small_run: ts.Run
) -> None:
    jobs, log = window.studio.jobs, window.searching.log
    jobs.search_began.emit(small_project)
    assert log.running and log.solver == "dual-level"
    result = replace(result_of(small_run), searched=True)
    jobs.planned.emit(result, False)
    jobs.planned.emit(result, False)
    assert len({c.key for c in log.candidates}) == len(log.candidates), "a plan is one point"
    assert log.front("memory_bytes").any()
    jobs.ended.emit("search", small_project, {"document": small_run.document})
    assert not log.running
    show_tab(window, "Search")
    assert window.searching.panel.view.isVisible()


def test_f1_explains_the_charts(window: MainWindow) -> None:
    for view, term in (
        (window.searching.panel.scatter, "Pareto front"),
        (window.comparing.panel.difference, "difference map"),
        (window.explaining.panel.chart, "exposed communication"),
        (window.sweeping.panel.scatter, "Pareto front"),
        (window.comparing.panel.strategies.chart, "step time"),
    ):
        assert term_of(view) == term


def test_the_tabs_are_reached_by_keys(window: MainWindow) -> None:
    for number, title in enumerate(("Wafer", "Graph", "Compare", "Search")):
        QTest.keyClick(window, Qt.Key(Qt.Key.Key_1 + number), Qt.KeyboardModifier.AltModifier)
        assert window.tabs.tabText(window.tabs.currentIndex()) == title


def test_a_chart_is_saved_as_drawing_and_picture(
    window: MainWindow, small_project: ts.Project, small_run: ts.Run, tmp_path: Path
) -> None:
    window.studio.jobs.search_began.emit(small_project)
    window.studio.jobs.planned.emit(replace(result_of(small_run), searched=True), True)
    window.studio.jobs.ended.emit("search", small_project, {})
    show_tab(window, "Search")
    chart = window.searching.panel.trace
    chart.save(tmp_path / "best.svg")
    chart.save(tmp_path / "best.png")
    assert (tmp_path / "best.svg").read_text().startswith("<svg")
    assert (tmp_path / "best.png").read_bytes().startswith(b"\x89PNG")
    chart.save(tmp_path / "nowhere" / "best.svg")
    (line,) = said(window, "error")
    assert "does not exist" in line and "\n" not in line


def test_candidates_appear_before_the_next_better_plan(
    window: MainWindow, small_project: ts.Project, small_run: ts.Run
) -> None:
    jobs, panel, log = window.studio.jobs, window.searching.panel, window.searching.log
    show_tab(window, "Search")
    jobs.search_began.emit(small_project)
    assert not panel.view.isVisible()
    genome = {"parallel": small_run.document["parallel"], "recompute": "", "micro_batch": 0,
              "placement": None}  # fmt: skip
    row = {"step_time_s": 0.5, "peak_bytes": 1e9, "energy_j": 3.0, "fits": True, "genome": genome}
    jobs.searched.emit(small_project, {"evaluations": 7, "wall_s": 1.0, "candidates": [row]})
    assert log.evaluations == 7 and [c.step_time_s for c in log.candidates] == [0.5]
    assert panel.scatter.chart is not None and panel.view.isVisible()
    tokens = small_project.job.global_batch * small_project.job.seq_len
    assert log.candidates[0].tokens_per_s == tokens / 0.5
    jobs.refused.emit("search", small_project, {"kind": "cancelled", "message": "cancelled"})
    assert not log.running and log.candidates


def test_what_the_solver_is_after_is_what_is_drawn(
    window: MainWindow, small_project: ts.Project, small_run: ts.Run
) -> None:
    wish = ts.StrategyChoice("dual-level", options={"objective": "memory"})
    project = replace(small_project, solver=wish)
    jobs, panel = window.studio.jobs, window.searching.panel
    jobs.search_began.emit(project)
    jobs.planned.emit(replace(result_of(small_run), project=project, searched=True), True)
    show_tab(window, "Search")
    (trace,) = panel.trace.chart.traces  # type: ignore[union-attr]
    assert trace.y.tolist() == [small_run.document["memory_bytes"]["peak"]]
    assert "best peak memory" in panel.summary.text()


def test_a_search_is_watched_and_a_click_loads_a_candidate(live: MainWindow) -> None:
    studio, panel, log = live.studio, live.searching.panel, live.searching.log
    show_tab(live, "Search")
    click(seen(live, "search.trace.empty_button"))
    assert seen(live, "run").text() == "Cancel"  # type: ignore[attr-defined]
    wait(lambda: not studio.jobs.is_searching, 60)
    assert not log.running and log.best and log.evaluations >= len(log.best)
    steps = [candidate.step_time_s for candidate in log.best]
    assert steps == sorted(steps, reverse=True), "each is better than the one before"
    assert studio.results.current is not None
    assert studio.results.current.document["step_time_s"] == steps[-1]
    first = log.candidates[0]
    (ring,) = panel.scatter.chart.mark(  # type: ignore[union-attr]
        0, panel.scatter.width(), panel.scatter.height(), live.look.tokens
    )
    x, y, width, height = ring.xywh[0]  # type: ignore[union-attr]
    click(panel.scatter, QPoint(round(x + width / 2), round(y + height / 2)))
    wait(lambda: studio.jobs.job is None)
    assert panel.scatter.item is not None
    chosen = log.candidates[panel.scatter.item]  # it may lie under another that is as good
    assert chosen.step_time_s == pytest.approx(first.step_time_s)
    assert key_of(studio.results.current.document["parallel"]) == key_of(chosen.parallel)
    assert live.wafer.timeline is studio.results.current.timeline
    panel.scatter.setFocus()
    clicked = panel.scatter.item
    QTest.keyClick(panel.scatter, Qt.Key.Key_Left)
    assert panel.scatter.item not in (None, clicked)
    QTest.keyClick(panel.scatter, Qt.Key.Key_Return)
    wait(lambda: studio.jobs.job is None)
    other = log.candidates[panel.scatter.item]
    assert key_of(studio.results.current.document["parallel"]) == key_of(other.parallel)
    # A candidate's figure is the cost model's, until it is simulated here.
    step_s = studio.results.current.document["step_time_s"]
    assert step_s == pytest.approx(other.step_time_s, rel=0.04)
    live.messages.clear()


def test_a_candidate_of_another_project_is_not_loaded(live: MainWindow) -> None:
    studio, log = live.studio, live.searching.log
    wait(lambda: studio.results.is_fresh and studio.jobs.job is None)
    if not log.candidates:
        studio.run()
        wait(lambda: log.candidates and not studio.jobs.is_searching, 60)
    studio.set_live(False)
    studio.edit(lambda p: replace(p, seed=9), "Seed 9")
    live.searching.load(log.candidates[0])
    assert studio.jobs.job is None
    assert any("edited since this search" in line for line in said(live))
    studio.document.undo()
    studio.set_live(True)
    live.messages.clear()


def test_how_a_mapper_came_to_its_placement_is_plotted(
    window: MainWindow, small_run: ts.Run
) -> None:
    panel = window.searching.panel
    show_tab(window, "Search")
    panel.set_current(small_run.document)
    assert not panel.mapper.isVisible(), "a mapper that does not search has no course"
    course = [[0.0, 8e9], [500.0, 6e9], [1000.0, 5e9]]
    panel.set_current({**small_run.document, "convergence": course})
    assert panel.mapper.isVisible()
    chart = panel.mapper.chart
    assert isinstance(chart, Traces)
    assert chart.traces[0].y.tolist() == [8e9, 6e9, 5e9]
    assert chart.tip(2).endswith("62.5\u2009% of the start")
