"""A studio to put hands on: with a run already made, or with real workers behind it."""

from __future__ import annotations

import gc
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui.look import Look
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.results import Result
from tempstudio.gui.studio import Studio
from tempstudio.gui.views import message_bar
from tempstudio.storage.settings import Settings
from tests.worker.conftest import install_plugin

LEFT = Qt.MouseButton.LeftButton
DEFERRED_DELETE = 52  # QEvent.Type.DeferredDelete

live_windows: list[str] = []  # modules whose window with real workers is open


def child_processes() -> set[int]:
    """Numbers of this process's living children."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found |= {int(word) for word in (task / "children").read_text().split()}
        except OSError:
            continue  # the thread has just ended
    return found


def running_timers() -> list[QTimer]:
    """Timers that would still fire, whoever owns them."""
    gc.unfreeze()  # the studio sets aside what it begins with
    gc.collect()
    return [
        item
        for item in gc.get_objects()
        if isinstance(item, QTimer) and shiboken6.isValid(item) and item.isActive()
    ]


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaves a thread or a process behind has failed."""
    threads, processes = set(threading.enumerate()), child_processes()
    yield
    # A live window stays until its module's end, and may take a new worker in any of its tests.
    if not live_windows and "live" not in request.fixturenames:
        left = [f"thread {thread.name}" for thread in set(threading.enumerate()) - threads]
        left += [f"process {number}" for number in child_processes() - processes]
        assert not left, left


@pytest.fixture(scope="module", autouse=True)
def no_timer_left_behind() -> Iterator[None]:
    """So has a module that leaves a timer running (all objects are looked through, so once)."""
    yield
    if QApplication.instance() is not None:
        QApplication.processEvents()
    left = [f"timer of {timer.parent()!r}" for timer in running_timers()]
    assert not left, left


@pytest.fixture(scope="session")
def small_project() -> Project:
    """A small model streamed over both rows of a 2 x 4 wafer."""
    return Project(
        machine=ts.Wafer(rows=2, cols=4),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=4, seq_len=1024),
        degrees=ts.Degrees(dp=1, stream=8),
    )


@pytest.fixture(scope="session")
def small_run(small_project: Project) -> ts.Run:
    """Its run, made in this process."""
    return ts.run(small_project)


@pytest.fixture(scope="session")
def two_stages() -> ts.Run:
    """A pipeline over two wafers, with recomputation."""
    project = Project(
        machine=ts.Wafer(rows=2, cols=4, wafers=2),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=6, seq_len=1024, recompute="full"),
        degrees=ts.Degrees(pp=2, dp=2, stream=4),
    )
    return ts.run(project)


class CountingPainter:
    """A QPainter that counts what it draws."""

    def __init__(self, painter: QPainter) -> None:
        self._painter = painter
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._painter, name)
        if not name.startswith(("draw", "fill", "stroke")):
            return found

        def counted(*arguments: Any) -> Any:
            self.calls[name] += 1
            return found(*arguments)

        return counted


def result_of(run: ts.Run) -> Result:
    """A run as a worker would have answered it."""
    return Result(run.project, run.document, run.timeline, {})


Furnish = Callable[..., MainWindow]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of this test's own."""
    return Settings(tmp_path / "settings.json")


@pytest.fixture
def furnish(qtbot: QtBot, qapp: QApplication, settings: Settings) -> Iterator[Furnish]:
    """Makes a window with all its views and no workers: `furnish(project, run, theme, size)`."""
    made: list[MainWindow] = []

    def make(
        project: Project,
        run: ts.Run | None = None,
        theme: str = "light",
        size: tuple[int, int] = (1280, 800),
        path: Path | None = None,
    ) -> MainWindow:
        window = MainWindow(Look(qapp, theme), None, {})
        made.append(window)
        studio = Studio(project, path)
        window.furnish(studio, settings)
        window.resize(*size)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        window.docks.size_up()
        window.wafer.setFocus()
        if run is not None:
            studio.jobs.planned.emit(result_of(run), True)
            studio.playback.pause()
        return window

    yield make
    for window in made:
        window.studio.document.history.setClean()
        window.close()
        window.deleteLater()
    qapp.sendPostedEvents(None, DEFERRED_DELETE)
    qapp.processEvents()


@pytest.fixture
def window(furnish: Furnish, small_project: Project, small_run: ts.Run) -> MainWindow:
    """A window on the small project with its run, paused at the start."""
    return furnish(small_project, small_run)


def seen(window: QWidget, name: str) -> QWidget:
    """The visible widget of this name: what cannot be seen cannot be clicked."""
    found = [w for w in window.findChildren(QWidget, name) if w.isVisible()]
    assert len(found) == 1, f"{name}: {len(found)} visible"
    return found[0]


