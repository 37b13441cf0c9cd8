"""Files and the clipboard: what comes out of the window is what it shows."""

from __future__ import annotations

import csv
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget

import tempstudio as ts
from tempstudio.gui import exports
from tempstudio.gui.dialogs.picture_dialog import PictureDialog
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views.table_text import table_text
from tempstudio.scene.format import seconds
from tests.gui.conftest import activate, choose, click, result_of, said, seen, wait
from tests.gui.test_files import type_name


def open_export(window: MainWindow, action: str) -> None:
    """File > Export > a line, with the mouse."""
    bar, popup = window.menuBar(), window.menus["File"]
    click(bar, bar.actionGeometry(popup.menuAction()).center())
    inner = popup.findChild(QMenu, "menu.export")
    assert isinstance(inner, QMenu)
    click(popup, popup.actionGeometry(inner.menuAction()).center())
    assert inner.isVisible()
    click(inner, inner.actionGeometry(window.actions_[action]).center())


def written(window: MainWindow, path: Path) -> Path:
    """Wait until the message says that the file is there."""
    wait(lambda: any(text == f"Wrote {path.name}" for text in said(window)), 60)
    assert path.is_file()
    window.messages.clear()
    return path


@pytest.fixture
def folder(live: MainWindow) -> Path:
    """Where the live window's project lies, and its dialogs begin."""
    assert live.studio.document.path is not None
    live.messages.clear()
    wait(lambda: live.studio.results.is_fresh)
    live.studio.playback.pause()
    return live.studio.document.path.parent


def test_a_picture_of_this_moment_from_the_menu(live: MainWindow, folder: Path) -> None:
    live.studio.playback.seek(live.studio.playback.timeline.duration_s * 0.3)  # type: ignore[union-attr]
    open_export(live, "file.export.picture")
    dialog = seen(live, "picture_dialog")
    assert isinstance(dialog, PictureDialog)
    moment = seen(dialog, "picture_dialog.moment").text()  # type: ignore[attr-defined]
    assert moment.startswith(seconds(live.studio.playback.time_s))
    shown, drawn = live.wafer.grab().toImage(), dialog.preview.picture
    assert drawn is not None
    die = live.wafer.point_of_die(0) - QPointF(0, 6)  # off its words
    share = drawn.width() / live.wafer.width()
    here = drawn.toImage().pixelColor((die * share).toPoint())
    there = shown.pixelColor((die * shown.devicePixelRatio()).toPoint())
    apart = [abs(a - b) for a, b in zip(here.getRgb(), there.getRgb(), strict=True)]
    assert max(apart) < 60, "the dies have the colours of the window"
    before = dialog.preview.grab().toImage()
    choose(dialog, "picture_dialog.theme", "Dark")
    assert dialog.preview.grab().toImage() != before, "the preview follows"
    choose(dialog, "picture_dialog.size", "1920 × 1080")
    click(seen(dialog, "picture_dialog.ok"))
    type_name(live, folder / "dark.png")
    image = QImage(str(written(live, folder / "dark.png")))
    assert (image.width(), image.height()) == (1920, 1080)
    assert image.pixelColor(5, 540).lightness() < 60


def test_the_report_from_the_menu_says_what_the_gauges_say(live: MainWindow, folder: Path) -> None:
    open_export(live, "file.export.report")
    type_name(live, folder / "run.html")
    html = written(live, folder / "run.html").read_text(encoding="utf-8")
    figure = live.gauges.figures["step_time_s"].figure
    assert f"{figure.number}<span" in html
    assert "tempstudio run" in html and "--parallel" in html
    assert live.studio.results.current is not None
    assert live.studio.results.current.document["fingerprint"] in html


