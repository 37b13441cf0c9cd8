"""The views of what runs amount to, in the states worth looking at; see `screenshots`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from tempstudio.core.project import StrategyChoice
from tempstudio.gui.edits import with_strategy
from tempstudio.gui.main_window import MainWindow

PLAN_S = 300.0
PAIRS = tuple(
    (partitioner, mapper)
    for partitioner in ("tspp", "megatron1", "megatron3", "fsdp")
    for mapper in ("sequential", "traffic-conscious")
)

State = tuple[str, Callable[[MainWindow], QWidget | None]]  # name, what to do; what to picture


def wait(until: Callable[[], object], seconds: float = PLAN_S) -> None:
    """Let the event loop run until something is so."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise TimeoutError(f"screenshots: not ready within {seconds:g} s")
        QApplication.processEvents()
        time.sleep(0.005)


def result_states() -> Iterator[State]:
    """Each can be reached from any other."""

    def empty_search(window: MainWindow) -> None:
        settle(window)
        window.tabs.setCurrentWidget(window.searching.panel)

    def search(window: MainWindow) -> None:
        settle(window)
        window.tabs.setCurrentWidget(window.searching.panel)
        choice = StrategyChoice("dual-level")
        window.studio.edit(lambda p: with_strategy(p, "solver", choice), "Solver dual-level")
        window.studio.run()
        wait(lambda: not window.studio.jobs.is_searching)
        wait(lambda: window.studio.results.is_fresh)
        window.messages.clear()
        front = window.searching.log.front("memory_bytes")
        window.searching.panel.scatter.mark(int(front.argmax()))

    def compare_empty(window: MainWindow) -> None:
        settle(window)
        window.tabs.setCurrentWidget(window.comparing.panel)

    def compare(window: MainWindow) -> None:
        settle(window)
        window.tabs.setCurrentWidget(window.comparing.panel)
        quick = StrategyChoice("random", options=(("draws", 4),))
        window.studio.edit(lambda p: with_strategy(p, "solver", quick), "Solver random")
        wait(lambda: window.studio.results.is_fresh)
        window.comparing.search.start(PAIRS)
        wait(lambda: not window.comparing.search.running)
        window.comparing.choose_row(
            next(row for row in window.comparing.search.rows if row.partitioner == "megatron3")
        )
        wait(lambda: window.comparing.panel.panes[1].result is not None)
        show_streaming(window)
        window.messages.clear()

    def compare_three(window: MainWindow) -> None:
        compare(window)
        window.comparing.add_pane()
        wait(lambda: window.comparing.panel.panes[2].result is not None)
        window.comparing.set_clock("time")

    def explain(window: MainWindow) -> None:
        settle(window)
        window.tabs.setCurrentWidget(window.wafer)
        window.docks.show("explain")
        window.explaining.refresh()
        window.studio.selection.select_operator("mlp.down")

    def explain_link(window: MainWindow) -> None:
        explain(window)
        window.explaining.panel.tabs.setCurrentIndex(1)

    def sweep(window: MainWindow) -> None:
        settle(window)
        folder = sweep_results(window)
        window.sweeping.open(folder)
        wait(lambda: window.sweeping.table)
        panel = window.sweeping.panel
        panel.colour.setCurrentText("stream")
        panel.filter.setText("stream > 1")
        panel.refresh()
        panel.scatter.mark(3)

    def panels(window: MainWindow) -> None:
        settle(window)
        window.tabs.setCurrentWidget(window.wafer)
        window.docks.show("panels")
        view = window.panelling.views["power"]
        window.panelling.tabs.setCurrentWidget(view)
        wait(lambda: view.charts and view.charts[0].chart)

    yield "panels-of-plugins", panels
    yield "sweep", sweep
    yield "explain", explain
    yield "explain-link", explain_link
    yield "compare-empty", compare_empty
    yield "compare", compare
    yield "compare-three", compare_three
    yield "search-empty", empty_search
    yield "search", search


SWEEP = """
[base]
model = "llama2-7b"
machine = { rows = 6, cols = 8 }
parallel = { stream = 8 }
[axes]
"parallel.stream" = [1, 2, 4, 6, 8, 12, 16, 24, 48]
"parallel.zero" = [0, 1, 2]
"job.micro_batch" = [1, 2]
"""


def sweep_results(window: MainWindow) -> Path:
    """The results of a small sweep, run as a person would."""
    folder = Path(tempfile.mkdtemp(prefix="tempstudio-"))
    window.destroyed.connect(lambda: shutil.rmtree(folder, ignore_errors=True))
    file = folder / "streams.toml"
    file.write_text(SWEEP, encoding="utf-8")
    out = folder / "streams"
    command = [sys.executable, "-m", "tempstudio", "sweep", str(file), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return out


def show_streaming(window: MainWindow) -> None:
    """A moment at which chunks are on their way."""
    playback = window.studio.playback
    assert playback.timeline is not None
    playback.pause()
    for tenth in range(1, 10_000):
        time_s = playback.timeline.duration_s * tenth / 10_007
        if len(playback.timeline.at(time_s).transfers) > 20:
            playback.seek(time_s)
            return


def settle(window: MainWindow) -> None:
    """Nothing over the window, and a fresh run in it."""
    for popup in window.findChildren(QWidget, "shortcut_sheet"):
        popup.close()
    for name in ("explain", "panels", "history", "log"):
        window.docks[name].hide()
    while window.studio.document.history.canUndo():
        window.studio.document.undo()
    window.studio.selection.clear()
    wait(lambda: window.studio.results.is_fresh)
    window.studio.playback.pause()
    window.messages.clear()
