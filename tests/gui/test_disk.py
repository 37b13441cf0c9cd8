"""Whatever becomes of the file on disk, the work is still in the window, and a line says so."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.recovery import Recovery
from tempstudio.storage import atomic
from tempstudio.storage.recovery import Session
from tests.gui.conftest import Furnish, click, said, seen, wait

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "projects").mkdir()
    return tmp_path / "projects" / "work.tempstudio"


@pytest.fixture
def window(furnish: Furnish, small_project: Project, path: Path) -> MainWindow:
    """A window on a project in a file, with an edit that is in no file yet."""
    ts.save(small_project, path)
    window = furnish(small_project)
    window.files.open(path)
    window.studio.set_live(False)
    window.studio.edit(lambda p: replace(p, seed=41), "Seed 41")
    return window


def still_there(window: MainWindow) -> bool:
    """Whether the work is in the window, undo and all, and known to be in no file."""
    document = window.studio.document
    return document.project.seed == 41 and document.history.canUndo() and not document.is_clean


def save(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)


def press(window: MainWindow, text: str) -> None:
    lines = window.messages._lines
    click(next(b for line in reversed(lines) for b in line.buttons if b.text() == text))


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The system refuses to write more than so many bytes to a file, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_the_system_cuts_short(window: MainWindow, path: Path) -> None:
    before = path.read_bytes()
    with files_of_at_most(1000):
        save(window)
    (line,) = said(window, "error")
    assert line == f"{path}: not saved: the file would be larger than allowed"
    assert still_there(window) and path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name], "no half file is left"
    save(window)
    assert ts.load(path).seed == 41 and window.studio.document.is_clean


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EACCES, "writing there is not permitted"),
        (errno.EIO, "input/output error"),
    ],
)
def test_a_disk_that_refuses(
    window: MainWindow, path: Path, monkeypatch: pytest.MonkeyPatch, code: int, reason: str
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    before = path.read_bytes()
    with monkeypatch.context() as disk:
        disk.setattr(atomic, "_write_part", refuse)
        save(window)
    assert said(window, "error") == [f"{path}: not saved: {reason}"]
    assert still_there(window) and path.read_bytes() == before
    press(window, "Save as…")
    assert seen(window, "file_dialog").isVisible()


def test_a_folder_that_is_read_only(window: MainWindow, path: Path) -> None:
    # Root may write in any folder of its own, but not in the kernel's.
    closed = Path("/sys/work.tempstudio") if os.geteuid() == 0 else path
    path.parent.chmod(0o500)
    window.files.write(closed, None)
    path.parent.chmod(0o700)
    assert said(window, "error") == [f"{closed}: not saved: writing there is not permitted"]
    assert still_there(window)


def test_a_file_that_another_program_changes(
    window: MainWindow, path: Path, small_project: Project
) -> None:
    ts.save(replace(small_project, seed=7), path)
    wait(lambda: said(window, "warning"))
    assert said(window, "warning")[0].startswith("work.tempstudio was changed by another program")
    assert still_there(window)
    save(window)
    assert "changed by another program since" in said(window, "warning")[-1]
    assert ts.load(path).seed == 7 and still_there(window)
    press(window, "Save anyway")
    assert ts.load(path).seed == 41 and window.studio.document.is_clean
    wait(lambda: not said(window, "warning"))


def test_theirs_can_be_loaded_instead(
    window: MainWindow, path: Path, small_project: Project
) -> None:
    ts.save(replace(small_project, seed=7), path)
    wait(lambda: said(window, "warning"))
    press(window, "Load theirs")
    click(seen(window, "unsaved.discard"))
    assert window.studio.project.seed == 7 and window.studio.document.is_clean


def test_a_file_that_is_deleted(window: MainWindow, path: Path) -> None:
    path.unlink()
    wait(lambda: said(window, "warning"))
    (line,) = said(window, "warning")
    assert line.startswith("work.tempstudio was deleted or moved") and still_there(window)
    press(window, "Save it again")
    assert ts.load(path).seed == 41 and window.studio.document.is_clean


def test_a_saved_project_whose_file_is_deleted_is_asked_about(
    window: MainWindow, path: Path
) -> None:
    save(window)
    assert window.studio.document.is_clean
    path.unlink()
    wait(lambda: not window.studio.document.is_clean)
    window.close()
    assert window.isVisible()
    click(seen(window, "unsaved.save"))
    assert ts.load(path).seed == 41 and not window.isVisible()


def test_its_folder_goes_too(window: MainWindow, path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    save(window)
    assert said(window, "error") == [f"{path}: not saved: the folder does not exist"]
    assert still_there(window)


def test_what_the_window_saves_itself_is_no_news(window: MainWindow, path: Path) -> None:
    for seed in (42, 43):
        window.studio.edit(lambda p, seed=seed: replace(p, seed=seed), "Seed")
        save(window)
        QTest.qWait(250)
    assert said(window, "warning") == [] and window.studio.document.is_clean


def test_the_same_project_open_twice(
    window: MainWindow, furnish: Furnish, small_project: Project, path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "recovery"
    first = Recovery(window, folder)
    assert said(window, "warning") == []
    second = furnish(small_project)
    Recovery(second, folder)
    second.files.open(path)
    (line,) = said(second, "warning")
    assert line.startswith("work.tempstudio is open in another window too")
    window.files.save()
    wait(lambda: any("changed by another program" in text for text in said(second, "warning")))
    second.studio.edit(lambda p: replace(p, seed=2), "Seed 2")
    second.files.save()
    assert ts.load(path).seed == 41, "the second to save is asked first"
    assert not second.studio.document.is_clean and second.studio.project.seed == 2
    assert first.autosave is not None
    elsewhere = Session(folder)
    elsewhere.opened(path.parent / "other.tempstudio")
    second.studio.document.mark_saved(tmp_path / "third.tempstudio")
    assert not [text for text in said(second) if "open in another window" in text]
    elsewhere.close()
