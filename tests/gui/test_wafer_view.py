"""The wafer view alone: what it shows of runs, selections and themes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).parent.parent / "scene"))
from timelines_by_hand import make_timeline

from tempstudio.core.machine import Cluster, Wafer
from tempstudio.core.timeline import Timeline
from tempstudio.gui.selection import Chosen
from tempstudio.gui.views.wafer_view import WaferView
from tests.gui.wafer_hand import (
    FAULTY,
    LEFT,
    NONE,
    SMALL,
    at,
    heard,
    pixels,
    wafer_view,
    wheel,
)


@pytest.fixture
def view(qtbot: QtBot) -> WaferView:
    return wafer_view(qtbot)


@pytest.fixture
def timeline() -> Timeline:
    return make_timeline(Wafer())


def test_the_view_shows_the_frame_it_is_given(view: WaferView, timeline: Timeline) -> None:
    assert view.set_timeline(timeline)
    view.set_time(1.5e-4)
    picture = view.picture
    assert picture is not None and picture.chunks is not None
    assert len(picture.chunks.xy) == len(timeline.at(1.5e-4).transfers) > 0
    view.set_time(2.5e-4)
    assert view.picture is not picture


def test_a_timeline_of_another_machine_is_refused(view: WaferView) -> None:
    strange = make_timeline(Wafer(rows=5, cols=7))
    assert not view.set_timeline(strange)
    assert view.timeline is None
    assert view.picture is not None and view.picture.chunks is None


def test_an_edit_lets_go_of_the_old_run(view: WaferView, timeline: Timeline) -> None:
    view.set_timeline(timeline, 1.5e-4)
    view.set_project(Wafer(dead_dies=[(2, 2)]))
    assert view.timeline is None and view.frame is None
    assert view.picture is not None and view.picture.chunks is None


def test_selection_comes_from_outside(view: WaferView, timeline: Timeline) -> None:
    view.set_timeline(timeline, 1.5e-4)
    view.set_selection(Chosen(dies=(5,), operator="qkv"))
    assert view.marks.dies == (5,) and view.marks.operator == "qkv"
    assert view.picture is not None and view.picture.layer("selected") is not None
    view.set_selection(Chosen())
    assert view.picture.layer("selected") is None


def test_stale_shows_the_ribbon_and_no_chunk(view: WaferView, timeline: Timeline) -> None:
    view.set_timeline(timeline, 1.5e-4)
    view.set_stale("from before: dead link")
    assert view.picture is not None and view.picture.chunks is None
    target = view.target_at(view.point_of_die(3))
    assert target is not None and "computes" not in target.text
    view.set_stale("")
    assert view.picture.chunks is not None


def test_the_empty_view_offers_one_button(qtbot: QtBot) -> None:
    made = WaferView()
    qtbot.addWidget(made)
    made.resize(*SMALL)
    made.show()
    button = made.findChild(QPushButton, "wafer.empty_button")
    assert isinstance(button, QPushButton) and button.isVisible()
    asked = heard(made.empty_clicked)
    QTest.mouseClick(button, LEFT)
    assert len(asked) == 1
    made.set_project(Wafer(rows=2, cols=2))
    assert not button.isVisible()


def test_themes_change_what_is_seen(view: WaferView) -> None:
    light = pixels(view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)).copy()
    view.set_theme("dark")
    dark = pixels(view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32))
    assert (light != dark).any(axis=2).mean() > 0.9
    with pytest.raises(ValueError, match="allowed: light, dark"):
        view.set_theme("pink")


def test_interface_zoom_keeps_hits_right(view: WaferView) -> None:
    view.set_interface_zoom(1.5)
    clicks = heard(view.clicked)
    QTest.mouseClick(view, LEFT, NONE, at(view, 27))
    assert clicks[0][:2] == ("die", 27)


def test_double_click_on_the_bare_canvas_fits(view: WaferView) -> None:
    opened = heard(view.double_clicked)
    QTest.mouseDClick(view, LEFT, NONE, at(view, 5))
    assert opened == [("die", 5)]
    wheel(view, at(view, 0), 2)
    view.pan_by(400, 400)
    assert view.zoom > 1
    QTest.mouseDClick(view, LEFT, NONE, QPoint(4, 60))
    assert view.zoom == 1.0


def test_a_resize_keeps_the_zoom(view: WaferView, qtbot: QtBot) -> None:
    wheel(view, at(view, 20), 3)
    zoom = view.zoom
    view.resize(1000, 700)
    qtbot.waitUntil(lambda: view.picture is not None and view.picture.width == 1000)
    assert view.zoom == zoom


def test_painting_a_machine_of_any_kind(view: WaferView) -> None:
    for machine in (Cluster(nodes=2), Wafer(rows=1, cols=1), Wafer(rows=30, cols=60),
                    Wafer(rows=2, cols=2, wafers=3), FAULTY):  # fmt: skip
        view.set_project(machine)
        image = view.grab().toImage()
        colours = {image.pixel(x, y) for x in range(0, 772, 9) for y in range(60, 500, 7)}
        assert len(colours) > 2
