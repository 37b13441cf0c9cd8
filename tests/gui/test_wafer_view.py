"""The wafer view under a person's mouse and keys, and the painter that draws it."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).parent.parent / "scene"))
from timelines_by_hand import make_timeline

from tempstudio.core.machine import Cluster, Machine, Wafer
from tempstudio.core.timeline import Timeline
from tempstudio.gui.batches import draw_fragments, draw_lines, draw_rects
from tempstudio.gui.colours import qcolor
from tempstudio.gui.painter import DisplayListPainter
from tempstudio.gui.selection import Chosen
from tempstudio.gui.theme import apply_theme, palette, points, stylesheet
from tempstudio.gui.views.wafer_view import Stroke, Target, WaferView
from tempstudio.scene.display_list import DisplayList, Texts
from tempstudio.scene.tokens import DARK, LIGHT, THEMES, rgb
from tempstudio.scene.wafer import View, build, lay_ground, roles_of, wafer_picture
from tests.gui.conftest import CountingPainter

MOST_CALLS = 64
SMALL, LARGE = (772, 543), (1600, 1000)
FAULTY = Wafer(
    dead_dies=[(1, 2)], dead_links=[((0, 0), (0, 1))], core_yield=[(0, 5, 0.9), (5, 1, 0.5)]
)
NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def painted(
    picture: DisplayList, dpr: float = 1.0, painter_of: DisplayListPainter | None = None
) -> tuple[QImage, Counter[str]]:
    image = QImage(
        round(picture.width * dpr), round(picture.height * dpr), QImage.Format.Format_RGB32
    )
    image.setDevicePixelRatio(dpr)
    painter = QPainter(image)
    counting = CountingPainter(painter)
    (painter_of or DisplayListPainter()).paint(counting, picture, dpr)  # type: ignore[arg-type]
    painter.end()
    return image, counting.calls


def pixels(image: QImage) -> np.ndarray:
    """Blue, green, red of every pixel [height, width, 3]."""
    rows = np.frombuffer(image.constBits(), dtype=np.uint8)
    return rows.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width(), :3].copy()


def card_texts(picture: DisplayList) -> int:
    return sum(
        len(layer.text) for layer in picture.layers() if isinstance(layer, Texts) and layer.card
    )


# The painter


@pytest.mark.parametrize(
    ("machine", "size"),
    [
        (Wafer(), SMALL),
        (FAULTY, LARGE),
        (Wafer(rows=12, cols=16, dead_dies=[(0, 0)]), SMALL),
        (Wafer(rows=12, cols=16), LARGE),
        (Wafer(rows=80, cols=95, dead_dies=[(0, 0)]), LARGE),
        (Wafer(wafers=3), LARGE),
        (Cluster(nodes=6), LARGE),
    ],
)
def test_at_most_64_painter_calls_a_frame(
    qapp: QApplication, machine: Machine, size: tuple[int, int]
) -> None:
    """With every memory level on the wafer and everything marked, the dies painted afresh.

    Background, outlines, legend and numbers are a pixmap from the layout on.
    """
    timeline = make_timeline(machine, far=200)
    ground = lay_ground(machine, *size, View(), roles_of(timeline))
    frame = timeline.at(timeline.duration_s / 3)
    spread = np.linspace(0, 1.2, machine.die_count) * timeline.capacity_bytes
    frame = replace(frame, memory=frame.memory * 0 + spread / len(frame.memory))
    frame = replace(frame, link_utilization=np.linspace(0, 1, len(timeline.link_source)))
    from tempstudio.scene.marks import Marks

    marks = Marks(dies=(1, 3), hovered_die=2, focus=3, band=(5.0, 5.0, 50.0, 50.0))
    for chosen in (Marks(), marks):
        picture = build(ground, timeline, frame, chosen)
        assert picture.chunks is not None and len(picture.chunks.xy)
        _, calls = painted(picture)
        assert calls.total() - card_texts(picture) <= MOST_CALLS, calls


def test_calls_do_not_grow_with_the_mesh(qapp: QApplication) -> None:
    totals = []
    for rows, cols in ((12, 16), (15, 20)):
        machine = Wafer(rows=rows, cols=cols)
        picture = wafer_picture(machine, make_timeline(machine), 2.4e-4, *SMALL)
        totals.append(painted(picture)[1].total())
    assert totals[0] == totals[1]


def test_the_standing_picture_is_painted_once(qapp: QApplication) -> None:
    """From the third equal frame on cards cost one call, and no pixel changes."""
    timeline = make_timeline(Wafer())
    ground = lay_ground(Wafer(), *SMALL)
    pictures = [build(ground, timeline, timeline.at(1.0e-5 + i * 1e-8)) for i in range(3)]
    keeping = DisplayListPainter()
    results = [painted(picture, painter_of=keeping) for picture in pictures]
    assert results[0][1]["drawStaticText"] > 48
    assert results[2][1]["drawStaticText"] <= 3
    fresh, _ = painted(pictures[2])
    assert np.array_equal(pixels(results[2][0]), pixels(fresh))


@pytest.mark.parametrize("machine", [Wafer(), Wafer(rows=12, cols=16), Wafer(rows=40, cols=40)])
@pytest.mark.parametrize("dpr", [1.0, 2.0])
def test_light_and_dark_pictures_differ_everywhere(
    qapp: QApplication, machine: Machine, dpr: float
) -> None:
    timeline = make_timeline(machine)
    found = {}
    for theme in THEMES:
        view = View(theme=theme, dpr=dpr)
        picture = wafer_picture(machine, timeline, 1.5e-4, *SMALL, view=view)
        found[theme] = pixels(painted(picture, dpr)[0])
        assert found[theme].shape[:2] == (SMALL[1] * dpr, SMALL[0] * dpr)
    assert (found["light"] != found["dark"]).any(axis=2).mean() > 0.35
    assert found["light"].mean() > found["dark"].mean() + 20
    corner = tuple(found["dark"][2, 2][::-1].tolist())
    assert corner == rgb(DARK.canvas)


def test_pixels_are_where_the_display_list_says(qapp: QApplication) -> None:
    """Tolerance golden: the middle of each thing has the thing's own colour."""
    timeline = make_timeline(FAULTY)
    picture = wafer_picture(FAULTY, timeline, 2.4e-4, *SMALL)
    ground = lay_ground(FAULTY, *SMALL)
    seen = pixels(painted(picture)[0])[:, :, ::-1].astype(int)
    chunks = picture.chunks
    assert chunks is not None and len(chunks.xy)
    reach = chunks.size_px / 2 - 2.5
    for (x, y), look in zip(chunks.xy.tolist(), chunks.look.tolist(), strict=True):
        corner = seen[int(y - reach), int(x + reach)]
        near = np.hypot(*(chunks.xy - [x, y]).T) < chunks.size_px * 1.5
        if near.sum() == 1:  # another chunk may lie on top
            assert np.abs(corner - rgb(chunks.looks[look].fill)).max() < 40
    dies = picture.layer("dies")
    for bucket, fill in enumerate(dies.fill):  # type: ignore[union-attr]
        for x, y, width, height in dies.xywh[dies.start[bucket] : dies.start[bucket + 1]]:  # type: ignore[union-attr]
            middle = seen[int(y + height * 0.42), int(x + width * 0.5)]
            assert np.abs(middle - rgb(fill)).max() <= 2
    at = ground.layout.die_xywh[FAULTY.die_id((1, 2))]
    inside = seen[int(at[1]) + 4 : int(at[1] + at[3]) - 4, int(at[0]) + 4 : int(at[0] + at[2]) - 4]
    colours = {tuple(pixel) for pixel in inside.reshape(-1, 3).tolist()}
    assert rgb(LIGHT.canvas) in colours and rgb(LIGHT.control) in colours


