"""The window's side of the worker processes: three lanes, one warm spare, no threads, no Qt.

Strategies run in worker processes only (ARCHITECTURE rule 5).  `Lanes` starts them, hands them
requests, takes their answers, and outlives whatever a plugin does in them::

    lanes = Lanes(on_message, WorkerSettings())     # starts the first worker at once
    number = lanes.live.submit("run", {"project": document, "options": {"budget_s": 5}})
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

**Lanes.**  *live*: the newest request wins; the one before is told to stop, and killed 100 ms after
its last sign of life.  *search*: one request runs and one waits; a newer waiting one replaces the
older.  *aside*: the same, for short questions that must neither stop a plan nor wait for a search;
its worker is started with the first of them.  `cancel()` asks the worker to stop, kills it as late
and drops what waits.  After a kill the warm spare steps in.

**Messages.**  `on_message(message)` receives `Message(lane, id, type, header, arrays)`.  Of every
request, identified by the `id` that `submit` returned, these arrive in order:

=========== ==================================================================================
`progress`  `{"fraction": 0..1, "caption"}`; at most some 30 a second
`plan`      the best answer so far.  `{"document": run document of SURFACE.md, "timeline": header,
            "plan": {...}, "fingerprint", "final": bool, "notes"}` and the timeline's arrays:
            `timeline_from_arrays(message.header["timeline"], message.arrays)`.  `final` says
            that no other follows; of a search the last one is known when `done` comes
`search`    `{"search": {...}}`: what a search has seen so far (docs/json.md), twice a second or so
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

**Verbs** (tempstudio.verbs): `run {project, options {replan, genome, budget_s}}`, `catalogue {}`,
`read_model {path}`, `compare {project, ...}` (which sends `row` messages), `replay {project,
plan}`, `figure {panel, ...}`, `read_results {path}`, `sweep_project {folder, point}`.
"""

from __future__ import annotations

import itertools
import select
import time
from collections import deque
from collections.abc import Callable

from tempstudio.core.errors import InputError
from tempstudio.lanes.lane import Lane
from tempstudio.worker_pool import Message, WorkerPool, WorkerSettings

__all__ = ["Lane", "Lanes", "Message", "WorkerSettings"]


class Lanes:
    """The lanes *live*, *search* and *aside* over one pool of workers; see the module's text."""

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
        self.aside = Lane("aside", False, self._pool, numbers, self._outbox.append)
        self._all = (self.live, self.search, self.aside)
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
        lanes = self._all
        for lane in lanes:
            lane.poll()
        waiting = sum(lane.waits_for_worker for lane in lanes)
        self._pool.poll(waiting, busy=any(lane.state != "idle" for lane in lanes))
        for lane in lanes:
            lane.advance()
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
        due = [*(lane.wait_s() for lane in self._all), self._pool.wait_s()]
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
        for lane in self._all:
            lane.stop_now()
        self._pool.reload(settings or self._pool.settings)

    def close(self) -> None:
        """Kill every worker and wait until they are gone.  Messages are delivered no more."""
        if not self._closed:
            for lane in self._all:
                lane.stop_now()
            self._closed = True
            self._pool.close()
