"""The project's file as others leave it: changed, deleted, or open in another window too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from tempstudio.gui.file_watch import FileWatch
from tempstudio.storage.project_file import stamp_of
from tempstudio.storage.recovery import Session, opened_elsewhere

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow


class DiskWatch(QObject):
    """Tells the person at once; nothing is loaded, written or lost by itself."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._studio, self._files = window, window.studio, window.files
        self._watch = FileWatch([], self)
        self._watch.changed.connect(self._compare)
        document = self._studio.document
        document.path_changed.connect(self._follow)
        self._follow(document.path)

    def _follow(self, path: Path | None) -> None:
        self._watch.watch([path] if path is not None else [])
        self._window.messages.dismiss_key("disk")

    def _compare(self, path: Path) -> None:
        present = stamp_of(path)
        if present == self._files.stamp:
            self._window.messages.dismiss_key("disk")  # it was saved here, or is back as it was
            return
        self._studio.document.mark_unsaved()
        if present is None:
            self._studio.say(
                f"{path.name} was deleted or moved by another program. Your work is still here.",
                "warning",
                key="disk",
                choices=(("Save it again", self._files.save),),
            )
            return
        self._studio.say(
            f"{path.name} was changed by another program. Your work is still here; saving it asks "
            "before it writes over theirs.",
            "warning",
            key="disk",
            choices=(("Load theirs", lambda: self._files.open(path)),),
        )

    def warn_of_second_window(self, path: Path | None, session: Session) -> None:
        """Say that another window works on the same file."""
        if path is None or not opened_elsewhere(path, session):
            self._window.messages.dismiss_key("twice")
            return
        self._studio.say(
            f"{path.name} is open in another window too. Whichever saves second is told and asked "
            "before it writes over the other's work.",
            "warning",
            key="twice",
            choices=(("Save as…", self._files.save_as),),
        )