def test_arrays_reach_qt_as_they_are(qapp: QApplication) -> None:
    rng = np.random.default_rng(0)
    image = QImage(200, 200, QImage.Format.Format_RGB32)
    image.fill(0)
    boxes = np.column_stack([rng.integers(0, 180, (40, 2)), rng.integers(1, 20, (40, 2))]) * 1.0
    expected = np.zeros((200, 200), dtype=bool)
    for x, y, width, height in boxes.astype(int).tolist():
        expected[y : y + height, x : x + width] = True
    painter = QPainter(image)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(qcolor("#FFFFFF"))
    draw_rects(painter, boxes[:, :])
    painter.end()
    assert np.array_equal(pixels(image)[:, :, 0] == 255, expected)
    image.fill(0)
    painter = QPainter(image)
    painter.setPen(qcolor("#FFFFFF"))
    draw_lines(painter, np.array([[10.0, 20.0, 50.0, 20.0], [5.0, 5.0, 5.0, 9.0]]))
    painter.end()
    drawn = pixels(image)[:, :, 0] == 255
    assert drawn[20, 10:51].all() and drawn[5:10, 5].all() and drawn.sum() == 46


def test_sprites_land_on_whole_pixels(qapp: QApplication) -> None:
    from PySide6.QtGui import QPixmap

    image = QImage(60, 60, QImage.Format.Format_RGB32)
    image.fill(0)
    piece = QPixmap(4, 4)
    piece.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    centres = np.array([[10.3, 10.3], [30.7, 40.2]])
    draw_fragments(painter, piece, centres, np.zeros(2), (4, 4), 1.0)
    painter.end()
    values = set(np.unique(pixels(image)).tolist())
    assert values == {0, 255}
    assert (pixels(image)[:, :, 0] == 255).sum() == 32


