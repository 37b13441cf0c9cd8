"""The wafer as it is cut: the 300 mm disc, the square in it, every die's place and memory."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.floorplan import DIAMETER_M, Floorplan, floorplan, place_m2
from tempstudio.core.wafer import Wafer
from tempstudio.scene.display_list import (
    MIDDLE,
    DisplayList,
    Layer,
    TextLook,
    lines,
    polygons,
    rects,
    texts,
)
from tempstudio.scene.format import THIN_SPACE
from tempstudio.scene.tokens import THEMES, Tokens, mix
from tempstudio.scene.typeface import LEAST_PX, baseline, text_width

FloatArray = NDArray[np.float64]

MARGIN_PX = 4.0
TEXT_PX = 16.0
LEGEND_PX = 300.0  # a picture of this width has room for a legend
APART = 0.04  # between the wafers of a chain, of a wafer
ROUND = 96  # corners of a disc
MOST_HATCHED = 400


def square_millimetres(area_m2: float) -> str:
    """An area in whole mm².

    >>> square_millimetres(0.03984)
    '39,840\\u2009mm²'
    """
    return f"{area_m2 * 1e6:,.0f}{THIN_SPACE}mm²"


def budget_text(wafer: Wafer) -> str:
    """Area taken and allowed on one wafer, in words."""
    plan = floorplan(wafer)
    dies = wafer.rows * wafer.cols
    each = square_millimetres(place_m2(wafer))
    used, usable = square_millimetres(plan.used_m2), square_millimetres(plan.usable_m2)
    says = f"{dies:,} places of {each}: {used} of {usable}"
    if plan.is_too_long:
        long = max(plan.extent_m) * 1e3
        return f"{says}, but {long:,.0f}{THIN_SPACE}mm long"
    if not plan.is_over:
        return says
    over = square_millimetres(plan.used_m2 - plan.usable_m2)
    return f"{says}, {over} too much"


def floorplan_picture(wafer: Wafer, width: float, height: float, theme: str) -> DisplayList:
    """The wafers of a chain side by side, to one scale, as large as they fit."""
    tokens, plan = THEMES[theme], floorplan(wafer)
    reach = max(DIAMETER_M, *plan.extent_m)
    across = reach * (wafer.wafers + (wafer.wafers - 1) * APART)
    scale = max(
        min((width - 2 * MARGIN_PX) / across, (height - 2 * MARGIN_PX - TEXT_PX) / reach), 1.0
    )
    middle = (height - TEXT_PX) / 2
    first = width / 2 - (wafer.wafers - 1) * reach * (1 + APART) * scale / 2
    found: list[Layer] = []
    centres = [first + n * reach * (1 + APART) * scale for n in range(wafer.wafers)]
    for number, centre in enumerate(centres):
        found += _wafer_layers(wafer, number, plan, (centre, middle), scale, tokens)
    edge = f"{plan.edge_m * 1e3:g}{THIN_SPACE}mm"
    if text_width(edge, LEAST_PX) < reach * scale:
        look = TextLook(tokens.muted, LEAST_PX, False, MIDDLE)
        found.append(texts("edge", [(edge, centres[0], height - 5.0, look)]))
        found.append(_measure(centres[0], height - TEXT_PX - 1.0, plan.edge_m * scale, tokens))
    found += _legend_layers(width, height, tokens)
    return DisplayList(width, height, tokens.window, (0.0, 0.0, width, height),
                       moving=tuple(found), description=budget_text(wafer))  # fmt: skip


def _legend_layers(width: float, height: float, tokens: Tokens) -> list[Layer]:
    """What the two colours mean, where there is room for it."""
    if width < LEGEND_PX:
        return []
    found: list[Layer] = []
    look, left = TextLook(tokens.muted, LEAST_PX), width - 84.0
    for row, (name, colour) in enumerate(
        (("compute", _compute(tokens)), ("memory", _memory(tokens)))
    ):
        y = height - 34.0 + 16.0 * row
        found.append(rects(f"legend {name}", [[left, y, 10.0, 10.0]], colour))
        found.append(
            texts(f"legend text {name}", [(name, left + 16.0, baseline(y + 5, LEAST_PX), look)])
        )
    return found


def _compute(tokens: Tokens) -> str:
    return mix(tokens.accent, tokens.surface, 0.7)


def _memory(tokens: Tokens) -> str:
    return mix(tokens.roles["K"], tokens.surface, 0.55)


def _measure(centre: float, y: float, wide: float, tokens: Tokens) -> Layer:
    left, right = centre - wide / 2, centre + wide / 2
    strokes = [[left, y, right, y], [left, y - 3, left, y + 3], [right, y - 3, right, y + 3]]
    return lines("measure", strokes, tokens.hairline, 1.0, crisp=False)


def _wafer_layers(
    wafer: Wafer,
    number: int,
    plan: Floorplan,
    centre: tuple[float, float],
    scale: float,
    tokens: Tokens,
) -> list[Layer]:
    origin = np.array([centre[0], centre[1], 0.0, 0.0])
    places, dies, stacks = (a * scale + origin for a in (plan.places, plan.dies, plan.stacks))
    dead = _dead(wafer, number)
    gap = min(1.0, places[0, 2] / 8)
    found: list[Layer] = [
        polygons("disc", _disc(centre, DIAMETER_M * scale / 2),
                 mix(tokens.muted, tokens.window, 0.08), tokens.hairline),
        polygons("square", _square(centre, plan.edge_m * scale, DIAMETER_M * scale / 2),
                 mix(tokens.muted, tokens.window, 0.16), tokens.control),
        rects("memory", _shrunk(stacks, gap), _memory(tokens)),
        rects("alive", _shrunk(dies[~dead], gap), _compute(tokens)),
        rects("dead", _shrunk(dies[dead], gap), tokens.surface, tokens.control),
    ]  # fmt: skip
    found.append(lines("dead hatch", _crosses(_shrunk(dies[dead], gap)), tokens.control, 1.0,
                       crisp=False))  # fmt: skip
    outside = _outside(plan)
    if outside.any():
        boxes = _shrunk(places[outside], gap)
        found.append(rects("too much", boxes, f"{tokens.error}55"))
        if len(boxes) <= MOST_HATCHED:
            found.append(lines("too much hatch", _diagonals(boxes), tokens.error, 1.0, crisp=False))
    broken = _broken(wafer, number, places)
    if len(broken):
        found.append(lines("dead links", broken, tokens.error, 2.5, crisp=False))
    return found


def _dead(wafer: Wafer, number: int) -> NDArray[np.bool_]:
    per = wafer.rows * wafer.cols
    dead = np.zeros(per, dtype=bool)
    dead[[die - number * per for die in wafer.dead_ids if die // per == number]] = True
    return dead


def _outside(plan: Floorplan) -> NDArray[np.bool_]:
    """Places that reach out of the usable area, taken as a square, or out of the wafer's own."""
    if not plan.is_over and not plan.is_too_long:
        return np.zeros(len(plan.places), dtype=bool)
    half = (math.sqrt(plan.usable_m2) if plan.is_over else plan.edge_m) / 2 * (1 + 1e-9)
    low, high = plan.places[:, :2], plan.places[:, :2] + plan.places[:, 2:]
    return np.asarray((np.abs(low) > half).any(axis=1) | (np.abs(high) > half).any(axis=1))


