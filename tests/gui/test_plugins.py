"""Plugins as a person meets them in the window: written, agreed to, switched off, broken, gone."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QWidget

import tempstudio as ts
from tempstudio import plugin_files
from tempstudio.gui.dialogs.strategy_editor import StrategyEditor
from tempstudio.gui.main_window import MainWindow
from tempstudio.storage.project_file import read_project_file
from tests.gui.conftest import LEFT, click, drop, said, seen, use_menu, wait

CONTROL = Qt.KeyboardModifier.ControlModifier
MAPPER = """
from dataclasses import dataclass
import os, signal, time
import tempstudio as ts

@dataclass(frozen=True)
class Options:
    pass

class Mapper:
    name, summary, version, Options = "NAME", "in order", "1", Options
    def map(self, partition, machine, options, rng, progress):
        HARM
        return ts.Mapping(*ts.make_groups(partition, range(partition.degrees.size), machine))

@ts.hookimpl
def tempstudio_mappers():
    return [Mapper()]
"""


def mapper(name: str, harm: str = "pass") -> str:
    return MAPPER.replace("NAME", name).replace("HARM", harm)


@pytest.fixture
def folder() -> Iterator[Path]:
    """The user's plugins folder, empty before and after."""
    folder = plugin_files.user_folder()
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def studio(live: MainWindow, folder: Path) -> Iterator[MainWindow]:
    """The window with real workers, all plugins forgotten afterwards."""
    live.messages.clear()
    before = live.studio.project
    yield live
    live.desk.list.close()
    live.desk.developed.clear()
    live.desk._watch.watch([])
    live.studio.edit(lambda p: replace(p, mapper=before.mapper), "Back")
    wait(lambda: live.studio.jobs.job is None)


def offered(window: MainWindow, kind: str = "mapper") -> list[str]:
    box = window.toolbar.strategies[kind]
    return [box.itemText(row) for row in range(box.count())]


def loaded(window: MainWindow, name: str) -> bool:
    return any(text.startswith(f"Loaded {name}") for text in said(window, "ok"))


def button_of(window: MainWindow, text: str) -> QWidget:
    """A button in the message bar."""
    lines = window.messages._lines
    return next(b for line in reversed(lines) for b in line.buttons if b.text() == text)


