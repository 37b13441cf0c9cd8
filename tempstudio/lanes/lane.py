"""One lane: the request that runs, the one that waits, and the worker that it holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tempstudio.wire import Array, WireError
from tempstudio.worker_pool import Message, WorkerPool
from tempstudio.worker_process import WorkerProcess


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
        numbers: Iterator[int],
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
        id_ = next(self._numbers)
        request = _Request(id_, {**(arguments or {}), "verb": verb, "id": id_}, arrays or {})
        self._drop_waiting("superseded by a newer request")
        self._waiting = request
        self._pool.try_again()
        if self._newest_wins and self._current is not None:
            self._end(self._current, _cancelled("superseded by a newer request"))
            self._stop()
        self.advance()
        return id_

    def cancel(self) -> None:
        """Stop what runs and drop what waits; its `failed` message comes within 200 ms."""
        self._drop_waiting("cancelled")
        if self._current is not None:
            self._stop()

    def _stop(self) -> None:
        if self._kill_at_s is None and self._worker is not None and self._current is not None:
            # The grace counts from the last sign of life: who was silent before will not answer.
            grace_s = self._pool.settings.cancel_limit_s - self._worker.status_page.read().age_s
            self._kill_at_s = time.monotonic() + max(0.0, grace_s)
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

    def advance(self) -> None:
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
        self.advance()

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
                f"plugin {status.plugin}, {status.hook}: "
                f"has not reported for more than {status.age_s:.1f} s"
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
