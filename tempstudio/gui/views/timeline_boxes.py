"""Rectangles of the timeline's lanes, one by one and as columns of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Box(NamedTuple):
    """One rectangle of a lane: times [s], height above `base` as shares of the lane, and words.

    `short` stands where `label` finds no room; `tip` is told of it under the pointer.
    """

    start: float
    end: float
    base: float
    height: float
    key: str
    label: str = ""
    short: str = ""
    operator: str = ""
    tip: str = ""


@dataclass(frozen=True, eq=False)
class Boxes:
    """The rectangles of one lane, as columns of `Box`; `seamless` ones form one surface."""

    start: FloatArray
    end: FloatArray
    base: FloatArray
    height: FloatArray
    key: tuple[str, ...]
    label: tuple[str, ...]
    short: tuple[str, ...]
    operator: tuple[str, ...]
    tip: tuple[str, ...]
    seamless: bool = False

    def __len__(self) -> int:
        return len(self.start)


def boxes_of(rows: list[Box], seamless: bool = False) -> Boxes:
    """Rows as columns."""
    if not rows:
        return EMPTY
    start, end, base, height = np.array([row[:4] for row in rows], dtype=np.float64).T
    key, label, short, operator, tip = zip(*(row[4:] for row in rows), strict=True)
    return Boxes(start, end, base, height, key, label, short, operator, tip, seamless)


_NONE = np.zeros(0)
EMPTY = Boxes(_NONE, _NONE, _NONE, _NONE, (), (), (), (), ())