def test_tables_and_trace_from_the_menu(live: MainWindow, folder: Path) -> None:
    open_export(live, "file.export.links")
    type_name(live, folder / "links.csv")
    with written(live, folder / "links.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    result = live.studio.results.current
    assert result is not None
    assert [float(row["step_bytes"]) for row in rows] == result.timeline.step_link_bytes.tolist()
    open_export(live, "file.export.trace")
    type_name(live, folder / "step.json")
    document = json.loads(written(live, folder / "step.json").read_text())
    assert len(document["traceEvents"]) > 100


@pytest.mark.skipif(find_spec("PIL") is None, reason="GIF needs Pillow")
def test_a_movie_of_the_chosen_range_and_none_after_cancel(live: MainWindow, folder: Path) -> None:
    from PIL import Image

    whole = live.studio.playback.timeline.duration_s  # type: ignore[union-attr]
    live.studio.selection.select_range((0.1 * whole, 0.1 * whole * 1.01))
    open_export(live, "file.export.movie")
    dialog = seen(live, "picture_dialog")
    assert isinstance(dialog, PictureDialog)
    assert dialog.stretch.currentText().startswith("the chosen range")
    dialog.length.setValue(1.0)
    assert seen(dialog, "picture_dialog.note").text().startswith("20 pictures")  # type: ignore[attr-defined]
    options = {**dialog.options, "movie_s": 100.0}
    click(seen(dialog, "picture_dialog.ok"))
    type_name(live, folder / "range.gif")
    with Image.open(written(live, folder / "range.gif")) as movie:
        assert movie.n_frames > 1
    live.exports.write("movie", folder / "long.gif", options)
    wait(lambda: live.studio.jobs.job is not None and live.studio.jobs.job.fraction > 0)
    click(seen(live, "status.cancel"))
    wait(lambda: live.studio.jobs.job is None)
    assert "long.gif was not written." in said(live)
    assert not [path for path in folder.iterdir() if "long" in path.name]
    live.studio.selection.clear()


def test_an_exporter_of_a_plugin_is_in_the_menu(live: MainWindow, folder: Path) -> None:
    wait(lambda: live.studio.catalogue)
    offers = exports.exporters_in(live.studio.catalogue)
    if not offers:
        pytest.skip("no plugin with an exporter is installed")
    popup = live.menus["File"].findChild(QMenu, "menu.export")
    assert isinstance(popup, QMenu)
    popup.popup(live.mapToGlobal(QPoint(50, 50)))
    lines = [line for line in popup.actions() if line.objectName().startswith("file.export.plugin")]
    assert [line.text() for line in lines] == [f"{offer['name']}…" for offer in offers]
    line = next(line for line in lines if line.objectName().endswith("power-table"))
    click(popup, popup.actionGeometry(line).center())
    type_name(live, folder / "power.csv")
    head = written(live, folder / "power.csv").read_text().splitlines()[0]
    assert head == "time_s,compute_w,links_w"


def test_what_cannot_be_written_is_said(live: MainWindow, folder: Path) -> None:
    live.exports.write("report", folder / "nowhere" / "run.html", {})
    wait(lambda: said(live, "error"))
    (line,) = said(live, "error")
    assert "does not exist" in line
    live.messages.clear()


def test_without_a_plan_nothing_is_asked(window: MainWindow) -> None:
    from dataclasses import replace

    window.studio.set_live(False)
    window.studio.edit(lambda p: replace(p, seed=4), "Seed 4")
    window.actions_["file.export.picture"].trigger()
    assert said(window) == ["There is no plan of this project yet to write."]
    assert window.findChild(QWidget, "picture_dialog") is None
    window.studio.document.undo()


def test_movies_say_which_library_is_missing(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "find_spec", lambda name: None)
    window.actions_["file.export.movie"].trigger()
    dialog = seen(window, "picture_dialog")
    choose(dialog, "picture_dialog.format", "MP4")
    note = seen(dialog, "picture_dialog.note")
    assert note.text() == 'MP4 needs imageio-ffmpeg: pip install "tempstudio[movie]"'  # type: ignore[attr-defined]
    assert not seen(dialog, "picture_dialog.ok").isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    activate(window)


def test_copy_as_picture_takes_the_view_with_the_focus(window: MainWindow) -> None:
    window.timeline.setFocus()
    window.actions_["edit.copy_picture"].trigger()
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (window.timeline.width(), window.timeline.height())
    window.wafer.setFocus()
    window.actions_["edit.copy_picture"].trigger()
    assert QGuiApplication.clipboard().image().height() == window.wafer.height()


def test_copy_as_table_gives_rows_with_tabs(window: MainWindow, small_run: ts.Run) -> None:
    window.inspector.setCurrentIndex(2)
    table = window.inspector.links
    table.setFocus()
    window.actions_["edit.copy_table"].trigger()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 1 + len(small_run.timeline.link_source)
    assert {line.count("\t") for line in lines} == {lines[0].count("\t")}
    assert table_text(table)[2] == len(lines) - 1
    assert QGuiApplication.clipboard().mimeData().html().count("<tr>") == len(lines)
    window.wafer.setFocus()
    window.messages.clear()
    window.actions_["edit.copy_table"].trigger()
    assert said(window) == ["Click the table that shall be copied first."]


def test_what_is_exported_is_the_run_on_screen(window: MainWindow, small_run: ts.Run) -> None:
    """Project, document and timeline go to the worker, not only the project."""
    asked = {}

    def ask(verb: str, header: dict[str, object], *rest: object, **more: object) -> None:
        asked.update(header, verb=verb, **more)

    window.studio.jobs.ask = ask  # type: ignore[method-assign, assignment]
    window.exports.write("dies", Path("dies.csv"), {})
    shown = result_of(small_run)
    assert asked["verb"] == "export" and asked["document"] == shown.document
    arrays = asked["arrays"]
    assert arrays["spans.start_s"] is small_run.timeline.spans.start_s  # type: ignore[index]


def test_the_table_in_focus_is_saved_as_it_is_shown(
    window: MainWindow, small_run: ts.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    window.inspector.setCurrentIndex(1)
    window.inspector.dies.setFocus()
    window.actions_["file.export.table"].trigger()
    type_name(window, tmp_path / "dies.csv")
    with (tmp_path / "dies.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert len(rows) == small_run.project.machine.die_count
    shown = window.inspector.dies.model()
    assert rows[0][0] == str(shown.index(0, 0).data())
    assert "Wrote dies.csv" in said(window)
    window.wafer.setFocus()
    window.messages.clear()
    window.actions_["file.export.table"].trigger()
    assert said(window) == ["Click the table that shall be saved first."]
