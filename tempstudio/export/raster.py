"""The door to the offscreen painter: the one place where an export loads Qt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError
from tempstudio.scene.display_list import DisplayList

if TYPE_CHECKING:
    from types import ModuleType


def png_of(picture: DisplayList, pixel_ratio: float = 1.0) -> bytes:
    """A PNG file of the picture; `InputError` where Qt's libraries are missing."""
    data: bytes = _painter().png_of(picture, pixel_ratio)
    return data


def pixels_of(
    pictures: Iterable[DisplayList], pixel_ratio: float = 1.0
) -> Iterator[NDArray[np.uint8]]:
    """Red, green and blue bytes [height, width, 3] of each picture."""
    frames: Iterator[NDArray[np.uint8]] = _painter().pixels_of(pictures, pixel_ratio)
    return frames


def _painter() -> ModuleType:
    try:
        from tempstudio.gui import offscreen
    except ImportError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"--out: Qt does not load here ({reason}); .svg pictures need none of it"
        ) from error
    return offscreen
