"""A worker process: loads the plugins, answers one request after another, and may die of them.

Started by `tempstudio.worker_process` with the number of a socket and of a status page.  The first
message says how to load plugins; then each request is answered by the function of that verb
(`tempstudio.verbs.VERBS`, or the module that the first message names).  Anything that a plugin does
short of ending the process comes back as a `failed` message; for the rest the parent reads the
status page.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.plugin_guard import PluginFault
from tempstudio.plugin_host import Host, one_line
from tempstudio.wire import Array, FrameReader, StatusPage, WireError, frame, pack, unpack

REPORT_EVERY_S = 0.03
_RESERVE_BYTES = 4_000_000
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG

Verb = Callable[["Call"], Mapping[str, Any] | None]


@dataclass
class Call:
    """One request being answered: what was asked, the plugins, and how to talk back.

    `header` and `arrays` are the request's.  A verb returns what `done` carries, may `send` other
    messages before, and gives `progress` to whatever takes long.
    """

    id: int
    header: dict[str, Any]
    arrays: dict[str, Array]
    host: Host
    page: StatusPage
    _desk: Desk
    progress: Progress = field(init=False)
    deadline_s: float = float("inf")
    _reported_s: float = 0.0

    def __post_init__(self) -> None:
        self.progress = Progress(self._report, self._stop)

    def send(
        self, type_: str, header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None
    ) -> None:
        """One message of this request to the parent."""
        self._desk.send({**header, "id": self.id, "type": type_}, arrays)

    @property
    def cancelled(self) -> bool:
        """Whether the parent has asked to stop this request."""
        return self._desk.is_cancelled(self.id)

    def _stop(self) -> bool:
        self.page.beat()
        return self.cancelled or time.monotonic() > self.deadline_s

    def _report(self, fraction: float, caption: str) -> None:
        now = time.monotonic()
        if now - self._reported_s >= REPORT_EVERY_S or fraction >= 1.0:
            self._reported_s = now
            self.send("progress", {"fraction": float(fraction), "caption": str(caption)})


class Desk:
    """The worker's end of the socket."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(True)
        self._reader = FrameReader()
        self._waiting: list[tuple[dict[str, Any], dict[str, Array]]] = []
        self._cancelled: set[int] = set()
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def send(self, header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None) -> None:
        """Send a message, however long the parent takes to read it."""
        self._socket.sendall(frame(pack(header, arrays)))

    def next_request(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Wait for a request; `EOFError` once the parent is gone."""
        while not self._waiting:
            self._take()
        return self._waiting.pop(0)

    def idle_for(self, seconds: float) -> bool:
        """Whether no request comes within that time."""
        return not self._waiting and not self._poll.poll(seconds * 1000)

    def is_cancelled(self, id_: int) -> bool:
        """Whether a request has been cancelled; ends the process if the parent is gone."""
        try:
            while self._poll.poll(0):
                self._take()
        except EOFError:
            os._exit(0)  # nobody is left to answer to, and the plugin need not be asked
        return id_ in self._cancelled

    def _take(self) -> None:
        data = self._socket.recv(1_000_000)
        if not data:
            raise EOFError
        for message in self._reader.feed(data):
            header, arrays = unpack(message)
            if header.get("verb") == "cancel":
                self._cancelled.add(int(header["id"]))
            else:
                self._waiting.append((header, arrays))


def main() -> None:
    """Serve the parent until it hangs up."""
    descriptor, page_descriptor = int(sys.argv[1]), int(sys.argv[2])
    faulthandler.enable()  # a crash leaves its stack in the log
    _die_with(parent=int(sys.argv[3]))
    page = StatusPage(page_descriptor)
    desk = Desk(descriptor)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        serve(desk, page)


def serve(desk: Desk, page: StatusPage) -> None:
    """Load the plugins as the first message says, then answer requests."""
    first, _ = desk.next_request()
    limit_memory(int(first["memory_bytes"]))
    host = Host(
        safe_mode=bool(first["safe_mode"]),
        disabled=first["disabled"],
        folders=first["folders"],
        develop=first["develop"],
        left_out=first["left_out"],
        watch=page.entered,
    )
    verbs = importlib.import_module(first["verbs"])
    from tempstudio.catalogue import catalogue

    document = catalogue(host)
    page.write("", "")
    desk.send({"id": 0, "type": "ready", "catalogue": document})
    if desk.idle_for(0.05) and hasattr(verbs, "warm_up"):
        verbs.warm_up(host, lambda: not desk.idle_for(0.0))
    settled = not hasattr(verbs, "settle")
    while True:
        header, arrays = desk.next_request()
        answer(header, arrays, desk, page, host, verbs.VERBS)
        if not settled:
            verbs.settle()
            settled = True


def answer(
    header: dict[str, Any],
    arrays: dict[str, Array],
    desk: Desk,
    page: StatusPage,
    host: Host,
    verbs: Mapping[str, Verb],
) -> None:
    """Answer one request with `done` or `failed`."""
    id_ = int(header["id"])
    call = Call(id_, header, arrays, host, page, desk)
    reserve = bytearray(_RESERVE_BYTES)  # so that there is room to say that there is none
    page.write("", str(header.get("verb")))
    try:
        result = dict(verbs[header["verb"]](call) or {})
        if call.cancelled:
            raise Cancelled
        message: dict[str, Any] = {**result, "id": id_, "type": "done"}
        data = frame(pack(message))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit and whatever else a plugin raises
        del reserve
        data = frame(pack({**failed(error), "id": id_, "type": "failed"}))
    page.write("", "")
    desk._socket.sendall(data)


def failed(error: BaseException) -> dict[str, Any]:
    """The `failed` message that an exception amounts to."""
    nothing = {"plugin": "", "hook": "", "traceback": ""}
    if isinstance(error, Cancelled):
        return {**nothing, "kind": "cancelled", "message": "cancelled"}
    if isinstance(error, PluginFault):
        return {
            "kind": "fault",
            "message": str(error) + _limit_note(error.message),
            "plugin": error.plugin,
            "hook": error.hook,
            "traceback": error.traceback,
            "grave": error.grave,
        }
    if isinstance(error, InputError):
        return {**nothing, "kind": "input", "message": str(error)}
    if isinstance(error, NoPlanError):
        return {**nothing, "kind": "noplan", "message": str(error)}
    if isinstance(error, WireError):
        return {**nothing, "kind": "fault", "message": one_line(error)}
    text = "".join(traceback.format_exception(error))
    grave = not isinstance(error, Exception) or isinstance(error, MemoryError)
    return {
        **nothing,
        "kind": "fault",
        "message": one_line(error) + _limit_note(one_line(error)),
        "traceback": text,
        "grave": grave,
    }


def _limit_note(message: str) -> str:
    """How much there was, where memory ran out."""
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    if not message.startswith("MemoryError") or limit == resource.RLIM_INFINITY:
        return ""
    return f" (a worker may use {limit / 1e9:g} GB)"


def limit_memory(bytes_: int) -> None:
    """At most so many bytes of private memory, no core file, first to go where the system lacks."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if bytes_ > 0:
        # DATA counts what a process writes to; AS would count libraries and reserved ranges too.
        resource.setrlimit(resource.RLIMIT_DATA, (bytes_, bytes_))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _die_with(parent: int) -> None:
    """Ask the system to end this process when its parent ends, where it can be asked (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)  # it ended before it could be tied to us


if __name__ == "__main__":
    main()
