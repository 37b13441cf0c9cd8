"""The window's side of the worker processes: two lanes, one warm spare, no threads, no Qt.

Strategies run in worker processes only (ARCHITECTURE rule 5).  `Lanes` starts them, hands them
requests, takes their answers, and outlives whatever a plugin does in them::

    lanes = Lanes(on_message, WorkerSettings())     # starts the first worker at once
    number = lanes.live.submit("run", {"project": document, "options": {"replan": True}})
    lanes.search.submit("run", {"project": document, "options": {}})
    lanes.search.cancel()
    lanes.live.state                                # "idle" | "starting" | "busy" | "cancelling"
    lanes.close()                                   # kills every worker

**Driving it.**  Nothing here blocks and nothing happens by itself: call `lanes.poll()` when
`lanes.fileno()` becomes readable and `lanes.wait_s()` seconds after the last call (None: not
needed).  In Qt that is one `QSocketNotifier(lanes.fileno(), Read)` and one single-shot `QTimer`,
both connected to::

    def turn(self):
        self.lanes.poll()                           # calls on_message, in this thread
        wait = self.lanes.wait_s()
        if wait is not None: self.timer.start(round(wait * 1000))

and run once after every `submit` and `cancel`.  Without an event loop, `lanes.wait(number)` polls
until that request has ended.

**Lanes.**  *live*: the newest request wins; the one before is told to stop and, 150 ms later,
killed.  *search*: one request runs and one waits; a newer waiting one replaces the older.
`cancel()` asks the worker to stop, kills it 150 ms later and drops what waits.  After a kill the
warm spare steps in.

**Messages.**  `on_message(message)` receives `Message(lane, id, type, header, arrays)`.  Of every
request, identified by the `id` that `submit` returned, these arrive in order:

=========== ==================================================================================
`progress`  `{"fraction": 0..1, "caption"}`; at most some 30 a second
`plan`      the best answer so far.  `{"document": run document of SURFACE.md, "timeline": header,
            "plan": {...}, "fingerprint", "final": bool, "notes"}` and the timeline's arrays:
            `timeline_from_arrays(message.header["timeline"], message.arrays)`.  `final` says
            that no other follows; of a search the last one is known when `done` comes
`stalled`   `{"plugin", "hook", "seconds", "message"}`: a plugin has not reported for 1.5 s.  Not an
            end: offer Cancel.  `resumed` follows when it does
`done`      the end: the verb's result (`run`: `{"document", "notes"}`)
`failed`    the end: `{"kind": "input" | "noplan" | "fault" | "cancelled", "message": one line,
            "plugin", "hook", "traceback"}`; plugin and hook are "" where no plugin is to blame
=========== ==================================================================================

Exactly one of `done` and `failed` ends each request, whatever happens; nothing of it arrives later.
A superseded request ends with kind "cancelled".  Messages that belong to no request have id 0:

=============== ==============================================================================
`stalled`       as above, while plugins are being loaded: a worker without that plugin steps in
                meanwhile; a new `catalogue` follows if it loads after all
`catalogue`     `{"catalogue": {...}}`: what the plugins offer (tempstudio.catalogue), sent when a
                worker has loaded them and it differs from the last one sent
`plugin_failed` `{"plugin", "hook", "message", "traceback"}`: a plugin crashed or hung a worker
                while it was being loaded.  It is left out until `lanes.reload(settings)`
`log`           `{"text"}`: what plugins printed
=============== ==============================================================================

**Verbs** (tempstudio.verbs): `run {project, options {replan, degrees, budget_s}}`, `catalogue {}`,
`read_model {path}`, `compare {project, ...}` (which sends `row` messages), `figure {panel, ...}`.
"""

from __future__ import annotations

import itertools
import select
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.wire import Array, WireError
from tempstudio.worker_pool import Message, WorkerPool, WorkerSettings
from tempstudio.worker_process import WorkerProcess

__all__ = ["Lane", "Lanes", "Message", "WorkerSettings"]


class _Request:
    def __init__(self, id_: int, header: dict[str, Any], arrays: Mapping[str, Array]) -> None:
        self.id = id_
        self.header = header
        self.arrays = dict(arrays)
        self.retried = False
        self.over = False  # its last message has been sent; what else arrives is late