def test_alpha_follows_the_colour() -> None:
    assert qcolor("#11223344").getRgb() == (0x11, 0x22, 0x33, 0x44)
    assert qcolor("#112233").alpha() == 255


# The theme


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda tokens: tokens.name)
def test_the_palette_is_the_token_table(qapp: QApplication, tokens: Any) -> None:
    made = palette(tokens)
    assert made.window().color().name().upper() == tokens.window
    assert made.base().color().name().upper() == tokens.surface
    assert made.text().color().name().upper() == tokens.text
    assert made.highlight().color().name().upper() == tokens.accent
    sheet = stylesheet(tokens)
    assert tokens.accent in sheet
    images = re.findall(r"url\((.+?)\)", sheet)
    assert len(set(images)) == 4 and all(Path(image).is_file() for image in images)


def test_no_text_is_under_eight_points() -> None:
    assert min(points(role) for role in ("caption", "body", "heading", "figure")) >= 8
    assert points("caption", zoom=0.5) == 8


@pytest.fixture
def dressed(qapp: QApplication) -> Iterator[QApplication]:
    before = qapp.palette(), qapp.font(), qapp.styleSheet()
    yield qapp
    qapp.setPalette(before[0])
    qapp.setFont(before[1])
    qapp.setStyleSheet(before[2])


def test_a_themed_window_is_really_dark(qtbot: QtBot, dressed: QApplication) -> None:
    shown = {}
    for theme in ("light", "dark"):
        apply_theme(dressed, theme)
        button = QPushButton("Run")
        qtbot.addWidget(button)
        button.show()
        shown[theme] = button.grab().toImage().pixelColor(12, 6).lightness()
    assert shown["light"] > 180 > 90 > shown["dark"]


# The view


@pytest.fixture
def view(qtbot: QtBot) -> WaferView:
    made = WaferView()
    qtbot.addWidget(made)
    made.resize(*SMALL)
    made.set_project(Wafer())
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def timeline() -> Timeline:
    return make_timeline(Wafer())


def at(view: WaferView, die: int) -> QPoint:
    return view.point_of_die(die).toPoint()


def heard(signal: Any) -> list[Any]:
    """What a signal carries from now on."""
    found: list[Any] = []
    signal.connect(lambda *values: found.append(values if len(values) != 1 else values[0]))
    return found


def drag(
    view: WaferView, start: QPoint, end: QPoint, modifier: Any = NONE, button: Any = LEFT
) -> None:
    QTest.mousePress(view, button, modifier, start)
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(view, start + (end - start) * share)
    QTest.mouseRelease(view, button, modifier, end)


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


