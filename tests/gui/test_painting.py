"""The painter of display lists: few calls, the right pixels, and the theme around it."""

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
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).parent.parent / "scene"))
from timelines_by_hand import make_timeline

from tempstudio.core.machine import Cluster, Machine, Wafer
from tempstudio.gui.batches import draw_fragments, draw_lines, draw_rects
from tempstudio.gui.colours import qcolor
from tempstudio.gui.painter import DisplayListPainter
from tempstudio.gui.theme import apply_theme, palette, points, stylesheet
from tempstudio.scene.display_list import DisplayList, Texts
from tempstudio.scene.tokens import DARK, LIGHT, THEMES, rgb
from tempstudio.scene.wafer import View, build, lay_ground, roles_of, wafer_picture
from tests.gui.conftest import CountingPainter
from tests.gui.wafer_hand import FAULTY, pixels

MOST_CALLS = 64
SMALL, LARGE = (772, 543), (1600, 1000)


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
