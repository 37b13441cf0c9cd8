"""A fault in a slot becomes a log entry and a message; the window lives on."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, Signal

_MOST = 50  # a fault that repeats with every frame must not fill the log


class Faults(QObject):
    """Takes the place of `sys.excepthook` between `install` and `remove`.

    `found` carries one line and the traceback.
    """

    found = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._before = sys.excepthook
        self._seen: dict[str, int] = {}

    def install(self) -> None:
        """From now on, faults come here."""
        self._before = sys.excepthook
        sys.excepthook = self._take

    def remove(self) -> None:
        """Give the hook back."""
        if sys.excepthook == self._take:
            sys.excepthook = self._before

    def _take(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before(kind, error, trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        self._seen[text] = self._seen.get(text, 0) + 1
        if self._seen[text] <= _MOST:
            sys.stderr.write(text)
        if self._seen[text] == 1:
            line = " ".join(f"{kind.__name__}: {error}".split())
            self.found.emit(line, text)
