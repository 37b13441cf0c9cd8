"""Open, save, import and drop: files on their way into and out of the window."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from tempstudio.catalogue import needs_of
from tempstudio.core.decisions import Decisions, decisions_of
from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine
from tempstudio.core.project import Project
from tempstudio.core.workload_json import workload_from_json
from tempstudio.gui.results import Result
from tempstudio.gui.studio import Studio
from tempstudio.scene.format import seconds
from tempstudio.storage.project_document import needs_in_file
from tempstudio.storage.project_file import (
    SUFFIX,
    ChangedOnDisk,
    FileStamp,
    ProjectFile,
    read_project_file,
    save,
)
from tempstudio.storage.settings import Settings

PROJECTS = f"TempStudio projects (*{SUFFIX})"
MODELS = "Models: config.json, JSON graphs (*.json);;All files (*)"
PROJECT_NAMES = (SUFFIX, f"{SUFFIX}.bak")
LONG_SEARCH_S = 20.0


class Files(QObject):
    """What the File menu does; every question is asked without stopping the window."""

    recent_changed = Signal()
    develop_asked = Signal(object)  # the path of a plugin
    closing = Signal()

    def __init__(self, studio: Studio, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._studio, self._settings, self._window = studio, settings, window
        self._safe: Result | None = None  # the run whose plan a file holds
        self._stamp: FileStamp | None = None

    @property
    def stamp(self) -> FileStamp | None:
        """The state of the file that the window's project was read from or written to."""
        return self._stamp

    def recent(self) -> list[Path]:
        """Projects opened or saved lately."""
        return self._settings.recent_files()

    def clear_recent(self) -> None:
        """Forget the recent files."""
        self._settings.forget_recent()
        self.recent_changed.emit()

    def was_opened(self, path: Path, stamp: FileStamp | None) -> None:
        """Note which state of a file the window shows."""
        self._stamp = stamp
        self._settings.add_recent(path)
        self._settings.set("last_project", str(path.absolute()))
        self.recent_changed.emit()

    def forget_stamp(self) -> None:
        """What the window shows is of no state of a file: saving writes over whatever is there."""
        self._stamp = None

    # Open

    def ask_open(self) -> None:
        """Choose a project to open."""
        dialog = self._dialog("Open a project", f"{PROJECTS};;All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.open(Path(name)))
        dialog.open()

    def ask_model(self) -> None:
        """Choose a model to load."""
        dialog = self._dialog("Load a model", MODELS)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.load_model)
        dialog.open()

    def open(self, path: Path) -> None:
        """Open a project, after asking what becomes of unsaved work."""
        self.guard(lambda: self._open(path))

    def _open(self, path: Path) -> None:
        try:
            content = read_project_file(path)
        except InputError as error:
            self._studio.say(str(error), "error", key="open")
            return
        self.was_opened(path, content.stamp)
        self._studio.open(content.project, path, stored_decisions(content))

    def new(self, machine: Machine) -> None:
        """A fresh project with the present model and job on a machine, after asking."""
        self.guard(lambda: self._new(machine))

    def _new(self, machine: Machine) -> None:
        self._stamp = None
        before = self._studio.project
        self._studio.open(Project(machine=machine, model=before.model, job=before.job), None)

    def drop(self, paths: list[Path]) -> None:
        """Take in what was dropped on the window: a project, or a model.

        A plugin runs only if the person says so.
        """
        for path in paths[:1]:
            if path.name.endswith(PROJECT_NAMES):
                self.open(path)
            elif path.suffix == ".py":
                self._studio.say(
                    f"{path.name} is Python: as a plugin it can do whatever you can do.",
                    "info",
                    key="drop",
                    choices=(("Develop it", partial(self.develop_asked.emit, path)),),
                )
            else:
                self.load_model(str(path))

    def load_model(self, source: str) -> None:
        """Read a model (a file or a preset's name) in the worker and put it in the project."""

        def done(answer: dict[str, Any]) -> None:
            model = workload_from_json(answer["workload"])
            title = f"Load {model.name}"
            self._studio.edit(lambda project: dataclasses.replace(project, model=model), title)

        def failed(header: dict[str, Any]) -> None:
            if header["kind"] != "cancelled":
                details = header.get("traceback", "") if header["kind"] == "fault" else ""
                self._studio.say(header["message"], "error", key="model", details=details)

        self._studio.jobs.read_model(source, done, failed)

    # Save

    def save(self, then: Callable[[], object] | None = None) -> None:
        """Save where the project lies; ask where, if it lies nowhere yet."""
        path = self._studio.document.path
        if path is None:
            self.save_as(then)
        else:
            self.write(path, self._stamp, then)

    def save_as(self, then: Callable[[], object] | None = None) -> None:
        """Choose where to save."""
        dialog = self._dialog("Save the project", PROJECTS)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(SUFFIX.removeprefix("."))
        dialog.selectFile(self._studio.document.name + SUFFIX)
        dialog.fileSelected.connect(lambda name: self.write(Path(name), None, then))
        dialog.open()

    def write(
        self, path: Path, expected: FileStamp | None, then: Callable[[], object] | None = None
    ) -> None:
        """Write the project to a file; what goes wrong is said, and the work stays here."""
        studio = self._studio
        current = studio.results.current if studio.results.is_fresh else None
        needs: list[dict[str, str]] | None = None
        if studio.catalogue is not None:
            before = needs_in_file(studio.project)
            needs = needs_of(studio.project, studio.catalogue, before)
        plan = None
        if current is not None and current.plan:
            plan = {**current.plan, "fingerprint": current.fingerprint}
        try:
            self._stamp = save(studio.project, path, plan, needs, expected)
        except ChangedOnDisk as error:
            studio.say(
                str(error),
                "warning",
                key="save",
                choices=(
                    ("Save anyway", lambda: self.write(path, None, then)),
                    ("Save as…", lambda: self.save_as(then)),
                ),
            )
            return
        except InputError as error:
            studio.say(
                str(error),
                "error",
                key="save",
                choices=(("Save as…", lambda: self.save_as(then)),),
            )
            return
        studio.document.mark_saved(path)
        self._safe = current
        self.was_opened(path, self._stamp)
        studio.say(f"Saved {path.name}", "ok", key="save", fleeting=True)
        if then is not None:
            then()

    # Unsaved work

    @property
    def unsaved(self) -> tuple[str, str] | None:
        """What to ask about what would be lost (question, what becomes of it); None if nothing.

        A plan that was quickly found is quickly found again; one that took long is asked about.
        """
        name, current = self._studio.document.name, self._studio.results.current
        if not self._studio.document.is_clean:
            return f"Save the changes to {name}?", "They are lost if you do not."
        if current is None or not current.searched or current is self._safe:
            return None
        took_s = float(current.document["search"]["wall_s"])
        if took_s < LONG_SEARCH_S:
            return None
        return f"Save the plan of {name}?", f"It took {seconds(took_s)} to find."

    def guard(self, then: Callable[[], object]) -> None:
        """Go on at once if all is saved; else ask, and go on unless the answer is Cancel."""
        asked = self.unsaved
        if asked is None:
            then()
            return
        box = QMessageBox(self._window)
        box.setObjectName("unsaved")
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle("Unsaved changes")
        box.setText(asked[0])
        box.setInformativeText(asked[1])
        standard = QMessageBox.StandardButton
        box.setStandardButtons(standard.Save | standard.Discard | standard.Cancel)
        box.setDefaultButton(standard.Save)
        names = {standard.Save: "save", standard.Discard: "discard", standard.Cancel: "cancel"}
        for which, name in names.items():
            box.button(which).setObjectName(f"unsaved.{name}")
            box.button(which).setIcon(QIcon())  # the style's own would be the only ones in colour
        box.finished.connect(lambda code: self._answer(standard(code), then))
        box.finished.connect(box.deleteLater)
        box.open()

    def _answer(self, answer: QMessageBox.StandardButton, then: Callable[[], object]) -> None:
        if answer == QMessageBox.StandardButton.Save:
            self.save(then)
        elif answer == QMessageBox.StandardButton.Discard:
            self._safe = self._studio.results.current  # it is not asked about again
            then()

    def _dialog(self, title: str, filters: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.setObjectName("file_dialog")
        dialog.setNameFilters(filters.split(";;"))
        path = self._studio.document.path
        dialog.setDirectory(str(path.parent if path is not None else Path.cwd()))
        dialog.finished.connect(dialog.deleteLater)
        return dialog


def stored_decisions(content: ProjectFile) -> Decisions | None:
    """What the plan in a file says, None where it holds none that can be read.

    Of a plan of another project than the file's, which was edited since, only the degrees count.
    """
    if content.plan is None:
        return None
    try:
        found = decisions_of(content.plan, content.project.job)
    except InputError:
        return None
    own = content.plan.get("fingerprint") == content.project.fingerprint
    return found if own else Decisions(found.degrees)
