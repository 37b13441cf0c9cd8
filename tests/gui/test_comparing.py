"""The Compare tab: two runs under one clock, what differs, all strategies, runs kept and undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

import tempstudio as ts
from tempstudio.core.errors import InputError
from tempstudio.core.project import Project
from tempstudio.gui.contenders import Row
from tempstudio.gui.edits import with_dies
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.results import Result
from tempstudio.gui.views.compare_panel import PANE_PX, ComparePanel
from tempstudio.gui.views.runs_panel import kept
from tempstudio.plan_message import plan_document
from tempstudio.storage.kept_runs import project_of
from tests.gui.conftest import Furnish, choose, click, result_of, said, seen, wait
from tests.gui.test_searching import show_tab


def with_plan(run: ts.Run) -> Result:
    return replace(result_of(run), plan=plan_document(run.plan))


@pytest.fixture(scope="module")
def other_run(small_project: Project) -> ts.Run:
    """Another way to run the small project: four replicas that stream over two dies each."""
    return ts.run(replace(small_project, degrees=ts.Degrees(dp=4, stream=2)))


def test_a_kept_run_knows_the_project_it_was_made_from(
    small_project: Project, small_run: ts.Run
) -> None:
    run = kept(with_plan(small_run), ())
    assert project_of(run, small_project) is small_project
    broken = with_dies(small_project, (3,), dead=True)
    again = project_of(run, broken)
    assert again.fingerprint == small_project.fingerprint, "it is the mesh that was whole"
    assert again.runs == ()
    another = replace(small_project, model=ts.load_model("llama2-7b"))
    with pytest.raises(InputError, match=r"of the model qwen2-0\.5b"):
        project_of(run, another)


def test_a_kept_run_is_saved_and_opened_whole(
    small_project: Project, small_run: ts.Run, tmp_path: Path
) -> None:
    project = replace(small_project, runs=(kept(with_plan(small_run), ()),))
    ts.save(project, tmp_path / "kept.tempstudio")
    again = ts.load(tmp_path / "kept.tempstudio")
    assert again == project
    other = replace(again, seed=7)
    assert project_of(other.runs[0], other).fingerprint == small_project.fingerprint


def test_two_plans_of_one_project_are_kept_side_by_side(
    small_run: ts.Run, other_run: ts.Run
) -> None:
    first = kept(with_plan(small_run), ())
    again = kept(with_plan(small_run), (first,))
    assert again.name == first.name
    second = replace(with_plan(other_run), project=small_run.project)
    assert kept(second, (first,)).name == f"{first.name} (2)"


def test_alone_it_says_how_to_set_another_beside(window: MainWindow) -> None:
    show_tab(window, "Compare")
    assert seen(window, "compare.verdict").text() == "Nothing to compare yet"  # type: ignore[attr-defined]
    assert seen(window, "strategies.compare").isEnabled()


def test_runs_are_compared_on_one_clock(live: MainWindow) -> None:
    studio, panel = live.studio, live.comparing.panel
    studio.playback.pause()
    show_tab(live, "Compare")
    live.actions_["run.keep"].trigger()
    assert len(studio.project.runs) == 1
    studio.edit(lambda p: with_dies(p, (7,), dead=True), "Break die 1,3")
    wait(lambda: studio.results.is_fresh and studio.jobs.job is None)
    wait(lambda: all(pane.result is not None for pane in panel.panes))
    a, b = panel.panes
    assert a.result is studio.results.current
    assert b.result is not None and b.result.document["machine"]["dead"] == []
    kept_step = b.result.document["step_time_s"]
    assert b.result.timeline.duration_s == pytest.approx(kept_step)
    sentence = seen(live, "compare.verdict").text()  # type: ignore[attr-defined]
    assert sentence.startswith("B is") and "faster than A" in sentence
    studio.playback.seek(studio.playback.timeline.duration_s * 0.5)
    for pane in (a, b):
        assert pane.canvas.frame.time_s == pytest.approx(pane.timeline.duration_s / 2)
    choose(live, "compare.clock", "Same time")
    studio.playback.seek(studio.playback.timeline.duration_s * 0.25)
    assert a.canvas.frame.time_s == pytest.approx(b.canvas.frame.time_s)
    found = panel.difference.difference
    assert found is not None
    assert found.most_load > 0
    assert "nan" not in panel.difference.text_at(*_middle_of_die(panel, 7))
    assert "dead in one of them" in panel.difference.text_at(*_middle_of_die(panel, 7))
    studio.document.undo()
    studio.document.undo()
    assert studio.project.runs == ()


def _middle_of_die(panel, die: int) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    from tempstudio.scene.difference import FOOT_PX, HEAD_PX
    from tempstudio.scene.fitting import canvas_of, lay_out

    view = panel.difference
    machine = view.difference.machine
    layout = lay_out(machine, canvas_of(machine, view.width(), view.height(), HEAD_PX, FOOT_PX))
    x, y, width, height = layout.die_xywh[die].tolist()
    return x + width / 2, y + height / 2


def test_a_kept_run_is_set_beside_the_one_on_screen(
    furnish: Furnish, small_project: Project, small_run: ts.Run, other_run: ts.Run
) -> None:
    """From the list of runs, by mouse."""
    run = kept(with_plan(other_run), ())
    window = furnish(replace(small_project, runs=(run,)), small_run)
    window.left.setCurrentIndex(2)
    entry = window.runs.list.topLevelItem(0)
    click(window.runs.list.viewport(), window.runs.list.visualItemRect(entry).center())
    comparing = window.comparing
    name = comparing._name_of(comparing.contenders()[f"kept:{run.name}"])
    comparing._played[name] = with_plan(other_run)  # as a worker would have answered
    click(seen(window, "runs.compare"))
    assert window.tabs.currentWidget() is window.comparing.panel
    a, b = window.comparing.panel.panes
    assert a.result is window.studio.results.current
    assert b.result is not None and b.timeline is other_run.timeline
    assert b.box.currentText() == f"Kept: {run.name}"
    assert "faster than" in window.comparing.panel.sentence.text()


@pytest.mark.parametrize("size", [(1280, 800), (1024, 640)])
def test_four_runs_are_each_large_enough_to_see_links(
    furnish: Furnish, small_project: Project, small_run: ts.Run, size: tuple[int, int]
) -> None:
    window = furnish(small_project, small_run, size=size)
    panel = window.comparing.panel
    show_tab(window, "Compare")
    for runs in (2, 3, 4):
        if runs > 2:
            click(seen(window, "compare.add"))
        wait(lambda: _in_sight(panel, panel.panes[-1]))
        for pane in (*panel.panes, panel.difference):
            assert pane.width() >= PANE_PX[0]
        for pane in panel.panes:
            pane.stack.setCurrentWidget(pane.canvas)
            pane.canvas.set_project(ts.Wafer(rows=6, cols=8))
            assert pane.canvas.layout_of_dies.detail == "square", "links have lanes"
            assert pane.canvas.picture.layer("lanes") is not None
    assert not seen(window, "compare.add").isEnabled()
    if size == (1280, 800):
        assert _in_sight(panel, panel.strategies)
    click(seen(window, "compare.close.D"))
    assert len(panel.panes) == 3


def _in_sight(panel: ComparePanel, widget: QWidget) -> bool:
    """Whether a part of the panel is seen whole."""
    place = QRect(widget.mapTo(panel, QPoint(0, 0)), widget.size())
    return widget.isVisible() and panel.rect().contains(place)


def test_in_step_by_time_every_run_shows_the_clocks_own_time(
    furnish: Furnish, small_project: Project, small_run: ts.Run, other_run: ts.Run
) -> None:
    run = kept(with_plan(other_run), ())
    window = furnish(replace(small_project, runs=(run,)), small_run)
    comparing, playback = window.comparing, window.studio.playback
    name = comparing._name_of(comparing.contenders()[f"kept:{run.name}"])
    comparing._played[name] = with_plan(other_run)
    show_tab(window, "Compare")
    a, b = comparing.panel.panes
    lengths = [pane.timeline.duration_s for pane in (a, b)]
    assert lengths[0] != lengths[1]
    for mode, times in (("Same time", [1, 1]), ("Same share", [1, lengths[1] / lengths[0]])):
        choose(window, "compare.clock", mode)
        playback.seek(0.3 * min(lengths))
        for pane, times_clock in zip((a, b), times, strict=True):
            assert pane.canvas.frame.time_s == pytest.approx(playback.time_s * times_clock)


def test_a_strategy_that_does_not_fit_says_why(
    window: MainWindow, small_project: Project, small_run: ts.Run
) -> None:
    show_tab(window, "Compare")
    table = window.comparing.panel.strategies
    good = Row("tspp", "sequential", small_run.document, {}, small_project)
    memory = {**small_run.document["memory_bytes"], "peak": 99e9, "peak_die": [1, 2]}
    full = {**small_run.document, "fits": False, "memory_bytes": memory, "step_time_s": 1e-3}
    none = {"strategy": {}, "fits": False, "error": {"kind": "noplan", "message": "cut apart"}}
    rows = [good, Row("fsdp", "gemini", full, {}, small_project),
            Row("megatron1", "gemini", none, {}, small_project)]  # fmt: skip
    table.set_rows(rows, False, "3 planned, 1 fits")
    assert table.best is good, "the faster one does not fit"
    assert seen(window, "strategies.summary").text() == "3 planned, 1 fits"  # type: ignore[attr-defined]
    for place, said_of_it in ((1, "die 1,2 needs 99.0"), (2, "No plan: cut apart")):
        shown = table.table.shown(place)
        cell = table.view.visualRect(table.table.index(shown, 0)).center()
        click(table.view.viewport(), cell)
        assert said_of_it in table.summary.toolTip()
        assert table.keep.isEnabled() == (place == 1)
    bars = table.chart.chart.bars  # type: ignore[union-attr]
    assert [bar.figure.endswith("does not fit") for bar in bars] == [False, True]


def be_quick(window: MainWindow) -> None:
    """A solver that tries little, and nothing under way."""
    studio = window.studio
    quick = ts.StrategyChoice("random", options={"draws": 1})
    if studio.project.solver != quick:
        studio.edit(lambda p: replace(p, solver=quick), "Solver random")
    wait(lambda: studio.results.is_fresh and studio.jobs.job is None)


def test_all_strategies_are_compared_and_rows_kept(live: MainWindow) -> None:
    studio, search, table = live.studio, live.comparing.search, live.comparing.panel.strategies
    be_quick(live)
    kinds = studio.catalogue["kinds"]  # type: ignore[index]
    pairs = len(kinds["partitioner"]) * len(kinds["mapper"])
    show_tab(live, "Compare")
    click(seen(live, "strategies.compare"))
    assert seen(live, "strategies.compare").text() == "Cancel"  # type: ignore[attr-defined]
    assert seen(live, "run").text() == "Cancel"  # type: ignore[attr-defined]
    wait(lambda: search.rows, 60)
    assert search.running, "rows appear as they finish"
    wait(lambda: not search.running, 110)
    assert len(search.rows) == pairs == table.table.rowCount()
    own = search.rows[0]
    assert (own.partitioner, own.mapper) == (
        studio.project.partitioner.name, studio.project.mapper.name,
    )  # fmt: skip
    steps = [row.document["step_time_s"] for row in search.rows if row.fits]
    assert steps and table.best is not None
    assert table.best.document["step_time_s"] == min(steps)
    for row in search.rows:
        assert row.error or row.document["strategy"]["partitioner"] == row.partitioner
    table.view.setFocus()
    QTest.keyClick(table.view, Qt.Key.Key_Down)
    assert table.selected is not None
    click(seen(live, "strategies.keep"))
    (run,) = studio.project.runs
    assert run.name == table.selected.name
    assert studio.document.history.undoText() == f"Keep run {run.name}"
    studio.document.undo()
    assert studio.project.runs == ()
    assert studio.results.is_fresh and len(search.rows) == pairs


def test_rows_of_another_project_are_gone(live: MainWindow) -> None:
    studio, search = live.studio, live.comparing.search
    be_quick(live)
    search.start(
        [(studio.project.partitioner.name, studio.project.mapper.name), ("fsdp", "gemini")]
    )
    wait(lambda: not search.running, 60)
    assert len(search.rows) == 2
    studio.set_live(False)
    studio.edit(lambda p: replace(p, partitioner=ts.StrategyChoice("fsdp")), "Partitioner fsdp")
    assert search.rows, "they are about every partitioner"
    studio.document.undo()
    studio.edit(lambda p: replace(p, seed=11), "Seed 11")
    assert search.rows == []
    studio.document.undo()
    studio.set_live(True)


def test_a_comparison_is_cancelled_and_its_rows_stay(live: MainWindow) -> None:
    studio, search = live.studio, live.comparing.search
    be_quick(live)
    show_tab(live, "Compare")
    click(seen(live, "strategies.compare"))
    wait(lambda: search.rows, 60)
    click(seen(live, "strategies.compare"))
    wait(lambda: studio.jobs.job is None, 5)
    assert not search.running and search.rows
    assert "not planned" in live.comparing.panel.strategies._words
    assert not said(live, "error")
