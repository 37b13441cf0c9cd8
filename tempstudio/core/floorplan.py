"""What lies where on a wafer: each die's place, and the area that compute and memory take.

The square is that of the one wafer-scale chip in production, 215 mm x 215 mm or 46,225 mm2 cut
from a 300 mm wafer (Cerebras, Hot Chips 2019); 40,000 mm2 of it are counted as usable.  A stack of
HBM is SK hynix's 24 GB of 12 layers (2023), about 10 mm x 11 mm.  The compute die's 500 mm2 are
what 48 places leave beside three such stacks, well below the 858 mm2 of a reticle (26 mm x 33 mm).
Each figure is a field of `WaferArea`; a run does not depend on them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.quantities import quantity

if TYPE_CHECKING:
    from tempstudio.core.wafer import Wafer

FloatArray = NDArray[np.float64]

DIAMETER_M = 0.300
MOST_ASPECT = 2.0  # of a place: a longer one would have its far stacks out of reach


@dataclass(frozen=True)
class WaferArea:
    """Areas on one wafer.

    >>> WaferArea().usable_m2
    0.04
    """

    edge_m: float = quantity(
        0.215,
        key="edge_mm",
        scale=1e-3,
        unit="mm",
        minimum=1,
        maximum=1000,
        help="edge of the square cut from a 300 mm wafer (Cerebras: 215 mm)",
    )
    usable_m2: float = quantity(
        0.04,
        key="usable_mm2",
        scale=1e-6,
        unit="mm²",
        minimum=1,
        maximum=1e6,
        help="area of the square that dies may take",
    )
    die_m2: float = quantity(
        500e-6,
        key="die_mm2",
        scale=1e-6,
        unit="mm²",
        minimum=0.01,
        maximum=1e5,
        help="area of a compute die (a reticle ends at 858 mm²)",
    )
    stack_m2: float = quantity(
        110e-6,
        key="HBM_stack_mm2",
        scale=1e-6,
        unit="mm²",
        minimum=0.01,
        maximum=1e5,
        help="footprint of one stack of memory (HBM3: about 10 mm by 11 mm)",
    )
    stack_bytes: float = quantity(
        24e9,
        key="HBM_stack_GB",
        scale=1e9,
        unit="GB",
        minimum=1e-6,
        maximum=1e9,
        help="capacity of one stack (12 layers of HBM3: 24 GB)",
    )


@dataclass(frozen=True, eq=False)
class Floorplan:
    """One wafer's places in metres, origin in the middle of the wafer, y down.

    `places`, `dies` [dies, 4] and `stacks` [dies x stacks, 4] are (x, y, width, height).
    """

    edge_m: float
    places: FloatArray
    dies: FloatArray
    stacks: FloatArray
    stacks_per_die: int
    used_m2: float
    usable_m2: float

    @property
    def is_over(self) -> bool:
        """Whether the dies take more than the usable area."""
        return self.used_m2 > self.usable_m2 * (1 + 1e-9)

    @property
    def is_too_long(self) -> bool:
        """Whether the mesh reaches over the square although its area would do."""
        return not self.is_over and max(self.extent_m) > self.edge_m * (1 + 1e-9)

    @property
    def extent_m(self) -> tuple[float, float]:
        """Width and height of the mesh of places."""
        ends = self.places[:, :2] + self.places[:, 2:]
        low, high = self.places[:, :2].min(axis=0), ends.max(axis=0)
        return float(high[0] - low[0]), float(high[1] - low[1])


def stacks_per_die(wafer: Wafer) -> int:
    """Stacks of memory that a die's capacity takes.

    >>> from tempstudio.core.wafer import Wafer
    >>> stacks_per_die(Wafer())
    3
    """
    return max(1, math.ceil(wafer.die.hbm_bytes / wafer.area.stack_bytes * (1 - 1e-12)))


def place_m2(wafer: Wafer) -> float:
    """Area of one die with its memory."""
    return wafer.area.die_m2 + stacks_per_die(wafer) * wafer.area.stack_m2


def floorplan(wafer: Wafer) -> Floorplan:
    """Where a wafer's dies and their memory lie: places of equal shape, the mesh near a square."""
    area, stacks = wafer.area, stacks_per_die(wafer)
    place = place_m2(wafer)
    aspect = min(max(wafer.rows / wafer.cols, 1 / MOST_ASPECT), MOST_ASPECT)
    wide, tall = math.sqrt(place * aspect), math.sqrt(place / aspect)
    row, col = np.divmod(np.arange(wafer.rows * wafer.cols), wafer.cols)
    x = (col - wafer.cols / 2) * wide
    y = (row - wafer.rows / 2) * tall
    places = np.column_stack([x, y, np.full(len(x), wide), np.full(len(x), tall)])
    share = area.die_m2 / place
    drawn = min(stacks, 64)  # more than that is a strip of memory all the same
    dies = places.copy()
    memory = np.repeat(places, drawn, axis=0)
    number = np.tile(np.arange(drawn), len(places))
    along, across = (0, 1) if tall >= wide else (1, 0)
    dies[:, 2 + across] *= share
    memory[:, across] += memory[:, 2 + across] * share
    memory[:, 2 + across] *= 1 - share
    memory[:, 2 + along] /= drawn
    memory[:, along] += number * memory[:, 2 + along]
    used = len(places) * place
    return Floorplan(area.edge_m, places, dies, memory, stacks, used, area.usable_m2)
