"""A worker process of a sweep: a task a line on stdin, a row a line on what was stdout.

It ends with its parent, whatever becomes of that: then stdin ends.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import IO, Any


def main() -> None:
    """Work until stdin ends.  What plugins print goes where stderr goes."""
    rows = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    from tempstudio.sweep.point_run import run_point

    tasks: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    _write(rows, {"ready": True})
    while True:
        task = json.loads(tasks.get())
        _write(rows, {"point": task["point"], "cells": run_point(task)})


def _read(tasks: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        tasks.put(line)
    os._exit(0)  # the parent has gone or wants no more, also in the midst of a point


def _write(rows: IO[str], document: dict[str, Any]) -> None:
    rows.write(json.dumps(document) + "\n")
    rows.flush()
