"""An axis of a chart: its range, its round ticks, and numbers with one prefix for all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene.format import THIN_SPACE, digits

FloatArray = NDArray[np.float64]

_PREFIXES = (
    (1e24, "Y"), (1e21, "Z"), (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"),
    (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"),
)  # fmt: skip
_SMALL = ("s", "J", "W")  # units that go below one
NEAR_ZERO = 0.4  # values that begin this near to zero, as a share of the largest, begin at zero
MARGIN = 0.06  # of the range, beyond the outermost value


@dataclass(frozen=True)
class Axis:
    """A range of values in SI units; `unit` may be "%" (shares) or "" (plain numbers).

    A `plain` axis shows its numbers as they are, whatever their size.

    >>> axis = axis_of([0.0, 0.487], "step time", "s")
    >>> axis.heading, axis.text(0.1)
    ('step time [ms]', '100')
    """

    title: str
    unit: str
    low: float
    high: float
    plain: bool = False

    @cached_property
    def _scale(self) -> tuple[float, str]:
        """(what numbers are divided by, the prefix that says so)."""
        if self.plain:
            return 1.0, ""
        if self.unit == "%":
            return 0.01, ""
        most = max(abs(self.low), abs(self.high))
        least = 1e-12 if self.unit in _SMALL else 1.0
        found = [pair for pair in _PREFIXES if pair[0] <= most and pair[0] >= least]
        return found[0] if found else (1.0, "")

    @property
    def heading(self) -> str:
        """Title and unit."""
        unit = self._scale[1] + self.unit
        if self.unit.startswith("tokens") and self._scale[1]:
            unit = f"{self._scale[1]}{THIN_SPACE}{self.unit}"
        return f"{self.title} [{unit}]" if unit else self.title

    def text(self, value: float) -> str:
        """A tick's number, without unit."""
        scaled = value / self._scale[0]
        step = self.step / self._scale[0]
        if scaled == 0 or abs(scaled) < step * 1e-6:
            return "0"
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        if places > 6:
            return digits(scaled)
        return f"{scaled:,.{places}f}".replace("-", "−")

    @cached_property
    def step(self) -> float:
        """Distance of two ticks: a round number, some five of them on the axis."""
        return round_step((self.high - self.low) / 5)

    def ticks(self, most: int = 6) -> FloatArray:
        """Values at which numbers stand."""
        step = self.step
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        skip = max(1, math.ceil((last - first + 1) / most))
        ticks: FloatArray = np.arange(first, last + 1, skip, dtype=np.float64) * step
        return ticks

    def share(self, values: FloatArray) -> FloatArray:
        """Where values lie between the ends, 0 to 1."""
        shares: FloatArray = (values - self.low) / (self.high - self.low)
        return shares


def axis_of(values: Iterable[float], title: str, unit: str = "", zero: bool = False) -> Axis:
    """An axis that shows all finite values, from zero where they come near it or `zero` asks."""
    array = np.asarray(list(values), dtype=np.float64)
    array = array[np.isfinite(array)]
    if not len(array):
        return Axis(title, unit, 0.0, 1.0)
    low, high = float(array.min()), float(array.max())
    if low >= 0 and (zero or low <= NEAR_ZERO * high):
        return Axis(title, unit, 0.0, high * (1 + MARGIN) or 1.0)
    if high <= 0 and zero:
        return Axis(title, unit, low * (1 + MARGIN), 0.0)
    # Values that differ in their last bits only are one value to the eye.
    least = max(abs(low), abs(high)) * (MARGIN if high == low else 1e-9)
    room = max((high - low) * MARGIN, least) or 1.0
    return Axis(title, unit, low - room, high + room)


def round_step(least: float) -> float:
    """The next of 1, 2, 5 times a power of ten.

    >>> round_step(0.13), round_step(3.0)
    (0.2, 5.0)
    """
    if not math.isfinite(least) or least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next((f * power for f in (1.0, 2.0, 5.0) if f * power >= least * (1 - 1e-9)), 10 * power)
