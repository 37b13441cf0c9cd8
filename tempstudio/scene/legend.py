"""The strip below the wafer: what fill, lane width and chunk colours mean."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tempstudio.core.machine import Machine
from tempstudio.core.partition import ROLES
from tempstudio.scene.cividis import TABLE
from tempstudio.scene.display_list import (
    MIDDLE,
    START,
    Image,
    Layer,
    TextLook,
    lines,
    polygons,
    rects,
    texts,
)
from tempstudio.scene.format import byte_count
from tempstudio.scene.lanes import WIDTHS, level_colours
from tempstudio.scene.tokens import Tokens, ink_on, panel_of
from tempstudio.scene.typeface import LEAST_PX, baseline, text_width

HEIGHT_PX = 28.0
SIDE_PX = 14.0
CHIP_PX = 14.0
MARK_PX = 12.0


@dataclass(frozen=True)
class Spacing:
    """How generously a legend is set; `names` says whether chips have their names beside them."""

    group: float
    chip: float
    ramp: float
    lane: float
    names: bool = True


# The first that fits is taken.
SPACINGS = (
    Spacing(group=26, chip=14, ramp=84, lane=18),
    Spacing(group=18, chip=10, ramp=56, lane=11),
    Spacing(group=14, chip=5, ramp=48, lane=9, names=False),
)


@dataclass
class Strip:
    """Shapes and texts of a legend as they are set one after another from the left."""

    tokens: Tokens
    spacing: Spacing
    middle: float
    x: float = SIDE_PX
    layers: list[Layer] = field(default_factory=list)
    words: list[tuple[str, float, float, TextLook]] = field(default_factory=list)

    def word(self, text: str, strong: bool = False) -> None:
        """Set a text and move on behind it."""
        look = TextLook(self.tokens.text if strong else self.tokens.muted, LEAST_PX, False, START)
        self.words.append((text, self.x, baseline(self.middle, LEAST_PX), look))
        self.x += text_width(text, LEAST_PX)

    def space(self, width: float) -> None:
        """Move on."""
        self.x += width


def legend_layers(
    tokens: Tokens,
    machine: Machine,
    roles: tuple[str, ...],
    width: float,
    top: float,
    memory_share: float = 1.0,
) -> tuple[Layer, ...]:
    """The legend of a picture `width` wide, as generous as its width allows.

    `roles` are those that the timeline moves, `memory_share` where the die colours end; marks
    of faults stand there if the machine has any.
    """
    middle = top + HEIGHT_PX / 2
    for spacing in SPACINGS:
        strip = _set(Strip(tokens, spacing, middle), machine, roles, memory_share)
        if strip.x <= width - SIDE_PX:
            break
    return (
        rects("legend line", [[0.0, top, width, 1.0]], tokens.hairline),
        *strip.layers,
        texts("legend texts", strip.words),
    )


def _set(strip: Strip, machine: Machine, roles: tuple[str, ...], memory_share: float) -> Strip:
    spacing = strip.spacing
    _memory(strip, machine, memory_share)
    strip.space(spacing.group)
    _load(strip)
    shown = [role for role in ROLES if role in roles]
    marks = [
        draw
        for draw, present in (
            (_dead, bool(machine.dead_ids or machine.dead_links)),
            (_yield, bool(machine.core_yield)),
        )
        if present
    ]
    if shown:
        strip.space(spacing.group - spacing.chip)
    for role in shown:
        strip.space(spacing.chip)
        _role(strip, role)
    if marks:
        strip.space(spacing.group - spacing.chip)
    for draw in marks:
        strip.space(spacing.chip)
        draw(strip)
    return strip


def _memory(strip: Strip, machine: Machine, share: float) -> None:
    strip.word("Memory", strong=True)
    strip.space(7)
    strip.word("0")
    strip.space(5)
    top, height, wide = strip.middle - 5, 10.0, strip.spacing.ramp
    argb = TABLE.astype(np.uint32)
    cells = (0xFF << 24 | argb[:, 0] << 16 | argb[:, 1] << 8 | argb[:, 2]).astype(np.uint32)
    columns = np.rint(np.linspace(0, 255, int(wide))).astype(np.int32)
    left = float(np.rint(strip.x))
    edges = left + np.arange(len(columns) + 1, dtype=np.float64)
    strip.layers += [
        Image("legend ramp", cells[columns][None, :], edges, np.array([top, top + height])),
        rects("legend ramp edge", [[left, top, wide, height]], "", strip.tokens.control),
    ]
    strip.space(wide + 5)
    whole = byte_count(machine.die.hbm_bytes)
    strip.word(whole if share == 1 else f"{byte_count(share * machine.die.hbm_bytes)} of {whole}")


def _load(strip: Strip) -> None:
    strip.word("Link load", strong=True)
    strip.space(7)
    strip.word("0")
    strip.space(5)
    wide, y = strip.spacing.lane, np.floor(strip.middle)
    for colour, width in zip(level_colours(strip.tokens), WIDTHS, strict=True):
        box = [[np.rint(strip.x), y - np.floor(width / 2), wide, width]]
        strip.layers.append(rects(f"legend lane {width:g}", box, colour))
        strip.space(wide + 2)
    strip.space(3)
    strip.word("100\u2009%")


def _role(strip: Strip, role: str) -> None:
    colour = strip.tokens.roles[role]
    left = float(np.rint(strip.x))
    box = [[left, strip.middle - CHIP_PX / 2, CHIP_PX, CHIP_PX]]
    strip.layers.append(rects(f"legend role {role}", box, colour, radius_px=3.0))
    look = TextLook(ink_on(colour), LEAST_PX, True, MIDDLE)
    strip.words.append((role, left + CHIP_PX / 2, baseline(strip.middle, LEAST_PX), look))
    strip.space(CHIP_PX)
    if strip.spacing.names:
        strip.space(5)
        strip.word(ROLES[role])


def _dead(strip: Strip) -> None:
    x, top = float(np.rint(strip.x)), strip.middle - MARK_PX / 2
    tokens, size = strip.tokens, MARK_PX
    cross = [
        [x + 1, top + 1, x + size - 1, top + size - 1],
        [x + size - 1, top + 1, x + 1, top + size - 1],
    ]
    strip.layers += [
        rects("legend dead", [[x, top, size, size]], tokens.canvas, tokens.control, 1.0, 2.0),
        lines("legend dead cross", cross, tokens.control, crisp=False),
    ]
    strip.space(size)
    if strip.spacing.names:
        strip.space(5)
        strip.word("dead")


def _yield(strip: Strip) -> None:
    x, top, size = float(np.rint(strip.x)) + 0.5, strip.middle - MARK_PX / 2 + 0.5, MARK_PX - 1
    half = size / 2
    cut = [
        [x, top], [x + half, top], [x + size, top + half], [x + size, top + size],
        [x, top + size],
    ]  # fmt: skip
    tokens = strip.tokens
    shape = polygons("legend yield", np.array([cut]), panel_of(tokens), tokens.control)
    strip.layers.append(shape)
    strip.space(size)
    if strip.spacing.names:
        strip.space(5)
        strip.word("core yield")
