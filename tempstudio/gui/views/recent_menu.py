"""File > Open recent: the projects opened lately, made anew whenever it opens."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from tempstudio.gui.files import Files

MOST = 9


class RecentMenu(QMenu):
    """One line a project, numbered for the keyboard; the path is its tooltip."""

    def __init__(self, files: Files, parent: QWidget) -> None:
        super().__init__("Open &recent", parent)
        self.setObjectName("menu.recent")
        self.setToolTipsVisible(True)
        self._files = files
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        paths = self._files.recent()[:MOST]
        for number, path in enumerate(paths, 1):
            line = self.addAction(f"&{number}  {path.stem}")
            line.setToolTip(str(path))
            line.triggered.connect(partial(self._open, number - 1))
        if not paths:
            self.addAction("No project was opened yet").setEnabled(False)
            return
        self.addSeparator()
        self.addAction("Forget these").triggered.connect(lambda: self._files.clear_recent())

    def _open(self, row: int, _: bool = False) -> None:
        paths = self._files.recent()
        if row < len(paths):
            self._files.open(paths[row])
