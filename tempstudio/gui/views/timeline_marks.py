"""Where things stand in the timeline: strip, ruler, phases, and the lanes below them."""

from __future__ import annotations

from dataclasses import dataclass

from tempstudio.scene.time_axis import Axis

STRIP, RULER, PHASES = 12, 16, 18
TOP = STRIP + RULER + PHASES  # where the lanes begin
GUTTER, RIGHT = 68.0, 14.0
LEAST_PAIR, MOST_PAIR = 30.0, 200.0  # height of a stage's two lanes
COMPUTE_SHARE = 0.55


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
