"""Unsaved work is offered after a crash, and never that of a window that lives."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tempstudio.core.errors import InputError
from tempstudio.core.project import Project
from tempstudio.storage import project_from_document, project_to_document, save
from tempstudio.storage.recovery import Session, opened_elsewhere, orphaned_snapshots

CRASHER = """
import os, sys
from pathlib import Path
from tempstudio.storage import load
from tempstudio.storage.recovery import Session
session = Session(Path(sys.argv[1]))
project = load(sys.argv[2])
session.opened(Path(sys.argv[2]))
session.write(project, Path(sys.argv[2]), "what it is")
print("written", flush=True)
if sys.argv[3] == "crash":
    os.kill(os.getpid(), 9)
sys.stdin.read()
"""


def window(folder: Path, path: Path, then: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CRASHER, str(folder), str(path), then],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "written\n"
    return process


def test_a_crash_leaves_an_orphan_with_both_dates(tmp_path: Path, project: Project) -> None:
    path, folder = tmp_path / "a.tempstudio", tmp_path / "recovery"
    save(project, path)
    on_disk = path.read_bytes()
    process = window(folder, path, "crash")
    process.communicate()
    (orphan,) = orphaned_snapshots(folder)
    assert (orphan.title, orphan.path) == ("what it is", path)
    assert orphan.file_date is not None and orphan.saved_at >= orphan.file_date
    assert orphan.load() == project
    assert path.read_bytes() == on_disk
    assert not opened_elsewhere(path, folder=folder)
    orphan.discard()
    assert orphaned_snapshots(folder) == []


def test_a_living_window_is_left_alone(tmp_path: Path, project: Project) -> None:
    path, folder = tmp_path / "a.tempstudio", tmp_path / "recovery"
    save(project, path)
    process = window(folder, path, "wait")
    assert orphaned_snapshots(folder) == []
    mine = Session(folder)
    assert opened_elsewhere(path, mine)
    assert not opened_elsewhere(tmp_path / "b.tempstudio", mine)
    link = tmp_path / "link.tempstudio"
    link.symlink_to(path)
    assert opened_elsewhere(link, mine)
    process.kill()
    process.communicate()
    assert not opened_elsewhere(path, mine)
    assert len(orphaned_snapshots(folder)) == 1
    mine.close()


def test_a_session_is_not_its_own_orphan(tmp_path: Path, project: Project) -> None:
    session = Session(tmp_path)
    session.opened(tmp_path / "a.tempstudio")
    session.write(project, None)
    assert orphaned_snapshots(tmp_path) == []
    assert not opened_elsewhere(tmp_path / "a.tempstudio", session)
    session.close()
    session.close()
    assert [path.name for path in tmp_path.glob("2*")] == []
    with pytest.raises(InputError):
        session.write(project, None)


def test_snapshots_keep_unknown_keys_and_write_the_model_once(
    tmp_path: Path, project: Project
) -> None:
    document = project_to_document(project)
    document["future"] = {"a": [1]}
    document["model"]["licence"] = "free"
    loaded = project_from_document(document)
    session = Session(tmp_path)
    session.write(loaded, None)
    (model,) = tmp_path.glob("model-*.json")
    first = model.stat().st_mtime_ns
    session.write(replace(loaded, seed=9), None)
    assert model.stat().st_mtime_ns == first
    assert session._descriptor is not None
    os.close(session._descriptor)  # as the system does when a process dies
    (orphan,) = orphaned_snapshots(tmp_path)
    assert orphan.load() == replace(loaded, seed=9)
    assert orphan.path is None and orphan.file_date is None and orphan.title == "untitled"


def test_broken_snapshots_are_passed_over(tmp_path: Path, project: Project) -> None:
    for i, text in enumerate(["", "{", "[]", '{"path": 3}', '{"saved_at": 1e308}']):
        (tmp_path / f"2026-{i}.lock").write_text("")
        (tmp_path / f"2026-{i}.json").write_text(text)
    (tmp_path / "2026-9.lock").write_text("")  # ended with nothing unsaved
    assert orphaned_snapshots(tmp_path) == []
    assert not (tmp_path / "2026-9.lock").exists()
    assert orphaned_snapshots(tmp_path / "nowhere") == []
