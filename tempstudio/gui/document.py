"""The project being edited and its history: an edit replaces one frozen Project by another."""

from __future__ import annotations

import time
from collections.abc import Hashable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from tempstudio.core.project import Project

BURST_S = 1.0  # edits of one field closer together than this are one step
_MERGING = 1


class Edit(QUndoCommand):
    """One step of the history: `before` becomes `after`.

    Steps that follow one another with equal `merge_key` (a brush stroke, a drag, a typing burst)
    become one; one that ends where it began drops out of the history.
    """

    def __init__(
        self,
        document: Document,
        before: Project,
        after: Project,
        title: str,
        merge_key: Hashable = None,
    ) -> None:
        super().__init__(title)
        self.before, self.after, self.merge_key = before, after, merge_key
        self._document = document

    def redo(self) -> None:
        self._document._show(self.after, self.text())

    def undo(self) -> None:
        self._document._show(self.before, f"undo of {self.text()}")

    def id(self) -> int:
        return _MERGING if self.merge_key is not None else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, Edit) or other.merge_key != self.merge_key:
            return False
        self.after = other.after
        self.setText(other.text())
        self.setObsolete(self.after == self.before)
        return True


class Document(QObject):
    """The project, where it is stored, and whether it differs from what is stored there."""

    project_changed = Signal(object, object, str)  # before, after, the step's name
    path_changed = Signal(object)
    clean_changed = Signal(bool)

    def __init__(
        self, project: Project, path: Path | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._project = project
        self._path = path
        self._burst: tuple[Hashable, int, float] = (None, 0, 0.0)
        self.history = QUndoStack(self)
        self.history.setUndoLimit(500)
        self.history.cleanChanged.connect(self.clean_changed)

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self._project

    @property
    def path(self) -> Path | None:
        """Where the project is stored; None before it was ever saved."""
        return self._path

    @property
    def name(self) -> str:
        """What the title bar calls the project."""
        return self._path.stem if self._path else "Untitled"

    @property
    def is_clean(self) -> bool:
        """Whether the file holds the project as it is now."""
        return self.history.isClean()

    def edit(self, after: Project, title: str, merge_key: Hashable = None) -> bool:
        """Make `after` the project as one named step; False where nothing would change."""
        if after == self._project:
            return False
        self.history.push(Edit(self, self._project, after, title, merge_key))
        return True

    def typing(self, field: Hashable) -> Hashable:
        """The merge key of a keystroke in a field: the same while the keys come in one burst."""
        now = time.monotonic()
        last, number, then = self._burst
        if last != field or now - then > BURST_S:
            number += 1
        self._burst = (field, number, now)
        return (field, number)

    def undo(self) -> None:
        """Take the last step back."""
        self.history.undo()

    def redo(self) -> None:
        """Make the step that was taken back once more."""
        self.history.redo()

    def open(self, project: Project, path: Path | None) -> None:
        """Another project takes the place of this one; its history starts empty."""
        self.history.clear()
        self._set_path(path)
        self._show(project, "")

    def mark_saved(self, path: Path) -> None:
        """The file at `path` now holds the project as it is."""
        self._set_path(path)
        self.history.setClean()

    def mark_unsaved(self) -> None:
        """What is shown is in no file (it came from a recovery)."""
        self.history.resetClean()

    def _set_path(self, path: Path | None) -> None:
        if path != self._path:
            self._path = path
            self.path_changed.emit(path)

    def _show(self, project: Project, step: str) -> None:
        before, self._project = self._project, project
        self.project_changed.emit(before, project, step)
