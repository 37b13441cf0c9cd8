"""The time axis and the lanes: where a time stands, where marks stand and what they say."""

from __future__ import annotations

import math
from dataclasses import dataclass

STRIP, RULER, PHASES = 12, 16, 18
TOP = STRIP + RULER + PHASES  # where the lanes begin
GUTTER, RIGHT = 68.0, 14.0
LEAST_PAIR, MOST_PAIR = 30.0, 200.0  # height of a stage's two lanes
COMPUTE_SHARE = 0.55


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


@dataclass(frozen=True)
class Lane:
    """One lane's name and place (left, top, width, height); `kind` 0 is computing, 1 the links."""

    name: str
    box: tuple[float, float, float, float]
    stage: int
    kind: int


def pair_height(stages: int, height: float) -> float:
    """How tall the two lanes of a stage are, in a view of a height."""
    return min(max((height - TOP - 4) / max(stages, 1), LEAST_PAIR), MOST_PAIR)


def most_scroll(stages: int, height: float) -> float:
    """How far the lanes can be scrolled [px]; 0 where all stages are in view."""
    return max(stages * pair_height(stages, height) - (height - TOP - 4), 0.0)


def lane_places(stages: int, axis: Axis, height: float, scroll: float = 0.0) -> list[Lane]:
    """The lanes in view, two a stage, moved up by `scroll` pixels."""
    tall = pair_height(stages, height)
    lanes = []
    for stage in range(stages):
        top = TOP + stage * tall - scroll
        if top + tall <= TOP or top >= height:
            continue
        upper = round(COMPUTE_SHARE * tall)
        names = ("Compute", "Links") if stages == 1 else (f"Stage {stage + 1}", "links")
        places = ((top + 1, upper - 2), (top + upper, tall - upper - 3))
        for kind, (y, high) in enumerate(places):
            box = (axis.left, y, axis.width, high)
            lanes.append(Lane(names[kind], box, stage, kind))
    return lanes
