"""Starts the studio: the window first, with the wafer's dies; workers and the rest right after."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from tempstudio.core.errors import InputError
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import Project
from tempstudio.gui.faults import Faults
from tempstudio.gui.files import planned_degrees
from tempstudio.gui.look import Look
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.studio import Studio
from tempstudio.gui.views.message_bar import Message
from tempstudio.resources import sample_folder
from tempstudio.storage.project_file import FileStamp, read_project_file
from tempstudio.storage.settings import Settings

FIRST_SAMPLE = "llama2-7b-6x8.tempstudio"


def open_studio(path: str | Path | None = None, safe_mode: bool = False) -> int:
    """Open the studio on a project (the last one, else the first sample) until it is closed.

    `InputError` where the named project cannot be read.
    """
    app = application()
    settings = Settings()
    window = make_window(app, settings, Path(path) if path else None, safe_mode)
    window.show()
    _let_signals_in(window)
    return app.exec()


def _let_signals_in(window: MainWindow) -> None:
    """Python sees Ctrl+C in the terminal only while it runs: give it a turn now and then."""
    signal.signal(signal.SIGINT, lambda *_: window.close())
    turn = QTimer(window)
    turn.timeout.connect(lambda: None)
    turn.start(500)


def application() -> QApplication:
    """The one QApplication, made if there is none."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("tempstudio")
    app.setApplicationDisplayName("TempStudio")
    app.setDesktopFileName("tempstudio")
    return app


def make_window(
    app: QApplication, settings: Settings, path: Path | None = None, safe_mode: bool = False
) -> MainWindow:
    """A window on a project; its workers start once it has been painted."""
    look = Look(app, settings)
    opened = opening(path, settings)
    studio = Studio(opened.project, opened.path)
    window = MainWindow(studio, look, settings)
    if opened.path is not None:
        window.files.was_opened(opened.path, opened.stamp)
    Beginning(window, opened, safe_mode)
    return window


class Opening:
    """What the window opens with, and what there is to say about it."""

    def __init__(self, project: Project, path: Path | None = None) -> None:
        self.project, self.path = project, path
        self.stamp: FileStamp | None = None
        self.degrees: Degrees | None = None
        self.message = ""


def opening(path: Path | None, settings: Settings) -> Opening:
    """The project named, else the last one, else the first sample, else a preset on a wafer."""
    if path is not None:
        return _read(path)
    message = ""
    last = settings.get("last_project", "")
    if last:
        try:
            return _read(Path(last))
        except InputError as error:
            message = f"The last project could not be opened: {error}"
    sample = Path(str(sample_folder())) / FIRST_SAMPLE
    try:
        found = _read(sample)
        # The sample is where one starts from; saving asks for a place of one's own.
        found.path = found.stamp = None
    except InputError:
        found = Opening(_preset())
    found.message = message
    return found


def _read(path: Path) -> Opening:
    content = read_project_file(path)
    found = Opening(content.project, path)
    found.stamp, found.degrees = content.stamp, planned_degrees(content)
    return found


def _preset() -> Project:
    from tempstudio.core.machine import Wafer
    from tempstudio.core.workload import TrainingJob
    from tempstudio.readers import load_model

    return Project(Wafer(), load_model("llama2-7b"), TrainingJob(seq_len=4096))


class Beginning(QObject):
    """What follows the first paint: layout, workers, recovery, the start panel."""

    def __init__(self, window: MainWindow, opened: Opening, safe_mode: bool) -> None:
        super().__init__(window)
        self._window, self._opened, self._safe_mode = window, opened, safe_mode
        self._faults = Faults(self)
        self._faults.found.connect(self._show_fault)
        self._faults.install()
        window.destroyed.connect(self._faults.remove)
        window.wafer.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and watched is self._window.wafer:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self._begin)
        return False

    def _begin(self) -> None:
        window = self._window
        self._start_workers()
        if self._opened.message:
            window.studio.say(self._opened.message, "warning", key="open")
        self._offer_recovery()
        if not window.settings.get("start_seen", False):
            window.show_start()

    def _start_workers(self) -> None:
        from tempstudio.catalogue import cached, versions_key
        from tempstudio.lanes import WorkerSettings

        window = self._window
        known = cached(versions_key(self._safe_mode))
        if known is not None:
            window.following.show_catalogue(known)
        settings = WorkerSettings(safe_mode=self._safe_mode)
        window.studio.start(self._opened.degrees, settings)
        window.studio.jobs.catalogue_changed.connect(self._keep_catalogue)

    def _keep_catalogue(self, catalogue: dict[str, object]) -> None:
        from tempstudio.catalogue import keep, versions_key

        keep(versions_key(self._safe_mode), catalogue)

    def _offer_recovery(self) -> None:
        from tempstudio.gui.recovery import Recovery

        Recovery(self._window).offer()

    def _show_fault(self, line: str, text: str) -> None:
        window = self._window
        window.log.add(text)
        window.messages.show_message(
            Message(f"A fault in the studio: {line}. Your work is still here.", "error",
                    key="fault", details=text)
        )
