"""One worker process as the window sees it: started, written to, read, killed; never waited for.

A worker is `python -m tempstudio.worker` in a session of its own, started afresh (not forked, and
without importing the window's `__main__` again), with a socket for messages, a pipe for whatever
plugins print, and a `StatusPage` that says whose code it is in.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tempstudio.wire import Array, FrameReader, StatusPage, WireError, frame, pack, unpack

LOG_BYTES = 64_000  # of what a worker printed, the last so many are kept for its obituary
_AT_ONCE = 1_000_000
_MOST_AT_ONCE = 4 * _AT_ONCE

# The checkout's own folder comes last: an installed program needs it not, and the folder that the
# window was started in (where a json.py could lie) is never searched.
_BOOT = "import sys; sys.path.append(sys.argv.pop()); from tempstudio.worker import main; main()"


class WorkerProcess:
    """A running worker.  `first` is the message it starts from."""

    def __init__(self, first: dict[str, Any]) -> None:
        self.started_s = time.monotonic()
        self.status_page = StatusPage()
        self.status_page.write("", "start of the worker")
        self._socket, theirs = socket.socketpair()
        self._log, log_end = os.pipe()
        root = str(Path(__file__).resolve().parent.parent)
        command = [
            sys.executable,
            "-P",
            "-u",
            "-c",
            _BOOT,
            str(theirs.fileno()),
            str(self.status_page.descriptor),
            str(os.getpid()),
            root,
        ]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log_end,
                stderr=log_end,
                pass_fds=(theirs.fileno(), self.status_page.descriptor),
                start_new_session=True,
            )
        finally:
            theirs.close()
            os.close(log_end)
        self._socket.setblocking(False)
        os.set_blocking(self._log, False)
        self._reader = FrameReader()
        self._unsent = bytearray()
        self._printed = b""
        self._open = True
        self.hung_up = False
        self.death_descriptor = self._watch_death()
        self.send(first)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self.process.pid

    @property
    def descriptor(self) -> int:
        """Readable when messages have come."""
        return self._socket.fileno()

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits until the worker reads."""
        return bool(self._unsent)

    @property
    def lost(self) -> bool:
        """Whether nothing more can come from it: the process is gone or has hung up."""
        return self.hung_up or self.ended

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def _watch_death(self) -> int | None:
        """A descriptor that becomes readable when the process ends, where the system has one.

        The socket's end is no substitute: a child that a plugin has forked keeps it open.
        """
        opened = getattr(os, "pidfd_open", None)
        if opened is None:
            return None
        try:
            return int(opened(self.process.pid))
        except OSError:
            return None

    def send(self, header: dict[str, Any], arrays: dict[str, Array] | None = None) -> None:
        """Hand over a message; what the worker does not take now is sent by `flush`."""
        self._unsent += frame(pack(header, arrays))
        self.flush()

    def flush(self) -> None:
        """Send what the worker takes now."""
        while self._unsent and self._open:
            try:
                sent = self._socket.send(memoryview(self._unsent)[:_AT_ONCE])
            except BlockingIOError:
                return
            except OSError:
                self._unsent.clear()  # it is gone; `ended` tells
                return
            del self._unsent[:sent]

    def receive(self) -> list[tuple[dict[str, Any], dict[str, Array]]]:
        """The messages that have come; `WireError` if it sends anything else."""
        messages = []
        taken = 0
        while self._open and taken < _MOST_AT_ONCE:
            try:
                data = self._socket.recv(_AT_ONCE)
            except BlockingIOError:
                break
            except OSError:
                break
            if not data:
                self.hung_up = True
                break
            taken += len(data)
            for message in self._reader.feed(data):
                header, arrays = unpack(message)
                if not isinstance(header.get("id"), int) or not isinstance(header.get("type"), str):
                    raise WireError("a message without id and type")
                messages.append((header, arrays))
        return messages

    def printed(self) -> str:
        """What plugins have printed since the last call, at most one pipe's worth."""
        try:
            data = os.read(self._log, 65536) if self._open else b""
        except (BlockingIOError, OSError):
            return ""
        self._printed = (self._printed + data)[-LOG_BYTES:]
        return data.decode(errors="replace")

    def last_words(self) -> str:
        """The end of what it printed; where it crashed, the interpreter's report of where."""
        while self.printed():
            pass
        text = self._printed.decode(errors="replace")
        crash = text.rfind("Fatal Python error")
        return text[crash:] if crash >= 0 else text[-4000:]

    def how_it_ended(self) -> str:
        """`killed by SIGSEGV`, `ended with status 3`: for a message."""
        status = self.process.poll()
        if status is None:
            return "closed its connection"
        if status >= 0:
            return f"ended the worker process (exit status {status})"
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        told = {
            "SIGSEGV": " (segmentation fault)",
            "SIGABRT": " (abort)",
            "SIGBUS": " (bus error)",
            "SIGFPE": " (arithmetic fault)",
            "SIGILL": " (illegal instruction)",
            "SIGKILL": " (killed, perhaps for want of memory)",
        }
        return f"crashed the worker process: {name}{told.get(name, '')}"

    def kill(self) -> None:
        """End it and whatever it started; returns at once."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended (for `close` and tests); False if it has not."""
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Give back every descriptor; the process must have been killed or have ended."""
        if not self._open:
            return
        self._open = False
        self._socket.close()
        os.close(self._log)
        self.status_page.close()
        if self.death_descriptor is not None:
            os.close(self.death_descriptor)
