"""Workers that are being started, stand ready, or are on their way out.

One worker stands ready as a spare, so that a kill costs the user nothing.  A plugin that crashes a
worker while plugins are loaded is named and left out of the next one; one that does not come back
is named after `stall_s` and left out meanwhile, while the worker that waits for it goes on waiting
(a large import is slow, not wrong) up to `import_limit_s`.
"""

from __future__ import annotations

import contextlib
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tempstudio.wire import WireError
from tempstudio.worker_process import WorkerProcess

_OWN = "tempstudio"
_MOST_PATIENT = 2
_MOST_FAILED_STARTS = 2


@dataclass(frozen=True)
class Message:
    """One message of a worker, or about one; tempstudio.lanes lists the types."""

    lane: str
    id: int
    type: str
    header: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)

    @property
    def ends(self) -> bool:
        """Whether this is the last message of its request."""
        return self.type in ("done", "failed")


@dataclass(frozen=True)
class WorkerSettings:
    """How workers are started.  Limits are seconds and bytes.

    `safe_mode`, `disabled`, `folders` and `develop` are as for tempstudio.plugin_host.Host.
    `stall_s` is the silence after which a plugin is named, `import_limit_s` how long one may take
    to load before it is left out, `start_limit_s` the same for the worker itself, `cancel_limit_s`
    the grace after its last sign of life before a cancelled worker is killed, `spare_delay_s` how
    long the spare holds back while a request that has just begun needs the processor.  `verbs`
    names the module whose `VERBS` the workers answer.
    """

    memory_bytes: int = 8_000_000_000
    safe_mode: bool = False
    disabled: tuple[str, ...] = ()
    folders: tuple[str, ...] | None = None
    develop: tuple[str, ...] = ()
    stall_s: float = 1.5
    import_limit_s: float = 20.0
    start_limit_s: float = 60.0
    cancel_limit_s: float = 0.1
    spare_delay_s: float = 2.0
    verbs: str = "tempstudio.verbs"


@dataclass
class _Start:
    """A worker on its way, and the plugins that it loads without or is waiting for."""

    worker: WorkerProcess
    without: frozenset[str]
    awaited: str = ""


