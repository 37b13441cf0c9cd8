"""How the kinds of operators look in the graph: a hue and a small shape for each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene.tokens import Tokens

FloatArray = NDArray[np.float64]

# The hue of the tensor role that a kind has most to do with (scene.tokens).
_HUES = MappingProxyType({
    "linear": "W", "attention": "I", "norm": "P", "elementwise": "K", "embedding": "C",
    "router": "G", "experts": "E", "loss": "G", "block": "W",
})  # fmt: skip
_TURN = np.radians(22.5 + 45.0 * np.arange(8))
# Eight corners each, in a square from -1 to 1, so that all of them are one layer of polygons.
SHAPES: Mapping[str, FloatArray] = MappingProxyType({
    name: np.array(corners, dtype=np.float64)
    for name, corners in {
        "linear": [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0)],
        "attention": [(0, -1.2), (0.6, -0.6), (1.2, 0), (0.6, 0.6), (0, 1.2), (-0.6, 0.6),
                      (-1.2, 0), (-0.6, -0.6)],
        "norm": np.column_stack([np.cos(_TURN), np.sin(_TURN)]) * 1.05,
        "elementwise": [(0, -1.1), (0.6, 0), (1.15, 0.9), (0.6, 0.9), (0, 0.9), (-0.6, 0.9),
                        (-1.15, 0.9), (-0.6, 0)],
        "embedding": [(-0.55, -0.9), (0, -0.9), (0.55, -0.9), (0.9, 0), (1.2, 0.9), (0, 0.9),
                      (-1.2, 0.9), (-0.9, 0)],
        "router": [(-0.35, -1.1), (0.35, -1.1), (0.35, 0.2), (1.1, 0.2), (0, 1.2), (-1.1, 0.2),
                   (-0.35, 0.2), (-0.35, -1.1)],
        "experts": [(-1.1, -1), (1.1, -1), (0.25, 0), (1.1, 1), (1.1, 1), (-1.1, 1), (-0.25, 0),
                    (-0.25, 0)],
        "loss": [(-1.1, -0.9), (0, -0.9), (1.1, -0.9), (0.6, 0), (0, 1.1), (0, 1.1), (-0.6, 0),
                 (-1.1, -0.9)],
        "block": [(-1.1, -0.7), (0.7, -0.7), (0.7, -1.1), (1.1, -1.1), (1.1, 0.7), (0.7, 0.7),
                  (0.7, 1.1), (-1.1, 1.1)],
    }.items()
})  # fmt: skip


def hue_of(kind: str, tokens: Tokens) -> str:
    """The colour of a kind of operator."""
    return tokens.roles[_HUES[kind]] if kind in _HUES else tokens.muted
