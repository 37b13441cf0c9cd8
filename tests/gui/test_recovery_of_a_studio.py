"""A whole studio is killed while it is edited by hand; the next one offers the work back."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui import app as studio_app
from tempstudio.gui.main_window import MainWindow
from tempstudio.storage.recovery import orphaned_snapshots, recovery_folder
from tests.gui.conftest import DEFERRED_DELETE, child_processes, click, said, wait

EDITING = """
    import sys, time
    from pathlib import Path
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from tempstudio.gui.app import application, make_window
    from tempstudio.storage.recovery import recovery_folder

    app = application()
    window = make_window(app, Path(sys.argv[1]))
    window.show()
    while not window.is_furnished:
        QTest.qWait(10)
    QTest.keyClick(window.wafer, Qt.Key.Key_D)
    at = window.wafer.point_of_die(3).toPoint()
    QTest.mouseMove(window.wafer, at)
    QTest.mouseClick(window.wafer, Qt.MouseButton.LeftButton, pos=at)
    while not list(recovery_folder().glob("2*.json")):
        QTest.qWait(20)
    print("ready", flush=True)
    while True:
        QTest.qWait(100)
"""

Studio = Callable[[Path], MainWindow]


@pytest.fixture
def project_file(small_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and folders of this test's own for all that a studio keeps."""
    for kind in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    path = tmp_path / "work.tempstudio"
    ts.save(small_project, path)
    return path


@pytest.fixture
def open_studio(qapp: QApplication) -> Iterator[Studio]:
    """Opens a studio as `tempstudio PROJECT` does, in this process."""
    windows: list[MainWindow] = []
    before = child_processes()

    def make(path: Path) -> MainWindow:
        window = studio_app.make_window(qapp, path)
        windows.append(window)
        window.show()
        wait(lambda: window.is_furnished)
        return window

    yield make
    for window in windows:
        window.studio.document.history.setClean()
        window.close()
        window.deleteLater()
    qapp.sendPostedEvents(None, DEFERRED_DELETE)
    wait(lambda: not child_processes() - before, 10)


def test_a_killed_studio_gives_its_work_back(project_file: Path, open_studio: Studio) -> None:
    before = project_file.read_bytes()
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(EDITING), str(project_file)], stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == b"ready\n"
        living = open_studio(project_file)
        assert orphaned_snapshots(recovery_folder()) == []
        assert not [text for text in said(living) if "Unsaved work" in text], "it is still alive"
        other.send_signal(signal.SIGKILL)
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    next_one = open_studio(project_file)
    (line,) = [text for text in said(next_one, "warning") if "Unsaved work" in text]
    dates = re.findall(r"\d\d \w+ \d{4}, \d\d:\d\d", line)
    assert len(dates) == 2, f"both dates: {line}"
    assert next_one.studio.project.machine.dead_dies == ()
    offer = next(
        b for row in next_one.messages._lines for b in row.buttons if b.text() == "Recover"
    )
    click(offer)
    assert next_one.studio.project.machine.dead_dies == ((0, 3),)
    assert next_one.studio.document.path == project_file
    assert not next_one.studio.document.is_clean
    assert project_file.read_bytes() == before, "nothing is overwritten"
    assert orphaned_snapshots(recovery_folder()) == []
