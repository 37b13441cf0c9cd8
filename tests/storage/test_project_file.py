"""Project files on disk: always the old one or the new one, and every trouble is one clear line."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tempstudio.core.errors import InputError
from tempstudio.core.project import Project
from tempstudio.storage import (
    ChangedOnDisk,
    atomic,
    load,
    project_file,
    read_project_file,
    save,
    stamp_of,
)
from tempstudio.storage.json_layout import laid_out

GOLDEN = Path(__file__).parent / "golden" / "v1-full.tempstudio"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_save_and_load(tmp_path: Path, project: Project) -> None:
    path = tmp_path / "a.tempstudio"
    stamp = save(project, path, plan={"mapping": {}}, needs=[{"plugin": "x", "version": "1"}])
    assert load(path) == load(str(path))
    found = read_project_file(path)
    assert (found.plan, found.stamp, found.version) == ({"mapping": {}}, stamp, 1)
    assert found.needs == ({"plugin": "x", "version": "1"},)
    assert names(tmp_path) == ["a.tempstudio"]


def test_permissions_and_links_stay(tmp_path: Path, project: Project) -> None:
    real, link = tmp_path / "real.tempstudio", tmp_path / "link.tempstudio"
    save(project, real)
    real.chmod(0o640)
    link.symlink_to(real)
    before = real.read_bytes()
    save(Project(project.machine, project.model), link)
    assert link.is_symlink() and real.read_bytes() != before
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_new_file_follows_the_umask(tmp_path: Path, project: Project) -> None:
    old = os.umask(0o027)
    try:
        save(project, tmp_path / "a.tempstudio")
    finally:
        os.umask(old)
    assert (tmp_path / "a.tempstudio").stat().st_mode & 0o777 == 0o640


def test_a_file_changed_by_another_program_is_not_overwritten(
    tmp_path: Path, project: Project
) -> None:
    path = tmp_path / "a.tempstudio"
    stamp = save(project, path)
    path.write_text(path.read_text() + " ")
    with pytest.raises(ChangedOnDisk, match="changed by another program"):
        save(project, path, expected=stamp)
    assert path.read_text().endswith(" ")
    assert save(project, path) == stamp_of(path)  # on purpose, without a stamp
    path.unlink()
    save(project, path, expected=stamp)  # deleted meanwhile: saving brings it back
    assert load(path) == project


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EACCES, "writing there is not permitted"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file(
    tmp_path: Path,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    said: str,
    call: str,
) -> None:
    path = tmp_path / "a.tempstudio"
    save(project, path)
    before = path.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    if call == "write":
        monkeypatch.setattr(atomic, "_write_part", fail)
    elif call == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError) as caught:
        save(Project(project.machine, project.model), path)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert path.read_bytes() == before and names(tmp_path) == ["a.tempstudio"]


def test_places_that_cannot_be_written(tmp_path: Path, project: Project) -> None:
    with pytest.raises(InputError, match="the folder does not exist"):
        save(project, tmp_path / "no" / "a.tempstudio")
    with pytest.raises(InputError, match="that is a folder"):
        save(project, tmp_path)
    with pytest.raises(InputError, match="the name is too long"):
        save(project, tmp_path / ("a" * 300))


def test_an_older_file_is_kept_beside_the_new(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tempstudio"
    path.write_bytes(GOLDEN.read_bytes())
    save(project, path)
    assert names(tmp_path) == ["a.tempstudio"]
    monkeypatch.setattr(project_file, "VERSION", 2)  # a program that has seen a second version
    path.write_bytes(GOLDEN.read_bytes())
    save(project, path)
    assert (tmp_path / "a.tempstudio.bak").read_bytes() == GOLDEN.read_bytes()


def test_what_could_not_be_read_again_is_not_written(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tempstudio"
    save(project, path)
    before = path.read_bytes()
    monkeypatch.setattr(project_file, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match=r"larger than .* remove kept runs"):
        save(project, path)
    with pytest.raises(InputError, match="not saved"):
        project_file.document_text({"x": float("nan")}, "a")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the text is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"format": "tempstudio", "version": 1, "version": 1}', "stands twice"),
        (b'{"format": "tempstudio", "version": 1e999}', "too large"),
        (b'{"format": "tempstudio", "version": ' + b"9" * 5000 + b"}", "digits"),
        (b'{"format": "tempstudio", "version": 1', "not valid JSON"),
        (
            b'{"format": "tempstudio", "version": 7, "app": "tempstudio 9.9"}',
            "saved by tempstudio 9.9",
        ),
    ],
)
def test_broken_files_are_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.tempstudio"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(path)
    text = str(caught.value)
    assert text.startswith("a.tempstudio: ") and said in text and "\n" not in text


def test_things_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "missing.tempstudio")
    with pytest.raises(InputError, match="found a folder"):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a file"):
        load(tmp_path / "pipe")
    with pytest.raises(InputError):
        load("nul\0byte")


def test_cut_off_anywhere_it_is_refused(tmp_path: Path) -> None:
    content = GOLDEN.read_bytes().rstrip()
    path = tmp_path / "a.tempstudio"
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(InputError) as caught:
            load(path)
        assert "\n" not in str(caught.value)


KILLER = """
import os, signal, sys, time
from dataclasses import replace
from pathlib import Path
from tempstudio.storage import load, save
path, kills = Path(sys.argv[1]), int(sys.argv[2])
project = load(path)
sizes = {len(project.notes)}
started = time.perf_counter()
for _ in range(10):
    save(project, path)
one_save_s = (time.perf_counter() - started) / 10
for i in range(kills):
    child = os.fork()
    if child == 0:
        for k in range(10**6):
            save(replace(project, notes="x" * (1000 * (i + k) % 50_000)), path)
    time.sleep(one_save_s * (i % 67) / 16)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    notes = load(path).notes
    assert set(notes) <= {"x"} or notes == project.notes
    sizes.add(len(notes))
print(kills, len(sizes))
"""


def killed_saves(folder: Path, kills: int) -> int:
    """Kill a program that saves without pause, at ever different moments; how many states it left.

    The file is loaded after each kill, so that a damaged one ends the run.
    """
    path = folder / "a.tempstudio"
    path.write_bytes(GOLDEN.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(path), str(kills)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    survived, states = map(int, done.stdout.split())
    assert survived == kills
    return states


def test_killed_while_saving_the_file_is_whole(tmp_path: Path) -> None:
    assert killed_saves(tmp_path, 40) > 1


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
def test_killed_a_thousand_times(tmp_path: Path) -> None:
    states = killed_saves(tmp_path, 1000)
    print(f"\nsaves: killed 1,000 times, the file whole each time ({states} different ones seen)")
    assert states > 20


def test_leftovers_of_killed_saves_are_swept(tmp_path: Path, project: Project) -> None:
    old, other = tmp_path / ".a.tempstudio.1-ab.part", tmp_path / ".b.tempstudio.1-ab.part"
    for part in (old, other):
        part.write_text("half")
        os.utime(part, (1, 1))
    fresh = tmp_path / ".a.tempstudio.2-cd.part"
    fresh.write_text("being written")
    save(project, tmp_path / "a.tempstudio")
    assert names(tmp_path) == [fresh.name, other.name, "a.tempstudio"]


def test_files_are_laid_out_for_people_and_diffs(tmp_path: Path, project: Project) -> None:
    path = tmp_path / "a.tempstudio"
    save(project, path)
    text = path.read_text()
    assert max(len(line) for line in text.splitlines()) <= 110
    assert '  "dead_dies": [[0, 1], [4, 6]],' in text.replace("    ", "  ")
    assert text == laid_out(json.loads(text))
