"""Panels of plugins: computed in a worker, drawn by the studio; a broken one is a sentence."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel

import tempstudio as ts
from tempstudio.core.errors import InputError
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views.figure_view import FigureView
from tempstudio.inquiries import figure_document
from tempstudio.scene.charts import ColumnBars, Heat, Traces
from tempstudio.scene.charts.figure import TablePart, TextPart, parts_of
from tempstudio.scene.tokens import THEMES
from tests.gui.conftest import DEFERRED_DELETE, child_processes, seen, use_menu, wait
from tests.worker.conftest import install_plugin

PANELS = """
import tempstudio as ts

def everything(run, time_s, selection):
    dies = selection.get("dies", [])
    return ts.Figure(
        f"All kinds at {1e3 * time_s:.3f} ms, dies {dies}",
        (
            ts.Lines("a line", (0.0, 1.0, 2.0), (3.0, 1.0, 2.0)),
            ts.Bars("bars", ("x", "y"), (1.0, 2.0)),
            ts.Image("load [%]", ((0.0, 1.0), (2.0, 3.0))),
            ts.Table(("what", "bytes [B]"), (("weights", 12.5), ("step", run.score.step_time_s))),
            ts.Text("A paragraph."),
        ),
        x_label="time [s]",
        y_label="power [W]",
    )

def broken(run, time_s, selection):
    raise ValueError("no such figure")

@ts.hookimpl
def tempstudio_panels():
    return [ts.Panel("everything", "Everything", everything, "all kinds of parts"),
            ts.Panel("broken", "Broken", broken)]
"""


def figure() -> dict[str, object]:
    made = ts.Figure(
        "f",
        (
            ts.Lines("a", (0.0, 1.0), (1.0, 2.0)),
            ts.Text("between"),
            ts.Lines("b", (0.0, 1.0), (2.0, 1.0)),
            ts.Bars("one", ("x", "y"), (1.0, 2.0)),
            ts.Bars("two", ("x", "y"), (3.0, -1.0)),
            ts.Image("i [B]", ((0.0, 1e9),)),
            ts.Table(("c",), (("r",),)),
        ),
        "time [ms]",
        "power [W]",
    )
    return figure_document(made)  # type: ignore[no-any-return]


def test_lines_share_a_chart_and_so_do_bars_of_the_same_names() -> None:
    parts = parts_of(figure())
    assert [type(part) for part in parts] == [Traces, TextPart, ColumnBars, Heat, TablePart]
    lines, bars = parts[0], parts[2]
    assert isinstance(lines, Traces) and [t.name for t in lines.traces] == ["a", "b"]
    assert isinstance(bars, ColumnBars) and [name for name, _ in bars.series] == ["one", "two"]
    assert bars.y.low < -1 and bars.y.high > 3
    assert lines.x.heading == "time [ms]"


@pytest.mark.parametrize(
    "part",
    [
        {"kind": "Lines", "label": "l", "x": [1.0], "y": []},
        {"kind": "Lines", "label": "l", "x": [float("nan")], "y": [1.0]},
        {"kind": "Bars", "label": "l", "names": ["a"], "values": [1.0, 2.0]},
        {"kind": "Image", "label": "l", "values": [[1.0], [1.0, 2.0]]},
        {"kind": "Image", "label": "l", "values": []},
        {"kind": "Widget"},
    ],
)
def test_a_part_that_is_not_what_it_says_is_one_line(
    qapp: QApplication, part: dict[str, object]
) -> None:
    document = {"title": "t", "x_label": "", "y_label": "", "parts": [part]}
    with pytest.raises(InputError) as caught:
        parts_of(document)
    assert "\n" not in str(caught.value)
    view = FigureView("x", THEMES["light"])
    view.show_figure(document)
    assert "cannot be drawn" in view.sentence.text() and not view.charts


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory, qapp: QApplication) -> Iterator[MainWindow]:
    """A window whose workers find the plugin with these panels."""
    from tempstudio.gui import app as studio_app
    from tempstudio.storage.settings import Settings

    threads, processes = set(threading.enumerate()), child_processes()
    patch = pytest.MonkeyPatch()
    site = tmp_path_factory.mktemp("site")
    install_plugin(site, "their-panels", PANELS)
    patch.setenv("PYTHONPATH", str(site))
    Settings().set("start_seen", True)
    project = ts.Project(
        machine=ts.Wafer(rows=2, cols=2),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=4, seq_len=512),
    )
    path = tmp_path_factory.mktemp("panels") / "small.tempstudio"
    ts.save(project, path)
    window = studio_app.make_window(qapp, path)
    window.show()
    wait(lambda: window.is_furnished and window.studio.results.is_fresh, 60)
    wait(lambda: "everything" in window.panelling.views, 60)
    yield window
    patch.undo()
    window.studio.document.history.setClean()
    window.close()
    window.deleteLater()
    qapp.sendPostedEvents(None, DEFERRED_DELETE)
    wait(lambda: not child_processes() - processes, 5)
    assert not set(threading.enumerate()) - threads


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """The module's window lives on between its tests; its fixture counts at the end."""


def show_panel(window: MainWindow, name: str) -> FigureView:
    """Bring a panel to the front."""
    if not window.docks["panels"].isVisible():
        use_menu(window, "View", "view.dock.panels")
        wait(lambda: window.panelling.tabs.isVisible())
    view = window.panelling.views[name]
    window.panelling.tabs.setCurrentWidget(view)
    window.studio.playback.pause()
    return view


def test_every_kind_of_part_is_drawn_and_follows_the_moment(plugged: MainWindow) -> None:
    view = show_panel(plugged, "everything")
    wait(lambda: view.charts and view.charts[0].chart)
    assert [type(chart.chart) for chart in view.charts] == [Traces, ColumnBars, Heat]
    (table,) = view.tables
    assert table.item(0, 0).text() == "weights" and table.item(0, 1).text() == "12.5"  # type: ignore[union-attr]
    texts = [label.text() for label in view.findChildren(QLabel)]
    assert "A paragraph." in texts
    plugged.studio.playback.seek(0.001)
    wait(lambda: "at 1.000 ms" in view.title.text())
    plugged.studio.selection.select_dies((2,))
    wait(lambda: "dies [2]" in view.title.text())
    pixels = {}
    for theme in ("light", "dark"):
        plugged.look.choose(theme)
        pixels[theme] = view.charts[0].grab().toImage()
    assert pixels["light"] != pixels["dark"]
    view.charts[0].copy()
    assert not QGuiApplication.clipboard().pixmap().isNull()


def test_a_broken_panel_is_a_sentence_and_the_others_go_on(plugged: MainWindow) -> None:
    view = show_panel(plugged, "broken")
    wait(lambda: "no such figure" in view.sentence.text())
    assert "their-panels" in view.sentence.text()
    plugged.studio.playback.seek(0.002)
    other = show_panel(plugged, "everything")
    wait(lambda: "at 2.000 ms" in other.title.text())


def test_without_panels_the_dock_says_how_to_get_one(window: MainWindow) -> None:
    window.docks.show("panels")
    assert "No plugin offers a panel" in window.panelling.empty.text()
    assert seen(window, "panels")
