"""Colours of a signed difference: blue for less, orange for more, the ground for none.

Blue and orange are told apart by eyes of every kind; lightness grows with the difference on both
sides, so that its size can be read without hue.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene.tokens import Tokens, mix

SIDE = 10  # levels on each side of none
LEVELS = 2 * SIDE + 1
LEAST = 0.18  # of the hue, so that the smallest difference is seen to be one


def diverging_fills(tokens: Tokens) -> tuple[str, ...]:
    """The colours of `LEVELS` steps from much less to much more.

    >>> from tempstudio.scene.tokens import LIGHT
    >>> fills = diverging_fills(LIGHT)
    >>> fills[0], fills[SIDE] == LIGHT.surface, fills[-1]
    ('#0068A8', True, '#B34700')
    """
    shares = [LEAST + (1 - LEAST) * step / SIDE for step in range(1, SIDE + 1)]
    less = [mix(tokens.roles["I"], tokens.surface, share) for share in reversed(shares)]
    more = [mix(tokens.roles["W"], tokens.surface, share) for share in shares]
    return (*less, tokens.surface, *more)


def diverging_levels(values: NDArray[np.float64], most: float) -> NDArray[np.int32]:
    """The step of each value, where `most` is the largest difference there is; nan is none.

    >>> diverging_levels(np.array([-2.0, 0.0, 0.01, 2.0]), 2.0).tolist()
    [0, 10, 11, 20]
    """
    if not most > 0:
        return np.full(len(values), SIDE, dtype=np.int32)
    share = np.clip(np.nan_to_num(values) / most, -1.0, 1.0)
    # What differs at all leaves the middle; what differs by the last bits does not.
    steps = np.where(np.abs(share) < 1e-9, 0.0, np.sign(share) * np.ceil(np.abs(share) * SIDE))
    return (steps + SIDE).astype(np.int32)