def _broken(wafer: Wafer, number: int, places: FloatArray) -> FloatArray:
    """A stroke along the edge that the two ends of a dead link share [links, 4]."""
    found = []
    for first, second in wafer.dead_links:
        ids = wafer.die_id(first), wafer.die_id(second)
        per = wafer.rows * wafer.cols
        if any(die // per != number for die in ids):
            continue
        x, y, wide, tall = places[ids[1] - number * per].tolist()
        level = first[-1] == second[-1]
        found.append([x, y, x + wide, y] if level else [x, y, x, y + tall])
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _disc(centre: tuple[float, float], radius: float) -> FloatArray:
    turn = np.linspace(0.0, 2 * math.pi, ROUND, endpoint=False)
    corners: FloatArray = np.column_stack([np.cos(turn), np.sin(turn)]) * radius + np.array(centre)
    return corners[None]


def _square(centre: tuple[float, float], edge: float, radius: float) -> FloatArray:
    """The square, its corners cut where they reach over the disc [1, 8, 2]."""
    half = edge / 2
    cut = math.sqrt(radius**2 - half**2) if half < radius < half * math.sqrt(2) else half
    corners = [(half, cut), (cut, half), (-cut, half), (-half, cut),
               (-half, -cut), (-cut, -half), (cut, -half), (half, -cut)]  # fmt: skip
    placed: FloatArray = np.array(corners) + np.array(centre)
    return placed[None]


def _shrunk(boxes: FloatArray, gap: float) -> FloatArray:
    smaller: FloatArray = boxes + np.array([gap / 2, gap / 2, -gap, -gap])
    return smaller


def _crosses(boxes: FloatArray) -> FloatArray:
    falling = _diagonals(boxes)
    return np.vstack([falling, falling[:, [0, 3, 2, 1]]])


def _diagonals(boxes: FloatArray) -> FloatArray:
    return np.column_stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
