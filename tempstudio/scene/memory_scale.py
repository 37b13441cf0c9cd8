"""How much memory the die colours reach up to: all of it, or a round part that a step stays in."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tempstudio.core.peak import peak_of_dies
from tempstudio.core.timeline import Timeline

# A step that fills a twentieth of the memory would else be one dark blue from start to end.
TOPS = (
    0.01,
    0.015,
    0.02,
    0.03,
    0.04,
    0.05,
    0.06,
    0.07,
    0.08,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
)


@lru_cache(maxsize=16)
def memory_top(timeline: Timeline) -> float:
    """The share of a die's memory at the top of the colours, the same for the whole step."""
    peaks = peak_of_dies(timeline)
    if np.isnan(peaks).all():
        return 1.0
    share = float(np.nanmax(peaks)) / timeline.capacity_bytes
    return next((top for top in TOPS if share <= top), 1.0)
