"""The Sweep tab: results dropped on the window, filtered, and a point opened as a project."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tempstudio.gui.main_window import MainWindow
from tempstudio.plugin_host import shared_host
from tempstudio.sweep import run_sweep, sweep_from_document
from tests.gui.conftest import choose, click, said, seen, wait
from tests.gui.test_live_studio import drop


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep over stream degrees and batches, run on one worker process."""
    folder = tmp_path_factory.mktemp("sweep")
    document = {
        "base": {
            "model": "qwen2-0.5b",
            "machine": {"rows": 2, "cols": 4},
            "job": {"global_batch": 4, "seq_len": 512},
        },
        "axes": {"parallel.stream": [1, 2, 4, 8, 16], "job.global_batch": [4, 8]},
    }
    run_sweep(sweep_from_document(document, folder, shared_host), folder / "streams")
    return folder / "streams"


def open_results(window: MainWindow, path: Path) -> None:
    """Drop results on the window and wait until they are shown."""
    drop(window, path)
    file = path / "results.csv" if path.is_dir() else path
    wait(lambda: window.sweeping.table is not None and window.sweeping.table.path == file)


def test_dropped_results_are_explored_and_a_click_opens_the_point(
    live: MainWindow, results: Path
) -> None:
    studio, sweeping = live.studio, live.sweeping
    sweeping.close()
    assert live.tabs.indexOf(sweeping.panel) < 0, "no tab before there are results"
    open_results(live, results)
    assert live.tabs.currentWidget() is sweeping.panel
    panel = sweeping.panel
    assert panel.title.text() == "streams"
    assert panel.rows is not None and panel.rows.rowCount() == 10
    QTest.keyClicks(seen(live, "sweep.filter"), "fits and stream >= 4")
    QTest.keyClick(seen(live, "sweep.filter"), Qt.Key.Key_Return)
    assert panel.rows.rowCount() == 4 and panel.count.text() == "4 of 10 rows"
    chart = panel.scatter.chart
    assert chart is not None and chart.items == 4 and chart.front.any()  # type: ignore[attr-defined]
    choose(live, "sweep.colour", "stream")
    assert panel.scatter.chart.shade is not None  # type: ignore[union-attr]
    choose(live, "sweep.front", "No front")
    assert panel.scatter.chart.front is None  # type: ignore[union-attr]
    (ring,) = panel.scatter.chart.mark(  # type: ignore[union-attr]
        2, panel.scatter.width(), panel.scatter.height(), live.look.tokens
    )
    x, y, width, height = ring.xywh[0]  # type: ignore[union-attr]
    row = int(panel._plotted[2])
    click(panel.scatter, QPoint(round(x + width / 2), round(y + height / 2)))
    wait(lambda: studio.results.is_fresh and studio.document.path is None)
    table = sweeping.table
    assert table is not None
    document = studio.results.current.document  # type: ignore[union-attr]
    assert document["step_time_s"] == pytest.approx(table.numbers["step_time_s"][row])
    assert document["parallel"]["stream"] == table.numbers["parallel.stream"][row]
    assert studio.project.job.global_batch == table.numbers["job.global_batch"][row]
    assert panel.scatter.chart.current == 2  # type: ignore[union-attr]
    live.messages.clear()


def test_a_filter_that_cannot_be_read_leaves_the_rows(live: MainWindow, results: Path) -> None:
    panel = live.sweeping.panel
    open_results(live, results)
    before = panel.rows.rowCount()  # type: ignore[union-attr]
    field = seen(live, "sweep.filter")
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, "nothing > 3")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert panel.rows.rowCount() == before  # type: ignore[union-attr]
    assert panel.count.text() == "filter cannot be read"
    assert "allowed: point" in panel.count.toolTip()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field, Qt.Key.Key_Delete)
    wait(lambda: panel.rows.rowCount() == 10)  # type: ignore[union-attr]


def test_any_csv_is_a_table_whose_rows_open_nothing(live: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("name,energy_j,step_time_s\na,3,0.5\nb,5,0.25\n")
    open_results(live, path)
    panel, project = live.sweeping.panel, live.studio.project
    view = panel.view
    click(view.viewport(), view.visualRect(panel.rows.index(0, 0)).center())  # type: ignore[union-attr]
    assert any("sweep.json" in line for line in said(live))
    assert live.studio.project is project
    click(seen(live, "sweep.close"))
    assert live.tabs.indexOf(panel) < 0
    live.messages.clear()


def test_a_broken_file_is_one_line(live: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_text("a,b\n1\n")
    drop(live, path)
    wait(lambda: said(live, "error"))
    (line,) = said(live, "error")
    assert "line 2: found 1 cells, expected 2" in line
    live.messages.clear()
