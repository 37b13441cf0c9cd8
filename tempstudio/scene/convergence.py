"""How a mapper that searches came to its placement: its own measure over its moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from tempstudio.scene.charts import Trace, Traces, axis_of
from tempstudio.scene.format import digits, percent


def convergence_chart(document: dict[str, Any]) -> Traces | None:
    """The least cost so far over the moves of a run's mapper; None where it did not search."""
    points = np.array(document.get("convergence") or (), dtype=float).reshape(-1, 2)
    if len(points) < 2:
        return None
    mapper = document["strategy"]["mapper"]
    moves, cost = points[:, 0], points[:, 1]

    def tip(_: int, point: int) -> str:
        share = f", {percent(cost[point] / cost[0])} of the start" if cost[0] else ""
        return f"{mapper} after {moves[point]:,.0f} moves: {digits(cost[point])}{share}"

    return Traces(
        axis_of(moves, "moves of the mapper", zero=True),
        axis_of(cost, f"{mapper}: least cost so far"),
        (Trace("least so far", moves, cost, steps=True),),
        tips=tip,
    )
