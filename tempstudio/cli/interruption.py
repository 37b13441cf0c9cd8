"""Ctrl+C and SIGTERM: a quick end with the right status, also inside a long call of a library.

Python delivers a signal between two of its own instructions.  A linear program that runs for a
minute in a library would hold it back, so a thread that waits for signals sees to the end.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from tempstudio.cli.answer import INTERRUPTED

GRACE_S = 1.0
_CLEAR_LINE = b"\r\x1b[K"


class Terminated(KeyboardInterrupt):
    """SIGTERM came; like Ctrl+C, but not so often taken for the user's."""


def die_of_sigterm() -> None:
    """End as a process ends that does not handle SIGTERM, so that the parent sees why."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def prompt_interruption(grace_s: float = GRACE_S) -> Iterator[None]:
    """Within this block the first Ctrl+C ends the program within `grace_s`, a second one at once.

    Only for a program's main thread; a SIGINT that the parent has had ignored stays ignored.
    """
    if threading.current_thread() is not threading.main_thread() or os.name != "posix":
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    former_fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    former = signal.signal(signal.SIGTERM, _terminated)
    over = threading.Event()
    threading.Thread(target=_watch, args=(reader, over, grace_s), daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(former_fd)
        signal.signal(signal.SIGTERM, former)
        os.close(writer)  # the thread reads the end and goes


def _terminated(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _watch(reader: int, over: threading.Event, grace_s: float) -> None:
    interrupts = 0
    while number := os.read(reader, 1):
        if number[0] not in (signal.SIGINT, signal.SIGTERM):
            continue
        interrupts += 1
        if interrupts > 1:
            _end_now(number[0])
        threading.Thread(target=_end_unless, args=(over, grace_s, number[0]), daemon=True).start()
    os.close(reader)


def _end_unless(over: threading.Event, grace_s: float, number: int) -> None:
    if not over.wait(grace_s):
        _end_now(number)


def _end_now(number: int) -> None:
    """No more Python in the main thread: say so and go."""
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, _CLEAR_LINE)
        os.write(2, b"tempstudio: interrupted\n")
    os._exit(INTERRUPTED if number == signal.SIGINT else 128 + number)
