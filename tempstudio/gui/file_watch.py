"""Tells when files or folders are saved by whatever program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

SETTLED_MS = 150  # editors write, rename and touch; one save is told once
_MOST_WATCHED = 500

Stamps = dict[str, tuple[int, int, int]]


class FileWatch(QObject):
    """`changed` carries the watched path in which something was written, renamed or removed."""

    changed = Signal(Path)

    def __init__(self, paths: Sequence[Path], parent: QObject) -> None:
        super().__init__(parent)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLED_MS)
        self._settling.timeout.connect(self._compare)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(lambda _: self._settling.start())
        self._watcher.directoryChanged.connect(lambda _: self._settling.start())
        self._known: dict[Path, Stamps] = {}
        self.watch(paths)

    def watch(self, paths: Sequence[Path]) -> None:
        """Watch these from now on, as they are now."""
        self._known = {path: _stamps(path) for path in paths}
        self._rewatch()

    def accept(self, path: Path) -> None:
        """What is there now is known: it is not told of."""
        if path in self._known:
            self._known[path] = _stamps(path)
            self._rewatch()

    def _rewatch(self) -> None:
        """A file that was renamed over is another one; its folder tells of that."""
        wanted = {str(path.parent) for path in self._known}
        for path, stamps in self._known.items():
            wanted |= {*stamps, *(str(path / name) for name in _folders(path))}
        known = {*self._watcher.files(), *self._watcher.directories()}
        if known - wanted:
            self._watcher.removePaths(sorted(known - wanted))
        missing = [place for place in sorted(wanted - known) if Path(place).exists()]
        if missing:
            self._watcher.addPaths(missing)

    def _compare(self) -> None:
        now = {path: _stamps(path) for path in self._known}
        changed = [path for path, stamps in now.items() if stamps != self._known[path]]
        self._known = now
        self._rewatch()
        for path in changed:
            self.changed.emit(path)


def _stamps(path: Path) -> Stamps:
    """What tells one state of a file, or of the Python files of a folder, from another."""
    files = sorted(path.rglob("*.py"))[:_MOST_WATCHED] if path.is_dir() else [path]
    stamps = {}
    for file in files:
        try:
            found = file.stat()
        except OSError:
            continue
        stamps[str(file)] = (found.st_mtime_ns, found.st_size, found.st_ino)
    return stamps


def _folders(path: Path) -> list[str]:
    if not path.is_dir():
        return []
    inner = [item for item in path.rglob("*") if item.is_dir() and item.name != "__pycache__"]
    return [".", *(str(item.relative_to(path)) for item in inner[:_MOST_WATCHED])]
