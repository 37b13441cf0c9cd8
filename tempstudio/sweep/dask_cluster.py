"""Points run on a Dask cluster: the same tasks, plain data in and out.

The workers of the cluster need this version of the program.  Each of their threads runs a point in
a process of its own, as on this machine: what Dask has loaded (importlib_metadata puts itself in
place of the standard library's finder of plugins) does not meet the program, and a point that
crashes does not take the cluster's worker with it.  Where that is lost all the same, the scheduler
runs its points again, as often as its `allowed-failures` says.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.sweep.local_workers import Row, died, run_locally

MISSING = (
    "--scheduler: dask.distributed is not installed: "
    "python -m pip install 'tempstudio[distributed]'"
)
_AHEAD = 4  # points that wait in the cluster for each thread, so that none stands idle
CONNECT_S = 10


def run_on_cluster(tasks: Iterable[dict[str, Any]], address: str) -> Iterator[Row]:
    """Rows as they come.

    `InputError` in one line where the extra is not installed, nobody answers at `address`, or the
    scheduler goes away.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise InputError(MISSING) from None
    try:
        client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"--scheduler: found {address!r}, no scheduler there: {reason}") from None
    try:
        yield from _rows(distributed, client, iter(tasks))
    except (distributed.CancelledError, OSError):
        raise InputError(
            f"--scheduler: {address}: the scheduler has gone; --resume goes on with the sweep"
        ) from None
    finally:
        client.close(timeout=CONNECT_S)


def _rows(distributed: Any, client: Any, tasks: Iterator[dict[str, Any]]) -> Iterator[Row]:
    ahead = _AHEAD * max(1, sum(client.nthreads().values()))
    point_of = {_submitted(client, task): task["point"] for task in islice(tasks, ahead)}
    waiting = distributed.as_completed(list(point_of), loop=client.loop)
    for future in waiting:
        yield point_of.pop(future), _cells(distributed, future)
        for task in islice(tasks, 1):
            more = _submitted(client, task)
            point_of[more] = task["point"]
            waiting.add(more)


def run_apart(task: dict[str, Any]) -> dict[str, Any]:
    """The cells of a point, run in a fresh process beside this one."""
    with os.fdopen(os.dup(2), "wb") as log:
        ((_, cells),) = run_locally([task], workers=1, log=log)
    return cells


def _submitted(client: Any, task: dict[str, Any]) -> Any:
    return client.submit(run_apart, task, pure=False)


def _cells(distributed: Any, future: Any) -> dict[str, Any]:
    try:
        cells: dict[str, Any] = future.result()
    except distributed.KilledWorker as error:
        return died("lost by the scheduler", error.allowed_failures + 1)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"--scheduler: its workers do not have this version of tempstudio: {error}"
        ) from None
    return cells
