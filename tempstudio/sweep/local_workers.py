"""Points run on worker processes of this machine, each one point at a time.

A worker that dies (killed for want of memory, a crash in a plugin's library) is replaced and its
point run again; a point that takes its worker with it `MOST_DEATHS` times is a failing row.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

MOST_DEATHS = 3
# As with the window's workers: the folder that the command was started in is never searched.
_BOOT = (
    "import sys; sys.path.append(sys.argv.pop()); from tempstudio.sweep.worker import main; main()"
)
_AT_ONCE = 1_000_000

Row = tuple[int, dict[str, Any]]


class Worker:
    """One process; `task` is what it works on."""

    def __init__(self, log: IO[bytes]) -> None:
        root = str(Path(__file__).resolve().parents[2])
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0,
            start_new_session=True,  # Ctrl+C is for the parent, which then ends it
        )
        self.task: dict[str, Any] | None = None
        self._unread = b""

    def give(self, task: dict[str, Any]) -> None:
        """Hand over a point; if the process has died, reading tells."""
        self.task = task
        assert self.process.stdin is not None
        data = memoryview((json.dumps(task) + "\n").encode())
        with contextlib.suppress(OSError):
            while data:
                data = data[self.process.stdin.write(data) or 0 :]

    def read(self) -> list[dict[str, Any]] | None:
        """The messages that have come, None once it has ended."""
        assert self.process.stdout is not None
        data = os.read(self.process.stdout.fileno(), _AT_ONCE)
        if not data:
            return None
        *lines, self._unread = (self._unread + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def end(self) -> None:
        """Kill it and whatever it started, and wait for that."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()


def run_locally(
    tasks: Iterable[dict[str, Any]],
    workers: int,
    log: IO[bytes],
    on_start: Callable[[int, int], None] = lambda point, pid: None,
) -> Iterator[Row]:
    """Rows as they come; `on_start(point, pid)` hears of every point that a process begins.

    No process is left once the iterator ends or is closed.
    """
    pool = _Pool(tasks, log, on_start)
    try:
        for _ in range(workers):
            pool.hire()
        while pool.workers:
            yield from pool.wait()
    finally:
        pool.close()


class _Pool:
    """The workers at work, and what waits for them."""

    def __init__(
        self,
        tasks: Iterable[dict[str, Any]],
        log: IO[bytes],
        on_start: Callable[[int, int], None],
    ) -> None:
        self.workers: list[Worker] = []
        self._tasks = iter(tasks)
        self._again: deque[dict[str, Any]] = deque()
        self._log = log
        self._on_start = on_start
        self._deaths: dict[int, int] = {}
        self._failed_starts = 0
        self._selector = selectors.DefaultSelector()

    def _next(self) -> dict[str, Any] | None:
        return self._again.popleft() if self._again else next(self._tasks, None)

    def hire(self) -> None:
        """Start a process, where a point waits for one."""
        task = self._next()
        if task is None:
            return
        self._again.appendleft(task)
        worker = Worker(self._log)
        self.workers.append(worker)
        self._selector.register(worker.process.stdout or 0, selectors.EVENT_READ, worker)

    def _give(self, worker: Worker) -> None:
        """The next point for a worker that waits, or its leave."""
        task = self._next()
        if task is None:
            self._dismiss(worker)
            return
        worker.give(task)
        self._on_start(task["point"], worker.process.pid)

    def wait(self) -> Iterator[Row]:
        """Wait until something happens and see to it."""
        for key, _ in self._selector.select():
            worker: Worker = key.data
            messages = worker.read()
            if messages is None:
                yield from self._bury(worker)
                continue
            for message in messages:
                self._failed_starts = 0
                worker.task = None
                if "point" in message:
                    yield message["point"], message["cells"]
                self._give(worker)

    def _dismiss(self, worker: Worker) -> None:
        self._selector.unregister(worker.process.stdout or 0)
        self.workers.remove(worker)
        worker.end()

    def _bury(self, worker: Worker) -> Iterator[Row]:
        """A worker has died: its point once more, or a row that says so."""
        status = worker.process.wait()
        self._dismiss(worker)
        task = worker.task
        if task is None:  # before it was given anything
            self._failed_starts += 1
            if self._failed_starts >= MOST_DEATHS:
                raise RuntimeError(f"the worker processes do not start: {_ending(status)}")
        else:
            point = task["point"]
            self._deaths[point] = self._deaths.get(point, 0) + 1
            if self._deaths[point] < MOST_DEATHS:
                self._again.append(task)
            else:
                yield point, died(_ending(status), MOST_DEATHS)
        self.hire()

    def close(self) -> None:
        """End every process."""
        for worker in list(self.workers):
            self._dismiss(worker)
        self._selector.close()


def died(how: str, times: int) -> dict[str, Any]:
    """The cells of a point that no worker survived."""
    error = f"the worker process died {times} times at this point: {how}"
    return {"fits": False, "outcome": "crash", "error": error, "wall_s": None}


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    memory = " (perhaps for want of memory)" if name == "SIGKILL" else ""
    return f"killed by {name}{memory}"
