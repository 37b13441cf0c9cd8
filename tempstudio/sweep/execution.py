"""A sweep from start to end: what is still to run, where, and the table of all rows."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempstudio.core.progress import Progress
from tempstudio.sweep.columns import column_names
from tempstudio.sweep.journal import Journal
from tempstudio.sweep.kept_sweep import keep_sweep
from tempstudio.sweep.local_workers import Row, run_locally
from tempstudio.sweep.sweep_file import Sweep
from tempstudio.sweep.table_file import write_tables

LOG = "workers.log"  # what worker processes and the plugins in them print


@dataclass(frozen=True)
class Outcome:
    """The rows of a sweep in the order of its points, and the files that hold them.

    `points` is how many there are to be, `resumed` how many rows were there already.
    """

    names: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    points: int
    resumed: int
    files: tuple[Path, ...]
    wall_s: float

    @property
    def complete(self) -> bool:
        """Whether every point has its row."""
        return len(self.rows) == self.points


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl+C or SIGTERM came; `outcome` is what there is by then, on disk as well."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def run_sweep(
    sweep: Sweep,
    out: Path,
    workers: int = 1,
    scheduler: str = "",
    resume: bool = False,
    progress: Progress | None = None,
    on_start: Callable[[int, int], None] = lambda point, pid: None,
) -> Outcome:
    """Run every point once and write the table into the folder `out`.

    On `workers` processes of this machine (0: in this one, which a crash then takes with it), or on
    the Dask cluster at `scheduler`.  Each row is kept
    as it comes; with `resume` those that are there are not run again.  A KeyboardInterrupt goes on
    as `SweepInterrupted` once the table of the rows so far is written.  Rows and their order depend
    on neither workers nor resuming (but for `wall_s`).  Raises `InputError` where `out` cannot be
    written or holds another sweep, or the scheduler cannot be reached.
    """
    started = time.monotonic()
    with Journal(out, sweep_hash(sweep), resume) as journal:
        resumed = len(journal.rows)
        keep_sweep(sweep, out)
        interrupted = False
        try:
            with open(out / LOG, "ab") as log:
                rows = _executed(sweep, journal, workers, scheduler, log, on_start)
                with closing(rows):
                    _collect(rows, journal, len(sweep.points), progress or Progress())
        except KeyboardInterrupt:
            interrupted = True
        outcome = _outcome(sweep, journal, out, resumed, started)
    if interrupted:
        raise SweepInterrupted(outcome)
    return outcome


def _outcome(sweep: Sweep, journal: Journal, out: Path, resumed: int, started: float) -> Outcome:
    """The table of the rows that are there, written."""
    names = column_names([axis.path for axis in sweep.axes], list(sweep.columns))
    table = rows_of(sweep, journal.rows)
    files = write_tables(out, names, table)
    wall_s = time.monotonic() - started
    return Outcome(tuple(names), tuple(table), len(sweep.points), resumed, tuple(files), wall_s)


def _executed(
    sweep: Sweep,
    journal: Journal,
    workers: int,
    scheduler: str,
    log: Any,
    on_start: Callable[[int, int], None],
) -> Generator[Row, None, None]:
    todo = [point for point in sweep.points if point not in journal.rows]
    columns = list(sweep.columns)
    tasks: Iterator[dict[str, Any]] = (
        {"point": point, "document": sweep.document(point), "columns": columns} for point in todo
    )
    if scheduler:
        from tempstudio.sweep.dask_cluster import run_on_cluster

        yield from run_on_cluster(tasks, scheduler)
    elif not workers:
        from tempstudio.sweep.point_run import run_point

        for task in tasks:
            yield task["point"], run_point(task)
    else:
        yield from run_locally(tasks, min(workers, len(todo)), log, on_start)


def _collect(rows: Iterator[Row], journal: Journal, points: int, progress: Progress) -> None:
    """Keep rows as they come and tell how long the rest will take."""
    started, before = time.monotonic(), len(journal.rows)
    progress.step(before / points, f"{before} of {points} points")
    for point, cells in rows:
        journal.add(point, cells)
        done = len(journal.rows)
        left_s = (time.monotonic() - started) / (done - before) * (points - done)
        progress.step(done / points, f"{done} of {points} points, {clock(left_s)} left")


def clock(seconds: float) -> str:
    """A time as hours, minutes and seconds.

    >>> clock(3725.4)
    '1:02:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def rows_of(sweep: Sweep, found: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that are there, in the order of the points, every column in each."""
    names = column_names([axis.path for axis in sweep.axes], list(sweep.columns))
    rows = []
    for point in sweep.points:
        if point in found:
            cells = {**found[point], "point": point, **sweep.settings(point)}
            rows.append({name: cells.get(name) for name in names})
    return rows


def sweep_hash(sweep: Sweep) -> str:
    """A hash of all that the rows depend on."""
    from tempstudio.storage.project_document import app

    document = [
        app(),
        sweep.base,
        sweep.model,
        sweep.models,
        [[axis.path, axis.values] for axis in sweep.axes],
        list(sweep.points),
        sweep.columns,
        sweep.inherited,
    ]
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
