"""Moving pictures of the wafer: GIF through Pillow, MP4 through imageio-ffmpeg."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError

Pixels = NDArray[np.uint8]

GIF_FRAMES_PER_S = 20  # GIF counts in hundredths of a second; browsers show this rate as it is
MP4_FRAMES_PER_S = 30
PALETTE_FRAMES = 6
LIBRARIES = {".gif": ("PIL.Image", "Pillow"), ".mp4": ("imageio_ffmpeg", "imageio-ffmpeg")}
EXTRA = 'pip install "tempstudio[movie]"'


def check_library(suffix: str) -> None:
    """`InputError` where what such movies need is not installed; other suffixes need nothing."""
    if suffix in LIBRARIES:
        module, name = LIBRARIES[suffix]
        try:
            import_module(module)
        except ImportError as error:
            raise InputError(f"--out: {suffix} needs {name}: {EXTRA}") from error


def write_gif(
    path: Path, frames: Callable[[], Iterable[Pixels]], count: int, frames_per_s: int
) -> None:
    """Write frames [height, width, 3] as an endless GIF with one palette for all.

    `frames` is called twice: some of them give the palette, all are then written one by one, so
    that a long movie needs no more memory than a short one.
    """
    check_library(".gif")
    from PIL import Image

    step = max(1, count // PALETTE_FRAMES)
    samples = [frame[::2, ::2] for frame in islice(frames(), 0, None, step)]
    palette = Image.fromarray(np.concatenate(samples)).quantize(
        255, method=Image.Quantize.MEDIANCUT
    )

    def pages() -> Iterator[Any]:
        for frame in frames():
            page = Image.fromarray(frame)
            yield page.quantize(palette=palette, dither=Image.Dither.NONE)

    drawn = pages()
    first = next(drawn)
    first.save(
        path, format="GIF", save_all=True, append_images=drawn, loop=0,
        duration=round(1000 / frames_per_s), disposal=1,
    )  # fmt: skip


def write_mp4(path: Path, frames: Iterable[Pixels], size: tuple[int, int], rate: int) -> None:
    """Write frames [height, width, 3] of even width and height as H.264."""
    check_library(".mp4")
    import imageio_ffmpeg

    writer = imageio_ffmpeg.write_frames(
        str(path), size, fps=rate, codec="libx264", quality=8, macro_block_size=2,
    )  # fmt: skip
    writer.send(None)
    try:
        for frame in frames:
            writer.send(np.ascontiguousarray(frame).tobytes())
    finally:
        writer.close()
