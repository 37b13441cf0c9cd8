"""A time axis: where a time stands, and round marks with the decimals that tell them apart."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """Times from `begin_s` to `end_s` over `width` pixels from `left` on."""

    left: float
    width: float
    begin_s: float
    end_s: float

    @property
    def s_per_px(self) -> float:
        """Seconds that one pixel stands for."""
        return (self.end_s - self.begin_s) / self.width

    @property
    def right(self) -> float:
        """Where the last pixel stands."""
        return self.left + self.width

    def x(self, time_s: float) -> float:
        """Where a time stands."""
        return self.left + (time_s - self.begin_s) / self.s_per_px

    def time_at(self, x: float) -> float:
        """The time that stands at a place."""
        return self.begin_s + (x - self.left) * self.s_per_px

    def ticks(self, least_px: float) -> tuple[list[float], float]:
        """(round times at least so many pixels apart, the step between two)."""
        step = nice_step(self.s_per_px * least_px)
        first = math.ceil(self.begin_s / step - 1e-9)
        last = math.floor(self.end_s / step + 1e-9)
        return [number * step for number in range(first, last + 1)], step


def nice_step(least: float) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that is at least this.

    >>> nice_step(0.3), nice_step(7.0)
    (0.5, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(max(least, 1e-15)))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def tick_text(time_s: float, step: float) -> str:
    """A time on the ruler, with the decimals that its neighbours need.

    >>> tick_text(0.25, 0.05)
    '250\u2009ms'
    """
    size = max(abs(time_s), step)
    units = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
    scale, unit = next((pair for pair in units if size >= pair[0]), units[-1])
    decimals = max(0, -math.floor(math.log10(step / scale) + 1e-9))
    return f"{time_s / scale:,.{decimals}f}\u2009{unit}"
