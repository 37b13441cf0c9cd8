"""The window stays awake while solvers run, whatever they do; measured with real processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import tempstudio as ts
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.results import Result
from tests.gui.conftest import click, said, seen, studio_with_plugin, wait

HELD_S = 0.05
CANCELLED_S = 0.2

SOLVERS = """
import os, signal, time
from dataclasses import dataclass
import tempstudio as ts

@dataclass(frozen=True)
class Options:
    pass

class Solver:
    summary, version, Options = "one plan, then no end", "1.0", Options
    def __init__(self, name, then):
        self.name, self._then = name, then
    def solve(self, problem, options, rng, progress):
        degrees = next(d for d in problem.degrees() if d.stream > 1)
        yield problem.build(degrees)
        self._then()

def loop():
    while True:
        pass

def crash():
    time.sleep(0.3)  # the plan is on its way by then
    os.kill(os.getpid(), signal.SIGSEGV)

@ts.hookimpl
def tempstudio_solvers():
    return [Solver("never-returns", loop), Solver("sleeps", lambda: time.sleep(3600)),
            Solver("crashes", crash)]
"""


class Pulse(QObject):
    """Ticks as often as it can and notes how long the event loop was held between two ticks.

    `held_s` is the processor time that this thread spent in between: what handlers took, however
    busy the machine is with other processes.  `gap_s` is the time on the wall.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held_s: list[float] = []
        self.gap_s: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(2)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to count."""
        self._before = time.perf_counter(), time.thread_time()
        self._timer.start()

    def stop(self) -> None:
        """End it."""
        self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter(), time.thread_time()
        self.gap_s.append(now[0] - self._before[0])
        self.held_s.append(now[1] - self._before[1])
        self._before = now

    def words(self) -> str:
        """Both as figures."""
        parts = []
        for name, values in (("held", self.held_s), ("gap", self.gap_s)):
            ordered = sorted(values)
            late = ordered[int(0.95 * (len(ordered) - 1))]
            parts.append(f"{name} at most {1e3 * ordered[-1]:.1f} ms, p95 {1e3 * late:.1f} ms")
        return ", ".join(parts)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """The module's window lives on between its tests; its fixture counts at the end."""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, qapp: QApplication) -> Iterator[MainWindow]:
    """A window on Llama 2 7B and 6 x 8 dies, whose workers find solvers that never end."""
    project = ts.Project(machine=ts.Wafer(), model=ts.load_model("llama2-7b"))
    folder = tmp_path_factory.mktemp("frozen")
    yield from studio_with_plugin(qapp, project, folder, "their-solvers", SOLVERS)


def use_solver(window: MainWindow, name: str) -> Result:
    """Choose a solver; the run that is on screen then."""
    studio = window.studio
    window.messages.clear()
    studio.edit(lambda p: replace(p, solver=ts.StrategyChoice(name)), f"Solver {name}")
    wait(lambda: studio.results.is_fresh and studio.jobs.job is None)
    assert studio.results.current is not None
    return studio.results.current


def measured(seconds: float) -> Pulse:
    """The event loop watched for a while."""
    pulse = Pulse()
    pulse.start()
    QTest.qWait(round(seconds * 1000))
    pulse.stop()
    return pulse


@pytest.mark.parametrize(
    "tab",
    [
        pytest.param("Wafer", marks=pytest.mark.slow),
        pytest.param("Compare", marks=pytest.mark.slow),
        "Search",
    ],
)
def test_no_handler_holds_the_event_loop_while_a_solver_runs(
    studio: MainWindow, tab: str, capsys: pytest.CaptureFixture[str]
) -> None:
    use_solver(studio, "exhaustive")
    titles = [studio.tabs.tabText(place) for place in range(studio.tabs.count())]
    studio.tabs.setCurrentIndex(titles.index(tab))
    studio.docks.show("explain")
    QTest.qWait(300)  # what showing it takes is not the solver's doing
    studio.studio.playback.pause()
    idle = measured(0.5)
    click(seen(studio, "run"))
    busy = measured(2.0)
    studio.studio.cancel()
    wait(lambda: studio.studio.jobs.job is None, 5)
    with capsys.disabled():
        print(f"\n{tab}: idle {idle.words()}; while a solver runs {busy.words()}")
    assert len(busy.held_s) > 5
    assert max(busy.held_s) < HELD_S, busy.words()


