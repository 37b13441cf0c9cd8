"""Running the tables of a study: each point once, kept as soon as it is there.

A table is kept under a fingerprint of its points and of the program that computes them; where
either has changed it is run afresh, else only what is missing.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

from tempstudio.core.progress import Progress
from tempstudio.resources import PACKAGE, asset_folder
from tempstudio.storage.atomic import write_text
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import CallTable, Row, Study, SweepTable
from tempstudio.sweep import run_sweep, sweep_from_document
from tempstudio.sweep.execution import clock
from tempstudio.sweep.journal import NAME as JOURNAL
from tempstudio.sweep.journal import Journal
from tempstudio.sweep.table_file import csv_text

COMPUTING = ("core", "readers", "strategies")  # what figures depend on
FINGERPRINT = "fingerprint"
MODELS = PACKAGE / "studies" / "models"


def run_study(
    study: Study, setting: Setting, folder: Path, workers: int, progress: Progress
) -> dict[str, str]:
    """The CSV text of every table of a study, by its name; journals are kept in `folder`."""
    tables = study.tables(setting)
    done = {}
    for number, table in enumerate(tables):
        part = progress.part(number / len(tables), (number + 1) / len(tables))
        done[table.name] = csv_text(*_run_table(table, folder / table.name, workers, part))
    return done


def _run_table(
    table: SweepTable | CallTable, folder: Path, workers: int, progress: Progress
) -> tuple[list[str], list[Row]]:
    _forget_others(folder, fingerprint(table))
    if isinstance(table, SweepTable):
        return _run_sweeps(table, folder, workers, progress)
    return _run_calls(table, folder, workers, progress)


def _run_sweeps(
    table: SweepTable, folder: Path, workers: int, progress: Progress
) -> tuple[list[str], list[Row]]:
    """The rows of all sweeps under all their columns; each keeps a journal of its own."""
    from tempstudio.plugin_host import shared_host

    rows: list[Row] = []
    for number, document in enumerate(table.documents):
        part = progress.part(number / len(table.documents), (number + 1) / len(table.documents))
        sweep = sweep_from_document(document, MODELS, shared_host, table.name)
        place = folder / str(number) if len(table.documents) > 1 else folder
        outcome = run_sweep(sweep, place, workers, resume=True, progress=part)
        rows += outcome.rows
    names = list(dict.fromkeys(name for row in rows for name in row))
    return names, [{**row, "point": point} for point, row in enumerate(rows)]


def _run_calls(
    table: CallTable, folder: Path, workers: int, progress: Progress
) -> tuple[list[str], list[Row]]:
    """Calls side by side, as their clocks are those of the processor; kept as they end."""
    started = time.monotonic()
    with Journal(folder, fingerprint(table), resume=True) as journal:
        before, points = len(journal.rows), len(table.points)
        missing = [number for number in range(points) if number not in journal.rows]
        for number, row in _answers(table, missing, workers):
            journal.add(number, {**table.points[number], **row})
            done = len(journal.rows)
            left_s = (time.monotonic() - started) / (done - before) * (points - done)
            caption = f"{table.name}: {done} of {points} points, {clock(left_s)} left"
            progress.step(done / points, caption)
        rows = [journal.rows[number] for number in range(points)]
    return list(dict.fromkeys(name for row in rows for name in row)), rows


def _answers(table: CallTable, missing: list[int], workers: int) -> Iterator[tuple[int, Row]]:
    """(number of a point, what its call gives) in the order in which they end; with 0 workers one
    after another in this process."""
    if not workers:
        for number in missing:
            yield number, table.function(**table.points[number])
        return
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), max_tasks_per_child=1 if table.fresh else None
    )
    try:
        asked = {pool.submit(table.function, **table.points[n]): n for n in missing}
        for answer in as_completed(asked):
            yield asked[answer], answer.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _forget_others(folder: Path, wanted: str) -> None:
    """Drop what another program or other points left there."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / FINGERPRINT
    if mark.is_file() and mark.read_text(encoding="utf-8").strip() == wanted:
        return
    for journal in folder.rglob(JOURNAL):
        journal.unlink()
    write_text(mark, wanted + "\n")


def fingerprint(table: SweepTable | CallTable) -> str:
    """A hash of a table's points and of the source that computes them."""
    if isinstance(table, SweepTable):
        points: object = table.documents
        measure = ""
    else:
        points = table.points
        measure = Path(inspect.getfile(table.function)).read_text(encoding="utf-8")
    text = json.dumps([_source_hash(), measure, table.name, points], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _source_hash() -> str:
    digest = hashlib.sha256()
    sources = [path for name in COMPUTING for path in (PACKAGE / name).rglob("*.py")]
    sources += [*(asset_folder() / "presets").rglob("*.json"), *MODELS.glob("*.json")]
    for path in sorted(sources):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
