"""Unsaved work is kept beside the file: written a moment after each edit, off the event loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from tempstudio.core.decisions import Decisions
from tempstudio.core.errors import InputError
from tempstudio.core.project import Project
from tempstudio.gui.document import Document
from tempstudio.storage.recovery import Session

AFTER_MS = 1000


class Autosave(QObject):
    """Keeps a snapshot while the document differs from its file, and none while it does not.

    `decided` says what the plan on screen has decided, which goes with it.
    """

    def __init__(
        self,
        document: Document,
        session: Session,
        parent: QObject,
        decided: Callable[[], Decisions | None] = lambda: None,
    ) -> None:
        super().__init__(parent)
        self._decided = decided
        self._document, self._session = document, session
        self._writer = ThreadPoolExecutor(1, "autosave")
        self._last: Future[None] | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AFTER_MS)
        self._soon.timeout.connect(self.write)
        document.project_changed.connect(self.write_soon)
        document.clean_changed.connect(self._clean)
        document.path_changed.connect(lambda path: session.opened(path))
        session.opened(document.path)

    def write_soon(self) -> None:
        """There is something new to keep; more of it may follow at once."""
        self._soon.start()

    def write(self) -> None:
        """Write the snapshot now, in the writer's thread."""
        if not self._document.is_clean:
            document = self._document
            arguments = (document.project, document.path, document.name, self._decided())
            self._last = self._writer.submit(self._write, *arguments)

    def _write(
        self, project: Project, path: Path | None, title: str, decided: Decisions | None
    ) -> None:
        try:
            self._session.write(project, path, title, decided)
        except InputError:
            return  # a full disk: the work is still in the window, and saving will say so

    def _clean(self, clean: bool) -> None:
        if clean:
            self._soon.stop()
            self._writer.submit(self._session.clear)

    def wait(self) -> None:
        """Until what was handed to the writer is on disk."""
        if self._last is not None:
            self._last.result()

    def close(self) -> None:
        """All went well: nothing is left to recover."""
        self._soon.stop()
        self._writer.shutdown(wait=True)
        self._session.close()