def test_click_hover_and_leave(view: WaferView, timeline: Timeline) -> None:
    view.set_timeline(timeline)
    clicks, hovers = heard(view.clicked), heard(view.hovered)
    QTest.mouseClick(view, LEFT, NONE, at(view, 9))
    QTest.mouseClick(view, LEFT, CTRL, at(view, 10))
    QTest.mouseClick(view, LEFT, NONE, view.point_of_link(3, 4).toPoint())
    QTest.mouseClick(view, LEFT, NONE, QPoint(60, 300))
    assert [click[:2] for click in clicks] == [
        ("die", 9), ("die", 10), ("link", (3, 4)), ("canvas", None),
    ]  # fmt: skip
    assert clicks[1][2] == CTRL
    QTest.mouseMove(view, at(view, 20))
    assert isinstance(hovers[-1], Target) and hovers[-1].id == 20
    assert hovers[-1].text.startswith("Die 2,4")
    assert view.marks.hovered_die == 20
    count = len(hovers)
    QTest.mouseMove(view, at(view, 20) + QPoint(3, 3))
    assert len(hovers) == count  # the same die is told once


def test_both_directions_of_a_link_can_be_pointed_at(view: WaferView) -> None:
    clicks = heard(view.clicked)
    for ends in ((3, 4), (4, 3), (3, 11), (11, 3)):
        QTest.mouseClick(view, LEFT, NONE, view.point_of_link(*ends).toPoint())
    assert [click[1] for click in clicks] == [(3, 4), (4, 3), (3, 11), (11, 3)]


def test_a_rubber_band_selects_what_it_touches(view: WaferView) -> None:
    bands, clicks = heard(view.band_selected), heard(view.clicked)
    drag(view, at(view, 0) + QPoint(5, 5), at(view, 18), SHIFT)
    assert set(bands[0][0]) == {0, 1, 2, 8, 9, 10, 16, 17, 18} and bands[0][1] == SHIFT
    assert not clicks and view.marks.band is None


@pytest.mark.parametrize(("modifier", "erase"), [(NONE, False), (ALT, True)])
def test_a_drag_with_a_tool_is_one_stroke(
    view: WaferView, modifier: Qt.KeyboardModifier, erase: bool
) -> None:
    view.set_tool("dead_die")
    edits, begun, ended = (
        heard(view.edit_requested), heard(view.stroke_started), heard(view.stroke_finished)
    )  # fmt: skip
    drag(view, at(view, 8), at(view, 13), modifier)
    drag(view, at(view, 0), at(view, 0), modifier)
    first = [edit for edit in edits if edit.merge_key == edits[0].merge_key]
    assert sorted(die for edit in first for die in edit.dies) == [8, 9, 10, 11, 12, 13]
    assert all(isinstance(edit, Stroke) and edit.tool == "dead_die" for edit in edits)
    assert {edit.erase for edit in edits} == {erase}
    assert len(begun) == len(ended) == len({edit.merge_key for edit in edits}) == 2


def test_the_link_tool_breaks_links_and_leaves_dies_alone(view: WaferView) -> None:
    view.set_tool("dead_link")
    edits = heard(view.edit_requested)
    QTest.mouseClick(view, LEFT, NONE, view.point_of_link(4, 3).toPoint())
    QTest.mouseClick(view, LEFT, NONE, at(view, 30))
    assert [(edit.links, edit.dies) for edit in edits] == [(((3, 4),), ())]


def test_a_fast_hand_skips_no_die(view: WaferView) -> None:
    view.set_tool("core_yield")
    edits = heard(view.edit_requested)
    QTest.mousePress(view, LEFT, NONE, at(view, 16))
    QTest.mouseMove(view, at(view, 23))
    QTest.mouseRelease(view, LEFT, NONE, at(view, 23))
    assert [edit.dies[0] for edit in edits] == list(range(16, 24))


def test_taking_another_tool_ends_the_stroke(view: WaferView) -> None:
    view.set_tool("dead_die")
    ended = heard(view.stroke_finished)
    QTest.mousePress(view, LEFT, NONE, at(view, 16))
    view.set_tool("select")
    assert len(ended) == 1 and view.tool == "select"
    with pytest.raises(ValueError, match="tool"):
        view.set_tool("hammer")


