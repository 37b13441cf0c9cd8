"""What follows the first paint: project, workers, views, recovery, the first steps."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from tempstudio.catalogue import cached, keep, versions_key
from tempstudio.core.decisions import Decisions
from tempstudio.core.errors import InputError
from tempstudio.core.project import Project
from tempstudio.gui.app import FIRST_SAMPLE
from tempstudio.gui.faults import Faults
from tempstudio.gui.files import stored_decisions
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.plugin_desk import worker_settings
from tempstudio.gui.recovery import Recovery
from tempstudio.gui.studio import Studio
from tempstudio.gui.views.message_bar import Message
from tempstudio.resources import sample_folder
from tempstudio.storage.project_file import FileStamp, read_project_file
from tempstudio.storage.settings import Settings


class Opening:
    """What the window opens with, and what there is to say about it."""

    def __init__(self, project: Project, path: Path | None = None) -> None:
        self.project, self.path = project, path
        self.stamp: FileStamp | None = None
        self.decided: Decisions | None = None
        self.message = ""


def begin(
    window: MainWindow, path: Path | None, safe_mode: bool, develop: Sequence[str] = ()
) -> None:
    """Fill a painted window; one whose project cannot be read closes with the reason."""
    settings = Settings()
    try:
        opened = opening(path, settings)
    except InputError as error:
        window.setProperty("refused", error)
        window.close()
        QApplication.quit()
        return
    studio = Studio(opened.project, opened.path)
    developed = [Path(name).absolute() for name in develop]
    studio.jobs.start(worker_settings(settings, opened.path, safe_mode, developed))
    window.furnish(studio, settings, safe_mode, developed)
    _Watch(window)
    if opened.path is not None:
        window.files.was_opened(opened.path, opened.stamp)
    studio.start(opened.decided)
    if opened.message:
        studio.say(opened.message, "warning", key="open")
    Recovery(window).offer()
    window.wafer.setFocus()
    if not settings.get("start_seen", False):
        window.help.show_start()
    # What is here stays; looking through it for garbage held any handler up for 35 ms.
    gc.freeze()


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
    try:
        found = _read(sample_folder() / FIRST_SAMPLE)
        # The sample is where one starts from; saving asks for a place of one's own.
        found.path = found.stamp = None
    except InputError:
        found = Opening(_preset())
    found.message = message
    return found


def _read(path: Path) -> Opening:
    content = read_project_file(path)
    found = Opening(content.project, path)
    found.stamp, found.decided = content.stamp, stored_decisions(content)
    return found


def _preset() -> Project:
    from tempstudio.core.machine import Wafer
    from tempstudio.core.workload import TrainingJob
    from tempstudio.readers import load_model

    return Project(Wafer(), load_model("llama2-7b"), TrainingJob(seq_len=4096))


class _Watch(QObject):
    """Keeps the catalogue for the next start, and shows faults of the studio."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        known = cached(self._key())
        if known is not None:
            window.following.show_catalogue(known)
        window.studio.jobs.catalogue_changed.connect(self._keep)
        self._faults = Faults(self)
        self._faults.found.connect(self._show_fault)
        self._faults.install()
        window.shutting_down.connect(self._faults.remove)

    def _key(self) -> str:
        given = self._window.desk.settings
        places = (*(given.folders or ()), *given.develop)
        return versions_key(given.safe_mode, given.disabled, places)

    def _keep(self, catalogue: dict[str, Any]) -> None:
        keep(self._key(), catalogue)

    def _show_fault(self, line: str, text: str) -> None:
        self._window.log.add(text)
        self._window.messages.show_message(
            Message(
                f"A fault in the studio: {line}. Your work is still here.",
                "error",
                key="fault",
                details=text,
            )
        )
