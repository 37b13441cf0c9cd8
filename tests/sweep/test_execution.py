"""Sweeps on real worker processes: killed, interrupted, resumed, failing, one or two of them."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import tempstudio as ts
from tempstudio.sweep import SweepInterrupted, run_sweep
from tempstudio.sweep.journal import NAME as JOURNAL
from tests.sweep.conftest import AXES, BASE, COLUMNS, Calm, MakeSweep, content

ROOT = Path(__file__).resolve().parents[2]


def test_rows_are_what_a_run_gives(calm: Calm) -> None:
    rows = calm.outcome.rows
    assert calm.outcome.complete
    assert [row["point"] for row in rows] == list(range(6))
    pairs = [(row["parallel.stream"], row["job.global_batch"]) for row in rows]
    assert pairs == [(stream, batch) for stream in (1, 2, 4) for batch in (4, 8)]
    for row in rows:
        project = ts.Project(
            machine=ts.Wafer(rows=2, cols=2),
            model=ts.load_model(calm.folder / "tiny.json"),
            job=ts.TrainingJob(global_batch=row["job.global_batch"], seq_len=64),
            degrees=ts.Degrees(stream=row["parallel.stream"], dp=4 // row["parallel.stream"]),
        )
        run = ts.run(project)
        assert row["step_time_s"] == run.score.step_time_s
        assert row["energy_j"] == run.score.energy_j["total"]
        assert row["memory_peak_bytes"] == run.score.memory.peak_bytes
        assert row["time_s.compute"] == run.score.compute_s
        assert row["fingerprint"] == project.fingerprint
        assert (row["fits"], row["outcome"], row["error"]) == (True, "ok", "")
    assert len({row["step_time_s"] for row in rows}) == 6


def test_the_table_on_disk_is_the_rows(calm: Calm) -> None:
    with (calm.folder / "out" / "results.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == list(calm.outcome.names)
    for written, row in zip(table, calm.outcome.rows, strict=True):
        assert float(written["step_time_s"]) == row["step_time_s"]
        assert int(written["parallel.stream"]) == row["parallel.stream"]
        assert (written["fits"], written["error"]) == ("true", "")


def test_progress_reaches_the_end_and_tells_the_time_left(calm: Calm) -> None:
    assert [fraction for fraction, _ in calm.told] == [i / 6 for i in range(7)]
    assert calm.told[0][1] == "0 of 6 points"
    assert calm.told[-1][1] == "6 of 6 points, 0:00:00 left"


def test_two_workers_give_what_one_gives(calm: Calm, folder: Path) -> None:
    pids: dict[int, int] = {}
    two = run_sweep(calm.sweep, folder / "two", workers=2, on_start=pids.__setitem__)
    assert sorted(pids) == list(range(6))
    assert os.getpid() not in pids.values()
    assert content(two.rows) == calm.content


def test_a_killed_worker_loses_nothing(calm: Calm, folder: Path) -> None:
    begun: list[int] = []

    def kill_the_first(point: int, pid: int) -> None:
        begun.append(point)
        if len(begun) == 1:
            os.kill(pid, signal.SIGKILL)

    outcome = run_sweep(calm.sweep, folder / "out", workers=2, on_start=kill_the_first)
    assert outcome.complete
    assert Counter(begun) == Counter({0: 2, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1})
    assert content(outcome.rows) == calm.content


def test_a_point_that_kills_its_workers_is_a_failing_row(make: MakeSweep, folder: Path) -> None:
    begun: list[int] = []

    def kill(point: int, pid: int) -> None:
        begun.append(point)
        if point == 1:
            os.kill(pid, signal.SIGKILL)

    outcome = run_sweep(make({"seed": [1, 2, 3]}), folder / "out", on_start=kill)
    assert Counter(begun) == Counter({0: 1, 1: 3, 2: 1})
    assert [row["outcome"] for row in outcome.rows] == ["ok", "crash", "ok"]
    assert "died 3 times at this point: killed by SIGKILL" in outcome.rows[1]["error"]
    assert outcome.rows[1]["fits"] is False


def test_what_fails_says_why_and_the_others_go_on(make: MakeSweep, folder: Path) -> None:
    axes = {"parallel.stream": [1, 8], "machine.die.HBM_GB": [1e-6, 72.0]}
    small, ok, _, many = run_sweep(make(axes), folder / "out").rows
    assert ok["outcome"] == "ok"
    assert small["outcome"] == "does not fit"
    assert small["error"].startswith("does not fit: die ")
    assert small["error"].endswith(" of 1e-06 GB")
    assert (small["fits"], small["step_time_s"]) == (False, ok["step_time_s"])
    assert (many["outcome"], many["fits"], many["step_time_s"]) == ("input", False, None)
    assert many["error"] == "parallel: 8 dies, allowed: at most the 4 that work"


def test_interrupted_and_resumed_it_is_as_if_never_interrupted(calm: Calm, folder: Path) -> None:
    first: dict[int, int] = {}

    def interrupt(point: int, pid: int) -> None:
        first[point] = pid
        if point == 3:
            raise KeyboardInterrupt

    with pytest.raises(SweepInterrupted) as stop:
        run_sweep(calm.sweep, folder / "out", on_start=interrupt)
    for pid in first.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert content(stop.value.outcome.rows) == calm.content[:3]
    assert (folder / "out" / "results.csv").read_text().count("\n") == 1 + 3
    then: dict[int, int] = {}
    resumed = run_sweep(calm.sweep, folder / "out", resume=True, on_start=then.__setitem__)
    assert (list(first), list(then)) == ([0, 1, 2, 3], [3, 4, 5])
    assert (resumed.resumed, resumed.complete) == (3, True)
    assert content(resumed.rows) == calm.content


KILLED = """
import json, os, signal, sys
from pathlib import Path
from tempstudio.plugin_host import shared_host
from tempstudio.sweep import run_sweep, sweep_from_document

def kill(point, pid):
    if point == 2:
        os.kill(os.getpid(), signal.SIGKILL)

document = json.loads(sys.argv[1])
run_sweep(sweep_from_document(document, Path.cwd(), shared_host), Path("out"), on_start=kill)
"""


def test_the_program_itself_killed_goes_on_where_it_was(calm: Calm, folder: Path) -> None:
    document = json.dumps({"base": BASE, "axes": AXES, "columns": COLUMNS})
    done = subprocess.run(
        [sys.executable, "-c", KILLED, document],
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    journal = folder / "out" / JOURNAL
    assert journal.read_text().count("\n") == 1 + 2
    with journal.open("a") as file:
        file.write('{"point": 2, "cells": {"fi')  # a line that a crash cut off
    begun: dict[int, int] = {}
    resumed = run_sweep(calm.sweep, folder / "out", resume=True, on_start=begun.__setitem__)
    assert list(begun) == [2, 3, 4, 5]
    assert content(resumed.rows) == calm.content
    again = run_sweep(calm.sweep, folder / "out", resume=True, on_start=lambda point, pid: 1 / 0)
    assert again.rows == resumed.rows
