"""A plugin comes and goes with pip: chosen, run, uninstalled; the project opens all the same.

A sitting at the window runs in a process of another environment: `choose` a mapper by hand, run
and save; `reopen` the file once the mapper is gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITTING = """
import json, os, sys, time
from dataclasses import replace
from pathlib import Path
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
import tempstudio as ts
from tempstudio.gui.app import application, make_window

def wait(until, seconds=90):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, [m.text for m in window.messages.messages]
        QTest.qWait(20)

def choose(box, text):
    row = box.findText(text)
    assert row >= 0, [box.itemText(i) for i in range(box.count())]
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_F4)
    QTest.keyClick(box.view(), Qt.Key.Key_Home)
    while box.view().currentIndex().data() != text:
        QTest.keyClick(box.view(), Qt.Key.Key_Down)
    QTest.keyClick(box.view(), Qt.Key.Key_Return)

def said(level):
    return [m.text for m in window.messages.messages if m.level == level]

task, path, mapper = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
app = application()
window = make_window(app, path)
window.show()
wait(lambda: window.is_furnished and window.studio.catalogue and not window.studio.jobs.job)
if task == "choose":
    choose(window.toolbar.strategies["mapper"], mapper)
    wait(lambda: window.studio.results.is_fresh)
    QTest.mouseClick(window.toolbar.run, Qt.MouseButton.LeftButton)
    wait(lambda: not window.studio.jobs.is_searching and window.studio.results.is_fresh)
    window.actions_["file.save"].trigger()
    wait(lambda: window.studio.document.is_clean)
found = {
    "banner": [t for t in said("warning") if "not installed" in t],
    "errors": said("error"),
    "mapper": window.studio.project.mapper.name,
    "offered": [window.toolbar.strategies["mapper"].itemText(i)
                for i in range(window.toolbar.strategies["mapper"].count())],
    "made_by": window.studio.results.current.document["made_by"]
               if window.studio.results.current else [],
    "blocks": window.model.tree.topLevelItemCount(),
}
if task == "reopen":
    window.studio.edit(lambda p: replace(p, notes="edited without it"), "Notes")
    window.actions_["file.save"].trigger()
    wait(lambda: window.studio.document.is_clean)
    line = window.messages._lines[0]
    button = next(b for b in line.buttons if b.text().startswith("Use "))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait(lambda: window.studio.results.is_fresh)
    found["stood_in"] = window.studio.results.current.document["strategy"]["mapper"]
    window.studio.document.history.setClean()
window.close()
print(json.dumps(found))
"""


def sit(python: Path, task: str, path: Path, mapper: str) -> dict[str, Any]:
    """One sitting, from start to close; what was seen."""
    done = subprocess.run(
        [str(python), "-c", SITTING, task, str(path), mapper],
        capture_output=True,
        text=True,
        cwd=path.parent,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(path.parent)},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own that sees this one's packages, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("fresh") / "env"
    venv.create(folder, with_pip=True, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    outer = sysconfig.get_paths()["purelib"]
    (packages / "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n{ROOT}\n")
    return folder / "bin" / "python"


def pip(python: Path, *words: str) -> None:
    done = subprocess.run(
        [str(python), "-m", "pip", "--no-input", *words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_plugin_comes_and_goes_and_the_project_stays(fresh: Path, tmp_path: Path) -> None:
    import tempstudio as ts
    from tempstudio.scaffold import write_package
    from tempstudio.storage.project_file import read_project_file

    path = tmp_path / "mine.tempstudio"
    project = ts.Project(
        machine=ts.Wafer(rows=2, cols=2),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=4, seq_len=256),
    )
    ts.save(project, path)
    write_package(tmp_path / "fresh-columns", "mapper")
    pip(fresh, "install", "--no-deps", "--no-build-isolation", str(tmp_path / "fresh-columns"))
    with_it = sit(fresh, "choose", path, "fresh-columns")
    assert with_it["banner"] == [] and with_it["errors"] == []
    made = {(m["kind"], m["name"], m["plugin"]) for m in with_it["made_by"]}
    assert ("mapper", "fresh-columns", "tempstudio-fresh-columns") in made
    kept = read_project_file(path)
    assert kept.project.mapper.version == "0.1.0"
    assert kept.needs == ({"plugin": "tempstudio-fresh-columns", "version": "0.1.0"},)

    pip(fresh, "uninstall", "-y", "tempstudio-fresh-columns")
    without = sit(fresh, "reopen", path, "")
    (banner,) = without["banner"]
    assert banner.startswith(
        "Mapper 'fresh-columns' is not installed; the file needs tempstudio-fresh-columns 0.1.0"
    )
    assert without["errors"] == [] and without["blocks"] > 0
    assert without["mapper"] == "fresh-columns" and "fresh-columns" not in without["offered"]
    assert without["stood_in"] == "sequential"
    again = read_project_file(path)
    assert again.project.notes == "edited without it"
    assert again.project.mapper == kept.project.mapper and again.needs == kept.needs