class Lane:
    """A queue of one request beside the one that runs; see the module's text."""

    def __init__(
        self,
        name: str,
        newest_wins: bool,
        pool: WorkerPool,
        numbers: Any,
        emit: Callable[[Message], None],
    ) -> None:
        self.name = name
        self._newest_wins = newest_wins
        self._pool = pool
        self._numbers = numbers
        self._emit = emit
        self._worker: WorkerProcess | None = None
        self._current: _Request | None = None
        self._waiting: _Request | None = None
        self._kill_at_s: float | None = None
        self._stalled = False

    @property
    def state(self) -> str:
        """ "idle", "starting" (a request waits for a worker), "busy" or "cancelling"."""
        if self._current is not None:
            return "busy" if self._kill_at_s is None else "cancelling"
        return "idle" if self._waiting is None else "starting"

    @property
    def waits_for_worker(self) -> bool:
        """Whether a request could run if there were a worker."""
        return self._waiting is not None and self._current is None

    @property
    def pid(self) -> int | None:
        """The process number of this lane's worker, if it has one."""
        return self._worker.pid if self._worker else None

    def submit(
        self,
        verb: str,
        arguments: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Array] | None = None,
    ) -> int:
        """Ask for something; returns the number that its messages carry.  Never blocks."""
        id_ = int(next(self._numbers))
        request = _Request(id_, {**(arguments or {}), "verb": verb, "id": id_}, arrays or {})
        self._drop_waiting("superseded by a newer request")
        self._waiting = request
        self._pool.try_again()
        if self._newest_wins and self._current is not None:
            self._end(self._current, _cancelled("superseded by a newer request"))
            self._stop()
        self._advance()
        return id_

    def cancel(self) -> None:
        """Stop what runs and drop what waits; its `failed` message comes within 200 ms."""
        self._drop_waiting("cancelled")
        if self._current is not None:
            self._stop()

    def _stop(self) -> None:
        if self._kill_at_s is None and self._worker is not None and self._current is not None:
            self._kill_at_s = time.monotonic() + self._pool.settings.cancel_limit_s
            self._worker.send({"verb": "cancel", "id": self._current.id})
            self._pool.watch(self._worker)

    def _drop_waiting(self, why: str) -> None:
        if self._waiting is not None:
            self._end(self._waiting, _cancelled(why))
            self._waiting = None

    def _end(
        self,
        request: _Request,
        header: dict[str, Any],
        type_: str = "failed",
        arrays: dict[str, Array] | None = None,
    ) -> None:
        if not request.over:
            request.over = True
            self._emit(Message(self.name, request.id, type_, header, arrays or {}))

    def _advance(self) -> None:
        """Hand the waiting request to a worker if one is free."""
        if not self.waits_for_worker:
            return
        if self._worker is not None and (self._worker.lost or self._pool.is_outdated(self._worker)):
            self._release()
        if self._worker is None:
            self._worker = self._pool.take()
        if self._worker is not None and self._waiting is not None:
            self._current, self._waiting = self._waiting, None
            self._stalled = False
            self._worker.send(self._current.header, self._current.arrays)
            self._pool.watch(self._worker)
        elif self._pool.broken and self._waiting is not None:
            self._end(self._waiting, _fault(self._pool.broken))
            self._waiting = None

    def poll(self) -> None:
        """Take in what the worker has sent, or what has become of it."""
        if self._worker is not None:
            lost = self._worker.lost  # before reading: what it sent first is still to be had
            if not self._take_messages(to_the_end=lost) or lost:
                self._bury()
        if self._kill_at_s is not None and time.monotonic() >= self._kill_at_s:
            self._kill()
        if self._current is not None and self._kill_at_s is None:
            self._watch_for_stall()
        self._advance()

    def _take_messages(self, to_the_end: bool) -> bool:
        """Pass on what has come; False if the worker talks nonsense.

        At most a few megabytes a turn while it lives: the rest is still there the next time.
        """
        try:
            while self._worker is not None:
                messages = self._worker.receive()
                for header, arrays in messages:
                    self._take(header, arrays)
                if not messages or not to_the_end:
                    break
        except WireError:
            return False
        return True

    def _take(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        request = self._current
        if request is None or header["id"] != request.id:
            return  # a late message of an old request
        type_ = header.pop("type")
        header.pop("id")
        grave = header.pop("grave", False)
        if type_ not in ("done", "failed"):
            if not request.over:
                self._emit(Message(self.name, request.id, type_, header, arrays))
            return
        self._end(request, header, type_, arrays)
        self._current, self._kill_at_s = None, None
        if grave:
            self._release()  # out of memory, or told to exit: it may be in any state

    def _bury(self) -> None:
        """The worker is gone: say in whose code, and let the spare step in."""
        worker, request = self._worker, self._current
        if worker is None:
            return
        if request is not None and self._kill_at_s is not None:
            self._end(request, _cancelled("cancelled"))
        elif request is not None and self._never_begun(worker, request):
            self._waiting = request  # it died between two requests: another worker takes this one
        elif request is not None:
            self._end(request, self._obituary(worker))
        self._current, self._kill_at_s = None, None
        self._release()

    def _never_begun(self, worker: WorkerProcess, request: _Request) -> bool:
        status = worker.status_page.read()
        if status.plugin or status.hook or request.retried or self._waiting is not None:
            return False
        request.retried = True
        return True

    def _obituary(self, worker: WorkerProcess) -> dict[str, Any]:
        worker.wait(0.05)  # it has hung up; its exit status is a moment away
        status, words = worker.status_page.read(), worker.last_words()
        culprit = f"plugin {status.plugin}, {status.hook}" if status.plugin else status.hook
        return {
            **_fault(f"{culprit}: {worker.how_it_ended()}"),
            "plugin": status.plugin,
            "hook": status.hook if status.plugin else "",
            "traceback": words,
        }

    def _kill(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._take_messages(to_the_end=True)  # plans on their way when it was killed
        if self._current is not None:
            self._end(self._current, _cancelled("cancelled"))
        self._current, self._kill_at_s = None, None
        self._release()

    def _watch_for_stall(self) -> None:
        if self._worker is None or self._current is None or self._current.over:
            return
        status = self._worker.status_page.read()
        silent = bool(status.plugin) and status.age_s >= self._pool.settings.stall_s
        if silent == self._stalled:
            return
        self._stalled = silent
        header = {"plugin": status.plugin, "hook": status.hook, "seconds": status.age_s}
        if silent:
            header["message"] = (
                f"plugin {status.plugin}, {status.hook}: has not reported for {status.age_s:.1f} s"
            )
        self._emit(Message(self.name, self._current.id, "stalled" if silent else "resumed", header))

    def _release(self) -> None:
        if self._worker is not None:
            self._pool.discard(self._worker)
            self._worker = None

    def stop_now(self) -> None:
        """Kill the worker and end what runs and waits, at once."""
        self._drop_waiting("cancelled")
        self._kill()

    def wait_s(self) -> float | None:
        """Seconds until `poll` has something to do even if nothing arrives."""
        if self._kill_at_s is not None:
            return max(0.0, self._kill_at_s - time.monotonic())
        return self._pool.TICK_S if self._current is not None else None


def _cancelled(why: str) -> dict[str, Any]:
    return {"kind": "cancelled", "message": why, "plugin": "", "hook": "", "traceback": ""}


def _fault(message: str) -> dict[str, Any]:
    return {"kind": "fault", "message": message, "plugin": "", "hook": "", "traceback": ""}


class Lanes:
    """The lanes *live* and *search* over one pool of workers; see the module's text."""

    def __init__(
        self, on_message: Callable[[Message], None], settings: WorkerSettings | None = None
    ) -> None:
        self._on_message = on_message
        self._outbox: deque[Message] = deque()
        self._awaited: dict[int, Message | None] = {}
        self._pool = WorkerPool(settings or WorkerSettings(), self._outbox.append)
        numbers = itertools.count(1)
        self.live = Lane("live", True, self._pool, numbers, self._outbox.append)
        self.search = Lane("search", False, self._pool, numbers, self._outbox.append)
        self._closed = False
        self._pool.poll(waiting=0, busy=False)

    @property
    def pids(self) -> list[int]:
        """Process numbers of all workers that have not ended."""
        return self._pool.pids

    @property
    def spare_ready(self) -> bool:
        """Whether a worker stands by, plugins loaded."""
        return self._pool.spare_ready

    def fileno(self) -> int:
        """Readable when `poll` has something to do.  The same number until `close`."""
        return self._pool.fileno()

    def poll(self) -> None:
        """Do what is due without waiting, then deliver messages.  `on_message` may call back."""
        if self._closed:
            return
        lanes = (self.live, self.search)
        for lane in lanes:
            lane.poll()
        waiting = sum(lane.waits_for_worker for lane in lanes)
        self._pool.poll(waiting, busy=any(lane.state != "idle" for lane in lanes))
        for lane in lanes:
            lane._advance()
        while self._outbox:
            message = self._outbox.popleft()
            if message.ends and message.id in self._awaited:
                self._awaited[message.id] = message
            self._on_message(message)

    def wait_s(self) -> float | None:
        """Seconds after which `poll` is due even if `fileno` stays silent; None: not at all."""
        if self._closed:
            return None
        if self._outbox:
            return 0.0
        due = [self.live.wait_s(), self.search.wait_s(), self._pool.wait_s()]
        return min((seconds for seconds in due if seconds is not None), default=None)

    def wait(self, id_: int, timeout_s: float = 60.0) -> Message:
        """Poll until a request that was just submitted has ended; its last message.

        `TimeoutError` if that takes longer.  For callers without an event loop.
        """
        self._awaited[id_] = None
        until = time.monotonic() + timeout_s
        try:
            while True:
                self.poll()
                message = self._awaited[id_]
                if message is not None:
                    return message
                self.pause(until - time.monotonic())
                if time.monotonic() > until:
                    raise TimeoutError(f"request {id_} has not ended within {timeout_s:g} s")
        finally:
            del self._awaited[id_]

    def pause(self, most_s: float) -> None:
        """Wait until `poll` has something to do, at most so many seconds."""
        wait = self.wait_s()
        seconds = max(0.0, most_s if wait is None else min(wait, most_s))
        poller = select.poll()
        poller.register(self.fileno(), select.POLLIN)
        poller.poll(seconds * 1000 + 1)

    def reload(self, settings: WorkerSettings | None = None) -> None:
        """Start afresh: plugins have been installed, changed, enabled or disabled.

        What runs is cancelled; plugins that had been left out get another chance.
        """
        if self._closed:
            raise InputError("lanes: closed")
        for lane in (self.live, self.search):
            lane.stop_now()
        self._pool.reload(settings or self._pool.settings)

    def close(self) -> None:
        """Kill every worker and wait until they are gone.  Messages are delivered no more."""
        if not self._closed:
            for lane in (self.live, self.search):
                lane.stop_now()
            self._closed = True
            self._pool.close()
