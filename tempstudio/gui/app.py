"""Starts the studio: the window first, with the wafer's dies; everything else right after."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from tempstudio.gui import peek
from tempstudio.gui.look import Look
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.screen_fit import fit_screen
from tempstudio.gui.zoom import STEPS
from tempstudio.gui.zoomed import set_factor
from tempstudio.resources import sample_folder

FIRST_SAMPLE = "llama2-7b-6x8.tempstudio"


def open_studio(
    path: str | Path | None = None, safe_mode: bool = False, develop: tuple[str, ...] = ()
) -> int:
    """Open the studio on a project (the last one, else the first sample) until it is closed.

    `develop` names plugin files and folders that run as they are in this session.  `InputError`
    where the named project cannot be read.
    """
    app = application()
    window = make_window(app, Path(path) if path else None, safe_mode, develop)
    window.show()
    _let_signals_in(window)
    status = app.exec()
    refused = window.property("refused")
    if refused is not None:
        raise refused
    return status


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
    app: QApplication,
    path: Path | None = None,
    safe_mode: bool = False,
    develop: tuple[str, ...] = (),
) -> MainWindow:
    """A window that fills itself once it has been painted."""
    settings = peek.settings_values(peek.settings_file())
    zoom = settings.get("zoom", 1.0)
    set_factor(zoom if isinstance(zoom, float) and zoom in STEPS else 1.0)
    look = Look(app, str(settings.get("theme", "system")))
    window = MainWindow(look, peek.mesh_of(path or _likely_project(settings)), settings)
    _AfterFirstPaint(window, path, safe_mode, develop)
    return window


def _likely_project(settings: dict[str, object]) -> Path:
    last = settings.get("last_project")
    if isinstance(last, str) and last and Path(last).is_file():
        return Path(last)
    return sample_folder() / FIRST_SAMPLE


class _AfterFirstPaint(QObject):
    """Begins the rest once the dies are on screen."""

    def __init__(
        self, window: MainWindow, path: Path | None, safe_mode: bool, develop: tuple[str, ...]
    ) -> None:
        super().__init__(window)
        self._window, self._path = window, path
        self._safe_mode, self._develop = safe_mode, develop
        self._begun = False
        window.first_look.painted.connect(self._painted)

    def _painted(self) -> None:
        if not self._begun:
            self._begun = True
            QTimer.singleShot(0, self, self._begin)

    def _begin(self) -> None:
        from tempstudio.gui.beginning import begin

        if QGuiApplication.platformName() != "offscreen":  # its screen is smaller than any window
            fit_screen(self._window)
        begin(self._window, self._path, self._safe_mode, self._develop)


def _let_signals_in(window: MainWindow) -> None:
    """Python sees Ctrl+C in the terminal only while it runs: give it a turn now and then."""
    signal.signal(signal.SIGINT, lambda *_: window.close())
    turn = QTimer(window)
    turn.timeout.connect(lambda: None)
    turn.start(500)
