"""Routes of edges as smooth lines, and how far a point is from one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def curve(route: FloatArray, steps: int) -> FloatArray:
    """A route with its slanting parts bent so that they begin and end upright [points, 2]."""
    parts = [route[:1]]
    t = np.linspace(0.0, 1.0, steps + 1)[1:, None]
    for first, last in pairwise(route):
        if abs(first[0] - last[0]) < 0.5 or steps < 2:
            parts.append(last[None])
            continue
        bend = 3 * t**2 - 2 * t**3  # upright at both ends
        x = first[0] + (last[0] - first[0]) * bend
        parts.append(np.hstack([x, first[1] + (last[1] - first[1]) * t]))
    return np.vstack(parts)


def distance(point: FloatArray, line: FloatArray) -> float:
    """From a point [2] to a line of segments [points, 2]."""
    start, way = line[:-1], np.diff(line, axis=0)
    length = np.maximum((way**2).sum(axis=1), 1e-12)
    share = np.clip(((point - start) * way).sum(axis=1) / length, 0.0, 1.0)
    return float(np.hypot(*(start + way * share[:, None] - point).T).min())