def check_box_click(window: MainWindow, plugin: str) -> None:
    """Click the check box of a plugin in the list."""
    tree = window.desk.list.tree
    (item,) = tree.findItems(plugin, Qt.MatchFlag.MatchExactly)
    place = tree.visualItemRect(item)
    QTest.mouseClick(tree.viewport(), LEFT, Qt.KeyboardModifier.NoModifier,
                     place.topLeft() + QPoint(12, place.height() // 2))  # fmt: skip


def test_a_plugin_that_is_dropped_runs_once_the_person_says_so(
    studio: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "dropped.py"
    path.write_text(mapper("it-fell"))
    drop(studio, path)
    (line,) = said(studio, "info")
    assert line == "dropped.py is Python: as a plugin it can do whatever you can do."
    assert "it-fell" not in offered(studio)
    click(button_of(studio, "Develop it"))
    wait(lambda: loaded(studio, "dropped.py"))
    assert "it-fell" in offered(studio)


def test_a_new_strategy_opens_reloads_when_saved_and_appears_in_the_box(
    studio: MainWindow, folder: Path
) -> None:
    use_menu(studio, "Plugins", "plugins.new")
    wait(lambda: loaded(studio, "my_mapper.py"))
    path = folder / "my_mapper.py"
    code = [line for line in path.read_text().splitlines() if line.strip()]
    assert len(code) <= 30, "a mapper of thirty lines"
    assert "my-mapper" in offered(studio)
    click(button_of(studio, "Use my-mapper"))
    wait(lambda: studio.studio.results.is_fresh and studio.studio.jobs.job is None)
    made = studio.studio.results.current.document["made_by"]
    assert ("mapper", "my-mapper", "file:my_mapper") in {
        (m["kind"], m["name"], m["plugin"]) for m in made
    }
    (editor,) = studio.findChildren(StrategyEditor)
    assert editor.outcome.text() == "Loaded: mapper my-mapper"
    editor.text.selectAll()
    QTest.keyClicks(editor.text, "1 / 0")
    QTest.keyClick(editor.text, Qt.Key.Key_S, CONTROL)
    wait(lambda: "ZeroDivisionError" in editor.outcome.text())
    assert "my_mapper.py, import of my_mapper: ZeroDivisionError" in said(studio, "error")[-1]
    assert "my-mapper" not in offered(studio)
    assert any("mapper 'my-mapper' is not installed" in t.lower() for t in said(studio, "warning"))
    # Any other editor will do as well.
    path.write_text(mapper("my-mapper"))
    wait(lambda: "my-mapper" in offered(studio))
    assert not [text for text in said(studio, "warning") if "not installed" in text]
    editor.close()


def test_a_plugin_beside_the_project_runs_by_consent_to_its_bytes(studio: MainWindow) -> None:
    path = studio.studio.document.path
    assert path is not None
    beside = path.parent / "plugins"
    beside.mkdir(exist_ok=True)
    place = beside / "theirs.py"
    place.write_text(mapper("theirs") + f"open({str(path.parent / 'ran')!r}, 'w').close()\n")
    use_menu(studio, "Plugins", "plugins.reload")
    wait(lambda: any("nobody has agreed" in text for text in said(studio, "info")))
    assert not (path.parent / "ran").exists() and "theirs" not in offered(studio)
    click(button_of(studio, "Review…"))
    dialog = seen(studio, "consent")
    shown = {name: seen(dialog, f"consent.{name}") for name in ("path", "size", "warning", "code")}
    assert shown["path"].text() == str(place)  # type: ignore[attr-defined]
    assert "1 file" in shown["size"].text()  # type: ignore[attr-defined]
    assert "a process is not a sandbox" in shown["warning"].text()  # type: ignore[attr-defined]
    assert shown["code"].toPlainText().startswith("\nfrom dataclasses")  # type: ignore[attr-defined]
    QTest.keyClick(dialog, Qt.Key.Key_Return)  # what is asked by default is refused
    assert not plugin_files.is_trusted(plugin_files.read(place))
    studio.desk.show()
    studio.desk.list.choose("file:theirs")
    click(seen(studio.desk.list, "plugin.trust"))
    click(seen(seen(studio, "consent"), "consent.agree"))
    wait(lambda: "theirs" in offered(studio))
    assert (path.parent / "ran").exists()
    place.write_text(mapper("theirs", "pass; pass"))
    click(seen(studio.desk.list, "plugins.reload"))
    wait(lambda: "theirs" not in offered(studio))
    studio.desk.ask_consent(place)
    dialog = seen(studio, "consent")
    assert "changed since you agreed" in seen(dialog, "consent.changed").text()  # type: ignore[attr-defined]
    click(seen(dialog, "consent.agree"))
    wait(lambda: "theirs" in offered(studio))
    studio.desk.list.choose("file:theirs")
    click(seen(studio.desk.list, "plugin.revoke"))
    wait(lambda: "theirs" not in offered(studio))
    shutil.rmtree(beside)


def test_a_plugin_is_switched_off_and_on_and_safe_mode_has_none(studio: MainWindow) -> None:
    if "hilbert" not in offered(studio):
        pytest.skip("the example plugins are not installed here: run make ready")
    use_menu(studio, "Plugins", "plugins.list")
    check_box_click(studio, "tempstudio-hilbert")
    wait(lambda: "hilbert" not in offered(studio))
    assert studio.settings.disabled_plugins() == ("tempstudio-hilbert",)
    studio.desk.list.choose("tempstudio-hilbert")
    check_box_click(studio, "tempstudio-hilbert")
    wait(lambda: "hilbert" in offered(studio))
    assert studio.settings.disabled_plugins() == ()
    studio.desk.list.close()
    use_menu(studio, "Plugins", "plugins.safe_mode")
    wait(lambda: "hilbert" not in offered(studio) and "sequential" in offered(studio))
    use_menu(studio, "Plugins", "plugins.safe_mode")
    wait(lambda: "hilbert" in offered(studio))


HARMS = {  # memory is in tests/worker: the limit of the window's workers is that of a workstation
    "raises": ("1 / 0", "ZeroDivisionError: division by zero"),
    "segfaults": ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    "exits": ("raise SystemExit('bye')", "SystemExit: bye"),
    "doubles": ("return ts.Mapping((0,) * partition.degrees.size)", "two ranks on die [0, 0]"),
    "hangs": ("time.sleep(60)", "has not reported for"),
}


class Longest:
    """The longest time that the event loop was away, between ticks 16 ms apart."""

    def __init__(self) -> None:
        self.gap_s, self._last_s = 0.0, time.perf_counter()
        self.timer = QTimer()
        self.timer.timeout.connect(self._tick)
        self.timer.start(16)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gap_s, self._last_s = max(self.gap_s, now - self._last_s), now


def test_whatever_a_strategy_does_the_window_goes_on_and_names_it_within_two_seconds(
    studio: MainWindow, folder: Path
) -> None:
    names = list(HARMS)
    for name, (harm, _) in HARMS.items():
        (folder / f"{name}.py").write_text(mapper(f"it-{name}", harm))
    studio.desk.developed[:] = [folder / f"{name}.py" for name in names]
    studio.desk.reload()
    wait(lambda: {f"it-{name}" for name in names} <= set(offered(studio)))
    project, longest = studio.studio.project, Longest()
    for name, (_, fault) in HARMS.items():
        studio.messages.clear()
        wait(lambda: studio.studio.jobs._lanes.spare_ready)  # as between two clicks of a person
        choice = ts.StrategyChoice(f"it-{name}")
        studio.studio.edit(lambda p, c=choice: replace(p, mapper=c), f"Mapper it-{name}")
        studio.studio.replan()
        started, wanted = time.perf_counter(), (f"file:{name}", f"mapper 'it-{name}', map", fault)
        wait(lambda w=wanted: any(all(part in t for part in w) for t in said(studio)))
        took_s = time.perf_counter() - started
        assert took_s < 2.0 * slowness(), f"{name}: told after {took_s:.2f} s"
        if name == "hangs":
            click(button_of(studio, "Cancel"))
            wait(lambda: studio.studio.jobs.job is None)
    longest.timer.stop()
    assert longest.gap_s < 0.5 * slowness(), f"the window stood still for {longest.gap_s:.2f} s"
    assert replace(studio.studio.project, mapper=project.mapper) == project
    assert len([f for f in studio.desk.list.failures if f["plugin"] == "file:raises"]) == 1


def slowness() -> float:
    """How many programs share a core at the moment: others' work is not the window's."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_a_plugin_that_crashes_on_import_is_named_and_left_out(
    studio: MainWindow, folder: Path
) -> None:
    crash = folder / "crash.py"
    crash.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    studio.desk.develop(crash)
    wait(lambda: any("SIGSEGV" in text for text in said(studio, "error")))
    (line,) = [text for text in said(studio, "error") if "SIGSEGV" in text]
    assert line.startswith("Plugin file:crash, import of crash: crashed the worker process")
    wait(lambda: studio.studio.results.is_fresh and studio.studio.jobs.job is None)
    (failure,) = [f for f in studio.desk.list.failures if f["plugin"] == "file:crash"]
    assert "crash.py" in failure["traceback"]


def test_a_crash_in_both_lanes_is_told_once(window: MainWindow) -> None:
    crash = {"plugin": "file:bad", "hook": "import of bad", "message": "crashed"}
    for lane in ("first", "second"):
        window.desk.list.add_fault({**crash, "traceback": f"stack of the {lane}"}, crash=True)
    (failure,) = window.desk.list.failures
    assert failure["traceback"] == "stack of the first"
    window.desk.list.add_fault({**crash, "hook": "map", "traceback": "in a run"})
    assert len(window.desk.list.failures) == 2


def test_a_missing_plugin_is_named_and_the_file_keeps_it(
    studio: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "needs.tempstudio"
    theirs = replace(studio.studio.project, mapper=ts.StrategyChoice("zigzag", "2", {"deep": 3}))
    ts.save(theirs, path)
    before = studio.studio.document.path
    project_file = path.read_text()
    path.write_text(project_file.replace('"machine"', '"needs": [{"plugin": "their-zigzag", '
                                         '"version": "4.2"}],\n  "machine"', 1))  # fmt: skip
    studio.studio.document.history.setClean()
    studio.files.open(path)
    wait(lambda: studio.studio.jobs.job is None)
    (banner,) = said(studio, "warning")
    assert banner.startswith("Mapper 'zigzag' is not installed; the file needs their-zigzag 4.2.")
    assert said(studio, "error") == []
    assert studio.model.tree.topLevelItemCount() > 0, "the rest is there"
    studio.studio.edit(lambda p: replace(p, notes="still mine"), "Notes")
    use_menu(studio, "File", "file.save")
    kept = read_project_file(path)
    assert kept.project.mapper == theirs.mapper and kept.project.notes == "still mine"
    assert kept.needs == ({"plugin": "their-zigzag", "version": "4.2"},)
    click(button_of(studio, "Use sequential"))
    wait(lambda: studio.studio.results.is_fresh)
    assert said(studio, "warning") == []
    use_menu(studio, "File", "file.save")
    assert read_project_file(path).needs == ()
    studio.files.open(before)
    wait(lambda: studio.studio.results.is_fresh)


def test_every_kind_of_plugin_can_be_begun(window: MainWindow, folder: Path) -> None:
    for kind in ("partitioner", "solver", "reader", "panel"):
        window.actions_[f"plugins.new.{kind}"].trigger()
        assert f"tempstudio_{kind}s" in (folder / f"my_{kind}.py").read_text()
    editors = window.findChildren(StrategyEditor)
    assert sorted(editor.path.stem for editor in editors) == sorted(
        f"my_{kind}" for kind in ("partitioner", "solver", "reader", "panel")
    )
    assert window.desk.leave_editors()


def test_the_editor_indents_and_asks_before_text_is_lost(window: MainWindow, folder: Path) -> None:
    window.desk.new_plugin("mapper")
    (editor,) = window.findChildren(StrategyEditor)
    editor.text.selectAll()
    QTest.keyClicks(editor.text, "def f():")
    QTest.keyClick(editor.text, Qt.Key.Key_Return)
    QTest.keyClicks(editor.text, "x")
    QTest.keyClick(editor.text, Qt.Key.Key_Tab)
    assert editor.text.toPlainText() == "def f():\n    x   "
    window.studio.document.history.setClean()
    window.close()
    assert window.isVisible() and editor.isVisible(), "the window waits for the answer"
    box = seen(editor, "editor.unsaved")
    assert isinstance(box, QMessageBox)
    click(box.button(QMessageBox.StandardButton.Save))
    assert (folder / "my_mapper.py").read_text() == "def f():\n    x\n"
    assert not editor.isVisible()
    again = folder / "my_mapper.py"
    again.chmod(0o600)
    window.desk.edit(again)
    editor = window.desk.editors[again]
    editor.text.insertPlainText("y")
    shutil.rmtree(folder)
    assert not editor.save() and "not saved" in editor.outcome.text()
    assert "y" in editor.text.toPlainText()
    editor.text.document().setModified(False)
    editor.close()
    folder.mkdir()