class WorkerPool:
    """Starts workers and keeps one ready; `emit` receives what is to be told."""

    TICK_S = 0.1

    def __init__(self, settings: WorkerSettings, emit: Callable[[Message], None]) -> None:
        self.settings = settings
        self.broken = ""
        self._emit = emit
        self._selector = selectors.DefaultSelector()
        self._starts: list[_Start] = []
        self._ready: list[WorkerProcess] = []
        self._ending: list[WorkerProcess] = []
        self._taken: list[WorkerProcess] = []
        self._without: dict[int, frozenset[str]] = {}
        self._left_out: dict[str, str] = {}
        self._awaited: dict[str, str] = {}
        self._failed_starts = 0
        self._catalogue: dict[str, Any] | None = None
        self._spare_at_s = 0.0

    def fileno(self) -> int:
        """A descriptor that becomes readable when any worker has something to say."""
        return self._selector.fileno()

    @property
    def pids(self) -> list[int]:
        """Process numbers of all workers that have not ended."""
        workers = [start.worker for start in self._starts]
        workers += self._ready + self._taken + self._ending
        return [worker.pid for worker in workers if not worker.ended]

    @property
    def spare_ready(self) -> bool:
        """Whether a worker stands ready."""
        return any(not worker.lost for worker in self._ready)

    @property
    def _has_spare(self) -> bool:
        """Whether a ready worker has every plugin that is not waited for or at fault."""
        excused = {*self._awaited, *self._left_out}
        return any(self._without.get(worker.pid, excused) <= excused for worker in self._ready)

    def take(self) -> WorkerProcess | None:
        """A ready worker, or None; it is the caller's until `discard`."""
        while self._ready:
            worker = self._ready.pop(0)
            if worker.lost:
                self.discard(worker)
                continue
            self._taken.append(worker)
            self._spare_at_s = time.monotonic() + self.settings.spare_delay_s
            return worker
        return None

    def try_again(self) -> None:
        """Somebody asks for a worker anew: if none would start before, give it one more try."""
        if self.broken:
            self.broken, self._failed_starts = "", _MOST_FAILED_STARTS - 1

    def is_outdated(self, worker: WorkerProcess) -> bool:
        """Whether a worker lacks plugins that a ready one has."""
        mine = self._without.get(worker.pid, frozenset())
        return any(self._without.get(other.pid, frozenset()) < mine for other in self._ready)

    def watch(self, worker: WorkerProcess) -> None:
        """Have `fileno` tell of this worker, and of room to write if something waits."""
        events = selectors.EVENT_READ
        if worker.wants_to_write:
            events |= selectors.EVENT_WRITE
        if worker.descriptor in self._selector.get_map():
            self._selector.modify(worker.descriptor, events)
            return
        self._selector.register(worker.descriptor, events)
        if worker.death_descriptor is not None:
            self._selector.register(worker.death_descriptor, selectors.EVENT_READ)

    def discard(self, worker: WorkerProcess) -> None:
        """Kill a worker and forget it once it is gone."""
        worker.kill()
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(worker.descriptor)
        if worker in self._taken:
            self._taken.remove(worker)
        self._without.pop(worker.pid, None)
        self._ending.append(worker)
        self._tell_printed(worker)

    def poll(self, waiting: int, busy: bool) -> None:
        """Look after every worker that no lane holds; `waiting` lanes need one now."""
        for worker in self._taken + self._ready + [start.worker for start in self._starts]:
            worker.flush()
            self.watch(worker)
            self._tell_printed(worker)
        for start in list(self._starts):
            self._look_after(start)
        for worker in list(self._ready):
            if worker.lost:
                self._ready.remove(worker)
                self.discard(worker)
        for worker in list(self._ending):
            if worker.ended:
                self._forget(worker)
        self._restock(waiting, busy)

    def wait_s(self) -> float | None:
        """Seconds until `poll` is due even if nothing arrives."""
        if self._starts or self._ending:
            return self.TICK_S
        if not self._has_spare and not self.broken:
            return max(0.0, self._spare_at_s - time.monotonic())
        return None

    def reload(self, settings: WorkerSettings) -> None:
        """Kill everybody and start afresh with these settings; every plugin gets a new chance."""
        self._kill_all()
        self.settings = settings
        self._left_out.clear()
        self._awaited.clear()
        self._failed_starts, self.broken, self._catalogue = 0, "", None
        self._spare_at_s = 0.0
        self.poll(waiting=0, busy=False)

    def close(self) -> None:
        """Kill everybody and wait until they are gone."""
        self._kill_all()
        for worker in list(self._ending):
            worker.wait(5.0)
            self._forget(worker)
        self._selector.close()

    def _kill_all(self) -> None:
        for worker in self._ready + self._taken + [start.worker for start in self._starts]:
            self.discard(worker)
        self._ready, self._starts = [], []

    def _forget(self, worker: WorkerProcess) -> None:
        self._ending.remove(worker)
        self._tell_printed(worker)
        if worker.death_descriptor is not None:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(worker.death_descriptor)
        worker.close()

    def _tell_printed(self, worker: WorkerProcess) -> None:
        text = worker.printed()
        if text:
            self._emit(Message("", 0, "log", {"text": text}))

    def _restock(self, waiting: int, busy: bool) -> None:
        if self.broken:
            return
        coming = sum(not start.awaited for start in self._starts)
        coming += len(self._ready) if self._has_spare else 0
        held_back = busy and not waiting and time.monotonic() < self._spare_at_s
        for _ in range(max(1, waiting) - coming):
            if not held_back:
                self._start()

    def _start(self) -> None:
        left_out = {**self._awaited, **self._left_out}
        settings = self.settings
        try:
            worker = WorkerProcess(
                {
                    "memory_bytes": settings.memory_bytes,
                    "safe_mode": settings.safe_mode,
                    "disabled": list(settings.disabled),
                    "folders": settings.folders,
                    "develop": settings.develop,
                    "left_out": left_out,
                    "verbs": settings.verbs,
                }
            )
        except OSError as error:
            self.broken = f"no worker process can be started: {error.strerror or error}"
            return
        without = frozenset(left_out)
        self._without[worker.pid] = without
        self._starts.append(_Start(worker, without))
        self.watch(worker)

    def _look_after(self, start: _Start) -> None:
        worker = start.worker
        lost = worker.lost  # before reading: what it sent first is still to be had
        try:
            ready = [header for header, _ in worker.receive() if header["type"] == "ready"]
        except WireError:
            ready, lost = [], True
        if ready:
            self._welcome(start, ready[0])
        elif lost:
            self._starts.remove(start)
            worker.wait(0.05)
            self._blame(worker, worker.how_it_ended(), start.awaited)
            self.discard(worker)
        else:
            self._check_patience(start)

    def _welcome(self, start: _Start, header: dict[str, Any]) -> None:
        self._starts.remove(start)
        self._failed_starts, self.broken = 0, ""
        self._awaited.pop(start.awaited, None)
        for worker in list(self._ready):
            if start.awaited or start.without < self._without.get(worker.pid, frozenset()):
                self._ready.remove(worker)  # it did without what the new one has
                self.discard(worker)
        self._ready.append(start.worker)
        found = header.get("catalogue")
        if isinstance(found, dict) and found != self._catalogue:
            self._catalogue = found
            self._emit(Message("", 0, "catalogue", {"catalogue": found}))

    def _check_patience(self, start: _Start) -> None:
        worker, status = start.worker, start.worker.status_page.read()
        foreign = bool(status.plugin) and status.plugin != _OWN
        limit = self.settings.import_limit_s if foreign else self.settings.start_limit_s
        if status.age_s >= limit:
            self._starts.remove(start)
            self._blame(worker, f"did not come back within {limit:g} s", start.awaited)
            self.discard(worker)
        elif foreign and not start.awaited and status.age_s >= self.settings.stall_s:
            self._do_without(start, status.plugin, status.hook, status.age_s)

    def _do_without(self, start: _Start, plugin: str, hook: str, seconds: float) -> None:
        """Start a worker without a plugin that takes its time, and let this one wait for it."""
        message = f"plugin {plugin}, {hook}: not back after {seconds:.1f} s"
        self._awaited[plugin] = message
        self._emit(
            Message(
                "",
                0,
                "stalled",
                {"plugin": plugin, "hook": hook, "seconds": seconds, "message": message},
            )
        )
        if sum(bool(other.awaited) for other in self._starts) >= _MOST_PATIENT:
            self._starts.remove(start)
            self._blame(start.worker, f"not back after {seconds:.1f} s", plugin)
            self.discard(start.worker)
        else:
            start.awaited = plugin

    def _blame(self, worker: WorkerProcess, what: str, awaited: str) -> None:
        """A worker did not get through loading: leave out whose fault it was."""
        status = worker.status_page.read()
        self._awaited.pop(awaited, None)
        if not status.plugin or status.plugin == _OWN:
            self._failed_starts += 1
            if self._failed_starts >= _MOST_FAILED_STARTS:
                where = f", {status.hook}" if status.hook else ""
                words = worker.last_words().strip().splitlines()
                last = f": {words[-1]}" if words else ""
                self.broken = f"the worker process does not start{where}: {what}{last}"
            return
        message = f"plugin {status.plugin}, {status.hook}: {what}"
        known = status.plugin in self._left_out  # by a worker that did not wait for another
        self._left_out[status.plugin] = message
        if known:
            return
        self._emit(
            Message(
                "",
                0,
                "plugin_failed",
                {
                    "plugin": status.plugin,
                    "hook": status.hook,
                    "message": message,
                    "traceback": worker.last_words(),
                },
            )
        )