def click(
    widget: QWidget,
    at: QPoint | None = None,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """A click as the hand makes it: the pointer moves there first."""
    assert widget.isVisible() and widget.isEnabled(), widget.objectName()
    point = at if at is not None else widget.rect().center()
    QTest.mouseMove(widget, point)
    QTest.mouseClick(widget, LEFT, modifiers, point)


def activate(window: QWidget) -> None:
    """What the window manager does when a dialog has gone: the window below gets the keys."""
    window.activateWindow()
    wait(window.isActiveWindow)


def choose(window: QWidget, name: str, text: str) -> None:
    """Choose an entry of a box with the keyboard: open, go to it, Return."""
    box = seen(window, name)
    row = box.findText(text)  # type: ignore[attr-defined]
    assert row >= 0, f"{name} does not offer {text}"
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_F4)
    view = box.view()  # type: ignore[attr-defined]
    assert view.isVisible()
    QTest.keyClick(view, Qt.Key.Key_Home)
    for _ in range(500):
        if view.currentIndex().data() == text:
            break
        QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.currentIndex().data() == text
    QTest.keyClick(view, Qt.Key.Key_Return)


def use_menu(window: MainWindow, menu: str, action: str) -> None:
    """Choose an action from a menu with the mouse."""
    bar = window.menuBar()
    click(bar, bar.actionGeometry(window.menus[menu].menuAction()).center())
    popup = window.menus[menu]
    assert isinstance(popup, QMenu) and popup.isVisible()
    click(popup, popup.actionGeometry(window.actions_[action]).center())


def said(window: MainWindow, level: str = "") -> list[str]:
    """What the message bar says."""
    return [m.text for m in window.messages.messages if level in ("", m.level)]


@pytest.fixture(autouse=True)
def no_fleeting_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages stay until they are dismissed, or their timer would outlive a short test."""
    monkeypatch.setattr(message_bar, "SHORT_MS", 0x7FFFFFFF)


@pytest.fixture(scope="module")
def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, qapp: QApplication
) -> Iterator[MainWindow]:
    """A window as a person opens it, with real workers, on a small project; one a module."""
    from tempstudio.gui import app as studio_app
    from tempstudio.gui import peek

    threads, processes = set(threading.enumerate()), child_processes()
    live_windows.append(request.module.__name__)
    folder = tmp_path_factory.mktemp("live")
    project = Project(
        machine=ts.Wafer(rows=2, cols=4),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=4, seq_len=1024),
    )
    path = folder / "small.tempstudio"
    ts.save(project, path)
    Settings().set("start_seen", True)
    assert peek.settings_file() == Settings().path
    window = studio_app.make_window(qapp, path)
    window.show()
    wait(lambda: window.is_furnished and window.studio.results.is_fresh, 60)
    yield window
    window.studio.document.history.setClean()
    window.close()
    window.deleteLater()
    qapp.sendPostedEvents(None, DEFERRED_DELETE)
    live_windows.clear()
    wait(lambda: not child_processes() - processes, 5)
    assert not set(threading.enumerate()) - threads


def drop(window: MainWindow, path: Path) -> None:
    """Drag a file from outside over the window and let go of it there."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    at, none = QPointF(400, 300), Qt.KeyboardModifier.NoModifier
    button, copy = Qt.MouseButton.LeftButton, Qt.DropAction.CopyAction
    QApplication.sendEvent(window, QDragEnterEvent(at.toPoint(), copy, data, button, none))
    QApplication.sendEvent(window, QDropEvent(at, copy, data, button, none))


def wait(until: Callable[[], object], seconds: float = 30.0) -> None:
    """Let the event loop run until something is so."""
    import time

    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"not within {seconds} s"
        QTest.qWait(10)


def studio_with_plugin(
    app: QApplication, project: ts.Project, folder: Path, plugin: str, source: str
) -> Iterator[MainWindow]:
    """A whole studio with real workers that find a plugin; it leaves no thread and no process."""
    from tempstudio.gui import app as studio_app

    threads, processes = set(threading.enumerate()), child_processes()
    patch = pytest.MonkeyPatch()
    site = folder / "site"
    site.mkdir()
    install_plugin(site, plugin, source)
    patch.setenv("PYTHONPATH", str(site))
    Settings().set("start_seen", True)
    path = folder / "project.tempstudio"
    ts.save(project, path)
    window = studio_app.make_window(app, path)
    window.show()
    wait(lambda: window.is_furnished and window.studio.results.is_fresh, 60)
    wait(lambda: window.studio.catalogue, 60)
    yield window
    patch.undo()
    window.studio.document.history.setClean()
    window.close()
    window.deleteLater()
    app.sendPostedEvents(None, DEFERRED_DELETE)
    wait(lambda: not child_processes() - processes, 5)
    assert not set(threading.enumerate()) - threads


def slowness() -> float:
    """How much longer things take here than on a machine that does nothing else."""
    wall, processor = time.perf_counter(), time.process_time()
    while time.process_time() - processor < 0.1:
        pass
    return (time.perf_counter() - wall) / 0.1
