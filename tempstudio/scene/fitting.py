"""How large a machine is drawn: the largest layout of whole pixels that fits a canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Cluster, Machine, Wafer
from tempstudio.scene.layout import CARD_PX, GAP, Layout, Rectangle

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]

JOINT = 0.8  # more gap between wafers, in dies
RIM = 0.26  # from the outermost die to the wafer's outline, in dies
BAR = 0.14  # thickness of a cluster's switches, in dies
MARGIN_PX = 10.0  # beside a machine
CLOSE_PX = 4.0  # above and below it, where caption and legend have their own air
NAMES_PX = 12.0  # room for the names of several wafers above them
AXIS_PX = (26.0, 16.0)  # room for row numbers on the left, column numbers above
BIGGEST_DIE_PX = 260.0
FITTED_DIE_PX = 112.0  # a small machine does not fill the canvas: it would shout


def lay_out(
    machine: Machine,
    canvas: Rectangle,
    zoom: float = 1.0,
    pan: tuple[float, float] = (0.0, 0.0),
    dpr: float = 1.0,
) -> Layout:
    """The largest layout that fits the canvas, times `zoom`, moved by `pan` from its centre.

    Edges lie on device pixels (`dpr` of them a logical one), so that squares stay sharp.
    """
    fitted = min(_fitting_die(machine, canvas), FITTED_DIE_PX)
    die = min(fitted * zoom, max(BIGGEST_DIE_PX, fitted))
    die, gap = _pixels(die, dpr)
    bar = max(3.0, _snapped(die * BAR, dpr)) if isinstance(machine, Cluster) else 0.0
    rim = max(4.0, _snapped(die * RIM, dpr)) if isinstance(machine, Wafer) else 0.0
    col_x = _columns(machine, die, gap, dpr)
    row_y = _rows(machine, die, gap, bar)
    middle_x = canvas[0] + canvas[2] / 2 + pan[0]
    middle_y = canvas[1] + canvas[3] / 2 + pan[1]
    above, below = _reach(machine, gap, bar)
    col_x += round((middle_x - (col_x[-1] + die) / 2) * dpr) / dpr
    row_y += round((middle_y - (row_y[-1] + die + below - above) / 2) * dpr) / dpr
    return Layout(machine, canvas, die, gap, bar, rim, col_x, row_y, _places(machine))


def canvas_of(
    machine: Machine, width: float, height: float, above: float, below: float
) -> Rectangle:
    """The part of a picture that the wafer may use, between what stands above and below.

    Where dies are too small to carry their names, room is left for row and column numbers.
    """
    names = NAMES_PX if isinstance(machine, Wafer) and machine.wafers > 1 else 0.0
    top = above + CLOSE_PX + names
    free = (
        MARGIN_PX,
        top,
        max(width - 2 * MARGIN_PX, 1.0),
        max(height - top - below - CLOSE_PX, 1.0),
    )
    if _fitting_die(machine, free) >= CARD_PX:
        return free
    left, top = AXIS_PX
    return (
        free[0] + left, free[1] + top, max(free[2] - left, 1.0), max(free[3] - top, 1.0),
    )  # fmt: skip


def _fitting_die(machine: Machine, canvas: Rectangle) -> float:
    """The die edge at which the machine just fills the canvas."""
    if isinstance(machine, Cluster):
        wide = machine.cols + (machine.cols - 1) * GAP
        reach = GAP + BAR
        row = 1 + reach * (2 if machine.nodes > 1 else 1)
        tall = machine.nodes * row + (machine.nodes - 1) * GAP
    else:
        columns = machine.cols * machine.wafers
        wide = columns + (columns - 1) * GAP + (machine.wafers - 1) * JOINT + 2 * RIM
        tall = machine.rows + (machine.rows - 1) * GAP + 2 * RIM
    return max(min(canvas[2] / wide, canvas[3] / tall), 0.5)


def _pixels(die: float, dpr: float) -> tuple[float, float]:
    """Die and gap of whole device pixels; their sum is what must be whole where both are tiny."""
    pitch = die * (1 + GAP)
    if pitch * dpr < 4:
        return die, die * GAP
    pitch = _snapped(pitch, dpr)
    die = round(pitch / (1 + GAP) * dpr) / dpr
    return die, pitch - die


def _snapped(value: float, dpr: float) -> float:
    return max(float(int(value * dpr + 1e-6)), 1.0) / dpr


def _columns(machine: Machine, die: float, gap: float, dpr: float) -> FloatArray:
    count = machine.cols * machine.wafers
    number = np.arange(count, dtype=np.float64)
    joint = _snapped(die * JOINT, dpr) if machine.wafers > 1 else 0.0
    return number * (die + gap) + (number // machine.cols) * joint


def _rows(machine: Machine, die: float, gap: float, bar: float) -> FloatArray:
    above, below = _reach(machine, gap, bar)
    return np.arange(machine.rows, dtype=np.float64) * (die + gap + above + below)


def _reach(machine: Machine, gap: float, bar: float) -> tuple[float, float]:
    """How far a row's switches stand out above and below its devices."""
    if not isinstance(machine, Cluster):
        return 0.0, 0.0
    return (gap + bar if machine.nodes > 1 else 0.0), gap + bar


def _places(machine: Machine) -> IntArray:
    number = np.arange(machine.die_count)
    if isinstance(machine, Cluster):
        return np.column_stack(np.divmod(number, machine.cols)).astype(np.int32)
    wafer, rest = np.divmod(number, machine.rows * machine.cols)
    row, col = np.divmod(rest, machine.cols)
    return np.column_stack([row, wafer * machine.cols + col]).astype(np.int32)
