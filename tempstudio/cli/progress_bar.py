"""A bar on a terminal while something long goes on; silence where stderr is no terminal."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tempstudio.core.progress import Progress

WIDTH = 24
REDRAW_S = 0.05


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A `Progress` that draws itself on stderr and is wiped away at the end, whatever that is."""
    if not _on_terminal():
        yield Progress()
        return
    bar = Bar()
    try:
        yield Progress(bar.report)
    finally:
        bar.wipe()


def _on_terminal() -> bool:
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):
        return False


class Bar:
    """One line of the terminal that is drawn again and again, at most twenty times a second."""

    def __init__(self) -> None:
        self._drawn = 0
        self._next_s = 0.0

    def report(self, fraction: float, caption: str) -> None:
        """Draw, unless that was done a moment ago."""
        now = time.monotonic()
        if now < self._next_s:
            return
        self._next_s = now + REDRAW_S
        filled = round(fraction * WIDTH)
        line = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {fraction:4.0%} {caption}"
        line = line[: max(20, shutil.get_terminal_size().columns - 1)]
        self._write("\r" + line.ljust(self._drawn))
        self._drawn = len(line)

    def wipe(self) -> None:
        """Leave the line empty and the cursor at its beginning."""
        if self._drawn:
            self._write("\r" + " " * self._drawn + "\r")
            self._drawn = 0

    @staticmethod
    def _write(text: str) -> None:
        with suppress(OSError, ValueError, UnicodeError):
            sys.stderr.write(text)
            sys.stderr.flush()
