"""How long work tells its caller where it is, and learns that it should stop."""

from __future__ import annotations

from collections.abc import Callable


class Cancelled(Exception):
    """Raised inside a computation whose caller no longer wants the answer."""


class Progress:
    """Reports a fraction done and a caption; raises `Cancelled` once the caller asks to stop.

    `report(fraction, caption)` receives every step, fraction in 0..1.  `cancelled()` is asked at
    every step.  Both default to nothing, so `Progress()` is a silent one.

    >>> seen = []
    >>> progress = Progress(report=lambda fraction, caption: seen.append((fraction, caption)))
    >>> progress.step(0.4, "placing")
    >>> seen
    [(0.4, 'placing')]
    """

    def __init__(
        self,
        report: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._report = report
        self._cancelled = cancelled

    def step(self, fraction: float, caption: str = "") -> None:
        """Say that `fraction` (0..1) of the work is done; raises `Cancelled` when asked to stop."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled
        if self._report is not None:
            self._report(min(1.0, max(0.0, fraction)), caption)

    def silent(self) -> Progress:
        """A progress that tells nothing but still stops when asked."""
        return Progress(None, self._cancelled)

    def watched(self, look: Callable[[], None]) -> Progress:
        """The same progress, at each step of which `look` is called as well."""

        def report(fraction: float, caption: str) -> None:
            if self._report is not None:
                self._report(fraction, caption)
            look()

        return Progress(report, self._cancelled)

    def part(self, start: float, end: float) -> Progress:
        """A progress for a piece of the work that covers `start`..`end` of the whole.

        >>> seen = []
        >>> whole = Progress(report=lambda fraction, caption: seen.append(fraction))
        >>> whole.part(0.5, 1.0).step(0.5)
        >>> seen
        [0.75]
        """

        def report(fraction: float, caption: str) -> None:
            if self._report is not None:
                self._report(start + (end - start) * fraction, caption)

        return Progress(report, self._cancelled)
