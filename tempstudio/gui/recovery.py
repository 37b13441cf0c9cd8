"""Work of a window that ended without closing is offered back; nothing is overwritten."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from tempstudio.core.errors import InputError
from tempstudio.gui.autosave import Autosave
from tempstudio.storage.recovery import Session, Snapshot, orphaned_snapshots

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow


class Recovery(QObject):
    """This window's session, and the offers of sessions that are gone."""

    def __init__(self, window: MainWindow, folder: Path | None = None) -> None:
        super().__init__(window)
        self._window, self._folder = window, folder
        self.autosave: Autosave | None = None
        try:
            session = Session(folder)
        except OSError as error:
            window.studio.say(
                f"Unsaved work cannot be kept safe on this system: {error.strerror}",
                "warning",
                key="recovery",
            )
            return
        studio = window.studio
        document = studio.document
        self.autosave = Autosave(document, session, self, lambda: studio.decided)
        studio.results.changed.connect(self.autosave.write_soon)
        document.path_changed.connect(lambda path: window.disk.warn_of_second_window(path, session))
        window.disk.warn_of_second_window(document.path, session)
        window.shutting_down.connect(self.autosave.close)

    def offer(self) -> None:
        """Offer the latest work that was not saved."""
        orphans = orphaned_snapshots(self._folder)
        if orphans:
            self._offer(orphans[0])

    def _offer(self, snapshot: Snapshot) -> None:
        saved = (
            f"its file is of {_date(snapshot.file_date)}" if snapshot.file_date else "never saved"
        )
        self._window.studio.say(
            f"Unsaved work on {snapshot.title} of {_date(snapshot.saved_at)} was found; {saved}.",
            "warning", key="recovery",
            choices=(
                ("Recover", lambda: self._window.files.guard(lambda: self._recover(snapshot))),
                ("Discard", lambda: self._discard(snapshot)),
            ),
        )  # fmt: skip

    def _discard(self, snapshot: Snapshot) -> None:
        snapshot.discard()
        self.offer()

    def _recover(self, snapshot: Snapshot) -> None:
        studio = self._window.studio
        try:
            project = snapshot.load()
        except InputError as error:
            studio.say(str(error), "error", key="recovery")
            return
        studio.open(project, snapshot.path, snapshot.decided)
        studio.document.mark_unsaved()
        self._window.files.forget_stamp()
        if self.autosave is not None:
            self.autosave.write()
            self.autosave.wait()
        snapshot.discard()
        studio.say(
            f"Recovered {snapshot.title}. Nothing was overwritten: save to keep it.",
            "ok",
            key="recovery",
            fleeting=True,
        )
        self.offer()


def _date(moment: datetime | None) -> str:
    return f"{moment:%d %B %Y, %H:%M}" if moment is not None else "an unknown date"
