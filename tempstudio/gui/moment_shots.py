"""Moments, ranges and machines worth looking at; see `screenshots`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QWidget

from tempstudio.core.machine import Wafer
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import Project
from tempstudio.core.workload import TrainingJob
from tempstudio.export.picture import layer_around, telling_time
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.result_shots import State, settle, wait
from tempstudio.readers import load_model

LARGE_PLAN_S = 300.0


def moment_states(large: bool = True) -> Iterator[State]:
    """Each can be reached from any other; the `large` mesh takes a minute to plan."""

    def zoomed(window: MainWindow) -> None:
        at_work(window)
        begin_s, end_s = layer_around(*moment(window))
        window.timeline.reveal(begin_s, end_s, share=0.8)

    def layers(window: MainWindow) -> None:
        at_work(window)
        begin_s, end_s = layer_around(*moment(window))
        window.timeline.reveal(begin_s, end_s, share=0.05)

    def chosen_range(window: MainWindow) -> None:
        at_work(window)
        window.timeline.fit()
        whole = window.timeline.whole_s
        window.studio.selection.select_range((0.31 * whole, 0.52 * whole))

    def contention(window: MainWindow) -> None:
        at_work(window)
        window.actions_["playback.worst"].trigger()

    def over_capacity(window: MainWindow) -> None:
        settle(window)
        machine = window.studio.project.machine
        assert isinstance(machine, Wafer)
        small = dataclasses.replace(machine.die, hbm_bytes=3e9)
        change(window, machine=dataclasses.replace(machine, die=small))
        at_work(window, reset=False)

    def pipeline(window: MainWindow) -> None:
        settle(window)
        change(
            window,
            machine=Wafer(rows=4, cols=4, wafers=2),
            job=TrainingJob(global_batch=32, seq_len=4096, recompute="full"),
            degrees=Degrees(pp=2, dp=2, stream=8, zero=1),
        )
        at_work(window, reset=False)

    def copies(window: MainWindow) -> None:
        pipeline(window)
        window.tabs.setCurrentWidget(window.graph)
        window.graph.unfold(1)
        window.graph.spread(1, True)
        window.studio.selection.select_operator("mlp.down", copy=17)

    def many_stages(window: MainWindow) -> None:
        settle(window)
        change(
            window,
            machine=Wafer(rows=4, cols=8),
            job=TrainingJob(global_batch=32, seq_len=4096),
            degrees=Degrees(pp=8, stream=4),
        )
        at_work(window, reset=False)

    def reduced(window: MainWindow) -> None:
        at_work(window)
        window.wafer.set_reduced_motion(True)

    def dialog(kind: str) -> Any:
        def reach(window: MainWindow) -> QWidget | None:
            at_work(window)
            close_dialogs(window)
            window.exports.ask(kind)
            return window.findChild(QWidget, "picture_dialog")

        return reach

    def large_mesh(window: MainWindow) -> None:
        close_dialogs(window)
        settle(window)
        change(
            window,
            LARGE_PLAN_S,
            machine=Wafer(rows=80, cols=95),
            model=load_model("qwen2-0.5b"),
            job=TrainingJob(global_batch=800, seq_len=1024),
            degrees=Degrees(dp=400, stream=19, zero=1),
        )
        at_work(window, reset=False)

    yield "timeline-zoomed", zoomed
    yield "timeline-layers", layers
    yield "timeline-range", chosen_range
    yield "worst-contention", contention
    yield "over-capacity", over_capacity
    yield "pipeline", pipeline
    yield "copies", copies
    yield "many-stages", many_stages
    yield "reduced-motion", reduced
    yield "export-picture", dialog("picture")
    yield "export-movie", dialog("movie")
    if large:
        yield "large-mesh", large_mesh


def close_dialogs(window: MainWindow) -> None:
    """Close the dialogs of exports, and be rid of them."""
    for before in window.findChildren(QWidget, "picture_dialog"):
        before.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def at_work(window: MainWindow, reset: bool = True) -> None:
    """The wafer in front, paused where much moves."""
    if reset:
        settle(window)
    window.wafer.set_reduced_motion(False)
    window.tabs.setCurrentWidget(window.wafer)
    window.studio.playback.seek(telling_time(moment(window)[0]))
    window.timeline.fit()


def moment(window: MainWindow) -> tuple[Any, float]:
    """(the timeline, the time shown)."""
    playback = window.studio.playback
    assert playback.timeline is not None
    return playback.timeline, playback.time_s


def change(window: MainWindow, seconds: float = 120.0, **parts: Any) -> None:
    """Edit parts of the project and wait for its plan."""

    def edit(project: Project) -> Project:
        return dataclasses.replace(project, **parts)

    window.studio.edit(edit, "Another project")
    wait(lambda: window.studio.results.is_fresh, seconds)
    window.studio.playback.pause()
    window.messages.clear()
