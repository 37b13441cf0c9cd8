"""What stands around the dies: outlines, switches, row and column numbers, caption, ribbon."""

from __future__ import annotations

import numpy as np

from tempstudio.core.machine import Cluster, Machine
from tempstudio.core.timeline import Frame
from tempstudio.scene.caption import headline
from tempstudio.scene.display_list import (
    END,
    MIDDLE,
    START,
    Layer,
    TextLook,
    polygons,
    rects,
    texts,
)
from tempstudio.scene.format import seconds
from tempstudio.scene.layout import CARD, Layout
from tempstudio.scene.marks import Marks
from tempstudio.scene.tokens import Tokens, mix, panel_of
from tempstudio.scene.typeface import LEAST_PX, baseline, elided, text_width

CAPTION_PX = 44.0
SENTENCE_PX = 13.0
SIDE_PX = 14.0
MOST_NUMBERS = 10  # labels along one axis
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def outline_layers(layout: Layout, machine: Machine, tokens: Tokens) -> tuple[Layer, ...]:
    """The wafers' outlines and names, or a cluster's switches."""
    if isinstance(machine, Cluster):
        return _switch_layers(layout, machine, tokens)
    radius = min(10.0, layout.rim_px)
    outlines = np.array(layout.wafer_rects)
    found: list[Layer] = [rects("wafers", outlines, panel_of(tokens), tokens.hairline, 1.0, radius)]
    if machine.wafers > 1:
        look = TextLook(tokens.muted, LEAST_PX, False, START)
        above = 5 if layout.detail == CARD else 19  # over the column numbers
        found.append(
            texts("wafer names", [
                (f"wafer {number}", x + 2, y - above, look)
                for number, (x, y, _, _) in enumerate(layout.wafer_rects)
            ])
        )  # fmt: skip
    return tuple(found)


def _switch_layers(layout: Layout, machine: Cluster, tokens: Tokens) -> tuple[Layer, ...]:
    left, right = float(layout.col_x[0]), float(layout.col_x[-1]) + layout.die_px
    die, gap, bar = layout.die_px, layout.gap_px, layout.bar_px
    below = [[left, float(y) + die + gap, right - left, bar] for y in layout.row_y]
    fill = mix(tokens.control, tokens.canvas, 0.45)
    found: list[Layer] = [rects("switches", below, fill, tokens.control, 1.0, 2.0)]
    room = left - layout.canvas[0]
    look = TextLook(tokens.muted, LEAST_PX, False, END)
    names = [
        (f"node {node}", left - 8, baseline(float(y) + die / 2, LEAST_PX), look)
        for node, y in enumerate(layout.row_y)
        if room > text_width(f"node {node}", LEAST_PX) and layout.detail == CARD
    ]
    if names:
        found.append(texts("node names", names))
    if machine.nodes > 1:
        reach = right + gap
        above = [[left, float(y) - gap - bar, reach - left, bar] for y in layout.row_y]
        top, bottom = above[0][1], above[-1][1] + bar
        above.append([reach, top, bar, bottom - top])
        found.append(rects("spine", above, mix(tokens.muted, tokens.canvas, 0.5)))
    return tuple(found)


def axis_layers(layout: Layout, machine: Machine, tokens: Tokens) -> tuple[Layer, ...]:
    """Row and column numbers where dies carry no name; they stay in sight when one zooms in."""
    if layout.detail == CARD:
        return ()
    x, y, width, height = layout.canvas
    content = layout.content
    left, top = max(content[0], x) - 5, max(content[1], y) - 5
    size, pitch = LEAST_PX, layout.die_px + layout.gap_px
    half = layout.die_px / 2
    items: list[tuple[str, float, float, TextLook]] = []
    look = TextLook(tokens.muted, size, False, END)
    step = _step(len(layout.row_y), pitch, 16.0)
    for row in range(0, len(layout.row_y), step):
        middle = float(layout.row_y[row]) + half
        if y <= middle <= y + height:
            items.append((str(row), left, baseline(middle, size), look))
    look = TextLook(tokens.muted, size, False, MIDDLE)
    step = _step(machine.cols, pitch, 26.0)
    for col in range(len(layout.col_x)):
        middle = float(layout.col_x[col]) + half
        if col % machine.cols % step == 0 and x <= middle <= x + width:
            items.append((str(col % machine.cols), middle, top, look))
    return (texts("axis numbers", items),) if items else ()


def _step(count: int, pitch: float, room: float) -> int:
    """Every how manieth row or column has its number."""
    return next(
        (step for step in STEPS if step * pitch >= room and count / step <= MOST_NUMBERS), count
    )


def caption_layers(
    tokens: Tokens, width: float, frame: Frame | None, marks: Marks
) -> tuple[Layer, ...]:
    """The sentence above the wafer, where in the step that is below it, the time on the right."""
    captions = frame.captions if frame is not None else ()
    said, where = headline(captions, marks.spoken_stage)
    if marks.message:
        said, where = marks.message, ""
    time = seconds(frame.time_s) if frame is not None else ""
    room = width - 2 * SIDE_PX
    spare = text_width(time, SENTENCE_PX) + 16 if time else 0.0
    return (
        texts("caption", [
            (elided(said, SENTENCE_PX, room - spare), SIDE_PX, baseline(16, SENTENCE_PX),
             TextLook(tokens.text, SENTENCE_PX)),
            (elided(where, LEAST_PX, room), SIDE_PX, baseline(34, LEAST_PX),
             TextLook(tokens.muted, LEAST_PX)),
            (time, width - SIDE_PX, baseline(16, SENTENCE_PX),
             TextLook(tokens.muted, SENTENCE_PX, False, END)),
        ]),
    )  # fmt: skip


def ribbon_layers(tokens: Tokens, width: float, text: str) -> tuple[Layer, ...]:
    """A ribbon in the caption's place: the layout is new, the figures beside it are not yet."""
    shown = elided(text, 12.0, width - 2 * SIDE_PX - 46)
    wide = np.ceil(text_width(shown, 12.0)) + 46
    left, top, tall = SIDE_PX, 10.0, 26.0
    middle = top + tall / 2
    sign = np.array([[
        [left + 19.0, middle - 7.0], [left + 27.0, middle + 6.0], [left + 11.0, middle + 6.0],
    ]])  # fmt: skip
    ink = "#FFFFFF" if tokens.name == "light" else "#000000"
    marks = [[left + 18.0, middle - 3.0, 2.0, 5.0], [left + 18.0, middle + 3.0, 2.0, 2.0]]
    return (
        rects("ribbon", [[left, top, wide, tall]], mix(tokens.warning, tokens.surface, 0.14),
              tokens.warning, 1.0, 4.0),
        polygons("ribbon sign", sign, tokens.warning),
        rects("ribbon mark", marks, ink),
        texts("ribbon text", [
            (shown, left + 35.0, baseline(middle, 12.0), TextLook(tokens.text, 12.0)),
        ]),
    )  # fmt: skip
