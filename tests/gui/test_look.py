"""Light and dark: different pictures, readable inks, nothing left in the other theme."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui.main_window import MainWindow
from tempstudio.scene.cards import fitting_name, padding, text_px
from tempstudio.scene.furniture import CAPTION_PX
from tempstudio.scene.legend import HEIGHT_PX
from tempstudio.scene.tokens import DARK, LIGHT, Tokens, contrast, mix
from tests.gui.conftest import Furnish, use_menu


def mean_light(image: QImage) -> float:
    small = image.scaled(64, 40)
    values = [small.pixelColor(x, y).lightnessF() for x in range(64) for y in range(40)]
    return sum(values) / len(values)


def test_every_part_of_the_window_is_light_or_dark(
    furnish: Furnish, small_project: Project, small_run: ts.Run
) -> None:
    window = furnish(small_project, small_run, theme="light")
    parts = {
        "wafer": window.wafer, "model": window.model, "strategy": window.strategy,
        "gauges": window.gauges, "timeline": window.timeline, "transport": window.transport,
        "inspector": window.inspector, "toolbar": window.toolbar, "status": window.status,
    }  # fmt: skip
    light = {name: mean_light(part.grab().toImage()) for name, part in parts.items()}
    window.choose_theme("dark")
    QApplication.processEvents()
    dark = {name: mean_light(part.grab().toImage()) for name, part in parts.items()}
    assert {name for name in parts if light[name] <= dark[name] + 0.2} == set()
    assert window.settings.get("theme", "") == "dark"
    window.choose_theme("light")


def test_the_theme_is_chosen_from_the_menu(window: MainWindow) -> None:
    use_menu(window, "View", "view.theme.dark")
    assert window.look.tokens is DARK
    assert window.actions_["view.theme.dark"].isChecked()
    use_menu(window, "View", "view.theme.light")
    assert window.look.tokens is LIGHT


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_labels_on_the_timeline_can_be_read(tokens: Tokens) -> None:
    for ink in tokens.roles.values():
        assert contrast(tokens.text, mix(ink, tokens.canvas, 0.42)) >= 4.5
        assert contrast(ink, tokens.canvas) >= 3.0, "the upper edge marks the box"


@pytest.mark.parametrize("size", [(1024, 640), (1280, 800), (2560, 1440)])
def test_the_window_fits_its_sizes(
    furnish: Furnish, small_project: Project, small_run: ts.Run, size: tuple[int, int]
) -> None:
    window = furnish(small_project, small_run, size=size)
    assert (window.width(), window.height()) == size
    assert window.docks["left"].isVisible() == (size[0] > 1120), "the left dock goes first"
    assert window.wafer.width() >= 500
    if size == (1280, 800):
        assert window.docks["left"].width() == pytest.approx(248, abs=8), "four tabs fit"
        assert window.docks["gauges"].width() == pytest.approx(272, abs=8)
        assert window.docks["timeline"].height() == pytest.approx(176, abs=8)
    if size == (2560, 1440):
        assert window.docks["left"].width() == pytest.approx(320, abs=8)
        assert window.docks["gauges"].width() == pytest.approx(400, abs=8)
        assert window.docks["timeline"].height() == pytest.approx(280, abs=8)


def test_dies_of_the_first_sample_are_as_large_as_the_brief_says(
    furnish: Furnish, small_project: Project, small_run: ts.Run
) -> None:
    window = furnish(small_project, small_run)
    window.wafer.set_project(ts.Wafer(rows=6, cols=8))
    layout = window.wafer.layout_of_dies
    assert layout is not None and layout.detail == "card"
    assert 51 <= layout.die_px <= 58
    assert layout.gap_px == pytest.approx(layout.die_px / 3, abs=1)
    room = layout.die_px - padding(layout)
    for operator in ("gate_up", "activation", "attention", "residual", "output"):
        assert "…" not in fitting_name(operator, text_px(layout), room), "a card is legible"
    left, top, wide, tall = layout.content
    assert top >= CAPTION_PX and top + tall <= window.wafer.height() - HEIGHT_PX
    assert left >= 0 and left + wide <= window.wafer.width()


def test_a_wider_window_brings_the_left_dock_back(furnish: Furnish, small_project: Project) -> None:
    window = furnish(small_project, size=(1024, 640))
    assert not window.docks["left"].isVisible()
    window.resize(1400, 800)
    assert window.docks["left"].isVisible()


def test_no_text_of_the_gauges_is_cut(
    furnish: Furnish, small_project: Project, small_run: ts.Run
) -> None:
    window = furnish(small_project, small_run)
    body = window.gauges.widget()
    assert body is not None
    assert body.width() <= window.gauges.viewport().width()
    assert window.gauges.horizontalScrollBar().maximum() == 0


def test_extra_docks_stack_behind_tabs_and_leave_the_menus_free(
    furnish: Furnish, small_project: Project
) -> None:
    from PySide6.QtCore import QPoint, QRect
    from PySide6.QtWidgets import QTabBar

    window = furnish(small_project)
    for name in ("history", "log"):
        use_menu(window, "View", f"view.dock.{name}")
        assert window.docks[name].isVisible()
    assert window.tabifiedDockWidgets(window.docks["log"]) == [window.docks["history"]]
    bar = window.menuBar()
    menus = QRect(bar.mapTo(window, QPoint(0, 0)), bar.size())
    for tabs in window.findChildren(QTabBar):
        place = QRect(tabs.mapTo(window, QPoint(0, 0)), tabs.size())
        assert not tabs.isVisible() or not place.intersects(menus)
    window.docks.reset()
    assert not window.docks["log"].isVisible()


@pytest.mark.parametrize("name", ["explain", "panels", "history", "log"])
def test_extra_docks_leave_the_side_docks_as_they_are(
    furnish: Furnish, small_project: Project, small_run: ts.Run, name: str
) -> None:
    window = furnish(small_project, small_run)
    before = [window.docks[side].width() for side in ("left", "gauges")]
    window.docks.show(name)
    QApplication.processEvents()
    assert [window.docks[side].width() for side in ("left", "gauges")] == before
    bar = window.left.tabBar()
    assert bar.tabRect(bar.count() - 1).right() <= bar.width(), "four tabs fit"


def test_extra_docks_lie_over_the_timeline_in_a_narrow_window(
    furnish: Furnish, small_project: Project, small_run: ts.Run
) -> None:
    window = furnish(small_project, small_run, size=(1024, 640))
    timeline = window.docks["timeline"]
    wide = timeline.width()
    use_menu(window, "View", "view.dock.history")
    assert window.docks["history"] in window.tabifiedDockWidgets(timeline)
    QApplication.processEvents()
    assert window.docks["history"].width() == wide, "nothing is squeezed"
    assert window.docks["gauges"].width() >= 264
    window.docks.reset()
    assert timeline.isVisible()


@pytest.mark.parametrize("zoom", [1.0, 1.25])
def test_figures_are_whole_in_the_smallest_window(
    furnish: Furnish, small_project: Project, small_run: ts.Run, zoom: float
) -> None:
    window = furnish(small_project, small_run, size=(1024, 640))
    window.zoom.set(zoom)
    QApplication.processEvents()
    try:
        for button in window.gauges.figures.values():
            place = button.geometry()  # in screen pixels, as the hint is
            assert place.right() <= window.gauges.viewport().width()
            assert place.width() >= button.sizeHint().width() - 1, button.objectName()
    finally:
        window.zoom.set(1.0)


def test_messages_do_not_move_what_lies_below(window: MainWindow) -> None:
    before = window.wafer.geometry()
    for text in ("one line", "several lines " * 40):
        window.studio.say(text)
        QApplication.processEvents()
        assert window.wafer.geometry() == before
    heights = [line.height() for line in window.messages._lines]
    assert heights[0] >= 30 and heights[1] > heights[0], "a long one wraps and is not cut"
    assert sum(heights) == window.messages.height()