def wheel(view: WaferView, point: QPoint, notches: int) -> None:
    event = QWheelEvent(
        QPointF(point), QPointF(view.mapToGlobal(point)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


@pytest.mark.parametrize("die", [0, 20, 47])
def test_the_wheel_zooms_about_the_pointer(view: WaferView, die: int) -> None:
    point = at(view, die)
    for _ in range(4):
        wheel(view, point, 1)
    assert view.zoom > 1.5
    found = view.target_at(QPointF(point))
    assert found is not None and found.id == die
    for _ in range(8):
        wheel(view, point, -1)
    assert view.zoom == 1.0
    assert view.layout_of_dies is not None
    before = view.layout_of_dies.content
    view.fit()
    assert view.layout_of_dies.content == before


def test_zoom_ends_at_the_largest_die_and_comes_back_at_once(view: WaferView) -> None:
    for _ in range(60):
        view.zoom_in()
    largest, zoom = view.layout_of_dies, view.zoom
    assert largest is not None
    view.zoom_in()
    assert view.layout_of_dies is not None and view.layout_of_dies.die_px == largest.die_px
    assert view.zoom <= zoom * 1.0001
    view.zoom_out()
    assert view.layout_of_dies.die_px < largest.die_px


def test_panning_with_the_middle_button_and_with_space(view: WaferView) -> None:
    wheel(view, at(view, 20), 5)
    bands = heard(view.band_selected)
    before = view.point_of_die(20)
    drag(view, QPoint(300, 300), QPoint(340, 320), button=MIDDLE)
    moved = view.point_of_die(20) - before
    assert (round(moved.x()), round(moved.y())) == (40, 20)
    view.setFocus()
    QTest.keyPress(view, Qt.Key.Key_Space)
    clicks = heard(view.clicked)
    drag(view, QPoint(300, 300), QPoint(260, 280))
    QTest.keyRelease(view, Qt.Key.Key_Space)
    back = view.point_of_die(20) - before
    assert (round(back.x()), round(back.y())) == (0, 0)
    assert not bands and not clicks


def test_one_cannot_lose_the_wafer_by_panning(view: WaferView) -> None:
    wheel(view, at(view, 20), 6)
    for _ in range(50):
        view.pan_by(500, 500)
    assert view.layout_of_dies is not None
    x, y, width, height = view.layout_of_dies.content
    assert x < view.width() and y < view.height() and x + width > 0 and y + height > 0


def arrive_by_tab(view: WaferView, qtbot: QtBot) -> None:
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    view.clearFocus()
    view.setFocus(Qt.FocusReason.TabFocusReason)


def test_keys_move_the_focus_and_names_follow(
    view: WaferView, timeline: Timeline, qtbot: QtBot
) -> None:
    view.set_timeline(timeline)
    arrive_by_tab(view, qtbot)
    assert view.marks.focus == 0
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(view, key)
    assert view.marks.focus == 17
    assert "die 2,1" in view.accessibleName().lower()
    assert view.accessibleDescription().startswith("Die 2,1: ")
    assert "computes qkv" in view.accessibleDescription()
    clicks = heard(view.clicked)
    QTest.keyClick(view, Qt.Key.Key_Return)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert [click[:2] for click in clicks] == [("die", 17), ("die", 17)]
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.marks.focus == 23
    bands = heard(view.band_selected)
    QTest.keyClick(view, Qt.Key.Key_Left, SHIFT)
    assert set(bands[0][0]) == {22, 23}
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    assert len(bands[1][0]) == 48
    view.clearFocus()
    assert view.marks.focus is None


def test_tools_work_by_keyboard_alone(view: WaferView, qtbot: QtBot) -> None:
    arrive_by_tab(view, qtbot)
    edits = heard(view.edit_requested)
    view.set_tool("dead_die")
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Return)
    QTest.keyClick(view, Qt.Key.Key_Return, ALT)
    view.set_tool("dead_link")
    QTest.keyClick(view, Qt.Key.Key_Down, SHIFT)
    assert [(edit.tool, edit.dies, edit.links, edit.erase) for edit in edits] == [
        ("dead_die", (1,), (), False),
        ("dead_die", (1,), (), True),
        ("dead_link", (), ((1, 9),), False),
    ]


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
