"""How long a frame takes with everything on, beside an empty widget; printed by `make bench`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.export.picture import telling_time
from tempstudio.gui.main_window import MainWindow
from tests.gui.conftest import Furnish

pytestmark = pytest.mark.bench

FRAMES = 120
MESHES = {
    # rows, columns, model, sequences, dp, stream, frames a second that are asked for
    "6 x 8": (6, 8, "llama2-7b", 128, 3, 16, 60),
    "80 x 95": (80, 95, "qwen2-0.5b", 800, 400, 19, 30),
}


class Empty(QWidget):
    """A widget of the window's size that paints nothing but its ground."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.gray)


@pytest.fixture(scope="module")
def runs() -> Callable[[str], ts.Run]:
    made: dict[str, ts.Run] = {}

    def run_of(mesh: str) -> ts.Run:
        if mesh not in made:
            rows, columns, model, batch, dp, stream, _ = MESHES[mesh]
            project = Project(
                machine=ts.Wafer(rows=rows, cols=columns),
                model=ts.load_model(model),
                job=ts.TrainingJob(global_batch=batch, seq_len=2048),
                degrees=ts.Degrees(dp=dp, stream=stream, zero=1),
            )
            made[mesh] = ts.run(project)
        return made[mesh]

    return run_of


def frame_ms(step: Callable[[int], object]) -> np.ndarray:
    """Processor time of each of FRAMES frames, drawn to the last pixel [ms]."""
    for number in range(10):
        step(number)
        QApplication.processEvents()
    spent = []
    for number in range(FRAMES):
        began = time.process_time()
        step(number)
        QApplication.processEvents()
        spent.append(1e3 * (time.process_time() - began))
    return np.array(spent)


def empty_ms(window: MainWindow) -> float:
    """What painting an empty widget as large as the window takes."""
    empty = Empty()
    empty.resize(window.size())
    empty.show()
    found = float(np.median(frame_ms(lambda _: empty.update())))
    empty.close()
    return found


def report(what: str, spent: np.ndarray, empty: float) -> float:
    """Print a line, return the 95th percentile [ms]."""
    p50, p95 = np.percentile(spent, (50, 95))
    print(
        f"{what}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, {p50 / empty:.1f} and {p95 / empty:.1f} "
        f"times an empty widget ({empty:.2f} ms)"
    )
    return float(p95)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("mesh", MESHES)
def test_frames_in_time(
    furnish: Furnish, runs: Callable[[str], ts.Run], mesh: str, theme: str
) -> None:
    run = runs(mesh)
    window = furnish(run.project, run, theme)
    playback, view = window.studio.playback, window.timeline
    playback.seek(telling_time(run.timeline))
    empty = empty_ms(window)
    print()
    budget_ms = 1e3 / MESHES[mesh][-1]
    playback.play()
    playback._timer.setInterval(10**8)  # the clock is turned by hand
    for speed in ("layer", "step"):
        playback.set_speed(speed)
        spent = frame_ms(lambda _: playback.advance(1 / 60))
        assert report(f"{mesh}, {theme}, playing at {speed} speed", spent, empty) < budget_ms
    playback.pause()
    whole = view.whole_s

    def zoom(number: int) -> None:
        if number % 60 == 0:
            view.fit()
        view.zoom(1.25 if number % 60 < 50 else 0.4, 0.37 * whole)

    assert report(f"{mesh}, {theme}, zooming the timeline", frame_ms(zoom), empty) < budget_ms
    view.zoom(200.0, 0.4 * whole)
    pan = frame_ms(lambda number: view.pan(0.05 if number % 40 < 20 else -0.05))
    assert report(f"{mesh}, {theme}, panning the timeline", pan, empty) < budget_ms
    view.fit()
    brushing = frame_ms(lambda number: view.brush(0.2 * whole, (0.3 + 0.005 * number) * whole))
    assert report(f"{mesh}, {theme}, brushing a range", brushing, empty) < budget_ms
    window.studio.selection.clear()
    hover = frame_ms(lambda number: hover_at(view, number / FRAMES))
    assert report(f"{mesh}, {theme}, pointing along the lanes", hover, empty) < budget_ms


def hover_at(view: QWidget, share: float) -> None:
    """The pointer over the lanes, as the window system reports it."""
    at = QPointF(80 + share * (view.width() - 120), view.height() - 60)
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, at, view.mapToGlobal(at), none, none,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(view, event)