def test_all_copies_of_96_layers_are_shown_while_a_solver_runs(
    studio: MainWindow, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.messages.clear()
    model = ts.load_model("gpt3-175b")
    studio.studio.set_live(False)
    studio.studio.edit(lambda p: replace(p, model=model), "Model gpt3-175b")
    studio.show_tab("Graph")
    QTest.qWait(300)
    graph = studio.graph
    click(seen(studio, "run"))
    wait(lambda: studio.studio.jobs.job is not None, 5)
    pulse = Pulse()
    pulse.start()
    for key in (Qt.Key.Key_Home, *[Qt.Key.Key_Down] * 3, Qt.Key.Key_Return):
        QTest.keyClick(graph, key)
        QTest.qWait(30)
    for copies in (96, 1, 96):
        QTest.keyClick(graph, Qt.Key.Key_C)
        QTest.qWait(200)
        assert graph.graph is not None
        assert len(graph.graph.frames) == copies
    QTest.keyClick(graph, Qt.Key.Key_0)  # the whole of it
    QTest.qWait(200)
    QTest.keyClick(graph, Qt.Key.Key_End)
    QTest.qWait(100)
    pulse.stop()
    running = studio.studio.jobs.job
    studio.studio.cancel()
    wait(lambda: studio.studio.jobs.job is None, 5)
    studio.studio.document.undo()
    studio.studio.set_live(True)
    with capsys.disabled():
        print(f"\n96 layers: {pulse.words()}")
    assert running is not None and running.kind == "search"
    assert max(pulse.held_s) < HELD_S, pulse.words()


@pytest.mark.parametrize(
    "solver", ["never-returns", pytest.param("sleeps", marks=pytest.mark.slow)]
)
def test_cancel_is_ready_at_once_against_a_solver_that_never_returns(
    studio: MainWindow, solver: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = use_solver(studio, solver)
    click(seen(studio, "run"))
    wait(lambda: studio.searching.log.best, 60)
    best = studio.studio.results.current
    assert best is not None and (best is before or best.searched)
    lanes = studio.studio.jobs._lanes
    assert lanes is not None
    pid = lanes.search.pid
    assert pid is not None and Path(f"/proc/{pid}").exists()
    # It looks as fast as it can, so that the processor time of this thread is the time on the wall
    # but for what other processes of a busy machine take from it.
    started, worked = time.perf_counter(), time.thread_time()
    click(seen(studio, "run"))
    while not _gone(pid) or studio.status.caption.text() != "Ready":
        QApplication.processEvents()
        assert time.perf_counter() - started < 10
    took, worked = time.perf_counter() - started, time.thread_time() - worked
    with capsys.disabled():
        print(f"\n{solver}: ready and gone after {1e3 * took:.0f} ms, "
              f"of which the window had the processor for {1e3 * worked:.0f} ms")  # fmt: skip
    assert worked < CANCELLED_S
    assert studio.studio.results.current is best, "the best plan so far is kept"
    assert studio.studio.results.is_fresh
    assert seen(studio, "run").text() == "Run"  # type: ignore[attr-defined]
    assert not said(studio, "error")


def _gone(pid: int) -> bool:
    """Whether a process has ended (it may still wait to be counted by its parent)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_a_crash_of_the_worker_is_a_message_with_details(studio: MainWindow) -> None:
    before = use_solver(studio, "crashes")
    click(seen(studio, "run"))
    wait(lambda: said(studio, "error"), 60)
    (line,) = said(studio, "error")
    assert "their-solvers" in line and "SIGSEGV" in line and "\n" not in line
    (message,) = [m for m in studio.messages.messages if m.level == "error"]
    assert "Segmentation fault" in message.details and "solve" in message.details
    assert "Segmentation fault" in studio.log.toPlainText()
    assert line.count("their-solvers") == 1
    (found,) = studio.searching.log.best
    kept = studio.studio.results.current
    assert kept is not None and studio.studio.results.is_fresh, "what it found stays, if better"
    assert kept.searched or kept is before
    assert kept.document["step_time_s"] <= found.step_time_s
    use_solver(studio, "exhaustive")
    studio.studio.replan()
    wait(lambda: studio.studio.jobs.job is None and studio.studio.results.is_fresh, 60)
    assert not said(studio, "error")
