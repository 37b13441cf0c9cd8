"""The window is there at once: what it may load before it is painted, and what it shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

import tempstudio as ts
from tempstudio.gui import peek
from tempstudio.gui.peek import Mesh
from tempstudio.gui.views.first_look import FirstLook, places
from tempstudio.gui.views.wafer_view import WaferView
from tempstudio.scene.tokens import DARK, LIGHT
from tempstudio.storage.settings import Settings
from tests.gui.conftest import slowness

HEAVY = {
    "numpy", "scipy", "networkx", "numba", "pyqtgraph", "pluggy", "multiprocessing",
    "tempstudio.lanes", "tempstudio.plugin_host", "tempstudio.strategies", "tempstudio.readers",
    "tempstudio.core.project", "tempstudio.storage",
}  # fmt: skip

UNTIL_PAINTED = """
    import sys, time
    began = time.process_time()
    from tempstudio.gui import app as studio
    studio._AfterFirstPaint._begin = lambda self: None
    app = studio.application()
    window = studio.make_window(app, None)
    def done():
        print(time.process_time() - began)
        print(*sys.modules)
        app.quit()
    window.first_look.painted.connect(done)
    window.show()
    app.exec()
"""

EMPTY = """
    import time
    began = time.process_time()
    from PySide6.QtWidgets import QApplication, QMainWindow
    app = QApplication([])
    class Window(QMainWindow):
        def paintEvent(self, event):
            super().paintEvent(event)
            print(time.process_time() - began)
            app.quit()
    window = Window()
    window.resize(1280, 800)
    window.show()
    app.exec()
"""

UNTIL_CHUNKS_MOVE = """
    import time
    began = time.perf_counter()
    from tempstudio.gui import app as studio
    from PySide6.QtCore import QTimer
    app = studio.application()
    window = studio.make_window(app, None)
    def look():
        playback = window.studio.playback if window.is_furnished else None
        if playback is None or not playback.is_playing or not playback.time_s:
            return
        if len(playback.timeline.at(playback.time_s).transfers):
            print(time.perf_counter() - began)
            timer.stop()
            window.close()
            app.quit()
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(5)
    window.show()
    app.exec()
"""


def run(code: str, byte_code: Path | None = None) -> list[str]:
    """Lines that code prints in a process of its own, its byte code kept where it is said."""
    environment = dict(os.environ)
    if byte_code is not None:  # as Python keeps it, whatever the environment says
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(byte_code)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True,
        env=environment,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_nothing_heavy_is_loaded_before_the_first_paint() -> None:
    loaded = set(run(UNTIL_PAINTED)[1].split())
    assert HEAVY & loaded == set()


@pytest.mark.bench
def test_first_paint_takes_at_most_twice_an_empty_window(tmp_path: Path) -> None:
    pairs = [
        (float(run(UNTIL_PAINTED, tmp_path)[0]), float(run(EMPTY, tmp_path)[0])) for _ in range(7)
    ]
    ours, empty = (min(column) for column in zip(*pairs, strict=True))
    print(f"first paint {ours * 1e3:.0f} ms, empty window {empty * 1e3:.0f} ms, "
          f"ratio {ours / empty:.2f}")  # fmt: skip
    assert ours <= 2 * empty


@pytest.mark.bench
def test_chunks_stream_within_three_seconds_of_the_start(tmp_path: Path) -> None:
    """The first sample, from the start of the process, against this machine's slowness now."""
    own = []
    for _ in range(3):
        slow = slowness()
        seconds = float(run(UNTIL_CHUNKS_MOVE, tmp_path)[0])
        own.append(seconds / slow)
        print(f"first moving chunk after {seconds:.2f} s (machine {slow:.1f} x slower)")
    assert min(own) <= 3.0


@pytest.mark.parametrize("size", [(782, 527), (1580, 1020), (500, 380)])
@pytest.mark.parametrize(
    ("rows", "cols", "wafers"), [(6, 8, 1), (2, 4, 1), (5, 7, 2), (20, 30, 1), (80, 95, 1)]
)
def test_the_first_look_puts_dies_where_the_wafer_view_does(
    qtbot: QtBot, rows: int, cols: int, wafers: int, size: tuple[int, int]
) -> None:
    view = WaferView()
    qtbot.addWidget(view)
    view.resize(*size)
    view.set_project(ts.Wafer(rows=rows, cols=cols, wafers=wafers))
    layout = view.layout_of_dies
    assert layout is not None
    found = places(Mesh(rows, cols, wafers), *size)
    assert found.die == pytest.approx(layout.die_px)
    assert found.x == pytest.approx(layout.col_x.tolist())
    assert found.y == pytest.approx(layout.row_y.tolist())


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_dead_dies_show_at_first_sight(qtbot: QtBot, tokens) -> None:  # type: ignore[no-untyped-def]
    pictures = []
    for dead in (frozenset[tuple[int, ...]](), frozenset({(1, 1)})):
        look = FirstLook(Mesh(2, 3, 1, dead), tokens)
        qtbot.addWidget(look)
        look.resize(400, 300)
        pictures.append(look.grab().toImage())
    assert pictures[0] != pictures[1]


def test_settings_are_looked_for_where_they_are_kept() -> None:
    assert peek.settings_file() == Settings().path


def test_the_mesh_of_every_sample_is_told_at_a_glance() -> None:
    from tempstudio.resources import sample_folder

    for path in sample_folder().glob("*.tempstudio"):
        machine, mesh = ts.load(path).machine, peek.mesh_of(path)
        assert mesh is not None
        assert (mesh.rows, mesh.cols, mesh.wafers) == (machine.rows, machine.cols, machine.wafers)
        assert mesh.dead == frozenset(machine.dead_dies)


@pytest.mark.parametrize(
    "document",
    [{}, [], {"machine": 5}, {"machine": {"rows": "six"}}, {"machine": {"rows": 10**9}},
     {"machine": {"kind": "cluster"}}, {"machine": {"dead_dies": [[None, 1]]}}],
)  # fmt: skip
def test_what_cannot_be_told_is_left_blank(tmp_path: Path, document: object) -> None:
    path = tmp_path / "p.tempstudio"
    path.write_text(json.dumps(document))
    assert peek.mesh_of(path) is None
    assert peek.mesh_of(tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file"), ("{", "not valid JSON"), ('{"format": "tempstudio"}', "")],
)
def test_a_project_that_cannot_be_read_is_one_line_and_status_two(
    tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "broken.tempstudio"
    if content is not None:
        path.write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "tempstudio", "open", path.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env=dict(os.environ),
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("tempstudio")]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1 and "broken.tempstudio" in lines[0] and said in lines[0]
    assert "Traceback" not in done.stderr
