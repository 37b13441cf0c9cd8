"""A strategy that takes its worker down while strategies are compared; with real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

import tempstudio as ts
from tempstudio.gui.main_window import MainWindow
from tests.gui.conftest import click, said, seen, studio_with_plugin, wait

MAPPER = """
import os, signal
from dataclasses import dataclass
import tempstudio as ts

@dataclass(frozen=True)
class Options:
    pass

class Deadly:
    name, summary, version, Options = "deadly", "ends its process", "1.0", Options
    def map(self, partition, machine, options, rng, progress):
        os.kill(os.getpid(), signal.SIGKILL)

@ts.hookimpl
def tempstudio_mappers():
    return [Deadly()]
"""
PAIRS = (("tspp", "sequential"), ("tspp", "deadly"), ("megatron3", "sequential"))


@pytest.fixture
def studio(tmp_path: Path, qapp: QApplication) -> Iterator[MainWindow]:
    """A window on a small wafer, whose workers find a mapper that kills them."""
    project = ts.Project(
        machine=ts.Wafer(rows=2, cols=3),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=6, seq_len=256),
        solver=ts.StrategyChoice("random", options=(("draws", 2),)),
    )
    yield from studio_with_plugin(qapp, project, tmp_path, "their-mapper", MAPPER)


def test_a_pair_that_kills_its_worker_is_a_row_and_the_others_go_on(studio: MainWindow) -> None:
    search = studio.comparing.search
    studio.show_tab("Compare")
    search.start(PAIRS)
    assert search.running
    wait(lambda: not search.running, 60)
    rows = {(row.partitioner, row.mapper): row for row in search.rows}
    assert set(rows) == set(PAIRS), "every pair has its row"
    (line,) = said(studio, "error")
    assert "SIGKILL" in line and "\n" not in line
    dead = rows["tspp", "deadly"]
    assert dead.error and "SIGKILL" in dead.error and not dead.fits
    for pair in (PAIRS[0], PAIRS[2]):
        assert not rows[pair].error and rows[pair].document["step_time_s"] > 0
    view = studio.comparing.panel.strategies
    texts = [view.table.index(row, 0).data() for row in range(view.table.rowCount())]
    assert sorted(texts) == sorted(" + ".join(pair) for pair in PAIRS)
    studio.messages.clear()
    click(seen(studio, "run"))  # the next worker is as good as new
    wait(lambda: studio.studio.jobs.job is None and studio.studio.results.is_fresh, 60)
    assert not said(studio, "error")
