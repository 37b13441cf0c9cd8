"""Work that was not saved is offered back after a crash, once, and overwrites nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.recovery import Recovery
from tempstudio.storage.recovery import orphaned_snapshots
from tests.gui.conftest import Furnish, click, said

EDITING = """
    import os, sys, time
    from dataclasses import replace
    from pathlib import Path
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication
    import tempstudio as ts
    from tempstudio.gui.autosave import Autosave
    from tempstudio.gui.document import Document
    from tempstudio.storage.recovery import Session

    app = QApplication([])
    path, folder = Path(sys.argv[1]), Path(sys.argv[2])
    document = Document(ts.load(path), path)
    autosave = Autosave(document, Session(folder), app)
    document.edit(replace(document.project, seed=4711), "Seed 4711")
    autosave.write()
    autosave.wait()
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def crashed(small_project: Project, tmp_path: Path) -> tuple[Path, Path]:
    """(project file, recovery folder) after another window was killed while editing."""
    path, folder = tmp_path / "work.tempstudio", tmp_path / "recovery"
    ts.save(small_project, path)
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(EDITING), str(path), str(folder)],
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"ready\n"
    assert orphaned_snapshots(folder) == [], "a living window's work is never offered"
    other.send_signal(signal.SIGKILL)
    other.wait()
    other.stdout.close()
    return path, folder


def button(window: MainWindow, label: str):  # type: ignore[no-untyped-def]
    return next(b for line in window.messages._lines for b in line.buttons if b.text() == label)


def test_killed_work_comes_back_and_the_file_is_untouched(
    furnish: Furnish, small_project: Project, crashed: tuple[Path, Path], qapp: QApplication
) -> None:
    path, folder = crashed
    before = path.read_bytes()
    window = furnish(small_project)
    recovery = Recovery(window, folder)
    recovery.offer()
    (line,) = said(window, "warning")
    assert "Unsaved work on work of" in line and "its file is of" in line
    click(button(window, "Recover"))
    assert window.studio.project.seed == 4711
    assert window.studio.document.path == path
    assert not window.studio.document.is_clean
    assert path.read_bytes() == before
    assert orphaned_snapshots(folder) == []
    window.close()
    assert recovery.autosave is not None
    click(
        next(
            b
            for b in window.findChildren(type(button_kind()))
            if b.objectName() == "unsaved.discard"
        )
    )
    assert orphaned_snapshots(folder) == []


def button_kind():  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QPushButton

    return QPushButton()


def test_work_can_be_discarded(
    furnish: Furnish, small_project: Project, crashed: tuple[Path, Path]
) -> None:
    _, folder = crashed
    window = furnish(small_project)
    Recovery(window, folder).offer()
    click(button(window, "Discard"))
    assert orphaned_snapshots(folder) == []
    assert window.studio.project == small_project


def test_a_saved_project_leaves_nothing_to_recover(
    furnish: Furnish, small_project: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "recovery"
    window = furnish(small_project)
    recovery = Recovery(window, folder)
    assert recovery.autosave is not None
    window.studio.set_live(False)
    window.studio.edit(lambda p: replace(p, seed=1), "Seed 1")
    recovery.autosave.write()
    recovery.autosave.wait()
    assert len(list(folder.glob("2*.json"))) == 1
    window.files.write(tmp_path / "p.tempstudio", None)
    window.close()
    assert list(folder.glob("2*")) == []
